package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/export"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// annotationPrefix begins the keys of what export writes into a model.
const annotationPrefix = "irene."

// onnxFormat is the model itself.
func onnxFormat() render.Format[*exportJob] {
	return render.Format[*exportJob]{
		Name: "onnx", Help: "the model itself, with the costs in the nodes' metadata_props", Ext: []string{".onnx"}, Numbers: true, Write: writeONNX,
	}
}

// writeONNX writes the model with the costs of its operators in the metadata_props of its nodes.
func writeONNX(w io.Writer, j *exportJob) error {
	m := j.models[0]
	r := m.report
	nodes := export.ByOrdinal(r)
	about := aboutNumbers(r)
	a := onnx.Annotation{Prefix: annotationPrefix, Properties: func(ordinal int) []graph.Property {
		n := nodes[ordinal]
		if n == nil {
			return nil
		}
		return append(nodeProperties(n), about...)
	}}
	if err := m.annotate(w, a); err != nil {
		return err
	}
	if n := export.InFunctions(r); n > 0 {
		fmt.Fprintf(j.env.stderr, "irene: note: %s of local functions stand on the nodes that call them; the functions are as they were\n", render.Plural(n, "operator"))
	}
	if files := export.ExternalFiles(r); len(files) > 0 && j.output != "-" && !same(filepath.Dir(j.output), filepath.Dir(m.path)) {
		fmt.Fprintf(j.env.stderr, "irene: note: the weights stay in %s, which has to lie beside %s\n", listing(files), j.output)
	}
	return nil
}

// aboutNumbers says what the numbers on every node hold for.
func aboutNumbers(r *report.Report) []graph.Property {
	var out []graph.Property
	if r.Device != nil && r.Tree.Metrics.Predicted {
		out = append(out, graph.Property{Key: annotationPrefix + "device", Value: r.Device.ID})
	}
	if r.As != "" {
		out = append(out, graph.Property{Key: annotationPrefix + "as", Value: r.As})
	}
	var dims []string
	for _, d := range r.Dims {
		dims = append(dims, d.Name+"="+strconv.FormatInt(d.Value, 10))
	}
	if dims != nil {
		out = append(out, graph.Property{Key: annotationPrefix + "dims", Value: strings.Join(dims, " ")})
	}
	return out
}

// nodeProperties are the entries of one node; what is not known has none.
func nodeProperties(n *export.Annotated) []graph.Property {
	var out []graph.Property
	add := func(key, value string) {
		if value != "" {
			out = append(out, graph.Property{Key: annotationPrefix + key, Value: value})
		}
	}
	m := &n.Metrics
	if m.HasEnergy() {
		add("energy_j", strconv.FormatFloat(float64(m.Energy), 'g', -1, 64))
	}
	if m.Predicted {
		add("time_s", strconv.FormatFloat(float64(m.Time), 'g', -1, 64))
	}
	for _, x := range []struct {
		key string
		dim graph.Dim
	}{{"flops", m.FLOPs}, {"macs", m.MACs}, {"bytes_read", m.Read}, {"bytes_written", m.Written}} {
		if v, ok := x.dim.Const(); ok {
			add(x.key, strconv.FormatInt(v, 10))
		}
	}
	if m.Unknown > 0 {
		add("unknown", strconv.Itoa(m.Unknown))
	}
	add("module", n.Path)
	add("class", n.Class)
	if n.Kernel != nil {
		add("kernel", n.Kernel.Label())
	}
	return out
}
