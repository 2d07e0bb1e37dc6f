package page

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
)

// pageData is what the page's program reads.
type pageData struct {
	Schema  int         `json:"schema"`
	Rules   rulesData   `json:"rules" lines:"before"`
	Overlap *law.Sheets `json:"overlap" lines:"before"` // laws that devices speak of; null where none does
	Metrics []metric    `json:"metrics" lines:"before"`
	Models  []model     `json:"models" lines:"before,each"`
	Rows    []row       `json:"rows,omitzero" lines:"before,each"` // of several models
	Normals []float64   `json:"normals,omitzero" lines:"before"`   // what errors are drawn from, of several models
	Ratios  *ratios     `json:"ratios,omitzero" lines:"before"`    // of two models as the page opens; null where nothing is predicted
}

// rulesData are the constants of the model of energy.
type rulesData struct {
	Terms             []string                   `json:"terms"`
	Tiles             render.Members[[2]float64] `json:"tiles"`
	VectorRows        int                        `json:"vector_rows"`
	SmallTime         energy.Seconds             `json:"small_time"`
	WiderStandIn      float64                    `json:"wider_scaled"`
	WiderExtrapolated float64                    `json:"wider_extrapolated"`
	LeastStandIn      float64                    `json:"least_scaled"`
	UnknownResidual   float64                    `json:"unknown_residual"`
}

// metric is a number that the page offers, under the name by which its program knows it.
type metric struct {
	Key       string `json:"key"`
	Name      string `json:"name"`
	Unit      string `json:"unit"`
	Predicted bool   `json:"predicted"`
}

// ratios are what the second of two models takes over what the first does, with the 90 % interval; null is what is not known.
type ratios struct {
	Energy [3]render.Number `json:"energy"`
	Time   [3]render.Number `json:"time"`
}

// row says which modules of the models answer to each other, as a row of a tree, parents first.
type row struct {
	Parent  int          `json:"parent"`
	By      align.Reason `json:"by"`
	Modules []int        `json:"modules"` // by number; -1 where a model has none
}

// model is one model. Everything that repeats (expressions, forms of operators, work of kernels, notes) stands in it once
// and is spoken of by its number, -1 where there is none.
type model struct {
	File        string           `json:"file"`
	Title       string           `json:"title"`
	About       string           `json:"about"`
	Mode        string           `json:"mode"`
	Convention  graph.Convention `json:"flops"`
	Flags       string           `json:"flags"`
	Settings    []setting        `json:"settings"`
	Dims        []dim            `json:"dims" lines:"before"`
	Derived     []derived        `json:"derived"`
	Limits      []limit          `json:"limits"`
	Equal       [][2]int         `json:"equal"` // expressions that the graph needs to be equal
	Coverage    string           `json:"coverage"`
	Unknown     []string         `json:"unknown"`
	Tokens      int              `json:"tokens"`                        // that a run works on; -1 where it has none
	Items       int              `json:"items"`                         // members of the batch; -1 where no input tells
	Modules     []module         `json:"modules" lines:"before,each"`   // parents first
	Operators   []operator       `json:"operators" lines:"before,each"` // in graph order
	Types       []typeData       `json:"types" lines:"before,each"`     // the one that the page opens in first
	Profiles    []string         `json:"profiles"`
	Runtime     string           `json:"runtime"` // profile that was asked for; "" is what devices and types say
	Plans       []plan           `json:"plans" lines:"before,each"`
	Works       []work           `json:"works" lines:"before,each"`
	Lives       []lives          `json:"lives" lines:"before,each"`
	Devices     []device         `json:"devices" lines:"before,each"`
	Forms       []form           `json:"forms" lines:"before,each"`
	Expressions []string         `json:"expressions" lines:"before"`
	Notes       []string         `json:"notes" lines:"before,each"`
}

// setting is a flag of the opening device or its host.
type setting struct {
	Key        string `json:"key"`
	Flag       string `json:"flag"`
	Everywhere bool   `json:"everywhere"`
}

// dim is an open dim with the size that the page opens with.
type dim struct {
	Name    string `json:"name"`
	Symbol  string `json:"symbol"` // in expressions
	Value   int64  `json:"value"`
	Assumed bool   `json:"assumed"`
	Least   int64  `json:"least"`
	Batch   bool   `json:"batch"`
}

