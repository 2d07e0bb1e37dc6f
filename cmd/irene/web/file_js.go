package main

import (
	"errors"
	"io"
	"syscall/js"
)

// file is a file of the browser as worker.js hands it over: name, size and read(from, to), which returns bytes, or the
// text of an error.
type file struct{ value js.Value }

// mostRead bounds what the browser holds beside the program.
const mostRead = 1 << 20

func (f file) name() string { return f.value.Get("name").String() }

func (f file) size() int64 { return int64(f.value.Get("size").Float()) }

// ReadAt reads a range of the file, a part after the other.
func (f file) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	for n < len(b) {
		from := at + int64(n)
		to := min(from+min(int64(len(b)-n), mostRead), f.size())
		if from >= to {
			return n, io.EOF
		}
		read := f.value.Call("read", float64(from), float64(to))
		if read.Type() == js.TypeString {
			return n, errors.New(read.String())
		}
		k := js.CopyBytesToGo(b[n:], read)
		if n += k; k == 0 {
			return n, io.ErrUnexpectedEOF
		}
	}
	return n, nil
}
