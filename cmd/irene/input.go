package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/irene-onnx/irene/energy/trace"
)

// input is an open input file, decompressed where its first bytes say that it is gzip.
type input struct {
	io.Reader
	file  *os.File
	guard *lineGuard
}

// Close closes the file behind the input; standard input stays open.
func (in *input) Close() error {
	if in.file == nil {
		return nil
	}
	return in.file.Close()
}

// openInput opens the file at path, or standard input where it is "-".
func openInput(env *environment, path string) (*input, error) {
	in := &input{Reader: env.stdin}
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, absent(path, filepath.Ext(path), err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, errors.Join(fmt.Errorf("%s: is a directory, it should be a file", path), f.Close())
		}
		in.Reader, in.file = f, f
	}
	buffered := bufio.NewReaderSize(in.Reader, 1<<16)
	in.Reader = buffered
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), in.Close())
		}
		in.Reader = z
	}
	in.guard = &lineGuard{r: in.Reader, line: 1}
	in.Reader = in.guard
	return in, nil
}

// misread is the error of who read an input: where it holds something else than what was wanted, that.
func (in *input) misread(err error, path string, wanted ...holding) error {
	return misplaced(err, path, in.guard.begin, wanted...)
}

// maxLine is more than any line of records, trees or rows has. Traces may be one line.
const maxLine = 16 << 20

// lineGuard fails where a line is longer than maxLine.
type lineGuard struct {
	r     io.Reader
	begin []byte // of what was read
	line  int
	n     int // bytes of the line so far
}

// Read reads on.
func (g *lineGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if k := bytes.LastIndexByte(p[:n], '\n'); k >= 0 {
		g.line, g.n = g.line+bytes.Count(p[:n], []byte{'\n'}), n-k-1
	} else {
		g.n += n
	}
	g.begin = append(g.begin, p[:min(n, 1<<16-len(g.begin))]...)
	if g.n > maxLine && !trace.IsTrace(g.begin) {
		return 0, fmt.Errorf("line %d is longer than %d MiB", g.line, maxLine>>20)
	}
	return n, err
}

// readInput has the input at path read to its end or an error, and closes it. Wanted is what it should hold.
func readInput[V any](env *environment, path string, read func(io.Reader, string) (V, error), wanted ...holding) (V, error) {
	in, err := openInput(env, path)
	if err != nil {
		var none V
		return none, err
	}
	v, err := read(in, path)
	if len(wanted) > 0 {
		err = in.misread(err, path, wanted...)
	}
	return v, errors.Join(err, in.Close())
}

// readAll is what readInput reads of a file that is needed as it is.
func readAll(in io.Reader, path string) ([]byte, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, bare(err))
	}
	return data, nil
}

// bare drops operation and path from a system error: the caller names the file.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
