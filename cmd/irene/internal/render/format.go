package render

import (
	"io"
	"strings"
)

// Format is one way to write a value: a row of the table of a command's formats, of which the first is the default.
type Format[V any] struct {
	Name  string
	Help  string
	Ext   []string // extensions of its files, lower case
	Write func(io.Writer, V) error

	Levels  bool // it shows as many levels of modules as one likes
	Picture bool // it can show a part of the graph
	Numbers bool // it has no place for expressions
	Several bool // it takes several models
	Sizes   bool // it calculates at any sizes
}

// FormatNames lists the names of the formats in a table.
func FormatNames[V any](table []Format[V]) []string {
	var names []string
	for _, f := range table {
		names = append(names, f.Name)
	}
	return names
}

// FormatOf finds the format of a file by the longest extension that fits.
func FormatOf[V any](table []Format[V], file string) (Format[V], bool) {
	var best Format[V]
	found := 0
	low := strings.ToLower(file)
	for _, f := range table {
		for _, ext := range f.Ext {
			if len(ext) > found && strings.HasSuffix(low, ext) {
				best, found = f, len(ext)
			}
		}
	}
	return best, found > 0
}
