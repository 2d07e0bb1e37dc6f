package align_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph/align"
)

// text is a tree in the lines of hand, written module by module.
type text struct{ strings.Builder }

func (b *text) add(path, ops string, params, macs float64) {
	fmt.Fprintf(b, "%s - %s %g %g\n", path, ops, params, macs)
}

// layer adds a layer of attention, of width c over some tokens, with the names of Hugging Face's encoders.
func (b *text) layer(path string, c, tokens float64) {
	b.add(path, "Add", 0, 0)
	b.add(path+".layernorm_before", "LayerNormalization", 2*c, 0)
	b.add(path+".attention.self", "MatMul,Softmax,MatMul", 0, 2*c*tokens*49)
	for _, x := range []string{"self.query", "self.key", "self.value", "output.dense"} {
		b.add(path+".attention."+x, "MatMul", c*c, c*c*tokens)
	}
	b.add(path+".layernorm_after", "LayerNormalization", 2*c, 0)
	b.add(path+".intermediate.dense", "MatMul", 4*c*c, 4*c*c*tokens)
	b.add(path+".intermediate.act", "Erf", 0, 0)
	b.add(path+".output.dense", "MatMul", 4*c*c, 4*c*c*tokens)
}

// transformer is a stack of layers of one width, as BERT and ViT are.
func transformer(list string, n int) string {
	var b text
	b.add("embeddings", "Gather", 100000, 0)
	for i := range n {
		b.layer(fmt.Sprintf("%s.%d", list, i), 768, 197)
	}
	b.add("layernorm", "LayerNormalization", 1536, 0)
	return b.String()
}

// swin has stages of blocks of attention, and halves the tokens between them.
func swin(list string) string {
	var b text
	c, tokens := 96.0, 3136.0
	for s, n := range []int{2, 2, 6, 2} {
		stage := fmt.Sprintf("%s.%d", list, s)
		b.add(stage, "-", 0, 0)
		for i := range n {
			b.layer(fmt.Sprintf("%s.blocks.%d", stage, i), c, tokens)
		}
		b.add(stage+".downsample.norm", "LayerNormalization", 8*c, 0)
		b.add(stage+".downsample.reduction", "MatMul", 8*c*c, 2*c*c*tokens)
		c, tokens = 2*c, tokens/4
	}
	b.add("layernorm", "LayerNormalization", 1536, 0)
	return b.String()
}

// convnext has stages of layers of convolutions, without attention.
func convnext() string {
	var b text
	c, tokens := 96.0, 3136.0
	for s, n := range []int{3, 3, 9, 3} {
		stage := fmt.Sprintf("encoder.stages.%d", s)
		b.add(stage, "-", 0, 0)
		b.add(stage+".downsampling_layer.0", "LayerNormalization", c, 0)
		b.add(stage+".downsampling_layer.1", "Conv", 2*c*c, 2*c*c*tokens)
		for i := range n {
			layer := fmt.Sprintf("%s.layers.%d", stage, i)
			b.add(layer, "Mul,Add", c, 0)
			b.add(layer+".dwconv", "Conv", 49*c, 49*c*tokens)
			b.add(layer+".layernorm", "LayerNormalization", 2*c, 0)
			b.add(layer+".pwconv1", "MatMul", 4*c*c, 4*c*c*tokens)
			b.add(layer+".act", "Erf", 0, 0)
			b.add(layer+".pwconv2", "MatMul", 4*c*c, 4*c*c*tokens)
		}
		c, tokens = 2*c, tokens/4
	}
	return b.String()
}

// within has layers whose parts are lists too: what extra adds to each of them.
func within(list string, n int, extra func(b *text, layer string)) string {
	var b text
	for i := range n {
		layer := fmt.Sprintf("%s.%d", list, i)
		b.layer(layer, 768, 197)
		extra(&b, layer)
	}
	return b.String()
}

// experts adds many feed-forward networks, which do most of a layer's work.
func experts(b *text, layer string) {
	for i := range 8 {
		expert := fmt.Sprintf("%s.experts.%d", layer, i)
		b.add(expert+".up", "MatMul", 4*768*768, 4*768*768*197)
		b.add(expert+".act", "Erf", 0, 0)
		b.add(expert+".down", "MatMul", 4*768*768, 4*768*768*197)
	}
}

// feeds adds feed-forward networks with norms of their own, as MobileBERT has.
func feeds(b *text, layer string) {
	for i := range 4 {
		ffn := fmt.Sprintf("%s.ffn.%d", layer, i)
		b.add(ffn+".up", "MatMul", 4*768*768, 4*768*768*197)
		b.add(ffn+".act", "Erf", 0, 0)
		b.add(ffn+".down", "MatMul", 4*768*768, 4*768*768*197)
		b.add(ffn+".norm", "LayerNormalization", 1536, 0)
	}
}

