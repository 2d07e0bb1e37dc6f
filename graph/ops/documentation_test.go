package ops_test

import (
	"regexp"
	"testing"

	"github.com/irene-onnx/irene/graph/ops"
)

// TestDocumentation: every row names the page of its operator, in the form of its domain.
func TestDocumentation(t *testing.T) {
	forms := map[string]*regexp.Regexp{
		"":                         regexp.MustCompile(`^https://onnx\.ai/onnx/operators/onnx__(\w+)\.html$`),
		"ai.onnx.ml":               regexp.MustCompile(`^https://onnx\.ai/onnx/operators/onnx_aionnxml_(\w+)\.html$`),
		"ai.onnx.preview":          regexp.MustCompile(`^https://onnx\.ai/onnx/operators/onnx_aionnxpreview_(\w+)\.html$`),
		"ai.onnx.preview.training": regexp.MustCompile(`^https://onnx\.ai/onnx/operators/onnx_aionnxpreviewtraining_(\w+)\.html$`),
		"com.microsoft":            regexp.MustCompile(`^https://github\.com/microsoft/onnxruntime/blob/main/docs/ContribOperators\.md#com\.microsoft\.(\w+)$`),
	}
	for _, op := range ops.All() {
		if op.Name == "SimplifiedLayerNormalization" || op.Domain == "com.microsoft.nchwc" || op.Domain == "com.ms.internal.nhwc" { // on no page
			continue
		}
		form, known := forms[op.Domain]
		if !known {
			t.Errorf("%s:%s: no documentation of that domain is known", op.Domain, op.Name)
			continue
		}
		if m := form.FindStringSubmatch(op.Documentation()); m == nil || m[1] != op.Name {
			t.Errorf("%s:%s: %s", op.Domain, op.Name, op.Documentation())
		}
	}
}

// TestDocumentationPages holds addresses that were looked up on the sites.
func TestDocumentationPages(t *testing.T) {
	for _, c := range []struct{ domain, name, want string }{
		{"", "LinearAttention", "https://onnx.ai/onnx/operators/onnx__LinearAttention.html"},
		{"ai.onnx.ml", "TreeEnsemble", "https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html"},
		{"ai.onnx.preview", "FlexAttention", "https://onnx.ai/onnx/operators/onnx_aionnxpreview_FlexAttention.html"},
		{"com.microsoft", "QMoE", "https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QMoE"},
		{"", "SimplifiedLayerNormalization", "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/graph/contrib_ops/contrib_defs.cc"},
		{"com.microsoft.nchwc", "Conv", "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/graph/contrib_ops/nchwc_schema_defs.cc"},
		{"com.ms.internal.nhwc", "Conv", "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/graph/contrib_ops/internal_nhwc_onnx_schemas.cc"},
	} {
		op, ok := ops.Lookup(c.domain, c.name, 99)
		if !ok {
			t.Fatalf("no row for %s:%s", c.domain, c.name)
		}
		if got := op.Documentation(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
