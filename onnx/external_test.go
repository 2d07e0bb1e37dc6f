package onnx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// outside decodes a model in dir whose tensor "w" of four bytes lies elsewhere.
func outside(t *testing.T, dir, location string, offset, length int64) *graph.Tensor {
	t.Helper()
	b := ot.Model(ot.External("w", graph.Uint8, location, offset, length, 4), ot.Node("X", "w", "y"), anyOut("y")).Bytes()
	g, err := onnx.DecodeBytes(b, "m.onnx", dir, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return value(t, g, "w").Init
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// loaded are all elements of a tensor in another file.
func loaded(x *graph.Tensor) ([]byte, error) { return x.Load(0, x.DType.Size(x.Len())) }

// notLoaded loads a tensor that must not be readable.
func notLoaded(t *testing.T, x *graph.Tensor, want string) {
	t.Helper()
	b, err := loaded(x)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("loaded %q, error %v, want one with %q", b, err, want)
	}
}

func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "w.bin"), "0123456789")
	write(t, filepath.Join(dir, "sub", "deep", "w.bin"), "abcdef")
	for _, tt := range []struct {
		location       string
		offset, length int64
		want           string
	}{
		{"w.bin", 0, 4, "0123"},
		{"w.bin", 6, -1, "6789"},
		{"w.bin", 2, 7, "2345"}, // only what the tensor needs
		{"sub/deep/w.bin", 1, 4, "bcde"},
		{"./sub//deep/w.bin", 1, 4, "bcde"},
	} {
		x := outside(t, dir, tt.location, tt.offset, tt.length)
		got, err := loaded(x)
		if err != nil || string(got) != tt.want {
			t.Errorf("%+v: %q %v", tt, got, err)
		}
		equal(t, "place", *x.External, graph.External{Location: tt.location, Offset: tt.offset, Length: tt.length})
	}
	part, err := outside(t, dir, "w.bin", 2, -1).Load(1, 2)
	equal(t, "a part", []any{string(part), err}, []any{"34", error(nil)})
	for _, r := range [][2]int64{{-1, 2}, {0, -1}, {3, 2}, {5, 0}, {1, 1 << 62}} {
		if b, err := outside(t, dir, "w.bin", 0, -1).Load(r[0], r[1]); err == nil {
			t.Errorf("%d of 4: %q", r, b)
		}
	}
	ints, err := outside(t, dir, "w.bin", 0, -1).Elements(4)
	equal(t, "elements", []any{ints, err}, []any{[]int64{'0', '1', '2', '3'}, error(nil)})
}

// TestExternalMissing: what is not there stops nothing but the reading of it.
func TestExternalMissing(t *testing.T) {
	notLoaded(t, outside(t, t.TempDir(), "weights.bin", 0, 4), `external data "weights.bin": no such file`)
	notLoaded(t, outside(t, filepath.Join(t.TempDir(), "gone"), "weights.bin", 0, 4), "no such file")
	notLoaded(t, outside(t, "", "weights.bin", 0, 4), "the model has no folder")
}

// TestExternalLocations refuses by their text: parent folders, a path that leaves and comes back, absolute paths, other
// systems' separators, NUL, nothing. The tensor and the location are named.
func TestExternalLocations(t *testing.T) {
	for _, loc := range []string{
		"../w.bin", "..", "a/../../w.bin", "a/../w.bin", "/etc/passwd", `..\w.bin`, `C:\w.bin`, "w\x00.bin", "", ".", "./", "a/..",
	} {
		b := ot.Model(ot.External("w", graph.Uint8, loc, 0, 4, 4), ot.Node("X", "w", "y"), anyOut("y")).Bytes()
		refuse(t, b, `m.onnx: graph "main": tensor "w": external data: location "`)
	}
	noKey := ot.Tensor{Name: "w", DType: graph.Uint8, Dims: []int64{4}, External: []graph.Property{{Key: "offset", Value: "0"}}}
	refuse(t, ot.Model(ot.Init(noKey), ot.Node("X", "w", "y"), anyOut("y")).Bytes(), `tensor "w": external data: location "" is empty`)
	attr := ot.Tensor{DType: graph.Uint8, External: []graph.Property{{Key: "location", Value: "../x"}}}
	refuse(t, ot.Model(ot.Node("X", "", "y", ot.Name("n"), ot.Attr("t", attr)), anyOut("y")).Bytes(), `node "n" (X): attribute "t": tensor "": external data: location "../x"`)
}