// t5 has layers of two parts, in a list: attention, and what comes after it.
func t5(n int) string {
	var b text
	for i := range n {
		layer := fmt.Sprintf("block.%d", i)
		b.add(layer, "-", 0, 0)
		b.add(layer+".layer.0.SelfAttention", "MatMul,Softmax,MatMul", 0, 2*768*197*49)
		for _, x := range []string{"q", "k", "v", "o"} {
			b.add(layer+".layer.0.SelfAttention."+x, "MatMul", 768*768, 768*768*197)
		}
		b.add(layer+".layer.0.layer_norm", "LayerNormalization", 768, 0)
		b.add(layer+".layer.1.wi", "MatMul", 4*768*768, 4*768*768*197)
		b.add(layer+".layer.1.act", "Relu", 0, 0)
		b.add(layer+".layer.1.wo", "MatMul", 4*768*768, 4*768*768*197)
		b.add(layer+".layer.1.layer_norm", "LayerNormalization", 768, 0)
	}
	return b.String()
}

// TestStages: layers answer to layers, whatever lists of parts are in them, stages to stages, and neither to the other, by
// whatever name.
func TestStages(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		of         string // what the rows counted are of, in the first tree
		rows       int    // that answer to something
	}{
		{"BERT and Swin", transformer("encoder.layer", 12), swin("encoder.layers"), "encoder", 0},
		{"Swin and BERT", swin("encoder.layers"), transformer("encoder.layer", 12), "encoder", 0},
		{"four layers and four stages of one name", transformer("encoder.layers", 4), swin("encoder.layers"), "encoder", 0},
		{"three layers, as few as parts", transformer("encoder.layer", 3), swin("encoder.layers"), "encoder", 0},
		{"ViT and ConvNeXt", transformer("encoder.layer", 12), convnext(), "encoder", 0},
		{"ConvNeXt and ViT", convnext(), transformer("encoder.layer", 4), "encoder", 0},
		{"Swin and Swin of other names", swin("encoder.layers"), swin("net.stages"), "encoder.layers.2.blocks", 6 * 11},
		{"BERT and one of experts", transformer("encoder.layer", 6), within("encoder.layers", 6, experts), "encoder.layer.3.attention.self", 4},
		{"BERT and one of several feeds", transformer("encoder.layer", 6), within("encoder.layers", 6, feeds), "encoder.layer.3.attention.self", 4},
		{"T5 and BERT", t5(6), transformer("encoder.layer", 6), "block.2.layer.0.SelfAttention", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answered := 0
			var list []string
			align.Align(hand(t, tt.a), hand(t, tt.b)).Walk(func(r *align.Row) {
				if a, b := r.Modules[0], r.Modules[1]; a != nil && b != nil && (a.Path == tt.of || strings.HasPrefix(a.Path, tt.of+".")) {
					answered++
					list = append(list, a.Path+" = "+b.Path)
				}
			})
			if answered != tt.rows {
				t.Errorf("%d rows, want %d:\n%s", answered, tt.rows, strings.Join(list, "\n"))
			}
		})
	}
	same := 0
	align.Align(hand(t, convnext()), hand(t, swin("encoder.layers"))).Walk(func(r *align.Row) {
		if a, b := r.Modules[0], r.Modules[1]; a != nil && b != nil && strings.Count(a.Path, ".") == 2 && strings.HasPrefix(a.Path, "encoder.stages") {
			if a.Path != strings.Replace(b.Path, "layers", "stages", 1) {
				t.Errorf("%s answers to %s", a.Path, b.Path)
			}
			same++
		}
	})
	if same != 4 {
		t.Errorf("%d stages of ConvNeXt answer to Swin's, want 4", same)
	}
}

// TestManyStages: long lists of long lists are told in little time.
func TestManyStages(t *testing.T) {
	var b text
	for s := range 30 {
		b.add(fmt.Sprintf("stages.%d", s), "-", 0, 0)
		for i := range 30 {
			b.add(fmt.Sprintf("stages.%d.layers.%d", s, i), "-", 0, 0)
			b.add(fmt.Sprintf("stages.%d.layers.%d.norm", s, i), "LayerNormalization", 4, 0)
		}
	}
	n := 0
	align.Align(hand(t, b.String()), hand(t, strings.ReplaceAll(b.String(), "stages", "levels"))).Walk(func(r *align.Row) {
		if r.Modules[0] != nil && r.Modules[1] != nil {
			n++
		}
	})
	if n != 1+30+2*30*30 {
		t.Errorf("%d modules answer to their own, want %d", n, 1+30+2*30*30)
	}
}
