package fit

import (
	"path/filepath"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/measured"
)

// Data is what was measured, as fits and validations take it: a list of items that keep the kernels they ran. Readers
// make it of IrEne's trees ([FromTrees]), of records ([FromRecords]) and of lines of operators ([FromOperators]).
type Data struct {
	Kind     measured.Kind   // what it was read from
	Device   energy.Device   // that coefficients are written for; of operators of several devices, the reference
	Unlisted bool            // the device is not in the table: its row is made of the records
	Boundary energy.Boundary // of the energies; "" where there are none
	Profile  string          // runtime profile under which kernels were formed
	Items    []*Item
	Context  []*Item // operators measured within their models, which no fit takes
	Files    []string
	Account
	plug   []plugReading
	linear *linear // shared by all selections
}

// Account says what was read and what of it was passed over.
type Account struct {
	Records  int            // read; 0 of other data
	Passed   map[string]int // records that were passed over, by the reason
	Repeated int            // records that others of the same measurement were made one with
	Drift    energy.DriftReport
	Missing  map[string]int // measured nodes that are not in the model's file, by model
	Warnings []string
}

// Item is one measurement of an operator, a module or a model.
type Item struct {
	Level    energy.Level
	Type     string // level as reports name it: of trees, model, module, ml, ml-np; else the level
	Kind     string // of operator or module, as the data name it
	Class    string // under which reports list it; "" where they do not
	Model    string // "" where it is of none
	Group    string // what is left out of a fit together: the model, or a part of the lines of operators
	Shape    string // the dims, "batch=1 sequence=128"; "" where there are none
	Batch    int64
	Sequence int64
	Run      int // items of one run were measured together: a tree, a record, a line
	// Copy says that the node is a layer equal to one before it in its run, whose measurement it shares.
	Copy   bool
	Device *energy.Device // that was measured

	Work   *Work
	Leaves []Leaf // operators below a node of a tree, itself included
	// FLOPs are those of all operators for nodes of trees, else those of products; NaN where there are none of these.
	FLOPs float64

	Energy energy.Joules  // within the boundary of the data; 0 where it was not measured
	Time   energy.Seconds // 0 where it was not measured
	Clock  energy.Hertz   // that a node of a tree ran at; 0 where it is not known

	Tree   *irene.Tree // nil for data of other kinds
	Node   *irene.Node
	Index  int            // of Node in the order of irene.Node.Walk
	Record *energy.Record // nil for data of other kinds
	File   string         // of lines of operators
	Line   int
}

// Tokens is batch size times sequence length.
func (it *Item) Tokens() int64 { return it.Batch * it.Sequence }

// Leaf is an operator of a tree, measured or not.
type Leaf struct {
	Kind  string
	FLOPs float64
	Work  *Work
}

// Select is the data with those items alone that are wanted.
func (d *Data) Select(wanted func(*Item) bool) *Data {
	d.terms() // once for all selections
	out := *d
	out.Items, out.plug = nil, nil
	runs := map[int]bool{}
	for _, it := range d.Items {
		if wanted(it) {
			out.Items = append(out.Items, it)
			runs[it.Run] = true
		}
	}
	for _, r := range d.plug {
		if runs[r.run] {
			out.plug = append(out.plug, r)
		}
	}
	return &out
}

// Models lists the models, sorted.
func (d *Data) Models() []string { return d.distinct(func(it *Item) string { return it.Model }) }

// Shapes lists the shapes, sorted.
func (d *Data) Shapes() []string { return d.distinct(func(it *Item) string { return it.Shape }) }

// distinct lists what a function says of items, each word once, sorted; "" is none.
func (d *Data) distinct(of func(*Item) string) []string {
	seen := map[string]bool{"": true}
	out := []string{}
	for _, it := range d.Items {
		if v := of(it); !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// Runs counts the runs that items are of.
func (d *Data) Runs() int { return len(d.ByRun()) }

// ByRun lists the items of each run, in order.
func (d *Data) ByRun() [][]*Item {
	var out [][]*Item
	for i, it := range d.Items {
		if i == 0 || it.Run != d.Items[i-1].Run {
			out = append(out, nil)
		}
		last := len(out) - 1
		out[last] = append(out[last], it)
	}
	return out
}

// Sizes are the smallest and the largest batch size and sequence length of the items that have dims; zeros where none has.
func (d *Data) Sizes() (batch, sequence [2]int64) {
	first := true
	for _, it := range d.Items {
		switch {
		case it.Shape == "":
		case first:
			batch, sequence, first = [2]int64{it.Batch, it.Batch}, [2]int64{it.Sequence, it.Sequence}, false
		default:
			batch = [2]int64{min(batch[0], it.Batch), max(batch[1], it.Batch)}
			sequence = [2]int64{min(sequence[0], it.Sequence), max(sequence[1], it.Sequence)}
		}
	}
	return batch, sequence
}

// devices lists the devices that lines of operators were measured on, sorted.
func (d *Data) devices() []string {
	return d.distinct(func(it *Item) string {
		if it.Tree != nil || it.Record != nil {
			return ""
		}
		return it.Device.ID
	})
}

// baseNames drops the folders of files: a coefficient file does not tell where it was trained.
func baseNames(files []string) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = filepath.Base(f)
	}
	return out
}
