package report

import (
	"io"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/graph/scope"
)

// Schema is the version of the JSON format.
const Schema = 1

// writeJSON writes the whole report as one object: a line per module, operator and value.
func writeJSON(w io.Writer, r *Report) error {
	j := &render.JSON{Buf: make([]byte, 0, 512*(len(r.Operators)+1)+96*len(r.Values))}
	j.Open('{')
	j.Key("schema")
	j.Int(Schema)
	j.Key("irene")
	j.Str(r.Version)
	r.jsonHead(j)
	j.Line()
	j.Key("tree")
	r.jsonModule(j, r.Tree, 0)
	r.jsonSelected(j)
	r.jsonOperators(j)
	if r.Values != nil {
		r.jsonValues(j)
	}
	r.jsonFoot(j)
	j.Close('}')
	j.End()
	_, err := w.Write(j.Bytes())
	return err
}

func (r *Report) jsonHead(j *render.JSON) {
	j.Line()
	j.Key("model")
	j.Open('{')
	j.Key("file")
	j.Str(r.Model.File)
	j.Key("producer")
	j.Str(r.Model.Producer)
	j.Key("ir_version")
	j.Int(r.Model.IR)
	j.Key("opsets")
	j.Open('{')
	for _, o := range r.Model.Opsets {
		j.Key(o.Domain)
		j.Int(o.Version)
	}
	j.Close('}')
	j.Key("nodes")
	j.Int(int64(r.Model.Nodes))
	j.Close('}')
	j.Line()
	j.Key("dims")
	j.Open('{')
	for _, d := range r.Dims {
		j.Key(d.Name)
		j.Int(d.Value)
	}
	j.Close('}')
	j.Key("assumed")
	j.Strs(r.Assumed)
	j.Line()
	r.JSONDevice(j)
	j.Key("mode")
	j.Str(r.Mode)
	j.Key("flops")
	j.Str(string(r.Convention))
}

func (r *Report) JSONDevice(j *render.JSON) {
	j.Key("device")
	if r.Device == nil {
		j.Null()
		j.Key("runtime")
		j.Null()
		return
	}
	j.Open('{')
	j.Key("id")
	j.Str(r.Device.ID)
	j.Key("name")
	j.Str(r.Device.Name)
	j.Key("scope")
	jsonBoundary(j, r.Device.Boundary)
	j.Key("origin")
	j.Str(r.Device.Origin)
	j.Key("default")
	j.Bool(r.Device.Default)
	j.Close('}')
	j.Key("runtime")
	j.Str(r.Device.Runtime)
}

// jsonBoundary writes what energies cover; null where there are none.
func jsonBoundary(j *render.JSON, s energy.Boundary) {
	if s == "" {
		j.Null()
		return
	}
	j.Str(string(s))
}

// jsonModule writes a module. Where the view ends, a module takes the operators of everything below it.
func (r *Report) jsonModule(j *render.JSON, m *Module, depth int) {
	j.Open('{')
	j.Key("name")
	j.Str(m.Name)
	j.Key("path")
	j.Str(m.Path)
	j.Key("module")
	j.Str(m.Canonical)
	j.Key("class")
	j.Str(m.Class)
	j.Key("call")
	j.Int(int64(m.Call))
	j.Key("calls")
	j.Int(int64(m.Calls))
	j.Key("source")
	jsonShares(j, m.Source)
	j.Key("share")
	r.jsonShare(j, m.Metrics.Share)
	j.Key("metrics")
	JSONMetrics(j, &m.Metrics)
	operators, children := m.Operators, m.Children
	if r.View.Depth >= 0 && depth >= r.View.Depth {
		operators, children = m.AllOperators(), nil
	}
	j.Key("operators")
	j.Open('[')
	for _, i := range operators {
		j.Int(int64(i))
	}
	j.Close(']')
	j.Key("children")
	j.Open('[')
	for _, c := range children {
		j.Line()
		r.jsonModule(j, c, depth+1)
	}
	j.Close(']')
	j.Close('}')
}

func (r *Report) jsonShare(j *render.JSON, v float64) {
	if r.ShareOf() == "" {
		j.Null()
		return
	}
	j.Float(v)
}

func jsonShares(j *render.JSON, list []scope.Share) {
	j.Open('{')
	for _, s := range list {
		j.Key(s.Source)
		j.Float(s.Share)
	}
	j.Close('}')
}

func JSONMetrics(j *render.JSON, m *Metrics) {
	j.Open('{')
	for _, x := range []struct {
		key string
		dim graph.Dim
	}{{"params", m.Params}, {"macs", m.MACs}, {"flops", m.FLOPs}, {"bytes_read", m.Read}, {"bytes_written", m.Written}} {
		j.Key(x.key)
		j.Dim(x.dim)
	}
	j.Key("operators")
	j.Int(int64(m.Operators))
	j.Key("unknown")
	j.Int(int64(m.Unknown))
	for _, x := range []struct {
		key string
		v   float64
	}{{"time_s", float64(m.Time)}, {"energy_j", float64(m.Energy)}, {"energy_low_j", float64(m.Low)}, {"energy_high_j", float64(m.High)}, {"energy_low50_j", float64(m.Low50)}, {"energy_high50_j", float64(m.High50)}} {
		j.Key(x.key)
		if !m.Predicted || m.NoEnergy && x.key != "time_s" {
			j.Null()
			continue
		}
		j.Float(x.v)
	}
	j.Close('}')
}

