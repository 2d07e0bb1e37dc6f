package scope

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
)

func TestFunction(t *testing.T) {
	g := build(t,
		"Shape_1 Shape x -> s",
		"aten_addmm_14_n0 Gemm x,encoder.layer.0.attention.self.query.weight -> q",
		"torch_nn_modules_sparse_Embedding_embeddings_word_embeddings_1_44_Gather_0 Gather embeddings.word_embeddings.weight,x -> e",
		"m_BertIntermediate_encoder_layer_0_intermediate_1_1_m_GELUActivation_encoder_layer_0_intermediate_act_fn_1_1_aten_0 Erf q -> g",
		"n2 Mul g,g -> h",
		"Tanh_9 Tanh h -> y",
		"MatMul_3 MatMul y,pooler.dense.weight -> z",
		"n1 Gemm y,encoder.layer.0.intermediate.dense.weight -> i",
		"n1 Relu y -> a",
		"n1 Gemm y,blk.layer.0.w.weight -> l0",
		"n1 Gemm y,blk.layer.1.w.weight -> l1",
	)
	layer := &graph.Call{Domain: "pkg.m", Function: "m_BertLayer_encoder_layer_0_1", Node: "m_BertEncoder_encoder_1_52_m_BertLayer_encoder_layer_0_1_0"}
	self := &graph.Call{Parent: layer, Domain: "pkg.m", Function: "m_BertSelfAttention_encoder_layer_0_attention_self_1"}
	query := &graph.Call{Parent: self, Domain: "pkg.torch", Function: "torch_nn_modules_linear_Linear_encoder_layer_0_attention_self_query_1"}
	again := &graph.Call{Parent: self, Domain: "pkg.torch", Function: "torch_nn_modules_linear_Linear_encoder_layer_0_attention_self_query_2"}
	lib := &graph.Call{Parent: layer, Domain: "pkg.onnxscript.torch_lib", Function: "aten_add|folded_3", Node: "aten_add_46"}
	act := &graph.Call{Domain: "pkg.torch", Function: "torch_nn_modules_activation_Tanh_pooler_dense_activation_1"}
	last := &graph.Call{Domain: "pkg.m", Function: "m_T5LayerFF_blk_layer__1_1"}
	for i, c := range []*graph.Call{query, again, nil, layer, lib, act, nil, layer, act, nil, last} {
		g.Nodes[i].Call = c
	}
	res := checkPaths(t, g,
		"encoder.layer.0.attention.self.query", "encoder.layer.0.attention.self.query_1|encoder.layer.0.attention.self.query",
		"embeddings.word_embeddings", "encoder.layer.0.intermediate.act_fn", "encoder.layer.0", "pooler.dense_activation",
		"pooler.dense", "encoder.layer.0.intermediate.dense", "pooler.dense_activation", "blk.layer.0.w", "blk.layer.1.w")
	for path, class := range map[string]string{
		"encoder.layer.0": "BertLayer", "encoder.layer.0.attention.self.query": "Linear",
		"encoder.layer.0.intermediate.act_fn": "GELUActivation", "blk.layer.1": "T5LayerFF",
	} {
		if res.Classes[path] != class {
			t.Errorf("%q: class %q, want %q", path, res.Classes[path], class)
		}
	}
}

// TestClassFunctions: export_modules_as_functions made one function a class and named the module in the calling node.
func TestClassFunctions(t *testing.T) {
	g := build(t, "- MatMul x,block_list.0.fc.weight -> a", "- Relu a -> b", "- MatMul b,block_list.1.fc.weight -> c")
	first := &graph.Call{Domain: "m", Function: "Block", Node: "/block_list.0/Block"}
	second := &graph.Call{Domain: "m", Function: "Block", Node: "/block_list.1/Block"}
	g.Nodes[0].Call, g.Nodes[1].Call, g.Nodes[2].Call = first, first, second
	checkPaths(t, g, "block_list.0.fc", "block_list.0", "block_list.1.fc")
}
