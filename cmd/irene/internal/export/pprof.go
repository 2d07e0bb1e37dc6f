package export

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
)

// writePprof writes a profile for go tool pprof: a sample per operator, its stack the modules around it. Values are
// whole: pprof knows no joules, so that energy is in µJ, which -unit would only name otherwise.
func writePprof(w io.Writer, r *report.Report) error {
	b := &profileBuilder{r: r, mapping: &profile.Mapping{ID: 1, File: r.Model.File, HasFunctions: true}, places: map[string]*profile.Location{}}
	p := &b.profile
	p.Mapping = []*profile.Mapping{b.mapping}
	p.SampleType = b.types()
	p.DefaultSampleType = p.SampleType[0].Type
	p.PeriodType, p.Period = p.SampleType[0], 1
	p.Comments = []string{r.Model.File, r.DimsText()}
	if r.Device != nil && r.Tree.Metrics.Predicted {
		p.Comments = append(p.Comments, fmt.Sprintf("predicted for %s (%s), %s", r.Device.Name, r.Device.ID, report.BoundaryText(r.Device.Boundary)))
		p.DurationNanos = whole64(float64(r.Tree.Metrics.Time) * 1e9)
	}
	root := b.location("model", "")
	b.module(r.Tree, []*profile.Location{root})
	if err := p.CheckValid(); err != nil {
		return fmt.Errorf("pprof: %w", err)
	}
	return p.Write(w)
}

type profileBuilder struct {
	r       *report.Report
	profile profile.Profile
	mapping *profile.Mapping
	places  map[string]*profile.Location
}

func (b *profileBuilder) types() []*profile.ValueType {
	types := []*profile.ValueType{{Type: "flops", Unit: "count"}, {Type: "bytes", Unit: "bytes"}}
	if b.r.Tree.Metrics.Predicted {
		types = append([]*profile.ValueType{{Type: "time", Unit: "nanoseconds"}}, types...)
	}
	if b.r.Tree.Metrics.HasEnergy() {
		types = append([]*profile.ValueType{{Type: "energy", Unit: "uJ"}}, types...)
	}
	return types
}

// values are the numbers of an operator in the order of types; what is not known counts nothing.
func (b *profileBuilder) values(m *report.Metrics) []int64 {
	flops, _ := m.FLOPs.Const()
	bytes, _ := report.FindMetric("bytes").Count(m).Const()
	values := []int64{flops, bytes}
	if b.r.Tree.Metrics.Predicted {
		values = append([]int64{whole64(float64(m.Time) * 1e9)}, values...)
	}
	if b.r.Tree.Metrics.HasEnergy() {
		values = append([]int64{whole64(float64(m.Energy) * 1e6)}, values...)
	}
	return values
}

func whole64(v float64) int64 { return int64(math.Round(math.Max(-1<<62, math.Min(1<<62, v)))) }

// module adds the samples of a module; stack begins with the module itself.
func (b *profileBuilder) module(m *report.Module, stack []*profile.Location) {
	for _, i := range m.Operators {
		op := &b.r.Operators[i]
		values := b.values(op.Metrics)
		if !anyPositive(values) {
			continue
		}
		leaf := b.location(op.Node.Label(), "")
		b.profile.Sample = append(b.profile.Sample, &profile.Sample{
			Location: append([]*profile.Location{leaf}, stack...), Value: values, Label: labels(op),
		})
	}
	for _, c := range m.Children {
		b.module(c, append([]*profile.Location{b.location(c.Path, c.Class)}, stack...))
	}
}

func anyPositive(values []int64) bool {
	for _, v := range values {
		if v > 0 {
			return true
		}
	}
	return false
}

func labels(op *report.Operator) map[string][]string {
	out := map[string][]string{"op": {op.Node.Kind()}}
	if op.Class != "" {
		out["class"] = []string{op.Class}
	}
	if op.DType != graph.Undefined {
		out["dtype"] = []string{op.DType.String()}
	}
	if op.Kernel != nil {
		out["kernel"] = []string{op.Kernel.Label()}
	}
	if doubts := report.Flags(op); doubts != "" {
		out["flags"] = strings.Split(doubts, ", ")
	}
	return out
}

// location is the place of that name; pprof reads places as functions of a program.
func (b *profileBuilder) location(name, class string) *profile.Location {
	if l := b.places[name]; l != nil {
		return l
	}
	f := &profile.Function{ID: uint64(len(b.profile.Function) + 1), Name: name, SystemName: name, Filename: class}
	l := &profile.Location{ID: f.ID, Mapping: b.mapping, Line: []profile.Line{{Function: f}}}
	b.profile.Function = append(b.profile.Function, f)
	b.profile.Location = append(b.profile.Location, l)
	b.places[name] = l
	return l
}
