package onnx

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/irene-onnx/irene/graph"
)

// linker turns names into values: it fills the graph from parsed messages.
type linker struct {
	g         *graph.Graph
	warnings  *warnings
	opts      Options
	functions map[functionID]*functionProto
	top       map[string]*graph.Value // names of the main graph
	taken     map[string]int          // names made below it, with the last number that was added to tell them apart
	spent     int                     // nodes, and lists by their length
	limit     int                     // of spent
	nameBytes int
	nameLimit int

	nodes   slab[graph.Node]
	values  slab[graph.Value]
	valueBy slab[*graph.Value]
	attrs   slab[graph.Attr]
}

// What inlined functions may make of a file: so much for any file, and so many times what it holds. A model of a hundred
// layers that are calls of one function stays far below.
const (
	anyNodes     = 1 << 15
	nodesPerNode = 64 // of the file
	anyNameBytes = 1 << 25
	nameBytes    = 1 << 10 // for each node of the file
)

// scope is where names are looked up: a body, or a function inlined into one.
type scope struct {
	outer  *scope // the scope around a subgraph; nil for the main graph and functions, which see their own names only
	body   *graph.Body
	frame  *frame // the function call in which the scope stands; nil outside functions
	prefix string // of value names
	names  map[string]*graph.Value
	bound  map[string]*graph.Value // outputs of a function → values of the call
	opsets map[string]int64
	depth  int // of subgraphs
}

func newLinker(p *parser, m *modelProto, opts Options) *linker {
	g := &graph.Graph{
		Producer: m.producer, ProducerVersion: m.version, IRVersion: m.ir, Opsets: m.opsets, Metadata: m.metadata,
	}
	return &linker{
		g: g, warnings: &p.warnings, opts: opts, taken: map[string]int{},
		limit: min(opts.MaxNodes, anyNodes+nodesPerNode*p.spent), nameLimit: anyNameBytes + nameBytes*p.spent,
	}
}

// link builds the main body and, below it, everything else.
func (l *linker) link(m *modelProto) error {
	if len(m.functions) > 0 {
		l.functions = make(map[functionID]*functionProto, len(m.functions))
	}
	for i := range m.functions {
		fn := &m.functions[i]
		if l.functions[fn.id] != nil {
			return fmt.Errorf("function %q is defined twice", fn.id)
		}
		l.functions[fn.id] = fn
	}
	n := len(m.graph.inputs) + len(m.graph.inits)
	for i := range m.graph.nodes {
		n += len(m.graph.nodes[i].outputs)
	}
	l.values.reserve(n)
	l.nodes.reserve(len(m.graph.nodes))
	l.g.Values = make([]*graph.Value, 0, n+n/8)
	l.g.Nodes = make([]*graph.Node, 0, len(m.graph.nodes))
	s := &scope{opsets: m.opsets}
	var err error
	l.g.Main, err = l.graph(m.graph, s, nil)
	if grown := (*expansionError)(nil); errors.As(err, &grown) {
		return grown // no node is to blame
	}
	return err
}

// expansionError says that inlined functions make too much of a file.
type expansionError struct{ msg string }

func (e *expansionError) Error() string { return e.msg }

// graph fills the body of a new scope.
func (l *linker) graph(gp *graphProto, s *scope, owner *graph.Node) (*graph.Body, error) {
	s.body = &graph.Body{Name: gp.name, Owner: owner}
	err := l.graphParts(gp, s)
	if err != nil {
		err = fmt.Errorf("graph %q: %w", gp.name, err)
	}
	return s.body, err
}