// TestExternalBounds: reads past the end of the data.
func TestExternalBounds(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "w.bin"), "0123456789")
	for _, offset := range []int64{7, 10, 11, 1 << 40, 1<<63 - 5} {
		notLoaded(t, outside(t, dir, "w.bin", offset, 4), "beyond the end of the file at 10")
	}
	notLoaded(t, outside(t, dir, "w.bin", 0, 3), "length 3, the tensor needs 4 bytes")
}

// TestExternalNumbers: negative, huge and malformed offsets and lengths.
func TestExternalNumbers(t *testing.T) {
	for _, key := range []string{"offset", "length"} {
		for _, v := range []string{"-1", "9223372036854775808", "1e3", "0x10", "", " 1", "1_000"} {
			x := ot.Tensor{Name: "w", DType: graph.Uint8, External: []graph.Property{{Key: "location", Value: "w"}, {Key: key, Value: v}}}
			refuse(t, ot.Model(ot.Init(x), ot.Node("X", "w", "y"), anyOut("y")).Bytes(), `tensor "w": external data: `+key)
		}
	}
	b := ot.Model(ot.External("w", graph.Uint8, "w", 1<<62, 1<<62+1<<61+1<<60, 4), ot.Node("X", "w", "y"), anyOut("y"))
	refuse(t, b.Bytes(), "overflow")
}

func TestExternalSymlinks(t *testing.T) {
	dir, secret := t.TempDir(), t.TempDir()
	write(t, filepath.Join(secret, "w.bin"), "secret")
	write(t, filepath.Join(dir, "real", "w.bin"), "inside")
	for link, to := range map[string]string{
		"out": filepath.Join(secret, "w.bin"), "folder": secret, "in": "real/w.bin", "infolder": "real",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	notLoaded(t, outside(t, dir, "out", 0, 4), "symbolic link")            // last component
	notLoaded(t, outside(t, dir, "in", 0, 4), "symbolic link")             // one that stays inside
	notLoaded(t, outside(t, dir, "folder/w.bin", 0, 4), "symbolic link")   // parent folder
	notLoaded(t, outside(t, dir, "infolder/w.bin", 0, 4), "symbolic link") // parent folder that stays inside
}

func TestExternalHardLink(t *testing.T) {
	dir, secret := t.TempDir(), t.TempDir()
	write(t, filepath.Join(secret, "w.bin"), "secret")
	if err := os.Link(filepath.Join(secret, "w.bin"), filepath.Join(dir, "w.bin")); err != nil {
		t.Skip(err)
	}
	notLoaded(t, outside(t, dir, "w.bin", 0, 4), "2 names")
}

func TestExternalNotAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sub", "x"), "x")
	notLoaded(t, outside(t, dir, "sub", 0, 4), "no regular file")
	notLoaded(t, outside(t, dir, "sub/x/w.bin", 0, 4), "is no folder")
}

// TestExternalLimit: only small tensors are read.
func TestExternalLimit(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "w.bin"), strings.Repeat("x", 3<<20))
	for n, want := range map[int64]string{1 << 20: "", 1<<20 + 1: "more than the 1048576 that are read", 1 << 45: "more than the"} {
		b := ot.Model(ot.External("w", graph.Uint8, "w.bin", 0, -1, n), ot.Node("X", "w", "y"), anyOut("y")).Bytes()
		g, err := onnx.DecodeBytes(b, "m", dir, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		x := value(t, g, "w").Init
		if want != "" {
			notLoaded(t, x, want)
		} else if got, err := loaded(x); err != nil || int64(len(got)) != n {
			t.Errorf("%d bytes: %d read, %v", n, len(got), err)
		}
	}
}

// TestExternalBesideModel decodes from a file: the folder is that of the model.
func TestExternalBesideModel(t *testing.T) {
	dir := t.TempDir()
	b := ot.Model(ot.External("w", graph.Uint8, "w.bin", 0, 4, 4), ot.Node("X", "w", "y"), anyOut("y")).Bytes()
	write(t, filepath.Join(dir, "m.onnx"), string(b))
	write(t, filepath.Join(dir, "w.bin"), "0123")
	g, err := onnx.Decode(filepath.Join(dir, "m.onnx"), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded(value(t, g, "w").Init); string(got) != "0123" {
		t.Errorf("%q %v", got, err)
	}
}
