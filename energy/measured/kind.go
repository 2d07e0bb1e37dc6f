package measured

import (
	"bytes"

	"github.com/irene-onnx/irene/energy/trace"
)

// Kind is what a file of measurements holds.
type Kind string

// The kinds.
const (
	KindTrees     Kind = "trees"     // IrEne's, one a line
	KindRecords   Kind = "records"   // of irene profile, one a line
	KindOperators Kind = "operators" // given by their shapes, one a line
	KindTrace     Kind = "trace"     // of another tool
	KindUnknown   Kind = ""
)

// KindOf tells what a file holds by its beginning.
func KindOf(data []byte) Kind {
	line, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	switch {
	case bytes.Contains(line, []byte(`"frontend_tree"`)):
		return KindTrees
	case trace.IsTrace(data):
		return KindTrace
	case bytes.Contains(line, []byte(`"schema"`)):
		return KindRecords
	case bytes.Contains(line, []byte(`"op"`)):
		return KindOperators
	}
	return KindUnknown
}
