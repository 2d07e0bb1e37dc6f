package fit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
)

// sharedEnergy is the share of two models' operator energy that must lie in operators of the same kind for them to be
// of one family: leaving one of them out leaves its sibling in.
const sharedEnergy = 0.5

// Families groups measured models that share most of their operators: by the kinds of operators (Linear, Conv1D,
// LayerNorm …) that the energy of trees goes to, by the kernels that the time of records would go to on an ideal device.
// Groups and the names in them are sorted.
func (d *Data) Families() [][]string {
	shares := d.kernelShares()
	if d.Kind != measured.KindRecords {
		shares = kindShares(d.equations())
	}
	names := slices.Sorted(maps.Keys(shares))
	group := map[string]int{}
	var out [][]string
	for _, name := range names {
		at := -1
		for _, other := range names {
			if g, ok := group[other]; ok && Overlap(shares[name], shares[other]) >= sharedEnergy {
				at = g
				break
			}
		}
		if at < 0 {
			at = len(out)
			out = append(out, nil)
		}
		group[name] = at
		out[at] = append(out[at], name)
	}
	return out
}

// kindShares is the share of each kind of operator in the energy of a group's operators.
func kindShares(eqs []*equation) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for _, e := range eqs {
		if e.Level != energy.LevelOperator {
			continue
		}
		m := out[e.Group]
		if m == nil {
			m = map[string]float64{}
			out[e.Group] = m
		}
		m[e.Kind] += float64(e.energy)
	}
	for _, m := range out {
		normalise(m)
	}
	return out
}

// normalise makes shares of amounts.
func normalise(m map[string]float64) {
	sum := 0.0
	for _, k := range slices.Sorted(maps.Keys(m)) {
		sum += m[k]
	}
	for k := range m {
		m[k] /= sum
	}
}

// kernelShares is the share of each kind of kernel in the roofline time of a model's kernels: those of whole models, or of
// whatever was measured of a model that was not measured whole. A record of an operator stands for the operator in every
// model. Products with a weight are of a kind where the weight is of one shape, whatever the tokens.
func (d *Data) kernelShares() map[string]map[string]float64 {
	whole := map[string]bool{}
	for _, it := range d.Items {
		whole[it.Group] = whole[it.Group] || it.Level == energy.LevelModel
	}
	out := map[string]map[string]float64{}
	for _, it := range d.Items {
		if it.Group == "" || whole[it.Group] && it.Level != energy.LevelModel {
			continue
		}
		m := out[it.Group]
		if m == nil {
			m = map[string]float64{}
			out[it.Group] = m
		}
		it.Work.All(func(k *Kernel) {
			seconds, ok := law.Roofline(&k.Kernel, it.Device)
			if !ok {
				seconds = k.Bytes + 2*k.MACs // in whatever unit: the device lacks numbers of all models alike
			}
			m[kernelKind(&k.Kernel)] += k.Count * seconds
		})
	}
	for _, m := range out {
		normalise(m)
	}
	return out
}

// kernelKind names what makes kernels of two models alike.
func kernelKind(k *law.Kernel) string {
	kind := fmt.Sprint(k.Class, " ", k.DType)
	if k.Class == "gemm" && len(k.Products) > 0 {
		kind += fmt.Sprint(" ", k.Products[0].K, "×", k.Products[0].N)
	}
	return kind
}

// Overlap is how much two distributions over the same words have in common, from 0 to 1.
func Overlap(a, b map[string]float64) float64 {
	sum := 0.0
	for _, k := range slices.Sorted(maps.Keys(a)) {
		sum += min(a[k], b[k])
	}
	return sum
}
