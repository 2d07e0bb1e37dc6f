package render

import "slices"

const (
	gap       = 2 // blanks between columns
	leastText = 8 // what is left of a text however narrow the screen is, in columns
)

// layout is how the columns of a table, or some of them, fit its screen.
type layout struct {
	table *Table
	shown []int // columns, in order
	rest  []int // those that have to stand in a table of their own
	width []int // by column
	whole []int // widths that leave everything whole, by column
	cells []int // widths of what stands below the titles, by column
	heads []int // how long the beginnings of cut texts are, by column
}

// measure finds the widths that columns would like.
func (t *Table) measure() *layout {
	l := &layout{table: t, cells: make([]int, len(t.Columns)), heads: make([]int, len(t.Columns))}
	for _, row := range t.rows {
		for i, c := range row {
			l.cells[i] = max(l.cells[i], Width(c.Lead)+Width(c.Text))
		}
	}
	l.whole = slices.Clone(l.cells)
	for i, c := range t.Columns {
		l.whole[i] = max(l.whole[i], Width(Clean(c.Title)))
		if l.cells[i] > 0 || len(t.rows) == 0 {
			l.shown = append(l.shown, i)
		}
	}
	return l
}

// fit finds the widths of the shown columns, of which some are dropped, and some become the rest.
func (l *layout) fit() {
	l.rest, l.width = nil, slices.Clone(l.whole)
	if l.table.Screen.Width == 0 || l.shrink(l.whole) {
		return
	}
	for i := l.first(); !l.shrink(l.roomy()); i = l.first() {
		if i < 0 {
			l.split()
			return
		}
		l.drop(i)
	}
}

// split cuts texts as far as it has to be, and moves columns to the rest until the others fit.
func (l *layout) split() {
	for !l.shrink(l.narrow()) && len(l.shown) > l.keys()+1 {
		last := l.shown[len(l.shown)-1]
		l.drop(last)
		l.rest = append([]int{last}, l.rest...)
	}
}

// next goes on to the rest of the columns, behind those that say what a row is of; false where none is left.
func (l *layout) next() bool {
	if len(l.rest) == 0 {
		return false
	}
	l.shown = append(l.shown[:l.keys():l.keys()], l.rest...)
	return true
}

// keys is how many of the shown columns say what a row is of.
func (l *layout) keys() int {
	n := max(l.table.Keys, 1)
	return slices.IndexFunc(append(slices.Clone(l.shown), n), func(i int) bool { return i >= n })
}

// shrink makes columns as wide as the screen allows, from their least widths on; false where these are too much.
func (l *layout) shrink(least []int) bool {
	left := l.table.Screen.Width - gap*(len(l.shown)-1)
	for _, i := range l.shown {
		left -= least[i]
	}
	if left < 0 {
		return false
	}
	for _, i := range l.shown {
		more := min(left, l.whole[i]-least[i])
		l.width[i] = least[i] + more
		left -= more
	}
	return true
}

// roomy are the least widths while there are columns to drop.
func (l *layout) roomy() []int {
	out := slices.Clone(l.whole)
	for i, c := range l.table.Columns {
		if c.Room > 0 {
			out[i] = min(out[i], c.Room)
		}
	}
	return out
}

// narrow are the least widths there are.
func (l *layout) narrow() []int {
	out := slices.Clone(l.cells)
	for i, c := range l.table.Columns {
		if c.Room > 0 {
			out[i] = min(out[i], leastText)
		}
	}
	return out
}

// first is the column to drop next; -1 where all others stay.
func (l *layout) first() int {
	best := -1
	for _, i := range l.shown {
		if d := l.table.Columns[i].Drop; d > 0 && (best < 0 || d >= l.table.Columns[best].Drop) {
			best = i
		}
	}
	return best
}

func (l *layout) drop(i int) {
	l.shown = slices.DeleteFunc(l.shown, func(k int) bool { return k == i })
}
