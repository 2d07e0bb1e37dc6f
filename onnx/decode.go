package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/irene-onnx/irene/graph"
)

// Options are limits of the decoder. A zero field stands for its default.
type Options struct {
	MaxDecompressed int64 // bytes of a stream, or after decompression; default 2 GiB
	MaxHeld         int64 // bytes of a model beside the elements of its tensors; default 1 GiB
	MaxNodes        int   // nodes, those of inlined functions included; default 5 million. Calls of functions multiply what a file holds by at most 64, beyond 32768
	MaxCallDepth    int   // functions that call functions; default 64
	MaxNesting      int   // subgraphs within subgraphs; default 32
	MaxExternal     int64 // bytes of one external tensor that Tensor.Load reads; default 1 MiB
}

const (
	maxIR    = 14
	maxOpset = 28
)

func (o Options) withDefaults() Options {
	o.MaxDecompressed = cmp.Or(max(o.MaxDecompressed, 0), 2<<30)
	o.MaxHeld = cmp.Or(max(o.MaxHeld, 0), 1<<30)
	o.MaxNodes = cmp.Or(max(o.MaxNodes, 0), 5_000_000)
	o.MaxCallDepth = cmp.Or(max(o.MaxCallDepth, 0), 64)
	o.MaxNesting = cmp.Or(max(o.MaxNesting, 0), 32)
	o.MaxExternal = cmp.Or(max(o.MaxExternal, 0), 1<<20)
	return o
}

// Decode reads the model file at path, or standard input where path is "-". Files compressed with gzip are recognised
// by their first bytes. The elements of large tensors are gone over and not read; [graph.Tensor.Load] reads them where the
// file is plain and has not changed. External data is not opened. The graph holds what [graph.CheckValid] checks.
func Decode(path string, opts Options) (*graph.Graph, error) {
	if path == "-" {
		return DecodeReader(os.Stdin, path, opts)
	}
	src, err := openModel(path, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	return decode(src, path, filepath.Dir(path), opts)
}

// DecodeReader reads a model from a stream; name is what messages call it. Its external data cannot be loaded.
func DecodeReader(r io.Reader, name string, opts Options) (*graph.Graph, error) {
	src, err := readStream(r, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return decode(src, name, "", opts)
}

// DecodeReaderAt reads a model of size bytes in ranges, of which the elements of large tensors are none: a file that lies in
// an archive, on a server or in a browser. Tensors of the graph load from r. One compressed with gzip is read from its
// beginning to its end, and its large tensors are gone. External data cannot be loaded.
func DecodeReaderAt(r io.ReaderAt, size int64, name string, opts Options) (*graph.Graph, error) {
	src, err := readAt(r, size, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return decode(src, name, "", opts)
}

// DecodeBytes decodes a model held in memory, compressed or not. Name is what messages call it; dir is the folder below
// which external data may be loaded, "" for none. Tensors of the graph alias b, which must not change afterwards.
func DecodeBytes(b []byte, name, dir string, opts Options) (*graph.Graph, error) {
	if isGzip(b) {
		var err error
		if b, err = gunzip(b, opts.withDefaults().MaxDecompressed); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return decode(whole(b), name, dir, opts)
}

// decode is the table of contents: parse the messages, link the names, put nodes and values in order.
func decode(src source, name, dir string, opts Options) (*graph.Graph, error) {
	opts = opts.withDefaults()
	p := newParser(&src, dir, opts)
	m, err := p.model(src.data)
	if err == nil && src.broken {
		err = errBroken
	}
	if err != nil {
		if text := hint(name, src.head, errors.Is(err, ErrNotONNX)); text != "" {
			err = fmt.Errorf("%w: %s", ErrNotONNX, text)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l := newLinker(p, m, opts)
	l.g.File = name
	if err := l.link(m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sorted, cycle := l.g.Order()
	if cycle != nil {
		return nil, fmt.Errorf("%s: graph %q: %s: it needs its own output: the graph has a cycle", name, cycle.Body.Name, label(cycle.Name, cycle.Op))
	}
	for _, b := range sorted {
		p.warnings.add("graph %q: its nodes are not in topological order; they were sorted", b.Name)
	}
	l.g.Warnings = p.warnings.list
	return l.g, nil
}