func (l *linker) graphParts(gp *graphProto, s *scope) error {
	if err := l.spend((len(gp.inputs) + len(gp.inits) + len(gp.outputs) + len(gp.values)) / 8); err != nil {
		return err
	}
	s.names = make(map[string]*graph.Value, len(gp.inputs)+len(gp.inits)+len(gp.nodes))
	if s.outer == nil {
		l.top = s.names
	}
	if err := l.sources(gp, s); err != nil {
		return err
	}
	s.body.Nodes = make([]*graph.Node, 0, len(gp.nodes))
	results, err := l.declare(gp.nodes, s)
	if err != nil {
		return err
	}
	for i := range gp.outputs {
		if v := s.names[string(gp.outputs[i].name)]; v != nil {
			describe(v, &gp.outputs[i])
		}
	}
	for i := range gp.values {
		if v := s.names[string(gp.values[i].name)]; v != nil {
			describe(v, &gp.values[i])
		}
	}
	if err := l.body(gp.nodes, results, s); err != nil {
		return err
	}
	return l.outputs(gp, s)
}

// describe records a declared type; the first of several declarations holds.
func describe(v *graph.Value, d *valueProto) {
	if v.Type.Kind == graph.KindUnknown {
		v.Type = d.typ
	}
	if v.Metadata == nil {
		v.Metadata = d.metadata
	}
}

// sources defines inputs and initializers.
func (l *linker) sources(gp *graphProto, s *scope) error {
	b := s.body
	b.Inputs = make([]*graph.Value, 0, len(gp.inputs))
	b.Inits = make([]*graph.Value, 0, len(gp.inits))
	for i := range gp.inputs {
		v, err := l.define(string(gp.inputs[i].name), s)
		if err != nil {
			return fmt.Errorf("input %q: %w", gp.inputs[i].name, err)
		}
		v.IsInput = true
		describe(v, &gp.inputs[i])
		b.Inputs = append(b.Inputs, v)
	}
	defaults := 0
	for i := range gp.inits {
		in := &gp.inits[i]
		v := s.names[in.tensor.Name]
		if v == nil || v.Init != nil || !v.IsInput {
			var err error
			if v, err = l.define(in.tensor.Name, s); err != nil {
				return fmt.Errorf("tensor %q: %w", in.tensor.Name, err)
			}
		} else {
			defaults++
		}
		v.Init = in.tensor
		if v.Metadata == nil {
			v.Metadata = in.metadata
		}
		b.Inits = append(b.Inits, v)
	}
	if s.outer == nil && defaults > 0 {
		kept := make([]*graph.Value, 0, len(b.Inputs)-defaults)
		for _, v := range b.Inputs {
			if v.Init == nil {
				kept = append(kept, v)
			}
		}
		b.Inputs = kept
	}
	return nil
}

// define makes a value of that name.
func (l *linker) define(name string, s *scope) (*graph.Value, error) {
	if name == "" {
		return nil, errNoName
	}
	if _, ok := s.names[name]; ok {
		return nil, errors.New("the name is defined twice")
	}
	v := &l.values.take(1)[0]
	v.ID, v.Name, v.Local, v.Body = len(l.g.Values), name, name, s.body
	if s.prefix != "" {
		if err := l.name(len(s.prefix) + len(name)); err != nil {
			return nil, err
		}
		v.Name = l.unique(s.prefix + name)
	}
	l.g.Values = append(l.g.Values, v)
	s.names[name] = v
	return v, nil
}

// name counts bytes of names that call paths make longer against their limit.
func (l *linker) name(n int) error {
	if l.nameBytes += n; l.nameBytes > l.nameLimit {
		return &expansionError{fmt.Sprintf("names of values in functions and subgraphs take more than %d bytes", l.nameLimit)}
	}
	return nil
}

// unique returns the name, with a number where it is taken.
func (l *linker) unique(name string) string {
	for try := name; ; {
		_, used := l.taken[try]
		if !used && l.top[try] == nil {
			l.taken[try] = 1
			return try
		}
		l.taken[name]++
		try = name + "#" + strconv.Itoa(max(l.taken[name], 2))
	}
}

