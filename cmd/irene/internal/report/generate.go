package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/generate"
)

// Generation is what the formats of irene generate read.
type Generation struct {
	*Report
	*generate.Generation
	Generator *generate.Generator
	Prompts   string                 // file that reads prompts; "" for the decoder itself
	Files     render.Members[string] // of a model in several, by what they are; nil for one file
	Low, High float64
	Memory    int64 // bytes at the last step; -1 where not known
	Cache     int64
	Serving   *generate.Serving
	Steps     []generate.Work // of the decode step in the middle, by class
	Reading   []generate.Work // of the prompts
}

// Fits reports whether the last step fits the device's memory; ok is false where either is not known.
func (g *Generation) Fits() (fits, ok bool) {
	m := g.Generator.Basis().Device.MemoryBytes
	return g.Memory <= m, m > 0 && g.Memory >= 0
}

// ForgetEnergy makes every energy not a number, which is how energies that the coefficients do not hold are printed as
// unknown.
func (g *Generation) ForgetEnergy() {
	unknown := energy.Joules(math.NaN())
	g.Prefill.Energy, g.Decode.Energy, g.Low, g.High = unknown, unknown, math.NaN(), math.NaN()
	for _, list := range [][]generate.Work{g.Steps, g.Reading} {
		for i := range list {
			list[i].Energy = unknown
		}
	}
	if s := g.Serving; s != nil {
		s.Energy, s.PerToken, s.Month = unknown, unknown, unknown
		s.Power, s.Idle = energy.Watts(math.NaN()), energy.Watts(math.NaN())
	}
}

// orUnknown prints a number for people.
func orUnknown[T interface {
	~float64
	fmt.Stringer
}](v T) string {
	if math.IsNaN(float64(v)) {
		return render.UnknownText
	}
	return v.String()
}

// GenerationFormats is the table of formats for generation, the default first.
func GenerationFormats() []render.Format[*Generation] {
	return []render.Format[*Generation]{
		{Name: "text", Help: "tables for people", Ext: []string{".txt"}, Write: writeGenerationText},
		{Name: "json", Help: "everything", Ext: []string{".json"}, Write: writeGenerationJSON},
	}
}

func (g *Generation) warnings() []string {
	out := slices.Clone(g.Generator.Warnings)
	if n := g.Generator.Step.Unknown; n > 0 {
		out = append(out, fmt.Sprintf("%s of unknown cost in no sum (irene analyze names them)", render.Plural(n, "operator")))
	}
	return out
}