// jsonSelected lists the modules that --module asked for; the tree itself stays whole.
func (r *Report) jsonSelected(j *render.JSON) {
	if r.View.Selected == nil {
		return
	}
	j.Line()
	j.Key("selected")
	j.Open('[')
	for _, m := range r.View.Selected {
		j.Line()
		j.Open('{')
		j.Key("path")
		j.Str(m.Path)
		j.Key("module")
		j.Str(m.Canonical)
		j.Key("share")
		r.jsonShare(j, m.Metrics.Share)
		j.Key("metrics")
		JSONMetrics(j, &m.Metrics)
		j.Close('}')
	}
	j.Close(']')
}

func (r *Report) jsonOperators(j *render.JSON) {
	if r.View.Top >= 0 {
		j.Line()
		j.Key("top")
		j.Open('[')
		for _, i := range r.TopOperators(r.View.Top) {
			j.Int(int64(i))
		}
		j.Close(']')
	}
	j.Line()
	j.Key("operators")
	j.Open('[')
	for i := range r.Operators {
		j.Line()
		r.jsonOperator(j, &r.Operators[i])
	}
	j.Close(']')
}

func (r *Report) jsonOperator(j *render.JSON, op *Operator) {
	n := op.Node
	j.Open('{')
	j.Key("name")
	j.Str(n.Name)
	j.Key("op")
	j.Str(n.Op)
	j.Key("domain")
	j.Str(n.Domain)
	j.Key("path")
	j.Str(op.Path)
	j.Key("class")
	j.Str(op.Class)
	j.Key("dtype")
	JSONDType(j, op.DType)
	j.Key("inputs")
	jsonNames(j, n.Inputs)
	j.Key("outputs")
	jsonNames(j, n.Outputs)
	j.Key("metrics")
	JSONMetrics(j, &op.Metrics)
	j.Key("kernel")
	if op.Kernel == nil {
		j.Null()
	} else {
		j.Str(op.Kernel.Label())
	}
	j.Key("scaled")
	j.Bool(op.Scaled)
	j.Key("extrapolated")
	j.Bool(op.Extrapolated)
	if op.Why != "" {
		j.Key("why")
		j.Str(op.Why)
	}
	j.Close('}')
}

// jsonNames writes the names of values; absent ones are "".
func jsonNames(j *render.JSON, list []*graph.Value) {
	j.Open('[')
	for _, v := range list {
		if v == nil {
			j.Str("")
			continue
		}
		j.Str(v.Name)
	}
	j.Close(']')
}

func JSONDType(j *render.JSON, t graph.DType) {
	if t == graph.Undefined {
		j.Null()
		return
	}
	j.Str(t.String())
}

func (r *Report) jsonValues(j *render.JSON) {
	j.Line()
	j.Key("values")
	j.Open('{')
	for _, v := range r.Values {
		j.Line()
		j.Key(v.Name)
		jsonFact(j, v.Fact)
	}
	j.Close('}')
}

// TensorKinds names the kinds of values that are no tensors.
var TensorKinds = map[graph.Kind]string{
	graph.KindSequence: "sequence", graph.KindOptional: "optional", graph.KindMap: "map",
	graph.KindSparse: "sparse", graph.KindOpaque: "opaque",
}

func jsonFact(j *render.JSON, f *ops.Fact) {
	j.Open('{')
	j.Key("dtype")
	JSONDType(j, f.DType)
	j.Key("shape")
	if f.Shape == nil {
		j.Null()
	} else {
		j.Open('[')
		for _, d := range f.Shape {
			j.Dim(d)
		}
		j.Close(']')
	}
	if kind := TensorKinds[f.Kind]; kind != "" {
		j.Key("kind")
		j.Str(kind)
		if f.Elem != nil {
			j.Key("elem")
			jsonFact(j, f.Elem)
		}
	}
	j.Close('}')
}

func (r *Report) jsonFoot(j *render.JSON) {
	j.Line()
	j.Key("memory")
	r.JSONMemory(j)
	j.Line()
	j.Key("coverage")
	jsonShares(j, r.Coverage)
	j.Line()
	j.Key("unknown_operators")
	j.Open('[')
	for _, k := range r.Unknown {
		j.Open('{')
		j.Key("op")
		j.Str(k.Op)
		j.Key("count")
		j.Int(int64(k.Count))
		j.Key("why")
		j.Str(k.Why)
		j.Close('}')
	}
	j.Close(']')
	j.Line()
	j.Key("warnings")
	j.Strs(r.Warnings)
}

func (r *Report) JSONMemory(j *render.JSON) {
	j.Open('{')
	j.Key("weight_bytes")
	j.Int(r.Memory.WeightBytes)
	j.Key("peak_activation_bytes")
	if r.Memory.Known {
		j.Int(r.Memory.PeakBytes)
	} else {
		j.Null()
	}
	fits, known := r.Fits()
	j.Key("device_bytes")
	if r.Device == nil {
		j.Null()
	} else {
		j.Int(r.Device.MemoryBytes)
	}
	j.Key("fits")
	if known {
		j.Bool(fits)
	} else {
		j.Null()
	}
	j.Close('}')
}
