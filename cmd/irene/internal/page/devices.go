package page

import (
	"maps"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
)

// devices writes the kernels of every runtime profile, and the rates of every device.
func (b *pageBuilder) devices() {
	var runtimes []string
	first := map[string]*predict.Recipe{}
	for _, r := range b.page.Recipes {
		if first[r.Profile] == nil {
			first[r.Profile] = r
			runtimes = append(runtimes, r.Profile)
		}
	}
	b.Line()
	b.Key("plans")
	b.Open('[')
	for _, name := range runtimes {
		b.plan(first[name])
	}
	b.Close(']')
	b.Line()
	b.Key("devices")
	b.Open('[')
	for i, r := range b.page.Recipes {
		b.Line()
		b.device(r, slices.Index(runtimes, r.Profile), i)
	}
	b.Close(']')
}

// plan says which work every operator does, and which operator's kernel does the work of the others.
func (b *pageBuilder) plan(r *predict.Recipe) {
	works := texts{}
	work, kernel := make([]int, len(b.operators)), make([]int, len(b.operators))
	for i := range work {
		work[i], kernel[i] = -1, -1
	}
	for i := range r.Kernels {
		k := &r.Kernels[i]
		at := b.index[k.Node]
		work[at] = works.id(b.work(k))
		for _, m := range k.Members {
			if m != k.Node {
				kernel[b.index[m]] = at
			}
		}
	}
	b.Line()
	b.Open('{')
	b.Key("runtime")
	b.Str(r.Profile)
	b.Line()
	b.Key("works")
	b.Raw(works.list)
	b.Line()
	b.Key("work")
	b.Ints(work)
	b.Line()
	b.Key("kernel")
	b.Ints(kernel)
	b.Close('}')
}

func (b *pageBuilder) work(k *predict.RecipeKernel) string {
	j := &render.JSON{}
	j.Open('{')
	j.Key("rate")
	j.Int(int64(k.Rate))
	j.Key("class")
	j.Str(k.Cost.Class)
	j.Key("known")
	j.Bool(k.Cost.Known)
	j.Key("macs")
	j.Int(int64(b.expr(k.Cost.MACs)))
	j.Key("bytes")
	j.Int(int64(b.expr(k.Bytes())))
	j.Key("products")
	j.Open('[')
	for _, p := range k.Cost.Products {
		j.Ints([]int{b.expr(p.Batch), b.expr(p.M), b.expr(p.N), b.expr(p.K)})
	}
	j.Close(']')
	j.Close('}')
	return string(j.Bytes())
}

func (b *pageBuilder) device(r *predict.Recipe, plan, place int) {
	b.Open('{')
	for _, x := range []struct{ key, text string }{{"id", r.Device.ID}, {"name", r.Device.Name}, {"scope", string(r.Boundary)}, {"origin", r.Origin}} {
		b.Key(x.key)
		b.Str(x.text)
	}
	b.Key("default")
	b.Bool(place == 0 && b.page.Report.Device != nil && b.page.Report.Device.Default)
	b.Key("plan")
	b.Int(int64(plan))
	b.Key("sms")
	b.Int(int64(r.Device.SMs))
	b.Key("hidden")
	b.Float(r.Hidden)
	b.Key("idle")
	b.Float(float64(r.Idle))
	b.Key("memory")
	b.Int(r.Device.MemoryBytes)
	b.Key("bandwidth")
	b.Float(float64(r.Device.Bandwidth))
	b.Key("host")
	b.Floats([]float64{float64(r.Host.Energy), float64(r.Host.Time)})
	b.Key("rates")
	b.Open('[')
	for i := range r.Rates {
		b.rate(r, r.Rates[i])
	}
	b.Close(']')
	b.residuals(r.Residuals)
	b.Key("warnings")
	b.Strs(r.Warnings)
	b.Close('}')
}

func (b *pageBuilder) rate(r *predict.Recipe, c *coefficients.Rate) {
	b.Open('{')
	b.Key("class")
	b.Str(c.Class)
	b.Key("dtype")
	report.JSONDType(b.JSON, c.DType)
	b.Key("energy")
	b.Floats(c.Energy[:])
	b.Key("time")
	b.Floats(c.Time[:])
	b.Key("peak")
	peak, ok := r.Device.MatrixRate(c.DType.String())
	if ok {
		b.Float(float64(peak))
	} else {
		b.Null()
	}
	b.Key("scaled")
	b.Bool(c.StandIn)
	b.Key("why")
	b.Str(c.Why)
	b.Key("range")
	b.Open('{')
	for _, name := range slices.Sorted(maps.Keys(c.Range)) {
		b.Key(name)
		b.Floats([]float64{c.Range[name].Low, c.Range[name].High})
	}
	b.Close('}')
	b.Close('}')
}

// residuals writes the half-widths of 90 % intervals.
func (b *pageBuilder) residuals(r *coefficients.Residuals) {
	b.Key("residuals")
	b.Open('{')
	b.Key("levels")
	jsonBands(b.JSON, r.Levels)
	b.Key("small")
	jsonBands(b.JSON, r.Small)
	b.Key("classes")
	jsonBands(b.JSON, r.Classes)
	b.Close('}')
}

func jsonBands[K ~string](j *render.JSON, bands map[K]coefficients.Band) {
	j.Open('{')
	for _, name := range slices.Sorted(maps.Keys(bands)) {
		if bands[name].N > 0 {
			j.Key(string(name))
			j.Float(bands[name].P90)
		}
	}
	j.Close('}')
}
