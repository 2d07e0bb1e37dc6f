package report

import (
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Per is what numbers of a run are divided by, so that runs of different sizes compare.
type Per string

// The shares of a run.
const (
	PerRun   Per = "run"
	PerToken Per = "token"
	PerItem  Per = "item" // a member of the batch
)

// Shares lists the shares of a run that numbers may be told of.
func Shares() []string { return []string{string(PerToken), string(PerItem), string(PerRun)} }

// Work is what a run works on; 0 is what is not known, or of tokens that there are none.
type Work struct {
	Items  int64 // members of the batch
	Tokens int64 // in all of them
}

// SharesOf is how many shares a run is, as an expression in the dims that are open; false where no input tells.
func SharesOf(a *analysis.Analysis, per Per) (graph.Dim, bool) {
	items, tokens, ok := analysis.Work(a.Graph, func(v *graph.Value) graph.Shape { return a.Inference.Facts[v.ID].Shape })
	switch per {
	case PerToken:
		return tokens, ok && !tokens.IsUnknown()
	case PerItem:
		return items, ok
	}
	return graph.Const(1), true
}

// workOf counts what a run works on.
func workOf(a *analysis.Analysis) (w Work) {
	for per, n := range map[Per]*int64{PerItem: &w.Items, PerToken: &w.Tokens} {
		if d, ok := SharesOf(a, per); ok {
			*n, _ = a.Eval(d)
		}
	}
	return w
}

// Count is how many shares a run is; false where that is not known.
func (w Work) Count(per Per) (float64, bool) {
	switch per {
	case PerToken:
		return float64(w.Tokens), w.Tokens > 0
	case PerItem:
		return float64(w.Items), w.Items > 0
	}
	return 1, true
}

// Finest is the smallest share of a run that is counted.
func (w Work) Finest() Per {
	switch {
	case w.Tokens > 0:
		return PerToken
	case w.Items > 0:
		return PerItem
	}
	return PerRun
}
