package export

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// title writes the title of a cluster, as a node that no box of the cluster stands above: Graphviz leads edges around
// nodes, but across the labels of clusters.
func (d *dotWriter) title(m *report.Module, number int, indent string) {
	fmt.Fprintf(d, "%st%d [label=%s, shape=plain, style=\"\", fontsize=10, tooltip=%s];\n", indent, number, quoteDOT(d.clusterLabel(m), `\l`), quoteDOT(d.moduleTip(m)))
	for i, b := range d.begins[m] {
		fmt.Fprintf(d, "%st%d -> %s [style=invis, minlen=0, weight=%d];\n", indent, number, b.name(), max(0, 1-i))
	}
}

// fewBegins is the number of boxes that a title is held above: more edges than that bend others.
const fewBegins = 12

// beginnings finds, for every opened module, the boxes in it that read nothing of it, or else the first one.
func (p *picture) beginnings() map[*report.Module][]*box {
	inside := map[*report.Module][]*box{}
	for _, b := range p.boxes {
		for m := b.in; m != nil && b.constants == nil; m = p.parent[m] {
			inside[m] = append(inside[m], b)
		}
	}
	fed := map[*box][]*report.Module{} // the modules that a box reads of
	for _, f := range p.flows {
		for m := f.from.in; m != nil && f.from.constants == nil; m = p.parent[m] {
			fed[f.to] = append(fed[f.to], m)
		}
	}
	out := map[*report.Module][]*box{}
	for m, boxes := range inside {
		for _, b := range boxes {
			if !slices.Contains(fed[b], m) && len(out[m]) < fewBegins {
				out[m] = append(out[m], b)
			}
		}
		if out[m] == nil {
			out[m] = boxes[:1]
		}
	}
	return out
}
