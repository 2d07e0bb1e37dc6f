package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// TestPlanPoints: tiny.onnx has the dims batch and sequence, renamed.onnx batch_size and seq_len.
func TestPlanPoints(t *testing.T) {
	for _, tt := range []struct {
		name, flags string
		want        []string // of each point the label and the dims of both models
		notes       int      // a dim taken for another is said
	}{
		{"one size", "batch=2 sequence=4", []string{" [batch:2 sequence:4] [batch_size:2 seq_len:4]"}, 2},
		{"several", "batch=2,3", []string{"batch=2 [batch:2] [batch_size:2]", "batch=3 [batch:3] [batch_size:3]"}, 1},
		{"the last changes first", "batch=1,2 sequence=4,8", []string{
			"batch=1 sequence=4 [batch:1 sequence:4] [batch_size:1 seq_len:4]",
			"batch=1 sequence=8 [batch:1 sequence:8] [batch_size:1 seq_len:8]",
			"batch=2 sequence=4 [batch:2 sequence:4] [batch_size:2 seq_len:4]",
			"batch=2 sequence=8 [batch:2 sequence:8] [batch_size:2 seq_len:8]",
		}, 2},
		{"for one model", "1:batch=8 2:batch_size=1,2", []string{"2:batch_size=1 [batch:8] [batch_size:1]", "2:batch_size=2 [batch:8] [batch_size:2]"}, 0},
		{"one model's before all's", "batch=4 2:batch_size=1", []string{" [batch:4] [batch_size:1]"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := planOf(t, tt.flags, tinyModel(), renamedModel())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, p := range plan.points {
				got = append(got, strings.ReplaceAll(fmt.Sprint(plan.labels()[i], " ", p.dims[0], " ", p.dims[1]), "map[", "["))
			}
			if !slices.Equal(got, tt.want) || len(plan.notes) != tt.notes {
				t.Errorf("got %q, notes %q", got, plan.notes)
			}
		})
	}
}

func TestPlanPointsRefuses(t *testing.T) {
	for _, tt := range []struct{ flags, why string }{
		{"batch", "want [MODEL:]NAME=N[,N…]"},
		{"3:batch=1", "there is no model 3; they are numbered from 1 to 2"},
		{"0:batch=1", "there is no model 0"},
		{"batch=1 batch=2", "already given as --dim batch=1"},
		{"bacth=1", "none of the models has such a dim; did you mean batch"},
		{"2:batch=1", "the model has no such dim"},
		{"batch=1:65", "more than 64 sizes"},
		{"batch=1:9 sequence=1:9", "more than 64 combinations"},
	} {
		if _, err := planOf(t, tt.flags, tinyModel(), renamedModel()); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %q", tt.flags, err, tt.why)
		}
	}
}

// planOf plans the points of two models at the dims of flags.
func planOf(t *testing.T, flags string, files ...onnxtest.File) (*pointPlan, error) {
	t.Helper()
	var models []*graph.Graph
	for i, f := range files {
		g, err := onnx.DecodeBytes(f.Bytes(), fmt.Sprintf("%d.onnx", i+1), "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, g)
	}
	dims, err := parseDimLists(strings.Fields(flags), len(models))
	if err != nil {
		return nil, err
	}
	return planPoints(models, &compareRequest{dims: dims})
}
