package scope

import "strings"

// genaiProducer is what onnxruntime-genai's model builder writes as the producer.
const genaiProducer = "onnxruntime-genai"

// genaiPath turns a dotted path of onnxruntime-genai's model builder (src/python/py/models/builder.py) into the one that
// the Hugging Face model has: "model.layers.0.attn.q_proj" is "model.layers.0.self_attn.q_proj" there, "moe" is "mlp", and
// the norm after the last layer, "model.layers.16.final_norm_layernorm" in a model of 16 layers, is "model.norm". Operators
// within an operator's name ("attn_mask_subgraph/Sub/Cast") are no modules.
func genaiPath(path string) string {
	for {
		i := strings.LastIndexByte(path, '.')
		if c := path[i+1:]; c == "" || (c[0] < 'A' || c[0] > 'Z') && c != "constant_nodes" && c != "constants" {
			break
		}
		path = path[:max(i, 0)]
	}
	up, last := parentPath(path), lastSegment(path)
	switch {
	case up == "":
		return path
	case last == "final_norm_layernorm":
		return joinPath(parentPath(up), "norm")
	case last == "attn" && strings.HasPrefix(lastSegment(up), "layers."):
		last = "self_attn"
	case last == "moe" && strings.HasPrefix(lastSegment(up), "layers."):
		last = "mlp"
	}
	return joinPath(genaiPath(up), last)
}
