package render_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/graph"
)

func TestJSONStrings(t *testing.T) {
	for _, s := range []string{"", "plain", "quote \" backslash \\", "line\nfeed\ttab\x01", "größe 矩阵", "bad \xff utf-8", "\u2028", "a <b> & c", "ä <b> & c"} {
		text := render.JSON(&s)
		var got string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Errorf("%q: %v in %s", s, err, text)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); got != want {
			t.Errorf("%q comes back as %q", want, got)
		}
	}
}

// tree has every kind of member.
type tree struct {
	inner
	Skipped  int                       `json:"-"`
	Children []tree                    `json:"children" lines:"before,each"`
	Sizes    render.Members[graph.Dim] `json:"sizes" lines:"each"`
	Pair     pair                      `json:"pair"`
	Whole    *bool                     `json:"whole"`
	Absent   *[]int                    `json:"absent,omitzero"`
	Given    *[]int                    `json:"given,omitzero"`
}

type inner struct {
	Name  render.Text   `json:"name"`
	Value render.Number `json:"value"`
	DType graph.DType   `json:"dtype"`
}

type pair struct {
	render.Tuple
	A float64 `json:"a"`
	B []int64 `json:"b"`
}

func TestJSON(t *testing.T) {
	v := tree{
		inner: inner{"root", 1e-7, graph.Float16}, Children: []tree{{inner: inner{Value: render.Number(math.NaN())}}},
		Sizes: render.Members[graph.Dim]{{Name: "b", Value: graph.Symbol("n").MulInt(2)}, {Name: "a", Value: graph.Const(3)}, {Name: "c"}},
		Pair:  pair{A: math.Inf(1), B: []int64{1, -2}}, Whole: new(false), Given: &[]int{},
	}
	want := `{"name": "root", "value": 1e-07, "dtype": "float16",
"children": [
{"name": null, "value": null, "dtype": null,
"children": [], "sizes": {}, "pair": [0, []], "whole": null}], "sizes": {
"b": "2*n",
"a": 3,
"c": null}, "pair": [null, [1, -2]], "whole": false, "given": []}
`
	if got := string(render.JSON(&v)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
