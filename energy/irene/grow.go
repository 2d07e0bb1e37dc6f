package irene

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// grower hangs the records of one model at one size into a tree.
type grower struct {
	tree    *Tree
	modules map[string]*Node // by path; the model's is ""
	inner   map[string]bool  // modules that are no leaves
	alone   map[string]int   // operators at each path
	count   map[string]int   // operators of each name so far, by scope without a number
	of      []*energy.Record // the record of each node, in the order in which they were made
	nodes   []*Node
}

// grow makes the nodes of a tree; false where the model was not measured as a whole.
func grow(t *Tree, records []*energy.Record, o *Omitted) bool {
	g := &grower{tree: t, modules: map[string]*Node{}, inner: map[string]bool{"": true}, alone: map[string]int{}, count: map[string]int{}}
	for _, r := range records {
		if r.Level == energy.LevelModel && g.modules[""] == nil {
			g.modules[""] = g.node(r, "root", TypeModel)
		}
	}
	if t.Root = g.modules[""]; t.Root == nil {
		return false
	}
	below := g.places(records, o)
	for _, r := range below {
		if r.Level == energy.LevelModule || g.isPlace(r) {
			g.inner[g.above(r.Path)] = true
		}
	}
	for _, r := range below {
		if r.Level == energy.LevelModule {
			g.attach(g.modules[r.Path], g.above(r.Path))
		} else if !g.operator(r) {
			o.InLeaf++
		}
	}
	for path := range g.inner {
		if path != "" {
			g.modules[path].Type = TypeModule
		}
	}
	t.Root.setLevels(0)
	o.Board += g.groundTruth()
	o.Incomplete += t.Root.incomplete()
	return true
}

// places makes the nodes of modules, and lists what is to be hung into the tree, each place once.
func (g *grower) places(records []*energy.Record, o *Omitted) (below []*energy.Record) {
	operators := map[string]bool{}
	for _, r := range records {
		switch {
		case r == g.of[0]:
		case r.Level == energy.LevelModule && g.modules[r.Path] == nil:
			g.modules[r.Path] = g.node(r, full(r.Path), TypeML)
			below = append(below, r)
		case r.Level == energy.LevelOperator && (r.Signature == "" || !operators[r.Path+" "+r.Signature]):
			operators[r.Path+" "+r.Signature] = true
			g.alone[r.Path]++
			below = append(below, r)
		default:
			o.Again++
		}
	}
	return below
}

// above is the nearest measured module above a path; "" is the model.
func (g *grower) above(path string) string {
	for path != "" {
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
		if g.modules[path] != nil {
			break
		}
	}
	return path
}

// isPlace reports whether an operator's path is its own: one that ends in its name, as Records has it, or one of a module
// that was not measured since it is nothing but that operator.
func (g *grower) isPlace(r *energy.Record) bool {
	return g.modules[r.Path] == nil && (namesItself(r) || g.alone[r.Path] == 1)
}

func namesItself(r *energy.Record) bool {
	last := r.Path[strings.LastIndexByte(r.Path, '.')+1:]
	number, numbered := strings.CutPrefix(last, r.Op+"_")
	return r.Op != "" && (last == r.Op || numbered && digits(number))
}

// operator makes the node of an operator and hangs it; false where it belongs to a leaf.
func (g *grower) operator(r *energy.Record) bool {
	if g.isPlace(r) {
		kind := TypeML
		if namesItself(r) {
			kind = TypeMLNoParam
		}
		g.attach(g.node(r, full(r.Path), kind), g.above(r.Path))
		return true
	}
	home := r.Path
	if g.modules[home] == nil {
		home = g.above(home)
	}
	if !g.inner[home] {
		return false
	}
	scope := full(r.Path) + "." + strings.ToLower(cmp.Or(r.Op, "operator"))
	k := g.count[scope]
	if g.count[scope]++; k > 0 {
		scope = fmt.Sprintf("%s_%d", scope, k)
	}
	g.attach(g.node(r, scope, TypeMLNoParam), home)
	return true
}

