package onnx

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// source is a model as the parser reads it: its bytes, or a skeleton of them.
type source struct {
	skeleton
	head    []byte      // its first bytes
	skimmed bool        // data is a skeleton, which is not kept
	stored  io.ReaderAt // where what was left out lies; nil: it is gone
}

const (
	skimFrom     = 4 << 20 // smaller models are held as they are
	sniffed      = 4096    // bytes by which other files are told from models
	listedModels = 10
)

// openModel reads the file at path and decompresses it where needed.
func openModel(path string, opts Options) (source, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return source{}, err
	}
	defer f.Close()
	var src source
	if info.Mode().IsRegular() {
		src, err = readAt(f, info.Size(), opts)
	} else {
		src, err = readStream(f, opts)
	}
	if src.stored != nil {
		src.stored = &storedFile{path, info}
	}
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, bare(err))
	}
	return src, nil
}

// openRegular opens what is no folder.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, bare(err))
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("%s: %w", path, bare(err))
	case info.IsDir():
		err = directoryError(path)
	default:
		return f, info, nil
	}
	return nil, nil, errors.Join(err, f.Close())
}

// readAt reads a model of size bytes, compressed or not, and goes over what is left out.
func readAt(r io.ReaderAt, size int64, opts Options) (source, error) {
	in := io.NewSectionReader(r, 0, size)
	var magic [2]byte
	if n, _ := in.ReadAt(magic[:], 0); isGzip(magic[:n]) {
		return readStream(in, opts)
	}
	if size < skimFrom {
		b := make([]byte, size)
		n, err := io.ReadFull(in, b)
		if err == io.EOF && size > 0 || err == io.ErrUnexpectedEOF {
			err = shrunk(int64(n), size)
		} else if err == io.EOF {
			err = nil
		}
		return whole(b), err
	}
	head := make([]byte, sniffed)
	if n, err := in.ReadAt(head, 0); err != nil && err != io.EOF {
		return source{}, err
	} else if n < len(head) {
		return source{}, shrunk(int64(n), size)
	}
	s, err := skim(in, in, size, limitsOf(opts))
	return source{skeleton: s, head: head, skimmed: true, stored: r}, err
}

// whole is a model that is held.
func whole(b []byte) source {
	return source{skeleton: skeleton{data: b}, head: b[:min(len(b), sniffed)]}
}

// readStream reads a model of which nobody knows the size, decompressed where it is gzip.
func readStream(r io.Reader, opts Options) (source, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var model io.Reader = &limited{in, opts.MaxDecompressed, opts.MaxDecompressed}
	if magic, _ := in.Peek(2); isGzip(magic) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return source{}, gzipError(err)
		}
		model = gzipErrors{&limited{z, opts.MaxDecompressed, opts.MaxDecompressed}}
	}
	b, err := io.ReadAll(io.LimitReader(model, skimFrom))
	if err != nil || len(b) < skimFrom {
		return whole(b), err
	}
	s, err := skim(io.MultiReader(bytes.NewReader(b), model), nil, -1, limitsOf(opts))
	return source{skeleton: s, head: bytes.Clone(b[:sniffed]), skimmed: true}, err
}

// limited fails behind a number of bytes.
type limited struct {
	r     io.Reader
	left  int64
	limit int64
}

// Read reads what is left; one byte more is an error.
func (l *limited) Read(p []byte) (int, error) {
	if l.left > 0 {
		n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
		l.left -= int64(n)
		return n, err
	}
	var one [1]byte
	if n, err := io.ReadFull(l.r, one[:]); n == 0 {
		return 0, err
	}
	return 0, fmt.Errorf("more than the limit of %d bytes", l.limit)
}

// gzipError says what is wrong with compressed input, and what to do where the input itself is.
func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("gzip: %w: the file is cut short; fetch it again", err)
	case errors.As(err, &corrupt), errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("%w: the file is damaged; fetch it again", err)
	}
	return fmt.Errorf("gzip: %w", err)
}

// gzipErrors says of errors that they come of decompression.
type gzipErrors struct{ r io.Reader }

// Read reads what is decompressed.
func (z gzipErrors) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if err != nil && err != io.EOF {
		err = gzipError(err)
	}
	return n, err
}

// storedFile reads from a file as long as it is the one that was decoded.
type storedFile struct {
	path string
	info fs.FileInfo
}

// ReadAt opens the file anew: most are never read again.
func (s *storedFile) ReadAt(b []byte, at int64) (int, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !os.SameFile(info, s.info) || info.Size() != s.info.Size() || !info.ModTime().Equal(s.info.ModTime()) {
		return 0, fmt.Errorf("%s: the file changed since it was read", s.path)
	}
	return f.ReadAt(b, at)
}

// mapModel maps or reads the whole file at path, decompressed; a mapped one faults where somebody truncates it.
func mapModel(path string, opts Options) (b []byte, mapped bool, err error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	var magic [2]byte
	n, _ := f.ReadAt(magic[:], 0)
	if info.Mode().IsRegular() && !isGzip(magic[:n]) && info.Size() >= skimFrom {
		if b, ok := mapFile(f, info.Size()); ok {
			return b, true, nil
		}
	}
	if b, err = io.ReadAll(&limited{f, opts.MaxDecompressed, opts.MaxDecompressed}); err == nil && isGzip(b) {
		b, err = gunzip(b, opts.MaxDecompressed)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, bare(err))
	}
	return b, false, err
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

// gunzip decompresses a model that is needed as a whole.
func gunzip(b []byte, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, gzipError(err)
	}
	return io.ReadAll(gzipErrors{&limited{z, limit, limit}})
}
