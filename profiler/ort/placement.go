package ort

import (
	"regexp"
	"slices"
	"strings"
)

// Where a session places its nodes, as its log says:
//
//	Node placements
//	 Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 1
//	  MatMul (/fc/MatMul)
//	 Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1
//	  Shape (/fc/Shape)
var (
	placedOn   = regexp.MustCompile(`(?:Node\(s\)|All nodes) placed on \[(\w+)\]`)
	placedNode = regexp.MustCompile(`^\s+(\w+) \(`)
)

// sizes are the operators that compute sizes: a GPU provider leaves those to the host on purpose where they work on a few
// integers, and no time goes there.
var sizes = []string{
	"Shape", "Size", "Constant", "Identity", "Gather", "Concat", "Slice", "Unsqueeze", "Squeeze", "Reshape", "Cast", "Range",
	"Add", "Sub", "Mul", "Div", "Mod", "Neg", "Abs", "Min", "Max", "Floor", "Ceil", "Equal", "Less", "Greater",
	"LessOrEqual", "GreaterOrEqual", "Not", "And", "Or", "Where", "ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin",
	"ConstantOfShape", "Expand", "Split", "Pow", "Sqrt",
}

// onHost reads what a session's log says of nodes that the CPU is to run beside a GPU. It returns their operators, and
// whether they can be left there: they compute sizes, no data is copied for them, and the GPU has something to do too.
func onHost(log string) (ops []string, harmless bool) {
	harmless = true
	elsewhere := false
	provider := ""
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if m := placedOn.FindStringSubmatch(line); m != nil {
			provider = m[1]
			elsewhere = elsewhere || provider != providerName(CPU)
			continue
		}
		if strings.Contains(line, "Memcpy nodes are added") {
			harmless = false
		}
		m := placedNode.FindStringSubmatch(line)
		if m == nil || provider != providerName(CPU) {
			continue
		}
		harmless = harmless && slices.Contains(sizes, m[1])
		ops = append(ops, m[1])
	}
	slices.Sort(ops)
	ops = slices.Compact(ops)
	return ops, harmless && elsewhere && len(ops) > 0
}
