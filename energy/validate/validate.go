package validate

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/graph"
)

// ValidateInput is the measurements that methods are compared on, and how.
type ValidateInput struct {
	Sets    []ValidationSet         // one for each device
	Models  map[string]*graph.Graph // by the model name of the trees
	Profile string                  // kernel profile the measurements were taken under; "" is eager
	Splits  []string                // of SplitNames; none given: all of them
	Methods []string                // of MethodNames; none given: all of them
	Target  Target                  // "" is TargetEnergy
	// Progress is told how many of how many fits are done, by several goroutines at once; nil tells nobody.
	Progress func(done, total int)
}

// ValidationSet is what was measured on one device.
type ValidationSet struct {
	Device energy.Device
	Trees  []*irene.Tree
}

// Target is the quantity that is predicted.
type Target string

// The targets.
const (
	TargetEnergy Target = "energy"
	TargetTime   Target = "time"
)

// SplitNames lists the splits.
func SplitNames() []string {
	return []string{fit.SplitFamily, fit.SplitModel, fit.SplitShapes, fit.SplitDevice}
}

// heldTree is a measured tree that is trained on in some trials and predicted in others.
type heldTree struct {
	tree   *irene.Tree
	s      *fit.Subject
	device energy.Device
	eqs    []fit.Equation
	seen   fit.Ranges
	spots  []spot // in the order of irene.Node.Walk
}

// spot is a measured node and its place in the model's file.
type spot struct {
	node     *irene.Node
	module   *graph.Module
	kernel   int32 // of an operator that is no module of its own; -1
	end      int   // index of the first spot outside its subtree
	compared bool  // measured, and found in the file
	first    bool  // the first of the equal layers of its tree
	flops    float64
}

// gold is what was measured.
func (s *spot) gold(target Target) float64 {
	if target == TargetTime {
		return s.node.Time
	}
	return s.node.Energy
}

// leaf says whether the node is an operator.
func (s *spot) leaf() bool {
	return s.node.Type == irene.TypeML || s.node.Type == irene.TypeMLNoParam
}

// trial is one part of the data predicted from another.
type trial struct {
	split       string
	left        []string // what is left out
	source      energy.Device
	device      energy.Device // that is predicted: source, unless devices are left out
	runtime     string
	target      Target
	train, test []*heldTree
	results     []trialResult // by method

	additive    *coefficients.Coefficients // fitted to train, once
	additiveErr error
}

// trialResult is what one method says of the test trees, or why it cannot.
type trialResult struct {
	runs [][]outcome // one for each seed of methods that have one, else one
	why  string
}

// Validate predicts every measurement from others, split in several ways and by several methods.
func Validate(in ValidateInput) (*Validation, error) {
	if in.Profile == "" {
		in.Profile = "eager"
	}
	if in.Target == "" {
		in.Target = TargetEnergy
	}
	chosen, err := chooseMethods(in.Methods)
	if err != nil {
		return nil, err
	}
	sets, missing, err := prepareTrees(&in)
	if err != nil {
		return nil, err
	}
	v := &Validation{Schema: ValidationSchema, Target: in.Target, Runtime: in.Profile, Warnings: missing}
	for i := range sets {
		v.Data = append(v.Data, describeData(sets[i]))
	}
	trials, skipped, err := makeTrials(&in, sets)
	if err != nil {
		return nil, err
	}
	v.Warnings = append(v.Warnings, skipped...)
	runTrials(trials, chosen, in.Progress)
	v.Splits = gather(trials, chosen)
	return v, nil
}

// prepareTrees joins the trees to their models, and says what the models lack.
func prepareTrees(in *ValidateInput) (sets [][]*heldTree, missing []string, err error) {
	subjects, lost := map[string]*fit.Subject{}, map[string]int{}
	for i := range in.Sets {
		set := &in.Sets[i]
		var held []*heldTree
		for _, t := range set.Trees {
			s := subjects[t.Model]
			if s == nil {
				g := in.Models[t.Model]
				if g == nil {
					return nil, nil, fmt.Errorf("%s:%d: no model file for %q: give one with --model %s=FILE, or --exclude it", t.File, t.Line, t.Model, t.Model)
				}
				if s, err = fit.NewSubject(t.Model, g, in.Profile); err != nil {
					return nil, nil, err
				}
				subjects[t.Model] = s
			}
			h := hold(s, t, set.Device)
			for j := range h.spots {
				if p := &h.spots[j]; !p.compared && p.module == nil && p.kernel < 0 {
					lost[t.Model]++
				}
			}
			held = append(held, h)
		}
		if len(held) == 0 {
			return nil, nil, fmt.Errorf("%s: no measurements", set.Device.ID)
		}
		sets = append(sets, held)
	}
	for _, name := range slices.Sorted(maps.Keys(lost)) {
		missing = append(missing, fmt.Sprintf("%d measured nodes of %s are not in its model file", lost[name], name))
	}
	return sets, missing, nil
}

