package report

import (
	"fmt"
	"slices"
	"strconv"
)

// group is a row of the table of operators: one, or equal ones in equal places of several layers.
type group struct {
	op      *Operator // the first
	place   string    // its module, with * for numbers where the group has more than one member
	count   int
	metrics Metrics
}

// topGroups are the n groups of operators that weigh most.
func (r *Report) topGroups(n int) []group {
	var out []group
	at := map[string]int{}
	for _, i := range r.topOperators(len(r.Operators)) {
		op := &r.Operators[i]
		key := op.Node.Kind() + " " + Star(op.Path) + op.Metrics.sign()
		if r.View.Expand {
			key = strconv.Itoa(i)
		}
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out = append(out, group{op: op, place: op.Path, metrics: zeroMetrics()})
		}
		g := &out[k]
		if g.place != op.Path {
			g.place = Star(op.Path)
		}
		g.count++
		g.metrics.Add(&op.Metrics)
	}
	x := r.operatorMetric()
	slices.SortStableFunc(out, func(a, b group) int { return x.less(&a.metrics, &b.metrics) })
	return out[:min(n, len(out))]
}

// sign is a text that equal metrics share.
func (m *Metrics) sign() string {
	return fmt.Sprintf("|%v|%v|%v|%v|%v|%d|%.6g|%.6g", m.Params, m.MACs, m.FLOPs, m.Read, m.Written, m.Unknown, float64(m.Energy), float64(m.Time))
}
