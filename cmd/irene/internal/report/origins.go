package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/law"
)

// OriginShare is what part of the model's energy, or else time, comes from one kind of constants.
type OriginShare struct {
	Origin law.Origin
	Share  float64 // 0 to 1
}

// Origins are what stands behind the report's predictions, the surest first, none without its share.
func (r *Report) Origins() []OriginShare {
	shares := map[law.Origin]float64{}
	for i := range r.Operators {
		if op := &r.Operators[i]; op.Origin != "" && !math.IsNaN(op.Metrics.Share) {
			shares[op.Origin] += op.Metrics.Share
		}
	}
	var out []OriginShare
	for _, o := range []law.Origin{law.OriginFitted, law.OriginEstimated, law.OriginStandIn} {
		if shares[o] > 0 {
			out = append(out, OriginShare{o, shares[o]})
		}
	}
	return out
}

// OriginsText says the same in words.
func (r *Report) OriginsText() string {
	var list []string
	for _, o := range r.Origins() {
		list = append(list, fmt.Sprintf("%s %s", render.Percent(o.Share), o.Origin))
	}
	return strings.Join(list, ", ")
}
