package compare

import (
	"cmp"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// piece is one of the disjoint parts whose differences add up to that of two models.
type piece struct {
	path   string // in the first of them that has it
	beside string // in the other, where it differs
	own    bool   // only the operators that sit directly there
	count  int
	a, b   amount
}

func (p *piece) gap() float64 { return math.Abs(p.b.value - p.a.value) }

// alone reports whether one of the models has nothing that answers to the piece.
func (p *piece) alone() bool { return p.a.some != p.b.some }

// pieces takes model k and the one it is held against apart by one metric, at a point: into rows that can only be compared as wholes,
// operators that sit in a row directly, and what only one of both has. Equal places of several layers are one piece. The
// biggest differences come first.
func (c *Comparison) pieces(x *report.Metric, point, base, k int) []*piece {
	t := &taker{c: c, x: x, point: point, base: base, k: k, byKey: map[string]*piece{}}
	t.row(c.Root)
	slices.SortStableFunc(t.list, func(p, q *piece) int { return cmp.Compare(q.gap(), p.gap()) })
	return t.list
}

// taker takes rows apart.
type taker struct {
	c              *Comparison
	x              *report.Metric
	point, base, k int
	list           []*piece
	byKey          map[string]*piece
}

func (t *taker) row(r *Row) {
	a, b := r.module(t.base), r.module(t.k)
	if (a != nil || b != nil) && t.whole(r) && (a != nil && b != nil || complete(r, a) && complete(r, b)) {
		t.add(r, false)
		return
	}
	t.add(r, true)
	for _, c := range r.Children {
		t.row(c)
	}
}

// whole reports whether nothing below a row answers to anything in the two models.
func (t *taker) whole(r *Row) bool {
	for _, c := range r.Children {
		if c.module(t.base) != nil && c.module(t.k) != nil || !t.whole(c) {
			return false
		}
	}
	return true
}

// complete reports whether all that a module holds hangs below its row.
func complete(r *Row, m *report.Module) bool {
	if m == nil {
		return true
	}
	below := map[*report.Module]bool{}
	for _, c := range r.Children {
		for _, list := range c.modules {
			for _, o := range list {
				below[o] = true
			}
		}
	}
	return !slices.ContainsFunc(m.Children, func(c *report.Module) bool { return !below[c] })
}

func (t *taker) add(r *Row, own bool) {
	p := &piece{own: own, count: 1}
	key := "whole"
	if own {
		key = "own"
	}
	for i, k := range []int{t.base, t.k} {
		m := r.modules[t.point][k]
		key += "|"
		if m == nil {
			continue
		}
		path := m.Path
		key += report.Star(path)
		v := t.c.amount(t.x, t.point, k, &m.Metrics)
		if own {
			v = t.c.own(t.x, t.point, k, m)
		}
		switch {
		case i == 0:
			p.path, p.a = path, v
		case p.a.some:
			p.b = v
			if path != p.path {
				p.beside = path
			}
		default:
			p.path, p.b = path, v
		}
	}
	if p.a.value == 0 && p.b.value == 0 {
		return
	}
	old := t.byKey[key]
	if old == nil {
		t.byKey[key] = p
		t.list = append(t.list, p)
		return
	}
	old.count++
	beside := report.Joined(cmp.Or(old.beside, old.path), cmp.Or(p.beside, p.path))
	old.path = report.Joined(old.path, p.path)
	if old.beside = beside; beside == old.path {
		old.beside = ""
	}
	old.a, old.b = old.a.plus(p.a), old.b.plus(p.b)
}