// derived is a declared dim that an equality of the graph gives.
type derived struct {
	Name string `json:"name"`
	Expr int    `json:"expr"`
}

// limit is a size beyond which a run would read past a table, as one of position embeddings.
type limit struct {
	Expr int   `json:"expr"`
	Rows int64 `json:"rows"`
}

type module struct {
	Parent    int     `json:"parent"`
	Name      string  `json:"name"`
	Path      string  `json:"path"`
	Canonical *string `json:"canonical,omitzero"` // where it is not the path
	Calls     int     `json:"calls,omitzero"`     // where there are several
	Class     string  `json:"class"`
	Params    int64   `json:"params"`
}

type operator struct {
	Name   string `json:"name"`
	Module int    `json:"module"`
	Role   int    `json:"role"`
}

// htmlData is the data of a page, as JSON that may stand inside an element.
func htmlData(pages []Page) ([]byte, error) {
	r := predict.Rules()
	data := pageData{Schema: report.Schema, Rules: rulesData{
		Terms: r.Terms, VectorRows: r.VectorRows, SmallTime: r.SmallTime, WiderStandIn: r.WiderStandIn,
		WiderExtrapolated: r.WiderExtrapolated, LeastStandIn: r.LeastStandIn, UnknownResidual: r.UnknownResidual,
	}}
	for _, name := range slices.Sorted(maps.Keys(r.Tiles)) {
		data.Rules.Tiles = append(data.Rules.Tiles, render.Member[[2]float64]{Name: name, Value: r.Tiles[name]})
	}
	for _, x := range report.MetricTable(func(x *report.Metric) bool { return x.Name != "" && x.Title != "" }) {
		data.Metrics = append(data.Metrics, metric{x.Name, strings.ToUpper(x.Title[:1]) + x.Title[1:], x.Unit.Symbol, x.Closed != nil})
	}
	laws := law.NewSheets()
	for i := range pages {
		m, err := newPageBuilder(&pages[i], laws).model()
		if err != nil {
			return nil, err
		}
		data.Models = append(data.Models, m)
	}
	if len(laws.Laws) > 0 {
		data.Overlap = laws
	}
	if len(pages) > 1 {
		data.Rows, data.Normals = rows(pages), paired.Normals()
	}
	if len(pages) == 2 {
		data.Ratios = openingRatios(pages)
	}
	return bytes.ReplaceAll(render.JSON(&data), []byte("<"), []byte(`\u003c`)), nil
}

// openingRatios are those of the reports, as irene compare has them.
func openingRatios(pages []Page) *ratios {
	draws := paired.NewDraws()
	var sums [2]*paired.Sum
	for k := range sums {
		r := pages[k].report
		if r.Prediction == nil {
			return nil
		}
		sums[k] = r.Prediction.Paired(draws, r.Tree.Module)[r.Tree.Module]
	}
	of := func(quantity int) [3]render.Number {
		r := draws.Ratio(sums[0], sums[1], quantity)
		return [3]render.Number{render.Number(r.Value), render.Number(r.Low), render.Number(r.High)}
	}
	return &ratios{of(paired.Energy), of(paired.Time)}
}

// rows aligns the models.
func rows(pages []Page) []row {
	trees := make([]align.Tree, len(pages))
	number := make([]map[*graph.Module]int, len(pages))
	for k := range pages {
		byPath := map[string]*report.Metrics{}
		pages[k].report.Tree.Walk(func(m *report.Module) { byPath[m.Path] = &m.Metrics })
		trees[k] = align.Tree{Root: pages[k].open().Tree.Root, Weigh: func(m *graph.Module) align.Weight {
			if of := byPath[m.Path]; of != nil {
				return compare.Weight(of)
			}
			return align.Weight{}
		}}
		number[k] = places(pages[k].open().Tree.Root)
	}
	var out []row
	at := map[*align.Row]int{nil: -1}
	align.Align(trees...).Walk(func(r *align.Row) {
		at[r] = len(out)
		x := row{Parent: at[r.Parent], By: r.Reason}
		for k, m := range r.Modules {
			x.Modules = append(x.Modules, number[k][m])
		}
		out = append(out, x)
	})
	return out
}

// places counts modules in tree order; none has -1.
func places(root *graph.Module) map[*graph.Module]int {
	number := map[*graph.Module]int{nil: -1}
	root.Walk(func(m *graph.Module) { number[m] = len(number) - 1 })
	return number
}
