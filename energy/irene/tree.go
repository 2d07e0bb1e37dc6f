package irene

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/irene-onnx/irene/energy"
)

// Tree is one measured model at one batch size and sequence length.
type Tree struct {
	Model    string `json:"model_name"`
	Batch    int64  `json:"batch_size"`
	Sequence int64  `json:"seq_len"`
	Root     *Node  `json:"frontend_tree"`

	File string `json:"-"`
	Line int    `json:"-"`
}

// Node is one measured node of a tree, with the fields of the published files.
type Node struct {
	ID           string  `json:"id"`
	Scope        string  `json:"scope"`
	Parent       string  `json:"parent_name"`
	Level        int     `json:"level"`
	InstanceType string  `json:"instance_type"` // class of the module: BertLayer, Linear, matmul
	Type         string  `json:"type"`          // model, module, ml, ml-np
	Parameters   float64 `json:"num_parameters"`
	Energy       float64 `json:"ground_truth_energy"` // J at the plug
	FLOPs        float64 `json:"flops"`               // millions
	MemBytes     float64 `json:"mem_bytes"`           // MiB
	CPU          float64 `json:"cpu"`                 // %
	Mem          float64 `json:"mem"`                 // %
	GPU          float64 `json:"gpu"`                 // %
	GPUMem       float64 `json:"gpu_mem"`             // %
	GPUClock     float64 `json:"gpu_clk"`             // MHz
	GPUMemClock  float64 `json:"gpu_mem_clk"`         // MHz
	Time         float64 `json:"times_mean"`          // s
	GPUEnergy    float64 `json:"gpu_energy_mean"`     // J, integrated board power
	Children     []*Node `json:"child_nodes_obj"`
}

// The types of nodes.
const (
	TypeModel     = "model"
	TypeModule    = "module"
	TypeML        = "ml"
	TypeMLNoParam = "ml-np"
)

// Read reads trees, one a line, gzip recognised by its magic. A line that cannot be used is an [energy.SyntaxError]
// that names file and line.
func Read(r io.Reader, file string) ([]*Tree, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	if magic, err := br.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		defer z.Close()
		br = bufio.NewReaderSize(z, 1<<16)
	}
	var out []*Tree
	for line := 1; ; line++ {
		text, err := br.ReadBytes('\n')
		if text = bytes.TrimSpace(text); len(text) > 0 {
			t, bad := decode(text)
			if bad != nil {
				return nil, &energy.SyntaxError{File: file, Line: line, Msg: bad.Error()}
			}
			t.File, t.Line = file, line
			out = append(out, t)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, line, err)
		}
	}
}

func decode(text []byte) (*Tree, error) {
	t := &Tree{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("not a tree of measurements: %w", err)
	}
	switch {
	case t.Root == nil:
		return nil, errors.New("no frontend_tree: not a tree of measurements")
	case t.Batch < 1 || t.Sequence < 1 || t.Batch > math.MaxInt32 || t.Sequence > math.MaxInt32:
		return nil, fmt.Errorf("batch_size %d, seq_len %d: sizes are between 1 and %d", t.Batch, t.Sequence, math.MaxInt32)
	}
	return t, t.Root.check()
}

// check refuses numbers that no measurement can have.
func (n *Node) check() error {
	for _, m := range []struct {
		name  string
		value float64
	}{{"ground_truth_energy", n.Energy}, {"times_mean", n.Time}, {"gpu_energy_mean", n.GPUEnergy}} {
		if math.IsNaN(m.value) || math.IsInf(m.value, 0) || m.value < 0 {
			return fmt.Errorf("%s: %s is %v", n.Scope, m.name, m.value)
		}
	}
	if n.Energy > 0 && n.Time > 0 {
		if err := energy.Plausible(energy.Joules(n.Energy), energy.Seconds(n.Time)); err != nil {
			return fmt.Errorf("%s: %w", n.Scope, err)
		}
	}
	for _, c := range n.Children {
		if c == nil {
			return fmt.Errorf("%s: a child is null", n.Scope)
		}
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

// Walk visits n and everything below it, parents first.
func (n *Node) Walk(visit func(*Node)) {
	visit(n)
	for _, c := range n.Children {
		c.Walk(visit)
	}
}