func (g *grower) attach(n *Node, path string) {
	parent := g.modules[path]
	n.Parent = parent.Scope
	parent.Children = append(parent.Children, n)
}

// setLevels sets the depth of n and of everything below.
func (n *Node) setLevels(level int) {
	n.Level = level
	for _, c := range n.Children {
		c.setLevels(level + 1)
	}
}

// incomplete counts the nodes whose children have fewer FLOPs than leastCovered of their own.
func (n *Node) incomplete() (count int) {
	sum := 0.0
	for _, c := range n.Children {
		sum += c.FLOPs
		count += c.incomplete()
	}
	if len(n.Children) > 0 && sum < leastCovered*n.FLOPs {
		count++
	}
	return count
}

// leastCovered is the share of a module's FLOPs that its children should have.
const leastCovered = 0.95

// node makes a node of a record, but for its energies.
func (g *grower) node(r *energy.Record, scope, kind string) *Node {
	flops := featureOr(r, featureFLOPs, func(w energy.Work) float64 { return 2 * float64(w.MACs) })
	bytes := featureOr(r, featureBytes, func(w energy.Work) float64 { return float64(w.Read) + float64(w.Written) })
	n := &Node{
		ID:    fmt.Sprintf("%s/%d/%d/%s", g.tree.Model, g.tree.Batch, g.tree.Sequence, scope),
		Scope: scope, Type: kind, InstanceType: cmp.Or(r.Op, r.Class, kind),
		Parameters: r.Features[featureParameters], FLOPs: flops / mega, MemBytes: bytes / mib,
		CPU: r.Utilisation[shareCPU], Mem: r.Utilisation[shareMem],
		GPU: firstOf(r.Utilisation, shareGPU, "sm"), GPUMem: firstOf(r.Utilisation, shareGPUMem, "memory", "dram"),
	}
	if r.Time != nil {
		n.Time = float64(*r.Time)
	}
	if c := r.Clocks; c != nil {
		n.GPUClock, n.GPUMemClock = clock(c.SMBefore, c.SMAfter), clock(c.MemoryBefore, c.MemoryAfter)
	}
	g.of, g.nodes = append(g.of, r), append(g.nodes, n)
	return n
}

// featureOr is a feature of a record, or the sum of what its kernels have of it.
func featureOr(r *energy.Record, name string, of func(energy.Work) float64) float64 {
	if v, ok := r.Features[name]; ok {
		return v
	}
	sum := 0.0
	for _, w := range r.Work {
		sum += of(w) * float64(w.Count)
	}
	return sum
}

// clock is the mean of two clocks in MHz, or the one there is.
func clock(before, after *energy.Hertz) float64 {
	switch {
	case before == nil && after == nil:
		return 0
	case before == nil:
		return float64(*after) / mega
	case after == nil:
		return float64(*before) / mega
	}
	return float64(*before+*after) / 2 / mega
}

// groundTruth sets the energies of all nodes: at the plug where every one has it, else the device's, so that a tree is
// of one kind. It returns how many nodes took the device's.
func (g *grower) groundTruth() (board int) {
	wall := true
	for i, r := range g.of {
		if r.Boundary != energy.BoundaryWall && r.Energy != nil {
			g.nodes[i].GPUEnergy = float64(*r.Energy)
		}
		wall = wall && atPlug(r) != nil
	}
	for i, r := range g.of {
		switch e := atPlug(r); {
		case wall:
			g.nodes[i].Energy = float64(*e)
		case r.Energy != nil:
			g.nodes[i].Energy = float64(*r.Energy)
			board++
		}
	}
	return board
}

// atPlug is a record's energy at the plug; nil where there is none.
func atPlug(r *energy.Record) *energy.Joules {
	if r.Boundary == energy.BoundaryWall {
		return r.Energy
	}
	return r.WallEnergy
}
