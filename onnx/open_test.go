package onnx_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// small is a model that decodes.
func small() []byte {
	return ot.Model(anyIn("x"), ot.Weight("w", graph.Float32, 1000), ot.Node("Add", "x w", "y"), anyOut("y")).Bytes()
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "m.bin")
	write(t, plain, string(small()))
	write(t, packed, string(zipped(small())))
	for _, path := range []string{plain, packed} {
		g, err := onnx.Decode(path, onnx.Options{})
		if err != nil || edges(g) != "Add(x w)→y" || g.File != path {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, b := range [][]byte{small(), zipped(small())} {
		if g, err := onnx.DecodeReader(iotest.OneByteReader(bytes.NewReader(b)), "-", onnx.Options{}); err != nil || edges(g) != "Add(x w)→y" {
			t.Error(err)
		}
		if g, err := onnx.DecodeBytes(b, "m", "", onnx.Options{}); err != nil || edges(g) != "Add(x w)→y" {
			t.Error(err)
		}
		if g, err := onnx.DecodeReaderAt(bytes.NewReader(b), int64(len(b)), "m", onnx.Options{}); err != nil || edges(g) != "Add(x w)→y" {
			t.Error(err)
		}
	}
}

// TestChangedFile decodes a file whose weights are left out, which then is another.
func TestChangedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.onnx")
	b := ot.Model(ot.Ints("shape", 2, -1), ot.Weight("w", graph.Int8, 5<<20), ot.Node("X", "w shape", "y"), anyOut("y")).Bytes()
	write(t, path, string(b))
	g, err := onnx.Decode(path, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := value(t, g, "w").Init
	if got, err := w.Load(5<<20-2, 2); err != nil || string(got) != "\x00\x00" || w.Raw != nil {
		t.Errorf("loaded % x, %v", got, err)
	}
	if got, err := w.Load(5<<20-1, 2); err == nil {
		t.Errorf("behind the end: % x", got)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Load(0, 2); err == nil || !strings.Contains(err.Error(), "the file changed since it was read") {
		t.Errorf("a file that is another: %v", err)
	}
	// What an analysis reads is a copy.
	ints, err := value(t, g, "shape").Init.Elements(2)
	equal(t, "shape", []any{ints, err}, []any{[]int64{2, -1}, error(nil)})
}

// TestLargeWeight decodes a file with 3 GiB of embedded weights, of which a hole in the file stands for most.
func TestLargeWeight(t *testing.T) {
	const size = 3 << 30
	if uint64(^uint(0)) < size {
		t.Skip("the address space is too small")
	}
	head := []byte("\x08\x80\x80\x80\x80\x0c\x10\x03\x42\x01w") // dims [3 GiB], int8, "w"
	head = protowire.AppendVarint(append(head, 0x4a), size)     // raw_data
	tensor := protowire.AppendVarint([]byte("\x2a"), uint64(len(head)+size))
	tail := []byte("\x0a\x09\x0a\x01w\x12\x01y\x22\x01X" + "\x62\x03\x0a\x01y") // a node and an output
	file := protowire.AppendVarint([]byte("\x08\x0a\x3a"), uint64(len(tensor)+len(head)+size+len(tail)))
	file = append(append(file, tensor...), head...)
	path := filepath.Join(t.TempDir(), "large.onnx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(file); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(tail, int64(len(file))+size); err != nil {
		t.Skip(err)
	}
	g, err := onnx.Decode(path, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := value(t, g, "w").Init
	end, err := w.Load(size-1, 1)
	equal(t, "weight", []any{w.Len(), end, err}, []any{int64(size), []byte{0}, error(nil)})
	equal(t, "graph", edges(g), "X(w)→y")
}

func TestDecompressionLimit(t *testing.T) {
	bomb := zipped(make([]byte, 1<<20))
	for _, limit := range []int64{1, 1000, 1<<20 - 1} {
		opts := onnx.Options{MaxDecompressed: limit}
		_, err := onnx.DecodeBytes(bomb, "m.gz", "", opts)
		if want := fmt.Sprintf("m.gz: gzip: more than the limit of %d bytes", limit); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, err := onnx.DecodeReader(bytes.NewReader(make([]byte, 1<<20)), "-", opts); err == nil || !strings.Contains(err.Error(), "more than the limit") {
			t.Errorf("stream: %v", err)
		}
	}
	if _, err := onnx.DecodeBytes(zipped(small()), "m", "", onnx.Options{MaxDecompressed: int64(len(small()))}); err != nil {
		t.Errorf("exactly the limit: %v", err)
	}
}

func TestBrokenGzip(t *testing.T) {
	z := zipped(small())
	refuse(t, z[:len(z)/2], "m.onnx: gzip: unexpected EOF: the file is cut short; fetch it again")
	refuse(t, z[:5], "m.onnx: gzip: unexpected EOF: the file is cut short; fetch it again")
	z[len(z)-8] ^= 1
	refuse(t, z, "m.onnx: gzip: invalid checksum: the file is damaged; fetch it again")
	refuse(t, zipped(z), "compressed twice")
}

func TestNotONNX(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"", "the file is empty"},
		{" \n\n", "only spaces"},
		{"<!DOCTYPE html><html>", "an HTML page"},
		{"\n\n<html lang=en>", "an HTML page"},
		{"<?xml version='1.0'?>", "an XML file"},
		{`{"a": 1}`, "a JSON file"},
		{"\xef\xbb\xbf[1]", "a JSON file"},
		{"PK\x03\x04\x00\x00archive/data.pkl\x80\x02", "a PyTorch checkpoint (zip)"},
		{"PK\x03\x04xxxxxxxxxxxx", "a zip archive"},
		{"\x80\x02}q\x00", "a Python pickle"},
		{"\x08\x01\x00\x00\x00\x00\x00\x00{\"w\":{}}", "a safetensors file"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"},
		{"GGUF\x03\x00\x00\x00", "a GGUF model"},
		{"\x18\x00\x00\x00TFL3\x00", "a TensorFlow Lite model"},
		{"\x18\x00\x00\x00ORTM\x00", "an ONNX Runtime .ort model"},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
		{"\x28\xb5\x2f\xfd1234", "compressed with zstd"},
		{"ir_version: 8\n", "written as text"},
		{"\x08\x08", "it has no graph"},
		{"\x3a\x00", "its graph is empty"},
		{"hello, world", "not protobuf: it looks like text"},
		{"caf\xc3\xa9 \xe2\x82", "it looks like text"}, // cut within a character
		{"\xef\xbb\xbfir_version: 8\ngraph {}", "written as text"},
		{"<\n  ir_version: 8,\n>\nagraph (float[N] x) => (float[N] y) {}", "onnx.parser"},
		{"<!doctype HTML>", "an HTML page; fetch the file itself"},
		{"<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\">", "an OpenVINO model"},
		{"\x89PNG\r\n\x1a\n\x00\x00", "a PNG image"},
		{"\xff\xd8\xff\xe0\x00", "a JPEG image"},
		{"\xff\xfe\xff\xff\x00", "not an ONNX model"}, // three bytes that are no text either
		{"ftrt\x00\x00\x00\x00", "a TensorRT engine"},
		{"x.txt" + strings.Repeat("\x00", 252) + "ustar\x00", "a tar archive; unpack it"},
	} {
		err := refuse(t, []byte(tt.data), "m.onnx: not an ONNX model: ", tt.want)
		if !errors.Is(err, onnx.ErrNotONNX) {
			t.Errorf("%q: %v is not ErrNotONNX", tt.data, err)
		}
	}
	_, err := onnx.DecodeReader(strings.NewReader(""), "-", onnx.Options{})
	equal(t, "empty stream", errors.Is(err, onnx.ErrNotONNX), true)
}

// TestNotONNXByName: what bytes do not tell, names may.
func TestNotONNXByName(t *testing.T) {
	noise := "\xfb\xff\x03\x91\x80\x7f"
	for _, tt := range []struct{ name, data, want string }{
		{"a/model.onnx.data", noise, "it holds the weights of a model; give model.onnx"},
		{"model.onnx_data", noise, "give model.onnx"},
		{"model.onnx_data_1", "", "the file is empty"},
		{"model.onnx_data", "version https://git-lfs.github.com/spec/v1\n", "give model.onnx"},
		{"Net.PTH", noise, "a PyTorch checkpoint; export its model: optimum-cli export onnx"},
		{"net.keras", "PK\x03\x04metadata.json", "a Keras model; export it"},
		{"pytorch_model.bin", noise, "weights of another format; give the .onnx file, or export"},
		{"net.engine", noise, "a TensorRT engine; give the .onnx file"},
		{"net.mlmodel", "\x08\x04\x12\x02\x0a\x00", "not an ONNX model: it looks like a Core ML model"},
		{"saved_model.pb", "\x08\x01\x12\x02\x0a\x00", "a TensorFlow graph"},
		{"net.tflite.gz", noise, "a TensorFlow Lite model; convert it"},
	} {
		_, err := onnx.DecodeBytes([]byte(tt.data), tt.name, "", onnx.Options{})
		if !errors.Is(err, onnx.ErrNotONNX) || !strings.HasPrefix(err.Error(), tt.name+": not an ONNX model: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	// a model that broke is one, whatever its name
	b := small()
	if _, err := onnx.DecodeBytes(b[:len(b)/2], "model.bin", "", onnx.Options{}); err == nil || errors.Is(err, onnx.ErrNotONNX) {
		t.Errorf("a broken model: %v", err)
	}
	for name, want := range map[string]string{"x": "an ONNX model", "y.json": ""} {
		if got := onnx.LooksLike(name, map[string][]byte{"x": b, "y.json": {1, 2, 3}}[name]); got != want {
			t.Errorf("%s looks like %q, want %q", name, got, want)
		}
	}
}

// TestCutModel: a download that was cut short is a broken model, not something else.
func TestCutModel(t *testing.T) {
	b := small()
	err := refuse(t, b[:len(b)/2], "m.onnx: byte 8: field 7: truncated: ")
	equal(t, "not ErrNotONNX", errors.Is(err, onnx.ErrNotONNX), false)
}

// TestTensorFile: the tensors that lie beside test models are no models.
func TestTensorFile(t *testing.T) {
	if _, err := onnx.DecodeBytes([]byte("\x08\x02\x10\x07\x3a\x02\x01\x02\x42\x01x"), "input_0.pb", "", onnx.Options{}); err == nil {
		t.Error("a TensorProto was taken for a model")
	}
}

func TestRandomBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		b := make([]byte, r.IntN(64))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if g, err := onnx.DecodeBytes(b, "m", "", onnx.Options{}); err == nil {
			t.Errorf("% x decoded: %v", b, edges(g))
		}
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	_, err := onnx.Decode(filepath.Join(dir, "gone.onnx"), onnx.Options{})
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != filepath.Join(dir, "gone.onnx")+": no such file or directory" {
		t.Errorf("missing file: %v", err)
	}
	fails := func(want string) {
		t.Helper()
		if _, err := onnx.Decode(dir, onnx.Options{}); err == nil || err.Error() != dir+": is a directory"+want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	write(t, filepath.Join(dir, "readme.txt"), "x")
	fails(" without .onnx files")
	write(t, filepath.Join(dir, "b.onnx"), "x")
	write(t, filepath.Join(dir, "a.onnx.gz"), "x")
	write(t, filepath.Join(dir, "sub.onnx", "x"), "x")
	fails("; it holds a.onnx.gz, b.onnx")
	for i := range 12 {
		write(t, filepath.Join(dir, fmt.Sprintf("m%02d.onnx", i)), "x")
	}
	fails("; it holds a.onnx.gz, b.onnx, m00.onnx, m01.onnx, m02.onnx, m03.onnx, m04.onnx, m05.onnx, m06.onnx, m07.onnx and 4 more")
}
