package export

import (
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// Formats is the table of formats that a report is written in for other programs: those of the graph, then those of
// analyze.
func Formats() []report.Format {
	return append([]report.Format{
		{Name: "dot", Help: "the graph, nested by module, for Graphviz", Ext: []string{".dot", ".gv"}, Levels: true, Picture: true, Write: writeDOT},
		{Name: "svg", Help: "the graph, drawn by Graphviz's dot", Ext: []string{".svg"}, Levels: true, Picture: true, Write: drawn("svg")},
		{Name: "pdf", Help: "the graph, drawn for print", Ext: []string{".pdf"}, Levels: true, Picture: true, Write: drawn("pdf")},
		{Name: "png", Help: "the graph, drawn in pixels", Ext: []string{".png"}, Levels: true, Picture: true, Write: drawn("png")},
		{Name: "pprof", Help: "a profile for go tool pprof: module path as stack", Ext: []string{".pb.gz"}, Numbers: true, Write: writePprof},
		{Name: "model-explorer", Help: "node data for Model Explorer", Ext: []string{".overlay.json"}, Numbers: true, Write: writeOverlay},
	}, report.Formats()...)
}