// hold evaluates a model at the shape of a tree.
func hold(s *fit.Subject, t *irene.Tree, d energy.Device) *heldTree {
	h := &heldTree{tree: t, s: s, device: d, seen: fit.Ranges{}}
	m, eval := law.NewMachine(d), s.Eval(t)
	h.eqs, _ = s.Equations(t, m, h.seen)
	h.place(t.Root, eval, map[string]bool{}, map[*graph.Module]float64{})
	return h
}

// place finds n and what is below it in the model.
func (h *heldTree) place(n *irene.Node, eval func(graph.Dim) (int64, bool), done map[string]bool, flops map[*graph.Module]float64) {
	at := len(h.spots)
	p := spot{node: n, kernel: -1}
	module, op := h.s.Scopes.Find(n)
	switch {
	case module != nil:
		p.module, p.flops = module, h.flops(module, eval, flops)
	case op != nil:
		p.kernel = h.s.Plan.Of[op.ID]
		p.flops = number(h.s.A.NodeMetrics(op).FLOPs(graph.TwoMACPlusElementwise), eval)
	}
	if n.Energy > 0 && n.Time > 0 && !measured.IsCopy(n) && (module != nil || op != nil) {
		key := fmt.Sprint(n.InstanceType, n.Energy)
		p.compared, p.first = true, !done[key]
		done[key] = true
	}
	h.spots = append(h.spots, p)
	for _, c := range n.Children {
		h.place(c, eval, done, flops)
	}
	h.spots[at].end = len(h.spots)
}

// flops sums the operations of a module, each module once.
func (h *heldTree) flops(m *graph.Module, eval func(graph.Dim) (int64, bool), known map[*graph.Module]float64) float64 {
	if v, ok := known[m]; ok {
		return v
	}
	sum := 0.0
	for _, n := range m.Nodes {
		sum += number(h.s.A.NodeMetrics(n).FLOPs(graph.TwoMACPlusElementwise), eval)
	}
	for _, c := range m.Children {
		sum += h.flops(c, eval, known)
	}
	known[m] = sum
	return sum
}

// number is the value of a dim; what nobody knows counts as zero.
func number(d graph.Dim, eval func(graph.Dim) (int64, bool)) float64 {
	v, _ := eval(d)
	return float64(v)
}

func (h *heldTree) tokens() int64 { return h.tree.Batch * h.tree.Sequence }

// makeTrials forms the trials of every split asked for. Splits that the data do not allow are skipped with a reason,
// which is an error where nothing remains.
func makeTrials(in *ValidateInput, sets [][]*heldTree) (trials []*trial, skipped []string, err error) {
	names := in.Splits
	if len(names) == 0 {
		names = SplitNames()
		if len(sets) == 1 {
			names = slices.DeleteFunc(names, func(s string) bool { return s == fit.SplitDevice })
		}
	}
	for _, name := range names {
		if name == fit.SplitDevice {
			t, why := deviceTrials(sets)
			trials, skipped = append(trials, t...), appendWhy(skipped, name, why)
			continue
		}
		for _, set := range sets {
			t, why, err := setTrials(name, set)
			if err != nil {
				return nil, nil, err
			}
			trials, skipped = append(trials, t...), appendWhy(skipped, name, why)
		}
	}
	if len(trials) == 0 {
		return nil, nil, fmt.Errorf("nothing can be left out: %s", strings.Join(skipped, "; "))
	}
	for _, t := range trials {
		t.runtime, t.target = in.Profile, in.Target
	}
	return trials, skipped, nil
}

func appendWhy(list []string, split, why string) []string {
	if why == "" {
		return list
	}
	return append(list, "split "+split+": "+why)
}

// setTrials forms the trials of a split of one device's measurements, or says why there are none.
func setTrials(split string, set []*heldTree) (trials []*trial, why string, err error) {
	dev := set[0].device
	leave := func(name string, left []string, out func(*heldTree) bool) {
		t := &trial{split: name, left: left, source: dev, device: dev}
		for _, h := range set {
			if out(h) {
				t.test = append(t.test, h)
			} else {
				t.train = append(t.train, h)
			}
		}
		trials = append(trials, t)
	}
	names := namesOf(set)
	groups := [][]string{}
	switch split {
	case fit.SplitFamily:
		if groups = fit.Families(equationsOf(set)); len(groups) < 2 {
			return nil, fmt.Sprintf("the data of %s are one family of models: %s", dev.ID, strings.Join(names, ", ")), nil
		}
	case fit.SplitModel:
		if len(names) < 2 {
			return nil, fmt.Sprintf("the data of %s are one model: %s", dev.ID, names[0]), nil
		}
		for _, n := range names {
			groups = append(groups, []string{n})
		}
	case fit.SplitShapes:
		middle := fit.MedianTokens(equationsOf(set))
		large := func(h *heldTree) bool { return h.tokens() > middle }
		if !slices.ContainsFunc(set, large) {
			return nil, fmt.Sprintf("the data of %s have one size only", dev.ID), nil
		}
		leave("small-to-large", []string{fmt.Sprintf("batch × sequence > %d", middle)}, large)
		leave("large-to-small", []string{fmt.Sprintf("batch × sequence ≤ %d", middle)}, func(h *heldTree) bool { return !large(h) })
	default:
		return nil, "", fmt.Errorf("no split %q: it is one of %s", split, strings.Join(SplitNames(), ", "))
	}
	for _, g := range groups {
		leave(split, g, func(h *heldTree) bool { return slices.Contains(g, h.tree.Model) })
	}
	return trials, "", nil
}

