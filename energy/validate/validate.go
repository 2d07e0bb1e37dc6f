package validate

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/measured"
)

// Input is the measurements that methods are compared on, and how.
type Input struct {
	Data    []*fit.Data // one for each device, all of one kind
	Splits  []string    // of SplitNames; none given: all of them
	Methods []string    // of MethodNames; none given: all of them
	Target  Target      // of trees, "" is TargetEnergy; of records both are predicted
	// Progress is told how many of how many fits are done, by several goroutines at once; nil tells nobody.
	Progress func(done, total int)
}

// Target is the quantity that is predicted.
type Target string

// The targets.
const (
	TargetEnergy Target = "energy"
	TargetTime   Target = "time"
)

// Targets lists the targets.
func Targets() []Target { return []Target{TargetEnergy, TargetTime} }

// Of is the quantity of an item; 0 where it was not measured.
func (t Target) of(it *fit.Item) float64 {
	if t == TargetTime {
		return float64(it.Time)
	}
	return float64(it.Energy)
}

// Run predicts every measurement from others, split in several ways and by several methods.
func Run(in Input) (*Validation, error) {
	if len(in.Data) == 0 {
		return nil, errors.New("no measurements to validate with")
	}
	for _, d := range in.Data {
		if len(d.Items) == 0 {
			return nil, fmt.Errorf("%s: no measurements%s", d.Device.ID, fit.Listed(": passed over are ", measured.Reasons(d.Passed)))
		}
	}
	kind := in.Data[0].Kind
	if kind == measured.KindTrees && in.Target == "" {
		in.Target = TargetEnergy
	}
	chosen, err := chooseMethods(in.Data[0], in.Methods)
	if err != nil {
		return nil, err
	}
	v := describe(&in)
	trials, skipped, err := in.trials(kind)
	if err != nil {
		return nil, err
	}
	if len(trials) == 0 && (len(in.Splits) > 0 || kind == measured.KindTrees) {
		return nil, fmt.Errorf("nothing can be left out: %s", strings.Join(skipped, "; "))
	}
	v.Warnings = append(v.Warnings, skipped...)
	runTrials(trials, chosen, in.Progress)
	v.Splits = gather(trials, chosen)
	for _, d := range in.Data {
		v.Context = append(v.Context, contextRatios(d)...)
		v.Additivity = append(v.Additivity, additivity(d)...)
	}
	return v, nil
}

// trial is one part of the data predicted from another.
type trial struct {
	split       string
	left        []string // what is left out
	train, test *fit.Data
	target      Target
	results     []trialResult // by method

	fitted *coefficients.Coefficients // to train
	bound  *fit.Predictor             // predicts test with fitted
}

// trialResult is what one method says of the test items, or why it cannot.
type trialResult struct {
	seeds [][]outcome // one for each seed of methods that have one, else one
	why   string
}

// outcome is a prediction beside what was measured.
type outcome struct {
	*fit.Item
	estimate
}

// runTrials applies the methods to the trials.
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

// run fits one method to the training data and applies it to the test data.
func (t *trial) run(m method) (r trialResult) {
	predict, err := m.fit(t)
	if err != nil {
		return trialResult{why: err.Error()}
	}
	for _, items := range t.test.ByRun() {
		seeds, err := predict(items)
		if err != nil {
			return trialResult{why: err.Error()}
		}
		for i, estimates := range seeds {
			if i == len(r.seeds) {
				r.seeds = append(r.seeds, nil)
			}
			for j, it := range items {
				if estimates[j].answered {
					r.seeds[i] = append(r.seeds[i], outcome{Item: it, estimate: estimates[j]})
				}
			}
		}
	}
	return r
}

// predictor predicts the test data with the additive model, fitted once to the training data, with ranges and intervals
// that rest on nothing else.
func (t *trial) predictor() (p *fit.Predictor, err error) {
	if t.bound != nil {
		return t.bound, nil
	}
	o := fit.OptionsFor(t.train.Kind)
	o.Errors, o.Bootstrap = nil, false
	if t.target != TargetEnergy {
		o.Intervals = nil
	}
	if t.fitted, _, err = fit.Fit(t.train, o); err != nil {
		return nil, err
	}
	t.bound, err = t.test.Predictor(t.fitted)
	return t.bound, err
}

// gather joins the trials of a split and device and summarises what each method said.
func gather(trials []*trial, methods []method) []SplitResult {
	var out []SplitResult
	var parts [][]*trial
	for start := 0; start < len(trials); {
		end := start
		for end < len(trials) && trials[end].split == trials[start].split && trials[end].test.Device.ID == trials[start].test.Device.ID {
			end++
		}
		s := SplitResult{Split: trials[start].split, Device: trials[start].test.Device.ID, Methods: make([]MethodResult, len(methods))}
		for _, t := range trials[start:end] {
			s.Parts = append(s.Parts, SplitPart{Left: t.left, From: t.train.Device.ID, Train: t.train.Runs(), Test: t.test.Runs()})
		}
		out, parts = append(out, s), append(parts, trials[start:end])
		start = end
	}
	parallel(len(out)*len(methods), func(i int) {
		split, m := i/len(methods), i%len(methods)
		out[split].Methods[m] = summarize(methods[m], m, parts[split])
	})
	return out
}

// describe says what was measured.
func describe(in *Input) *Validation {
	first := in.Data[0]
	v := &Validation{Schema: Schema, Kind: first.Kind, Target: in.Target, Profile: first.Profile}
	for _, d := range in.Data {
		s := DataSummary{
			Device: d.Device.ID, Boundary: d.Boundary, Trees: d.Runs(), Rows: len(d.Items), Models: d.Models(), Shapes: d.Shapes(),
			Families: d.Families(), Records: d.Records, Passed: d.Passed,
		}
		s.Batch, s.Sequence = d.Sizes()
		for _, it := range d.Items {
			if !it.Copy {
				s.Distinct++
			}
		}
		slices.SortFunc(s.Families, slices.Compare)
		v.Data = append(v.Data, s)
		v.Warnings = append(v.Warnings, d.Warnings...)
	}
	return v
}
