package irene

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Write writes trees, one a line, with the members of the published files in their order. Parameters, FLOPs and bytes
// are always there. Of the rest, what is zero was not measured and is left out; a share of zero stays where another
// share of the node is above zero. A tree that Read would refuse is not written.
func Write(w io.Writer, trees ...*Tree) error {
	for _, t := range trees {
		if t == nil || t.Root == nil {
			return errors.New("a tree without nodes")
		}
		line, err := json.Marshal(treeJSON{t.Model, t.Batch, t.Sequence, nodeJSONOf(t.Root)})
		if err == nil {
			_, err = decode(line)
		}
		if err != nil {
			return fmt.Errorf("tree of %q: %w", t.Model, err)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// treeJSON and nodeJSON are what Tree and Node are in a file.
type treeJSON struct {
	Model    string    `json:"model_name"`
	Batch    int64     `json:"batch_size"`
	Sequence int64     `json:"seq_len"`
	Root     *nodeJSON `json:"frontend_tree"`
}

type nodeJSON struct {
	ID           string      `json:"id"`
	Scope        string      `json:"scope"`
	Parent       string      `json:"parent_name"`
	Level        int         `json:"level"`
	InstanceType string      `json:"instance_type"`
	Type         string      `json:"type"`
	Parameters   float64     `json:"num_parameters"`
	Energy       float64     `json:"ground_truth_energy,omitempty"`
	FLOPs        float64     `json:"flops"`
	MemBytes     float64     `json:"mem_bytes"`
	CPU          *float64    `json:"cpu,omitempty"`
	Mem          *float64    `json:"mem,omitempty"`
	GPU          *float64    `json:"gpu,omitempty"`
	GPUMem       *float64    `json:"gpu_mem,omitempty"`
	GPUClock     float64     `json:"gpu_clk,omitempty"`
	GPUMemClock  float64     `json:"gpu_mem_clk,omitempty"`
	Time         float64     `json:"times_mean,omitempty"`
	GPUEnergy    float64     `json:"gpu_energy_mean,omitempty"`
	Children     []*nodeJSON `json:"child_nodes_obj"`
	Scopes       []string    `json:"child_nodes"`
}

func nodeJSONOf(n *Node) *nodeJSON {
	out := &nodeJSON{
		ID: n.ID, Scope: n.Scope, Parent: n.Parent, Level: n.Level, InstanceType: n.InstanceType, Type: n.Type,
		Parameters: n.Parameters, Energy: n.Energy, FLOPs: n.FLOPs, MemBytes: n.MemBytes,
		GPUClock: n.GPUClock, GPUMemClock: n.GPUMemClock, Time: n.Time, GPUEnergy: n.GPUEnergy,
		Children: []*nodeJSON{}, Scopes: []string{},
	}
	if n.CPU != 0 || n.Mem != 0 || n.GPU != 0 || n.GPUMem != 0 {
		out.CPU, out.Mem, out.GPU, out.GPUMem = &n.CPU, &n.Mem, &n.GPU, &n.GPUMem
	}
	for _, c := range n.Children {
		if c == nil {
			continue
		}
		out.Children, out.Scopes = append(out.Children, nodeJSONOf(c)), append(out.Scopes, c.Scope)
	}
	return out
}