// deviceTrials leaves out one device after the other. Coefficients are one device's: each is predicted from the other
// one that is most like it.
func deviceTrials(sets [][]*heldTree) (trials []*trial, why string) {
	if len(sets) < 2 {
		return nil, "the data are of one device, " + sets[0][0].device.ID
	}
	for i, left := range sets {
		best := -1
		for j, other := range sets {
			if j != i && (best < 0 || unlike(left[0].device, other[0].device) < unlike(left[0].device, sets[best][0].device)) {
				best = j
			}
		}
		trials = append(trials, &trial{
			split: fit.SplitDevice, left: []string{left[0].device.ID}, source: sets[best][0].device, device: left[0].device, train: sets[best], test: left,
		})
	}
	return trials, ""
}

func namesOf(set []*heldTree) []string {
	var names []string
	for _, h := range set {
		if !slices.Contains(names, h.tree.Model) {
			names = append(names, h.tree.Model)
		}
	}
	slices.Sort(names)
	return names
}

func equationsOf(set []*heldTree) []fit.Equation {
	var eqs []fit.Equation
	for _, h := range set {
		eqs = append(eqs, h.eqs...)
	}
	return eqs
}

// runTrials runs the trials.
func runTrials(trials []*trial, methods []method, progress func(done, total int)) {
	var done atomic.Int64
	parallel(len(trials), func(i int) {
		for _, m := range methods {
			trials[i].results = append(trials[i].results, trials[i].run(m))
			if n := done.Add(1); progress != nil {
				progress(int(n), len(trials)*len(methods))
			}
		}
	})
}

// parallel does n things, as many at a time as there are processors.
func parallel(n int, do func(int)) {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	group.Wait()
}

// run fits one method to the training trees and applies it to the test trees.
func (t *trial) run(m method) (r trialResult) {
	predict, err := m.fit(t)
	if err != nil {
		return trialResult{why: err.Error()}
	}
	for _, h := range t.test {
		runs, err := predict(h)
		if err != nil {
			return trialResult{why: err.Error()}
		}
		for i, estimates := range runs {
			if i == len(r.runs) {
				r.runs = append(r.runs, nil)
			}
			for j := range h.spots {
				if p := &h.spots[j]; p.compared && estimates[j].known {
					r.runs[i] = append(r.runs[i], outcome{tree: h.tree, node: p.node, gold: p.gold(t.target), estimate: estimates[j]})
				}
			}
		}
	}
	return r
}

// gather joins the trials of a split and device and summarises what each method said.
func gather(trials []*trial, methods []method) []SplitResult {
	var out []SplitResult
	var parts [][]*trial
	for start := 0; start < len(trials); {
		end := start
		for end < len(trials) && trials[end].split == trials[start].split && trials[end].sameData(trials[start]) {
			end++
		}
		s := SplitResult{Split: trials[start].split, Device: trials[start].device.ID, Methods: make([]MethodResult, len(methods))}
		for _, t := range trials[start:end] {
			s.Parts = append(s.Parts, SplitPart{Left: t.left, From: t.source.ID, Train: len(t.train), Test: len(t.test)})
		}
		out, parts = append(out, s), append(parts, trials[start:end])
		start = end
	}
	parallel(len(out)*len(methods), func(i int) {
		split, m := i/len(methods), i%len(methods)
		out[split].Methods[m] = summarizeMethod(methods[m], m, parts[split])
	})
	return out
}

func (t *trial) sameData(o *trial) bool { return t.device.ID == o.device.ID }

func describeData(set []*heldTree) DataSummary {
	d := DataSummary{Device: set[0].device.ID, Boundary: energy.BoundaryWall, Trees: len(set), Models: namesOf(set)}
	d.Families = fit.Families(equationsOf(set))
	first := set[0].tree
	d.Batch, d.Sequence = [2]int64{first.Batch, first.Batch}, [2]int64{first.Sequence, first.Sequence}
	for _, h := range set {
		d.Batch = fit.Widened(d.Batch, h.tree.Batch)
		d.Sequence = fit.Widened(d.Sequence, h.tree.Sequence)
		for i := range h.spots {
			if h.spots[i].compared {
				d.Rows++
			}
			if h.spots[i].first {
				d.Distinct++
			}
		}
	}
	slices.SortFunc(d.Families, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	return d
}
