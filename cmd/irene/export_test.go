package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/irene-onnx/irene/onnx"
)

// opened says of a format what the tool that docs/export.md opens it with asks of its file: the end of its name, and what
// is in it.
var opened = map[string]struct {
	ext   string
	holds func([]byte) error
}{
	// Graphviz reads a graph by its first word; its viewers go by .dot or .gv.
	"dot": {".dot", begins("digraph ")},
	// go tool pprof and speedscope take gzip of profile.proto.
	"pprof": {".pb.gz", func(b []byte) error {
		if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
			return errors.New("is no gzip")
		}
		p, err := profile.ParseData(b)
		if err == nil && len(p.Sample) == 0 {
			err = errors.New("has no sample")
		}
		return err
	}},
	// Model Explorer offers .json only on its tab of node data (web_app, accept=".json"); a value is a number.
	"model-explorer": {".json", func(b []byte) error {
		var data map[string]struct {
			Results  map[string]struct{ Value *float64 }
			Gradient []struct {
				Stop    *float64
				BgColor string
			}
		}
		if err := json.Unmarshal(b, &data); err != nil {
			return err
		}
		for graph, d := range data {
			for node, v := range d.Results {
				if v.Value == nil {
					return fmt.Errorf("%s: %s has no value", graph, node)
				}
			}
			for _, s := range d.Gradient {
				if s.Stop == nil || !strings.HasPrefix(s.BgColor, "#") {
					return fmt.Errorf("%s: no stop of a gradient: %v", graph, s)
				}
			}
		}
		if len(data) == 0 {
			return errors.New("is of no graph")
		}
		return nil
	}},
	// Netron and the adapter model-explorer-onnx go by .onnx.
	"onnx": {".onnx", func(b []byte) error {
		g, err := onnx.DecodeBytes(b, "annotated", "", onnx.Options{})
		if err != nil {
			return err
		}
		for _, p := range g.Nodes[0].Metadata {
			if p.Key == "irene.flops" {
				return nil
			}
		}
		return errors.New("has no costs")
	}},
	"html": {".html", begins("<!doctype html>")},
	"csv": {".csv", func(b []byte) error {
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err == nil && (len(rows) < 2 || !slices.Contains(rows[0], "energy_j")) {
			err = errors.New("has no column energy_j")
		}
		return err
	}},
	"json": {".json", func(b []byte) error {
		if !json.Valid(b) {
			return errors.New("is no JSON")
		}
		return nil
	}},
}

func begins(with string) func([]byte) error {
	return func(b []byte) error {
		if !bytes.HasPrefix(bytes.ToLower(b), []byte(with)) {
			return fmt.Errorf("begins with %.20q, not %q", b, with)
		}
		return nil
	}
}

// TestOpened: each format goes by the first of its extensions to a file that its tool takes, and docs/export.md names them all.
func TestOpened(t *testing.T) {
	docs, err := os.ReadFile("../../docs/export.md")
	if err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile("../../fixtures/models/distilbert-base.onnx.gz")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	writeTestFile(t, "m.onnx.gz", model)
	for _, f := range exportFormats() {
		for _, word := range append(slices.Clone(f.Ext), f.Name) {
			if !strings.Contains(string(docs), "`"+word+"`") {
				t.Errorf("docs/export.md does not name %s", word)
			}
		}
		rule, known := opened[f.Name]
		if !known {
			continue
		}
		file := "out" + f.Ext[0]
		if !strings.HasSuffix(file, rule.ext) {
			t.Errorf("%s is not called %s", file, rule.ext)
		}
		var said bytes.Buffer
		if status := run([]string{"export", "m.onnx.gz", "-o", file, "--quiet"}, strings.NewReader(""), io.Discard, &said); status != exitDone {
			t.Errorf("%s: %s", file, &said)
			continue
		}
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			t.Fatal(err)
		}
		if err := rule.holds(data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestNodeData: the overlay names every node as the file does, which is what Model Explorer joins by.
func TestNodeData(t *testing.T) {
	packed, err := os.Open("../../fixtures/models/distilbert-base.onnx.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	model, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.DecodeBytes(model, "m.onnx", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	writeTestFile(t, "m.onnx", model)
	if status := run([]string{"export", "m.onnx", "-o", "m.overlay.json", "--quiet"}, strings.NewReader(""), io.Discard, io.Discard); status != exitDone {
		t.Fatal(status)
	}
	text, err := os.ReadFile("m.overlay.json")
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]struct{ Results map[string]any }
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Main.Nodes {
		if _, ok := data[g.Main.Name].Results[n.Name]; !ok {
			t.Errorf("no value for %s of %s", n.Name, g.Main.Name)
		}
	}
}
