package onnx

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// folder is the place below which external data may lie.
type folder struct {
	dir   string // "" where the model came from a stream
	limit int64  // bytes read of one tensor
}

// external notes the place of a tensor's elements. Places that leave the model's folder are refused by their text;
// nothing is opened (ONNX IR specification, "External Tensor Data").
func (p *parser) external(t *graph.Tensor, place []graph.Property) error {
	e := &graph.External{Length: -1}
	var err error
	for _, kv := range place {
		switch kv.Key {
		case "location":
			e.Location = kv.Value
		case "offset":
			e.Offset, err = position(kv)
		case "length":
			e.Length, err = position(kv)
		case "checksum", "basepath":
		default:
			p.warnings.add("external data: key %q is ignored", kv.Key)
		}
		if err != nil {
			return err
		}
	}
	if why := unsafeLocation(e.Location); why != "" {
		return fmt.Errorf("external data: location %q %s", e.Location, why)
	}
	if e.Length > math.MaxInt64-e.Offset {
		return fmt.Errorf("external data: offset %d and length %d overflow", e.Offset, e.Length)
	}
	t.External = e
	files := p.files
	t.Load = func(at, n int64) ([]byte, error) { return files.load(t, at, n) }
	return nil
}

// position reads an offset or a length: decimal digits, 63 bits.
func position(kv graph.Property) (int64, error) {
	n, err := strconv.ParseUint(kv.Value, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("external data: %s %q is no number from 0 to 2^63-1", kv.Key, kv.Value)
	}
	return int64(n), nil
}

// unsafeLocation says what is wrong with a location, "" where it is a plain path below the model's folder.
func unsafeLocation(loc string) string {
	switch {
	case loc == "":
		return "is empty"
	case strings.IndexByte(loc, 0) >= 0:
		return "holds a NUL byte"
	case strings.ContainsRune(loc, '\\'):
		return "holds a backslash"
	case path.IsAbs(loc) || filepath.IsAbs(loc) || filepath.VolumeName(loc) != "":
		return "is absolute"
	case !filepath.IsLocal(loc):
		return "leaves the folder of the model"
	case path.Clean(loc) == ".":
		return "is the folder of the model"
	}
	for part := range strings.SplitSeq(loc, "/") {
		if part == ".." {
			return "holds .."
		}
	}
	return ""
}

// load reads n bytes of the elements of an external tensor, from byte at on.
func (d *folder) load(t *graph.Tensor, at, n int64) ([]byte, error) {
	b, err := d.read(t, at, n)
	if err != nil {
		return nil, fmt.Errorf("external data %q: %w", t.External.Location, bare(err))
	}
	return b, nil
}

func (d *folder) read(t *graph.Tensor, at, n int64) ([]byte, error) {
	e := t.External
	need := t.DType.Size(t.Len())
	switch {
	case d.dir == "":
		return nil, errors.New("the model has no folder")
	case need == 0 && t.Len() > 0:
		return nil, fmt.Errorf("elements of type %v have no fixed size", t.DType)
	case n > d.limit:
		return nil, fmt.Errorf("%d bytes, more than the %d that are read", n, d.limit)
	case at < 0 || n < 0 || at > need || n > need-at:
		return nil, fmt.Errorf("%d bytes from %d on: the tensor has %d", n, at, need)
	case e.Length >= 0 && e.Length < need:
		return nil, fmt.Errorf("length %d, the tensor needs %d bytes", e.Length, need)
	}
	f, err := d.open(e.Location)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if e.Offset > info.Size() || need > info.Size()-e.Offset {
		return nil, fmt.Errorf("offset %d and %d bytes reach beyond the end of the file at %d", e.Offset, need, info.Size())
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, e.Offset+at); err != nil && !(err == io.EOF && n == 0) {
		return nil, err
	}
	return b, nil
}

// open opens a regular file with a single name beneath the folder, with no symbolic link on the way. What was opened
// is compared with what was looked at, so that nothing can be swapped in between.
func (d *folder) open(loc string) (*os.File, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	loc = path.Clean(loc)
	for i := 0; i < len(loc); i++ {
		if loc[i] != '/' {
			continue
		}
		info, err := root.Lstat(loc[:i])
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%q is no folder, or a symbolic link", loc[:i])
		}
	}
	seen, err := root.Lstat(loc)
	if err != nil {
		return nil, err
	}
	if seen.Mode()&os.ModeSymlink != 0 {
		return nil, errors.New("it is a symbolic link")
	}
	if !seen.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := root.OpenFile(loc, openFlags, 0)
	if err != nil {
		return nil, err
	}
	if err := checkOpened(f, seen); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkOpened verifies the descriptor: a name may have come to mean another file since it was looked at.
func checkOpened(f *os.File, seen os.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, seen) || !info.Mode().IsRegular() {
		return errors.New("it changed while it was opened")
	}
	if n, ok := links(info); ok && n != 1 {
		return fmt.Errorf("it has %d names (hard links); a file of the model has one", n)
	}
	return nil
}
