package law

import (
	"maps"
	"slices"
)

// ProductSheet is [ProductConstants] on one device.
type ProductSheet struct {
	Fill      float64 `json:"fill"`
	Bandwidth float64 `json:"bandwidth"`
	Overlap   float64 `json:"overlap"`
	Split     float64 `json:"split"`
	Floor     float64 `json:"floor"`
	Latency   float64 `json:"latency"`
	Load      float64 `json:"load"`
}

// VectorSheet is [VectorConstants] on one device.
type VectorSheet struct {
	Rate    float64 `json:"rate"`
	Weights float64 `json:"weights"` // factor on Rate for weights
	Wide    float64 `json:"wide"`    // factor on Rate for weights of more than wideN columns
	Split   float64 `json:"split"`
	Convert float64 `json:"convert"`
	Reread  float64 `json:"reread"`
	Drift   float64 `json:"drift"` // 0: blocks do not drift apart
}

func (l *Overlap) vectorSheet() VectorSheet {
	c, d := &l.constants.Vector, &l.machine.dev
	return VectorSheet{
		Rate: c.lanes(d), Weights: c.weights(d, 1), Wide: c.weights(d, wideN+1),
		Split: c.Split, Convert: c.Convert, Reread: c.Reread, Drift: c.drift(d),
	}
}

// QuantSheet is [QuantConstants] on one device.
type QuantSheet struct {
	Name    string  `json:"name"`
	Launch  float64 `json:"launch"`
	Peak    float64 `json:"peak"`
	Latency float64 `json:"latency"`
	Depth   float64 `json:"depth"`
	Row     float64 `json:"row"`
	Rate    float64 `json:"rate"`
	Joules  float64 `json:"joules"`
}

func (l *Overlap) quantSheets() (out []QuantSheet) {
	kind := l.machine.kind
	for _, name := range slices.Sorted(maps.Keys(l.constants.Quant)) {
		q := l.constants.Quant[name]
		out = append(out, QuantSheet{name, q.Launch[kind], q.Peak[kind], q.Latency[kind], q.Depth, q.Row, q.Rate, q.Joules})
	}
	return out
}

// AttentionSheet is [AttentionConstants] on one device; GDDR is in the seconds that it stretches.
type AttentionSheet struct {
	Tensor    float64 `json:"tensor"`
	Exp       float64 `json:"exp"`
	Tail      float64 `json:"tail"`
	Block     float64 `json:"block"`
	Stream    float64 `json:"stream"`
	L2        float64 `json:"l2"`
	Prepare   float64 `json:"prepare"`
	Floor     float64 `json:"floor"`
	Encoder   float64 `json:"encoder"`
	Float8    float64 `json:"float8"`
	Cache     float64 `json:"cache"`
	Cold      float64 `json:"cold"`
	Units     float64 `json:"units"`
	Part      float64 `json:"part"`
	KVHead    float64 `json:"kv_head"`
	Head      float64 `json:"head"`
	Single    float64 `json:"single"`
	Blackwell float64 `json:"blackwell"`
	CacheL2   float64 `json:"cache_l2"`
	Start     float64 `json:"start"`
	Combine   float64 `json:"combine"`
}

func (l *Overlap) attentionSheet() AttentionSheet {
	m, c := &l.machine, &l.constants.Attention
	scale := c.scale(m)
	return AttentionSheet{
		Tensor: c.Tensor, Exp: c.Exp, Tail: c.Tail, Block: c.Block * scale, Stream: c.Stream, L2: c.L2[m.memory], Prepare: c.Prepare,
		Floor: c.Floor * scale, Encoder: c.Encoder * scale, Float8: c.Float8[m.memory],
		Cache: c.Cache, Cold: c.Cold, Units: c.Units, Part: c.Part, KVHead: c.KVHead, Head: c.Head, Single: c.Single, Blackwell: c.blackwell(m),
		CacheL2: c.CacheL2[m.memory], Start: c.Start[m.memory], Combine: c.combine(m),
	}
}

// RowSheet is [RowConstants] on one device.
type RowSheet struct {
	Stream float64      `json:"stream"`
	L2     float64      `json:"l2"`
	Size   float64      `json:"size"`
	Steep  float64      `json:"steep"`
	Op     []RowOpSheet `json:"op"`
}

// RowOpSheet is [RowOpConstants] on one device.
type RowOpSheet struct {
	Name  string  `json:"name"`
	Floor float64 `json:"floor"`
	Work  float64 `json:"work"`
}

func (l *Overlap) rowSheet() RowSheet {
	m, c := &l.machine, &l.constants.Row
	out := RowSheet{Stream: c.Stream, L2: c.L2[m.memory], Size: c.Size, Steep: c.Steep}
	for _, op := range RowOps() {
		out.Op = append(out.Op, RowOpSheet{op, c.Op[op].Floor, c.work(m, op)})
	}
	return out
}

// ExpertSheet is [ExpertConstants] on one device.
type ExpertSheet struct {
	Name      string  `json:"name"`
	Tensor    float64 `json:"tensor"`
	Stream    float64 `json:"stream"`
	Overlap   float64 `json:"overlap"`
	Pad       float64 `json:"pad"`
	Moved     float64 `json:"moved"`
	Floor     float64 `json:"floor"`
	PerExpert float64 `json:"per_expert"`
	PerWidth  float64 `json:"per_width"`
	Meet      float64 `json:"meet"`
}

func (l *Overlap) expertSheets() (out []ExpertSheet) {
	for _, name := range slices.Sorted(maps.Keys(l.constants.Experts)) {
		e := l.constants.Experts[name]
		out = append(out, ExpertSheet{name, e.Tensor, e.Stream, e.Overlap, e.Pad, e.Moved, e.Floor, e.PerExpert, e.PerWidth, e.Meet})
	}
	return out
}

// PowerSheet is [PowerConstants] on one device.
type PowerSheet struct {
	FLOP   float64 `json:"flop"`
	Byte   float64 `json:"byte"`
	Data   float64 `json:"data"` // 1 of kernels alone
	Vector float64 `json:"vector"`
	Score  float64 `json:"score"`
	Slope  float64 `json:"slope"`
	Least  float64 `json:"least"`
}