// declare makes the outputs of all nodes, so that inputs can be looked up in any order. The result holds the outputs of
// node after node.
func (l *linker) declare(nodes []nodeProto, s *scope) ([]*graph.Value, error) {
	n := 0
	for i := range nodes {
		n += len(nodes[i].outputs)
	}
	results := l.valueBy.take(n)
	at := 0
	for i := range nodes {
		for _, name := range nodes[i].outputs {
			if name != "" {
				v, err := l.result(name, s)
				if err != nil {
					return nil, fmt.Errorf("%s: output %q: %w", label(nodes[i].name, nodes[i].op), name, err)
				}
				results[at] = v
			}
			at++
		}
	}
	return results, nil
}

// result makes the value of a node's output; outputs of a function stand for the values of its call.
func (l *linker) result(name string, s *scope) (*graph.Value, error) {
	v := s.bound[name]
	if v == nil {
		return l.define(name, s)
	}
	if _, ok := s.names[name]; ok {
		return nil, errors.New("the name is defined twice")
	}
	s.names[name] = v
	return v, nil
}

// lookup finds a name in the scope and around it. A value without error may be nil: an argument that a call leaves out.
func (s *scope) lookup(name []byte) (*graph.Value, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.names[string(name)]; ok {
			return v, true
		}
	}
	return nil, false
}

// spend counts work against the limit on nodes.
func (l *linker) spend(n int) error {
	if l.spent += n; l.spent > l.limit {
		return &expansionError{fmt.Sprintf("more than %d nodes after functions are inlined", l.limit)}
	}
	return nil
}

// body links the nodes of a scope; results are their outputs, as declare returns them.
func (l *linker) body(nodes []nodeProto, results []*graph.Value, s *scope) error {
	for i := range nodes {
		np := &nodes[i]
		k := len(np.outputs)
		err := l.node(np, i, results[:k:k], s)
		if err != nil {
			return fmt.Errorf("%s: %w", label(np.name, np.op), err)
		}
		results = results[k:]
	}
	return nil
}

// node links one node, or inlines the function it calls; a function goes before an operator of the same name.
func (l *linker) node(np *nodeProto, ordinal int, outs []*graph.Value, s *scope) error {
	if err := l.spend(1 + (len(np.inputs)+len(outs))/16); err != nil {
		return err
	}
	if l.functions != nil {
		if fn := l.functions[functionID{np.domain, np.op, np.overload}]; fn != nil {
			return l.inline(fn, np, ordinal, outs, s)
		}
	}
	n := &l.nodes.take(1)[0]
	n.Name, n.Domain, n.Op, n.Overload, n.Metadata, n.Body = np.name, np.domain, np.op, np.overload, np.metadata, s.body
	n.Opset, n.Ordinal = l.opset(np.domain, s), np.ordinal
	n.Outputs = outs
	for _, v := range outs {
		if v != nil {
			v.Producer = n
		}
	}
	if s.frame != nil {
		n.Call = s.frame.call
	}
	var err error
	if n.Inputs, err = l.arguments(np, s); err != nil {
		return err
	}
	s.body.Nodes = append(s.body.Nodes, n)
	return l.attributes(np, n, ordinal, s)
}

// arguments looks up the inputs of a node.
func (l *linker) arguments(np *nodeProto, s *scope) ([]*graph.Value, error) {
	in := l.valueBy.take(len(np.inputs))
	for i, name := range np.inputs {
		if len(name) == 0 {
			continue
		}
		v, ok := s.lookup(name)
		if !ok {
			return nil, fmt.Errorf("input %d %q: nothing produces it", i, name)
		}
		in[i] = v
	}
	return in, nil
}

// opset is the version of a domain in force in a scope.
func (l *linker) opset(domain string, s *scope) int64 {
	if v, ok := s.opsets[domain]; ok {
		return v
	}
	if v, ok := l.g.Opsets[domain]; ok && s.frame != nil {
		l.warnings.add("function %q imports no version of domain %q; that of the model holds", s.frame.fn.id, domain)
		return v
	}
	if domain == "" {
		l.warnings.add("no version of ai.onnx is imported; version 1 is assumed")
		return 1
	}
	l.warnings.add("operators of domain %q are used, but no version of it is imported", domain)
	return 0
}
