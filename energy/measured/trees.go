package measured

import (
	"strings"

	"github.com/irene-onnx/irene/energy/irene"
)

// IsCopy recognises values that were published but not measured: attention's second product carries the first one's.
func IsCopy(n *irene.Node) bool {
	return n.Type == irene.TypeMLNoParam && strings.HasSuffix(n.Scope, ".matmul_1")
}
