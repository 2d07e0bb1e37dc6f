package validation

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy/validate"
)

// Pairs lays out how ratios of models hold.
func Pairs(v *validate.Pairs) *Sheet {
	var families []string
	for _, f := range v.Families {
		families = append(families, strings.Join(f, ", "))
	}
	text := fmt.Sprintf("%d models, each at its sizes, in %d families: %s. Each pair is predicted with the families of both left out. Holds is the share of 90 %% intervals of the ratio that the measured ratio lies in, width the median of theirs over the ratio; decided the share of pairs of which one is named the lower, wrong what part of these the meter contradicts. Apart is the share of pairs whose own 90 %% intervals do not overlap.", v.Models, len(v.Families), strings.Join(families, "; "))
	b := block{depth: 1, title: "Ratios of models on " + v.Device + ", %", text: text, titles: []string{"pairs", "of", "n", "holds", "width", "decided", "wrong", "apart"}, numbers: 2}
	for _, f := range v.Groups {
		b.rows = append(b.rows, []string{
			f.Group, string(f.Target), strconv.Itoa(f.Pairs), percentText(f.Holds, 1), percentText(f.Width, 1), percentText(f.Decided, 1), percentText(f.Wrong, 2), percentText(f.Apart, 1),
		})
	}
	return &Sheet{figures: v, blocks: []block{b}}
}
