package fit

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy/stats"
)

// Part is what is left out of a fit, which is to predict it.
type Part struct {
	Left  []string         // what is left out, in words
	Test  func(*Item) bool // is left out
	Train func(*Item) bool // is fitted; nil for all others
}

// trains says whether an item is fitted.
func (p *Part) trains(it *Item) bool {
	if p.Train == nil {
		return !p.Test(it)
	}
	return p.Train(it)
}

// Leave parts data into those that are fitted and those that are predicted from them.
func (d *Data) Leave(p Part) (train, test *Data) { return d.Select(p.trains), d.Select(p.Test) }

// Partition names what is left out in turn.
type Partition string

// The partitions. Items without a model, or without a shape, are never left out with one.
const (
	ByModel       Partition = "model"
	ByFamily      Partition = "family" // of models
	ByShape       Partition = "shape"
	ByHalf        Partition = "half" // those of more tokens than the median, from the others, and back
	ByModelOrHalf Partition = "model or half"
	ByDevice      Partition = "device"
	ByFifth       Partition = "part"
	ByItem        Partition = "measurement" // of a few
)

// maxParts bounds the fits that leaving out shapes takes.
const maxParts = 16

// Parts forms the parts of a partition.
func (d *Data) Parts(p Partition) (parts []Part) {
	switch p {
	case ByModel:
		for _, name := range d.distinct(func(it *Item) string { return it.Group }) {
			parts = append(parts, Part{Left: []string{name}, Test: func(it *Item) bool { return it.Group == name }})
		}
	case ByFamily:
		for _, names := range d.Families() {
			parts = append(parts, Part{Left: names, Test: func(it *Item) bool { return slices.Contains(names, it.Group) }})
		}
	case ByShape:
		return d.shapeParts()
	case ByHalf:
		return d.halves()
	case ByModelOrHalf:
		return append(d.Parts(ByModel), d.halves()...)
	case ByDevice:
		for _, id := range d.distinct(func(it *Item) string { return it.Device.ID }) {
			parts = append(parts, Part{Left: []string{id}, Test: func(it *Item) bool { return it.Device.ID == id }})
		}
	case ByFifth:
		return d.fifths()
	case ByItem:
		for _, it := range d.Items {
			parts = append(parts, Part{Test: func(x *Item) bool { return x == it }})
		}
	}
	return parts
}

// shapeParts leaves out each shape, several at a time where there are many.
func (d *Data) shapeParts() (parts []Part) {
	shapes := d.Shapes()
	n := min(len(shapes), maxParts)
	for i := range n {
		var left []string
		for k := i; k < len(shapes); k += n {
			left = append(left, shapes[k])
		}
		parts = append(parts, Part{Left: left, Test: func(it *Item) bool { return slices.Contains(left, it.Shape) }})
	}
	return parts
}

// halves leaves out the items of more tokens than the median of distinct measurements, and the others; none where there
// is one size only.
func (d *Data) halves() []Part {
	var tokens []float64
	for _, e := range d.equations() {
		if e.Shape != "" {
			tokens = append(tokens, float64(e.Tokens()))
		}
	}
	middle := int64(stats.Median(tokens))
	large := func(it *Item) bool { return it.Shape != "" && it.Tokens() > middle }
	small := func(it *Item) bool { return it.Shape != "" && it.Tokens() <= middle }
	if !slices.ContainsFunc(d.Items, large) {
		return nil
	}
	return []Part{
		{Left: []string{fmt.Sprintf("batch × sequence > %d", middle)}, Test: large, Train: small},
		{Left: []string{fmt.Sprintf("batch × sequence ≤ %d", middle)}, Test: small, Train: large},
	}
}

// fifths leaves out every fifth item; none where there are few.
func (d *Data) fifths() (parts []Part) {
	if len(d.Items) < 2*folds {
		return nil
	}
	at := map[*Item]int{}
	for i, it := range d.Items {
		at[it] = i
	}
	for i := range folds {
		parts = append(parts, Part{Test: func(it *Item) bool { return at[it]%folds == i }})
	}
	return parts
}

// leaveOut forms the parts of the first partition that has several, and says what they are.
func (d *Data) leaveOut(prefer []Partition) (parts []Part, what string) {
	for _, p := range prefer {
		if parts = d.Parts(p); len(parts) > 1 {
			return parts, string(p)
		}
	}
	if len(prefer) > 0 {
		what = string(prefer[0])
	}
	return nil, what
}
