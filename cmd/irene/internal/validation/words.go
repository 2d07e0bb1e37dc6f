package validation

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/energy/validate"
)

// levelTitles are the levels of measured nodes as reports call them.
var levelTitles = []struct{ level, title string }{
	{irene.TypeModel, "models"},
	{irene.TypeModule, "modules"},
	{irene.TypeML, "operators with weights"},
	{irene.TypeMLNoParam, "operators without weights"},
}

func levelTitle(level string) string {
	for _, l := range levelTitles {
		if l.level == level {
			return l.title
		}
	}
	return level
}

// SplitTitle says what a split leaves out.
func SplitTitle(split string) string {
	titles := map[string]string{
		validate.SplitFamily:      "A family of models left out",
		validate.SplitModel:       "A model left out",
		validate.PartShape:        "A shape left out",
		validate.PartSmallToLarge: "Small sizes to large ones",
		validate.PartLargeToSmall: "Large sizes to small ones",
		validate.SplitDevice:      "A device left out",
		validate.SplitKind:        "A kind of multiprocessor left out",
		validate.SplitOperators:   "Modules and models from operators alone",
	}
	return cmp.Or(titles[split], split)
}

const none = "–"

// numberText prints a number in a format of fmt.
func numberText(format string, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	return fmt.Sprintf(format, v)
}

// percentText prints a share in per cent.
func percentText(n stats.Number, digits int) string {
	return numberText(fmt.Sprintf("%%.%df", digits), 100*float64(n))
}

func ratioText(n stats.Number) string { return numberText("%.2f", float64(n)) }

func signedText(n stats.Number) string { return numberText("%+.2f", 100*float64(n)) }

func figuresText(f validate.Figures) []string {
	return []string{fmt.Sprint(f.N), percentText(f.Mean, 2), percentText(f.Median, 2), percentText(f.P90, 2), signedText(f.Bias)}
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func joinTitles() string {
	var titles []string
	for _, l := range levelTitles {
		titles = append(titles, l.title)
	}
	return strings.Join(titles, " / ")
}

// leftOutText lists the parts, and the methods that cannot predict them.
func leftOutText(parts []string, methods []validate.MethodResult) string {
	text := "Left out: " + strings.Join(parts, "; ") + "."
	for _, m := range methods {
		if m.Missing != "" {
			text += fmt.Sprintf(" No figures for %s: %s.", m.Method, m.Missing)
		}
	}
	return text
}

// Marked is the name of a method, with a dagger where it is told measurements of what it predicts.
func Marked(name string, told bool) string {
	if told {
		return name + " †"
	}
	return name
}
