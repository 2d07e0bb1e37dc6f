package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/operator"
)

// rowNotes are what is to be said of rows of a file once it is read: each note once.
type rowNotes struct {
	rows   map[string]int    // of how many rows
	places map[string]string // FILE:LINE of the first one, where that helps
}

func newRowNotes() *rowNotes { return &rowNotes{map[string]int{}, map[string]string{}} }

// at counts a note of a row, and remembers where its first one stands.
func (n *rowNotes) at(row *operator.Row, note string) {
	if n.rows[note]++; n.rows[note] == 1 {
		n.places[note] = fmt.Sprintf("%s:%d: ", row.File, row.Line)
	}
}

// say prints the notes, the most frequent ones.
func (n *rowNotes) say(env *environment) {
	const most = 8
	keys := slices.SortedFunc(maps.Keys(n.rows), func(a, b string) int {
		if d := n.rows[b] - n.rows[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, note := range keys {
		if i == most {
			fmt.Fprintf(env.stderr, "irene: … and %s more\n", render.Plural(len(keys)-most, "note"))
			return
		}
		fmt.Fprintf(env.stderr, "irene: %s%s (%s)\n", n.places[note], oneLine(note), render.Plural(n.rows[note], "row"))
	}
}
