package onnx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// source is the bytes of a model. Those of a mapped file live as long as the process, but reading them faults where
// somebody truncates the file.
type source struct {
	data   []byte
	mapped bool
}

const (
	mapFrom      = 4 << 20 // smaller files are read
	listedModels = 10
)

// openModel reads or maps the file at path and decompresses it where needed.
func openModel(path string, opts Options) (source, error) {
	f, err := os.Open(path)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, bare(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, bare(err))
	}
	if info.IsDir() {
		return source{}, directoryError(path)
	}
	src, err := readModel(f, info, opts)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, bare(err))
	}
	return src, nil
}

func readModel(f *os.File, info fs.FileInfo, opts Options) (source, error) {
	if !info.Mode().IsRegular() {
		b, err := readStream(f, opts.MaxDecompressed)
		return source{data: b}, err
	}
	var magic [2]byte
	if n, _ := f.ReadAt(magic[:], 0); isGzip(magic[:n]) {
		b, err := os.ReadFile(f.Name())
		if err == nil {
			b, err = gunzip(b, opts.MaxDecompressed)
		}
		return source{data: b}, err
	}
	if info.Size() >= mapFrom {
		if b, ok := mapFile(f, info.Size()); ok {
			return source{data: b, mapped: true}, nil
		}
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return source{}, err
	}
	return source{data: b}, nil
}

// bare drops operation and path from a system error: the caller names the file.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// directoryError says which models lie in the folder that was given in place of a file.
func directoryError(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("%s: is a directory: %w", path, bare(err))
	}
	var names []string
	for _, e := range entries {
		if low := strings.ToLower(e.Name()); !e.IsDir() && (strings.HasSuffix(low, ".onnx") || strings.HasSuffix(low, ".onnx.gz")) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	switch n := len(names); {
	case n == 0:
		return fmt.Errorf("%s: is a directory without .onnx files", path)
	case n > listedModels:
		return fmt.Errorf("%s: is a directory; it holds %s and %d more", path, strings.Join(names[:listedModels], ", "), n-listedModels)
	}
	return fmt.Errorf("%s: is a directory; it holds %s", path, strings.Join(names, ", "))
}

func isGzip(b []byte) bool { return len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b }

// readStream reads at most limit bytes, decompressed where they are gzip.
func readStream(r io.Reader, limit int64) ([]byte, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); isGzip(magic) {
		return inflate(in, limit, 0)
	}
	return readLimited(in, limit, 0)
}

// gunzip decompresses b. The size its last bytes state only sizes the buffer.
func gunzip(b []byte, limit int64) ([]byte, error) {
	hint := int64(0)
	if len(b) >= 18 {
		hint = int64(binary.LittleEndian.Uint32(b[len(b)-4:]))
		hint = min(hint, 1100*int64(len(b)), limit) // deflate reaches 1032:1
	}
	return inflate(bytes.NewReader(b), limit, hint)
}

func inflate(r io.Reader, limit, hint int64) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	b, err := readLimited(z, limit, hint)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return b, nil
}

func readLimited(r io.Reader, limit, hint int64) ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(int(hint) + bytes.MinRead)
	n, err := buf.ReadFrom(io.LimitReader(r, limit))
	if err != nil {
		return nil, err
	}
	if n == limit {
		var one [1]byte
		if k, _ := io.ReadFull(r, one[:]); k > 0 {
			return nil, fmt.Errorf("more than the limit of %d bytes", limit)
		}
	}
	return buf.Bytes(), nil
}
