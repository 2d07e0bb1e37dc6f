package law

import (
	"maps"
	"reflect"
	"slices"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// Sheets are laws of overlapping kernels in numbers, for a reader that knows their forms alone, as the HTML page does. What
// stands by kind of multiprocessor, process and memory is that of the device, constants that stand in are in their places,
// and what is the same on several devices stands once. See the types that sheets are taken from for what numbers mean.
type Sheets struct {
	Rules     SheetRules       `json:"rules" lines:"before"`
	Laws      []Sheet          `json:"laws" lines:"before,each"`
	Machine   []MachineSheet   `json:"machine" lines:"before,each"`
	Product   []ProductSheet   `json:"product" lines:"before,each"`
	Vector    []VectorSheet    `json:"vector" lines:"before,each"`
	Quant     [][]QuantSheet   `json:"quant" lines:"before,each"`
	Attention []AttentionSheet `json:"attention" lines:"before,each"`
	Row       []RowSheet       `json:"row" lines:"before,each"`
	Experts   [][]ExpertSheet  `json:"experts" lines:"before,each"`
	Power     []PowerSheet     `json:"power" lines:"before,each"`
	Groups    [][]GroupSheet   `json:"groups" lines:"before,each"`
	Borrowed  [][]ReasonSheet  `json:"borrowed" lines:"before,each"`
	Own       [][]OwnSheet     `json:"own" lines:"before,each"`
	Spreads   [][]SpreadSheet  `json:"spreads" lines:"before,each"`

	names map[*coefficients.Overlap]string // of constants, which many laws share
}

// Sheet is a law on one device under one runtime: what is its own, and the places of the rest in [Sheets].
type Sheet struct {
	Of               string     `json:"of"`                // names the law's constants and device, as [Variation] does
	TF32             bool       `json:"tf32"`              // float32 products on tensor cores
	TF32Convolutions bool       `json:"tf32_convolutions"` // convolutions alone
	Launch           float64    `json:"launch"`            // s that the host takes for one
	Shift            ShiftSheet `json:"shift"`
	Machine          int        `json:"machine"`
	Product          int        `json:"product"`
	Vector           int        `json:"vector"`
	Quant            int        `json:"quant"`
	Attention        int        `json:"attention"`
	Row              int        `json:"row"`
	Experts          int        `json:"experts"`
	Power            int        `json:"power"`
	Groups           int        `json:"groups"`
	Borrowed         int        `json:"borrowed"`
	Own              int        `json:"own"`
	Spreads          int        `json:"spreads"`
}

// ShiftSheet leads from energies of the board to those of the meter.
type ShiftSheet struct {
	Factor float64 `json:"factor"`
	Watts  float64 `json:"watts"`
}

// NewSheets begins with no law.
func NewSheets() *Sheets {
	return &Sheets{Rules: sheetRules(), names: map[*coefficients.Overlap]string{}}
}

// nameOf is a law's name.
func (s *Sheets) nameOf(l *Overlap) string {
	name, ok := s.names[l.source]
	if !ok {
		name = nameOf(l.source)
		s.names[l.source] = name
	}
	return l.nameFrom(name)
}

// Add writes a law down, and returns its place in Laws.
func (s *Sheets) Add(l *Overlap) int {
	m, c := &l.machine, l.constants
	p, w, process := &c.Product, &c.Power, processOf(&l.machine.dev)
	return place(&s.Laws, Sheet{
		Of: s.nameOf(l), TF32: l.runtime.tf32, TF32Convolutions: l.runtime.tf32Convolutions, Launch: l.launch,
		Shift:     ShiftSheet{l.shift.Factor, float64(l.shift.Watts)},
		Machine:   place(&s.Machine, l.machineSheet()),
		Product:   place(&s.Product, ProductSheet{p.Fill, p.Bandwidth, p.Overlap, p.Split, p.Floor[m.kind], p.Latency[m.kind], p.Load[m.kind]}),
		Vector:    place(&s.Vector, l.vectorSheet()),
		Quant:     place(&s.Quant, l.quantSheets()),
		Attention: place(&s.Attention, l.attentionSheet()),
		Row:       place(&s.Row, l.rowSheet()),
		Experts:   place(&s.Experts, l.expertSheets()),
		Power:     place(&s.Power, PowerSheet{w.FLOP[process], w.Byte[m.generation], l.data(), w.Vector, w.Score, w.Slope, w.Least[process]}),
		Groups:    place(&s.Groups, l.groupSheets()),
		Borrowed:  place(&s.Borrowed, l.reasonSheets()),
		Own:       place(&s.Own, l.ownSheets()),
		Spreads:   place(&s.Spreads, l.spreadSheets()),
	})
}

// place is where a value stands in a list, at its end where it did not. What was placed last is looked at first: laws of
// one device follow each other.
func place[T any](list *[]T, v T) int {
	for i := len(*list) - 1; i >= 0; i-- {
		if reflect.DeepEqual((*list)[i], v) {
			return i
		}
	}
	*list = append(*list, v)
	return len(*list) - 1
}

// MachineSheet is what the law reads of a device's row, in SI units, and what constants are one device's alone.
type MachineSheet struct {
	ID          string      `json:"id"`
	SMs         float64     `json:"sms"`
	Cores       float64     `json:"cores"`         // of a multiprocessor
	Clock       float64     `json:"clock"`         // boost, Hz
	Bandwidth   float64     `json:"bandwidth"`     // B/s
	L2          float64     `json:"l2"`            // B
	NearL2      float64     `json:"near_l2"`       // B, that one multiprocessor reads from
	Board       float64     `json:"board"`         // W, the board's own power limit
	Limit       float64     `json:"limit"`         // W, that holds
	FittedLimit float64     `json:"fitted_limit"`  // W, of a board with as many multiprocessors among those that times were fitted on
	Idle        float64     `json:"idle"`          // W, clocks up, nothing running
	Most        float64     `json:"most"`          // share of the boost clock that it is held to
	Busy        float64     `json:"busy"`          // W above idle while every multiprocessor issues instructions
	Rates       []RateSheet `json:"rates"`         // of the types that it has instructions for
	Rows        float64     `json:"vector_rows"`   // that a warp of products without tensor cores covers
	Steps       [2]float64  `json:"vector_steps"`  // of K there: with weights, and batched
	Measured    []string    `json:"measured"`      // groups of kernels that constants were fitted for on the device
	Exponential float64     `json:"exponentials"`  // that a multiprocessor begins in a clock
	Convert     *float64    `json:"convert"`       // 8-bit elements of a cache that it turns into 16 a clock; nil where it need not
	ExpertL2    float64     `json:"expert_l2"`     // bandwidth of the L2 cache for experts' weights, of the memory's
	VectorFloor float64     `json:"vector_floor"`  // s of an empty kernel of products without tensor cores
	VectorFLOP  float64     `json:"vector_joules"` // J per FLOP of products without tensor cores at 1.5 GHz
	VectorBusy  float64     `json:"vector_busy"`   // share of Busy that those joules do not hold
}

// RateSheet is the rate to count on for matrix products in a type, by its name among peaks.
type RateSheet struct {
	Type string  `json:"type"`
	Rate float64 `json:"rate"` // FLOP/s
}

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

// GroupSheet is a group of kernels that was measured: half widths of 90 % intervals, as shares of the prediction.
type GroupSheet struct {
	Name    string  `json:"name"`
	Time    float64 `json:"time"`
	Energy  float64 `json:"energy"`
	StandIn float64 `json:"standin"` // of both where constants stand in
}

// OwnSheet is what a device has of its own on a group of kernels, by the name that its own groups have.
type OwnSheet struct {
	GroupSheet
	Stretch float64 `json:"stretch"` // factor on all that a kernel waits for at boost clock
	Draw    float64 `json:"draw"`    // factor on what it draws above idle
	Fitted  bool    `json:"fitted"`  // measured on the device
}

// SpreadSheet is how far predictions of a group of kernels are off: see [coefficients.Spread], whose Model is the same in
// all of a law's.
type SpreadSheet struct {
	Name     string      `json:"name"`
	Energy   SpreadPair  `json:"energy"`
	Time     SpreadPair  `json:"time"`
	StandIn  float64     `json:"standin"`  // least Group of both where constants stand in
	LeftOut  *float64    `json:"left_out"` // mean error of times on devices left out; null where none was
	Measured *SpreadBoth `json:"own"`      // of what the device's own measurements say of the group; null where they say nothing
}

// SpreadPair is the Group and the Kernel of a [coefficients.Spread].
type SpreadPair [2]float64

// SpreadBoth are those of energies and times.
type SpreadBoth struct {
	Energy SpreadPair `json:"energy"`
	Time   SpreadPair `json:"time"`
}

// ReasonSheet says why constants of a group, or of a row operator, are another's.
type ReasonSheet struct {
	Of  string `json:"of"`
	Why string `json:"why"`
}

func (l *Overlap) machineSheet() MachineSheet {
	m := &l.machine
	out := MachineSheet{
		ID: m.dev.ID, SMs: m.sms, Cores: float64(m.dev.CoresPerSM), Clock: m.clock, Bandwidth: m.bandwidth, L2: m.l2, NearL2: m.nearL2(),
		Board: m.board, Limit: m.limit, FittedLimit: m.fittedLimit(), Idle: m.idle, Busy: m.busy, Most: m.most, Exponential: m.exponentials(),
		VectorFloor: l.vectorFloor(), VectorFLOP: vectorJoules(&m.dev), VectorBusy: m.vectorBusy(), ExpertL2: l.constants.ExpertL2[m.memory],
	}
	for _, p := range m.dev.Peaks {
		if !slices.ContainsFunc(out.Rates, func(r RateSheet) bool { return r.Type == p.DType }) {
			out.Rates = append(out.Rates, RateSheet{p.DType, m.peak(p.DType)})
		}
	}
	out.Rows, out.Steps[0] = vectorSteps(&m.dev, true)
	_, out.Steps[1] = vectorSteps(&m.dev, false)
	if m.converts() {
		out.Convert = &l.constants.Attention.Convert
	}
	for _, name := range slices.Sorted(maps.Keys(l.groups)) {
		if slices.Contains(l.groups[name].Devices, m.dev.ID) {
			out.Measured = append(out.Measured, name)
		}
	}
	return out
}

func (l *Overlap) vectorSheet() VectorSheet {
	c, d := &l.constants.Vector, &l.machine.dev
	return VectorSheet{
		Rate: c.lanes(d), Weights: c.weights(d, 1), Wide: c.weights(d, wideN+1),
		Split: c.Split, Convert: c.Convert, Reread: c.Reread, Drift: c.drift(d),
	}
}

func (l *Overlap) quantSheets() (out []QuantSheet) {
	kind := l.machine.kind
	for _, name := range slices.Sorted(maps.Keys(l.constants.Quant)) {
		q := l.constants.Quant[name]
		out = append(out, QuantSheet{name, q.Launch[kind], q.Peak[kind], q.Latency[kind], q.Depth, q.Row, q.Rate, q.Joules})
	}
	return out
}

func (l *Overlap) expertSheets() (out []ExpertSheet) {
	for _, name := range slices.Sorted(maps.Keys(l.constants.Experts)) {
		e := l.constants.Experts[name]
		out = append(out, ExpertSheet{name, e.Tensor, e.Stream, e.Overlap, e.Pad, e.Moved, e.Floor, e.PerExpert, e.PerWidth, e.Meet})
	}
	return out
}

func (l *Overlap) groupSheets() (out []GroupSheet) {
	for _, name := range slices.Sorted(maps.Keys(l.groups)) {
		if g := l.groups[name]; len(g.Devices) > 0 {
			out = append(out, groupSheet(name, &g))
		}
	}
	return out
}

func groupSheet(name string, g *coefficients.Group) GroupSheet {
	time, joules := bands(g, false)
	both, _ := bands(g, true)
	return GroupSheet{name, time.P90, joules.P90, both.P90}
}

func (l *Overlap) ownSheets() []OwnSheet {
	out := []OwnSheet{}
	for _, name := range slices.Sorted(maps.Keys(l.own)) {
		f := l.own[name]
		out = append(out, OwnSheet{groupSheet(name, &f.group), f.time, f.energy, slices.Contains(f.group.Devices, l.machine.dev.ID)})
	}
	return out
}

func (l *Overlap) spreadSheets() (out []SpreadSheet) {
	names := slices.Collect(maps.Keys(l.groups))
	for name := range l.own {
		if _, both := l.groups[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		g := l.groups[name]
		both := spreadsOf(&g)
		sheet := SpreadSheet{Name: name, Energy: both.Energy, Time: both.Time, StandIn: leastSpread(&g)}
		if off, known := l.LeftOut(name); known {
			sheet.LeftOut = &off
		}
		if f := l.own[name]; f != nil {
			own := spreadsOf(&f.group)
			sheet.Measured = &own
		}
		out = append(out, sheet)
	}
	return out
}

func spreadsOf(g *coefficients.Group) SpreadBoth {
	s := g.Spreads()
	return SpreadBoth{SpreadPair{s.Energy.Group, s.Energy.Kernel}, SpreadPair{s.Time.Group, s.Time.Kernel}}
}

func (l *Overlap) reasonSheets() (out []ReasonSheet) {
	for _, of := range slices.Sorted(maps.Keys(l.borrowed)) {
		out = append(out, ReasonSheet{of, l.borrowed[of]})
	}
	return out
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

func (l *Overlap) rowSheet() RowSheet {
	m, c := &l.machine, &l.constants.Row
	out := RowSheet{Stream: c.Stream, L2: c.L2[m.memory], Size: c.Size, Steep: c.Steep}
	for _, op := range RowOps() {
		out.Op = append(out.Op, RowOpSheet{op, c.Op[op].Floor, c.work(m, op)})
	}
	return out
}

// SheetRules are the numbers of the law that no device and no fit changes.
type SheetRules struct {
	Tiles          [][2]float64        `json:"tiles"`
	Parts          []float64           `json:"parts"` // of K
	PeakShare      float64             `json:"peak_share"`
	KStep          float64             `json:"k_step"`
	LeastSplit     float64             `json:"least_split"`
	SecondPass     float64             `json:"second_pass"`
	Replayed       float64             `json:"replayed"`
	ReplayEdge     float64             `json:"replay_edge"`
	LineBytes      float64             `json:"line_bytes"`
	Negligible     float64             `json:"negligible"`
	VectorOverlap  float64             `json:"vector_overlap"`
	VectorStream   float64             `json:"vector_stream"`
	VectorTile     float64             `json:"vector_tile"`
	VectorThin     float64             `json:"vector_thin"`
	WideN          float64             `json:"wide_n"`
	WaveColumns    float64             `json:"wave_columns"`
	Diagonal       float64             `json:"diagonal"`
	ReferenceClock float64             `json:"reference_clock"`
	ExpertJoules   float64             `json:"expert_joules"`
	AtLimit        float64             `json:"at_limit"`
	LeastClock     float64             `json:"least_clock"`
	LeastStandIn   float64             `json:"least_standin"`
	UnknownSpread  SpreadPair          `json:"unknown_spread"` // of groups that nobody measured
	StandInSpread  float64             `json:"standin_spread"` // least of theirs
	ModelSpread    float64             `json:"model_spread"`
	Supply         float64             `json:"supply_efficiency"`
	Quantisations  []QuantisationSheet `json:"quantisations"`
	Distributions  []DistributionSheet `json:"distributions"`
	Types          []TypeSheet         `json:"types"`
}

// QuantisationSheet is a [Quantisation].
type QuantisationSheet struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
	Active float64 `json:"active"`
	Fill   float64 `json:"fill"`
	Peak   string  `json:"peak"`
}

// DistributionSheet is an uneven distribution of tokens over experts, and the exponent of its imbalance.
type DistributionSheet struct {
	Name     string  `json:"name"`
	Exponent float64 `json:"exponent"`
}

// TypeSheet is an element type.
type TypeSheet struct {
	Name  string `json:"name"`
	Bits  int64  `json:"bits"`
	Float bool   `json:"float"`
}

func sheetRules() SheetRules {
	parts, _ := splits(0)
	out := SheetRules{
		Tiles: tiles(), Parts: parts[:], PeakShare: peakShare, KStep: kStep, LeastSplit: leastSplit, SecondPass: secondPass, Replayed: replayed,
		ReplayEdge: replayEdge, LineBytes: lineBytes, Negligible: negligible, VectorOverlap: vectorOverlap, VectorStream: vectorStream,
		VectorTile: vectorTile, VectorThin: vectorThin, WideN: wideN, WaveColumns: waveColumns, Diagonal: diagonal, ReferenceClock: referenceClock,
		ExpertJoules: expertJoules, AtLimit: atLimit, LeastClock: leastClock,
		LeastStandIn: coefficients.LeastStandIn, UnknownSpread: spreadsOf(&coefficients.Group{}).Time, StandInSpread: leastSpread(&coefficients.Group{}), ModelSpread: modelSpread, Supply: coefficients.SupplyEfficiency,
	}
	for _, q := range quantisations() {
		out.Quantisations = append(out.Quantisations, QuantisationSheet{q.Name, q.weight, q.active, q.fill, q.peak})
	}
	for _, d := range unevenDistributions() {
		out.Distributions = append(out.Distributions, DistributionSheet{d.name, d.exponent})
	}
	for t := graph.Undefined + 1; t.Valid(); t++ {
		out.Types = append(out.Types, TypeSheet{t.String(), t.Bits(), t.IsFloat()})
	}
	return out
}
