package validate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/graph"
)

// The splits into training and test data.
const (
	SplitFamily    = "family"    // a family of models is predicted from the other families
	SplitModel     = "model"     // a model is predicted from the others
	SplitShapes    = "shapes"    // the larger half of the token counts is predicted from the smaller one, and back; of records, each shape from the others, too
	SplitDevice    = "device"    // a device is predicted from the most similar other one
	SplitOperators = "operators" // modules and models are predicted from operators measured alone

	// What SplitShapes consists of.
	PartShape        = "shape"
	PartSmallToLarge = "small-to-large"
	PartLargeToSmall = "large-to-small"
)

// split is one row of the table of splits.
type split struct {
	name  string
	kinds []measured.Kind // of data that are split like this
	// parts forms the trials of one device's data, or says why there are none; nil where devices are left out.
	parts func(*fit.Data) (trials []*trial, why string)
}

// splits is the table of splits, in the order of reports.
func splits() []split {
	trees, both := []measured.Kind{measured.KindTrees}, []measured.Kind{measured.KindTrees, measured.KindRecords}
	return []split{
		{SplitFamily, both, splitFamilies},
		{SplitModel, both, splitModels},
		{SplitShapes, both, splitShapes},
		{SplitDevice, trees, nil},
		{SplitOperators, []measured.Kind{measured.KindRecords}, splitOperators},
	}
}

// SplitNames lists the splits of data of a kind.
func SplitNames(kind measured.Kind) []string {
	var names []string
	for _, s := range splits() {
		if slices.Contains(s.kinds, kind) {
			names = append(names, s.name)
		}
	}
	return names
}

// trials forms the trials of every split asked for. Splits that the data do not allow are skipped with a reason.
func (in *Input) trials(kind measured.Kind) (trials []*trial, skipped []string, err error) {
	known := SplitNames(kind)
	names := in.Splits
	if len(names) == 0 {
		names = slices.DeleteFunc(slices.Clone(known), func(name string) bool { return name == SplitDevice && len(in.Data) == 1 })
	}
	for _, name := range names {
		at := slices.IndexFunc(splits(), func(s split) bool { return s.name == name })
		if !slices.Contains(known, name) {
			return nil, nil, fmt.Errorf("no split %q: it is one of %s", name, strings.Join(known, ", "))
		}
		more, why := in.split(splits()[at])
		trials = append(trials, more...)
		for _, reason := range why {
			skipped = append(skipped, "split "+name+": "+reason)
		}
	}
	for _, t := range trials {
		t.target = in.Target
	}
	return trials, skipped, nil
}

// split forms the trials of one split, and says why there are none of a device.
func (in *Input) split(s split) (trials []*trial, skipped []string) {
	if s.parts == nil {
		trials, why := splitDevices(in.Data)
		if why != "" {
			return nil, []string{why}
		}
		return trials, nil
	}
	for _, d := range in.Data {
		more, why := s.parts(d)
		trials = append(trials, more...)
		if why != "" {
			skipped = append(skipped, why)
		}
	}
	return trials, skipped
}

// leave predicts parts from the others.
func leave(d *fit.Data, split string, parts ...fit.Part) (trials []*trial) {
	for _, p := range parts {
		t := &trial{split: split, left: p.Left}
		t.train, t.test = d.Leave(p)
		trials = append(trials, t)
	}
	return trials
}

func splitFamilies(d *fit.Data) (trials []*trial, why string) {
	parts := d.Parts(fit.ByFamily)
	if len(parts) < 2 {
		return nil, fmt.Sprintf("the data of %s are one family of models: %s", d.Device.ID, strings.Join(d.Models(), ", "))
	}
	return leave(d, SplitFamily, parts...), ""
}

func splitModels(d *fit.Data) (trials []*trial, why string) {
	parts := d.Parts(fit.ByModel)
	if len(parts) < 2 {
		return nil, fmt.Sprintf("the data of %s are one model%s", d.Device.ID, fit.Listed(": ", d.Models()...))
	}
	return leave(d, SplitModel, parts...), ""
}

// splitShapes leaves out each shape of records in turn, then the larger half of the token counts and the smaller one.
func splitShapes(d *fit.Data) (trials []*trial, why string) {
	if shapes := d.Shapes(); len(shapes) < 2 {
		return nil, fmt.Sprintf("the data of %s have one size only%s", d.Device.ID, fit.Listed(": ", shapes...))
	}
	if d.Kind == measured.KindRecords {
		trials = leave(d, PartShape, d.Parts(fit.ByShape)...)
	}
	if halves := d.Parts(fit.ByHalf); len(halves) > 0 {
		trials = append(trials, leave(d, PartSmallToLarge, halves[0])...)
		trials = append(trials, leave(d, PartLargeToSmall, halves[1])...)
	}
	if len(trials) == 0 {
		return nil, fmt.Sprintf("the data of %s have one size only", d.Device.ID)
	}
	return trials, ""
}

func splitOperators(d *fit.Data) (trials []*trial, why string) {
	t := leave(d, SplitOperators, fit.Part{Left: []string{"modules and models"}, Test: func(it *fit.Item) bool { return it.Level != energy.LevelOperator }})
	switch {
	case len(t[0].train.Items) == 0:
		return nil, "no operator was measured alone"
	case len(t[0].test.Items) == 0:
		return nil, "neither a module nor a model was measured"
	}
	return t, ""
}

// splitDevices leaves out one device after the other. Coefficients are one device's: each is predicted from the other
// one that is most like it.
func splitDevices(sets []*fit.Data) (trials []*trial, why string) {
	if len(sets) < 2 {
		return nil, "the data are of one device, " + sets[0].Device.ID
	}
	for i, left := range sets {
		var best *fit.Data
		for j, other := range sets {
			if j != i && (best == nil || unlike(left.Device, other.Device) < unlike(left.Device, best.Device)) {
				best = other
			}
		}
		trials = append(trials, &trial{split: SplitDevice, left: []string{left.Device.ID}, train: best, test: left})
	}
	return trials, ""
}

// unlike is how far two devices' rates are apart, as a sum of logarithms.
func unlike(a, b energy.Device) float64 {
	d := math.Abs(math.Log(float64(a.Bandwidth / b.Bandwidth)))
	x, okX := coefficients.Peak(a, graph.Float32)
	y, okY := coefficients.Peak(b, graph.Float32)
	if okX && okY {
		d += math.Abs(math.Log(float64(x / y)))
	}
	return d
}
