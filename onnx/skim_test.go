package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// bare limits leave out whatever may be left out.
func bareLimits() skimLimits {
	return skimLimits{text: 1 << 20, held: 1 << 30}
}

// skimmedAt decodes what a skimmer leaves of a model that can be read in ranges.
func skimmedAt(b []byte, limits skimLimits) (*graph.Graph, error) {
	in := io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
	s, err := skim(in, in, int64(len(b)), limits)
	if err != nil {
		return nil, err
	}
	return decode(source{skeleton: s, head: b[:min(len(b), sniffed)], skimmed: true, stored: bytes.NewReader(b)}, "m", "", Options{})
}

// skimmedStream decodes what a skimmer leaves of a stream.
func skimmedStream(b []byte, limits skimLimits) (*graph.Graph, error) {
	s, err := skim(iotest.HalfReader(bytes.NewReader(b)), nil, -1, limits)
	if err != nil {
		return nil, err
	}
	return decode(source{skeleton: s, head: b[:min(len(b), sniffed)], skimmed: true}, "m", "", Options{})
}

// dump writes everything that a graph holds; what may be left out, elements of tensors and strings of attributes, only
// where it is asked for.
func dump(g *graph.Graph, elements bool) string {
	var b strings.Builder
	tensor := func(t *graph.Tensor) {
		fmt.Fprintf(&b, " tensor %q %v %d", t.Name, t.DType, t.Dims)
		if raw, err := embedded(t); elements && err == nil && raw != nil {
			fmt.Fprintf(&b, " % x", raw)
		}
	}
	fmt.Fprintf(&b, "%q %q %d %v %q\n", g.Producer, g.ProducerVersion, g.IRVersion, g.Opsets, g.Metadata)
	for _, v := range g.Values {
		fmt.Fprintf(&b, "%q %v %v %q", v.Name, v.Type.DType, v.Type.Shape, v.Metadata)
		if v.Init != nil {
			tensor(v.Init)
		}
		b.WriteByte('\n')
	}
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "%q %q %d %q", n.Name, n.Kind(), n.Ordinal, n.Metadata)
		for _, v := range append(n.Inputs, n.Outputs...) {
			if v != nil {
				fmt.Fprintf(&b, " %d", v.ID)
			}
		}
		for i := range n.Attrs {
			a := &n.Attrs[i]
			fmt.Fprintf(&b, " %q %v %v %v %v %v %d", a.Name, a.Type, a.Float, a.Int, a.Floats, a.Ints, len(a.Strs))
			if elements {
				fmt.Fprintf(&b, " %q %q", a.Str, a.Strs)
			}
			if a.Tensor != nil {
				tensor(a.Tensor)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestSkimEqual: whatever is left out of a real model, its graph is the same, and so are elements that are read later.
func TestSkimEqual(t *testing.T) {
	for _, name := range fixtures.Models() {
		b := fixtures.Model(t, name)
		want, err := DecodeBytes(b, "m", "", Options{})
		if err != nil {
			t.Fatal(err)
		}
		few := bareLimits()
		few.kept, few.budget = 64, 1<<20
		for _, limits := range []skimLimits{few, limitsOf(Options{}.withDefaults())} {
			got, err := skimmedAt(b, limits)
			if err != nil || dump(got, true) != dump(want, true) {
				t.Errorf("%s in ranges: another graph, or %v", name, err)
			}
			if got, err = skimmedStream(b, limits); err != nil || dump(got, false) != dump(want, false) {
				t.Errorf("%s as a stream: another graph, or %v", name, err)
			}
		}
	}
}

// skimmable is a model with something of everything that is left out or gone into.
func skimmable() []byte {
	group := []byte("\xc3\x0c\x08\x01\x12\x02hi\xcb\x0c\x10\x07\xcc\x0c\xc4\x0c") // field 200 as a group with another in it
	return Model(Raw(group), Doc(strings.Repeat("d", 40)), In("x", graph.Float32, 2, 3), Ints("shape", 3, 2), Weight("w", graph.Float32, 3, 4),
		Node("Reshape", "x shape", "r", Raw(group)), Node("MatMul", "x w", "m", Doc("about m")), Raw([]byte("\xca\x0c\x03abc")),
		Node("Sum", "m", "y"), Out("y", graph.Float32, 2, 4)).Bytes()
}

// TestSkimBroken: whatever bit of a model is flipped and wherever it is cut, what is said of it is the same whether it is
// held or skimmed, with the places of the file. Of a stream, nobody knows how long it is: that it is refused has to do.
func TestSkimBroken(t *testing.T) {
	b := skimmable()
	var broken [][]byte
	for i := range b {
		broken = append(broken, b[:i])
		for bit := range 8 {
			flipped := bytes.Clone(b)
			flipped[i] ^= 1 << bit
			broken = append(broken, flipped)
		}
	}
	for _, b := range broken {
		checkSkimmed(t, b)
	}
}

// checkSkimmed holds a skimmed model to the one that is held.
func checkSkimmed(t *testing.T, b []byte) {
	t.Helper()
	want, wantErr := DecodeBytes(b, "m", "", Options{})
	for i, read := range []func([]byte, skimLimits) (*graph.Graph, error){skimmedAt, skimmedStream} {
		got, err := read(b, bareLimits())
		switch {
		case wantErr == nil && err == nil:
			if dump(got, false) != dump(want, false) {
				t.Errorf("% x: another graph (reader %d)", b, i)
			}
		case wantErr == nil || err == nil || i == 0 && unnamed(wantErr) != unnamed(err):
			t.Errorf("% x:\n got %v\nwant %v (reader %d)", b, err, wantErr, i)
		}
	}
}

// unnamed is an error without names: those of broken messages are looked for in whatever follows.
func unnamed(err error) string {
	return regexp.MustCompile(`"(\\.|[^"])*"( \([^)]*\))?`).ReplaceAllString(err.Error(), "")
}

// FuzzSkim is TestSkimBroken for any bytes.
func FuzzSkim(f *testing.F) {
	f.Add(skimmable())
	f.Add([]byte("\x08\x0a\x3a\x80\x80\x80\x80\x0c\x2a\xff\xff\xff\xff\x0f\x4a"))
	f.Fuzz(checkSkimmed)
}

// TestShrunk: a file that ends before the size it had is said to have changed, wherever that is noticed.
func TestShrunk(t *testing.T) {
	b := skimmable()
	for n := range len(b) {
		in := io.NewSectionReader(bytes.NewReader(b[:n]), 0, int64(len(b)))
		_, err := skim(in, in, int64(len(b)), bareLimits())
		if err == nil || !strings.Contains(err.Error(), "the file changed while it was read") {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := DecodeReaderAt(bytes.NewReader(b[:10]), int64(len(b)), "m", Options{}); err == nil || !strings.Contains(err.Error(), "the file changed while it was read: it ends at byte 10") {
		t.Errorf("a small one: %v", err)
	}
}

// TestSkimErrors: errors of the source are those of the decoder.
func TestSkimErrors(t *testing.T) {
	b := skimmable()
	broken := errors.New("the cable is out")
	for n := range len(b) {
		_, err := skim(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)), nil, -1, bareLimits())
		if !errors.Is(err, broken) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}
