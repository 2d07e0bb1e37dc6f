package law

import (
	"maps"
	"reflect"
	"slices"

	"github.com/irene-onnx/irene/energy/coefficients"
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
