package onnxgo

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/irene-onnx/irene/graph"
)

// inventory is what the declarations of a model say, by the name of the value.
type inventory struct {
	inputs, outputs []string // in the order of the file
	types           map[string]graph.Type
	inits           map[string]*graph.Tensor
	initOrder       []string
	produced        map[string]bool
	read            map[string]bool
}

// inventory tells inputs, outputs and initializers apart. Onnx-go creates the nodes of inputs, value_info and outputs
// first, then those of initializers that are none of these, then those that operators mention; it gives declared values a
// placeholder, and initializers their data.
func (b *Backend) inventory(s *settings) (*inventory, error) {
	v := &inventory{
		types: map[string]graph.Type{}, inits: map[string]*graph.Tensor{}, produced: map[string]bool{}, read: map[string]bool{},
	}
	for i := range b.ops {
		for _, n := range b.ops[i].outs {
			v.produced[n.name] = true
		}
		for _, n := range b.ops[i].ins {
			if n != nil && !b.ops[i].fake {
				v.read[n.name] = true
			}
		}
	}
	last, err := b.lastDeclared(s, v)
	if err != nil {
		return nil, err
	}
	given := map[*node]bool{}
	var declared []string
	for _, a := range b.sets {
		name := a.node.name
		switch {
		case a.node.id > last || given[a.node]:
			t, err := convert(name, a.tensor)
			if err != nil {
				return nil, err
			}
			v.initializer(name, t)
		default:
			if _, ok := v.types[name]; !ok {
				v.types[name] = typeOf(a.tensor)
				declared = append(declared, name)
			}
		}
		given[a.node] = true
	}
	if s.model == nil {
		v.guess(b, declared)
	} else if err := v.ask(b, s, declared); err != nil {
		return nil, err
	}
	v.inputs = slices.DeleteFunc(v.inputs, func(name string) bool { return v.inits[name] != nil })
	v.sideband()
	return v, nil
}

// initializer adds an initializer; of two with one name the last holds, as in onnx-go.
func (v *inventory) initializer(name string, t *graph.Tensor) {
	if v.inits[name] == nil {
		v.initOrder = append(v.initOrder, name)
	}
	v.inits[name] = t
}

// lastDeclared is the ID of the last node that stands for a declared value: that of the last output.
func (b *Backend) lastDeclared(s *settings, v *inventory) (int64, error) {
	last := int64(-1)
	if s.model != nil {
		for _, id := range s.model.Output {
			last = max(last, id)
		}
		if last < 0 || last >= int64(len(b.nodes)) || b.nodes[last].id != last {
			return 0, fmt.Errorf("the model given is not the one that filled this backend")
		}
		return last, nil
	}
	end := int64(-1)
	for _, a := range b.sets {
		end = max(end, a.node.id)
	}
	for _, n := range b.nodes {
		if n.id <= end && v.produced[n.name] {
			last = max(last, n.id)
		}
	}
	return last, nil
}

// ask takes inputs and outputs from the model. What operators read and is declared, but is neither an input nor produced,
// is an initializer whose data are not told from its placeholder.
func (v *inventory) ask(b *Backend, s *settings, declared []string) error {
	for _, list := range []struct {
		ids []int64
		to  *[]string
	}{{s.model.Input, &v.inputs}, {s.model.Output, &v.outputs}} {
		for _, id := range list.ids {
			if id < 0 || id >= int64(len(b.nodes)) {
				return fmt.Errorf("the model given is not the one that filled this backend")
			}
			*list.to = append(*list.to, b.nodes[id].name)
		}
	}
	for _, name := range declared {
		if t := v.types[name]; v.read[name] && v.inits[name] == nil && !v.produced[name] && !slices.Contains(v.inputs, name) {
			v.initializer(name, &graph.Tensor{Name: name, DType: t.DType, Dims: dimsOf(t.Shape)})
		}
	}
	return nil
}

// guess stands in for the model: declared values that nothing produces are inputs, and produced ones that no operator
// reads are outputs.
func (v *inventory) guess(b *Backend, declared []string) {
	for _, name := range declared {
		if !v.produced[name] {
			v.inputs = append(v.inputs, name)
		}
	}
	seen := map[string]bool{"": true}
	for _, n := range b.nodes {
		if v.produced[n.name] && !v.read[n.name] && !seen[n.name] {
			seen[n.name] = true
			v.outputs = append(v.outputs, n.name)
		}
	}
}

// Prefixes of the initializers by which a skeleton carries what onnx-go cannot decode: vectors of the element type and
// the dims, -1 for one without a size. The rank of a type is not known where an element of -2 stands for its dims.
const (
	initPrefix = "__init:"
	typePrefix = "__type:"
	noRank     = -2
)

// sideband reads what a skeleton carries.
func (v *inventory) sideband() {
	order := v.initOrder
	v.initOrder = nil
	var carried []string
	for _, name := range order {
		t := v.inits[name]
		init, isInit := strings.CutPrefix(name, initPrefix)
		value, isType := strings.CutPrefix(name, typePrefix)
		if (!isInit && !isType) || t.DType != graph.Int64 || len(t.Ints) == 0 || v.read[name] {
			v.initOrder = append(v.initOrder, name)
			continue
		}
		delete(v.inits, name)
		dtype, dims := graph.DType(t.Ints[0]), t.Ints[1:]
		if isInit {
			v.inits[init] = &graph.Tensor{Name: init, DType: dtype, Dims: dims}
			carried = append(carried, init)
		} else {
			v.types[value] = graph.Type{Kind: graph.KindTensor, DType: dtype, Shape: shapeOf(dims)}
		}
	}
	v.initOrder = append(v.initOrder, carried...)
}

func shapeOf(dims []int64) graph.Shape {
	if len(dims) == 1 && dims[0] == noRank {
		return nil
	}
	s := make(graph.Shape, len(dims))
	for i, d := range dims {
		if d >= 0 {
			s[i] = graph.Const(d)
		}
	}
	return s
}

func dimsOf(s graph.Shape) []int64 {
	out := make([]int64, len(s))
	for i, d := range s {
		out[i], _ = d.Const()
	}
	return out
}

// typeOf is the type of a placeholder. A tensor without shape is one whose file declares none.
func typeOf(t tensor.Tensor) graph.Type {
	typ := graph.Type{Kind: graph.KindTensor, DType: dtypes[t.Dtype()]}
	if t.Shape() != nil {
		typ.Shape = graph.Shape{}
		for _, d := range t.Shape() {
			typ.Shape = append(typ.Shape, graph.Const(int64(d)))
		}
	}
	return typ
}
