package export

import (
	"fmt"
	"io"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
)

// writeOverlay writes node data for Model Explorer (github.com/google-ai-edge/model-explorer, node_data_builder.py):
// graph → node → value, with the colours between the least and the largest. Nodes go by their names, or those of their
// first outputs, and hold what stands inside them: subgraphs, and calls of local functions. Values are joules; seconds
// where no energies are known, FLOPs where nothing was predicted.
func writeOverlay(w io.Writer, r *report.Report) error {
	keys, values := nodeData(r)
	var of graphData
	for i, key := range keys {
		of.Results = append(of.Results, render.Member[nodeValue]{Name: key, Value: nodeValue{values[i]}})
	}
	for i, c := range warmth {
		s := gradientStop{Stop: float64(i) / float64(len(warmth)-1), Background: fmt.Sprintf("#%02x%02x%02x", int(c[0]), int(c[1]), int(c[2]))}
		if i >= len(warmth)-2 {
			s.Text = "white"
		}
		of.Gradient = append(of.Gradient, s)
	}
	return render.WriteJSON(w, &render.Members[graphData]{{Name: r.Graph.Main.Name, Value: of}})
}

// graphData is what Model Explorer reads of a graph.
type graphData struct {
	Results  render.Members[nodeValue] `json:"results" lines:"each"` // by node
	Gradient []gradientStop            `json:"gradient" lines:"before"`
}

type nodeValue struct {
	Value float64 `json:"value"`
}

type gradientStop struct {
	Stop       float64 `json:"stop"`
	Background string  `json:"bgColor"`
	Text       string  `json:"textColor,omitzero"`
}

// nodeData sums operators by the node of the main graph that they are, or stand inside of.
func nodeData(r *report.Report) (keys []string, values []float64) {
	at := map[string]int{}
	for i := range r.Operators {
		op := &r.Operators[i]
		v := float64(op.Metrics.Energy)
		if op.Metrics.NoEnergy {
			v = float64(op.Metrics.Time)
		}
		if !r.Tree.Metrics.Predicted {
			n, ok := op.Metrics.FLOPs.Const()
			if !ok {
				continue
			}
			v = float64(n)
		} else if !op.Metrics.Predicted {
			continue
		}
		key := topName(op.Node)
		if key == "" {
			continue
		}
		k, seen := at[key]
		if !seen {
			k = len(keys)
			at[key] = k
			keys, values = append(keys, key), append(values, 0)
		}
		values[k] += v
	}
	return keys, values
}

// topName is the name of the node of the main graph in which a node stands.
func topName(n *graph.Node) string {
	for n.If != nil || n.Body != nil && n.Body.Owner != nil {
		if n.If != nil {
			n = n.If
			continue
		}
		n = n.Body.Owner
	}
	if c := n.Call; c != nil {
		for c.Parent != nil {
			c = c.Parent
		}
		return c.Node
	}
	if n.Name != "" {
		return n.Name
	}
	for _, v := range n.Outputs {
		if v != nil {
			return v.Name
		}
	}
	return ""
}
