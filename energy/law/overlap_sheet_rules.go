package law

import (
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

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
