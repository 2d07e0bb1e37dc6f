package compare

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// verdicts say how the second model stands to the first, or which of several is the best, by the first metric.
func (c *Comparison) verdicts() []render.Note {
	x := c.shown()[0]
	var out []render.Note
	for i, p := range c.Points {
		var text string
		if c.ranked() {
			text = c.ranking(i).verdict(c.noun(x), func(s *standing) string { return c.Names[s.place] })
		} else {
			text = c.verdict(x, i, 1)
		}
		if p.Label != "" {
			text = "at " + p.Label + " " + text
		}
		out = append(out, render.Note{Key: "verdict", Text: text, Style: render.Bold})
	}
	for _, x := range c.Crossings {
		out = append(out, render.Note{Key: "crossover", Text: c.crossing(&x), Style: render.Bold})
	}
	return out
}

// noun is a metric in sentences: of a run, or of a share of one.
func (c *Comparison) noun(x *report.Metric) string { return nounPer(x, c.Per) }

func nounPer(x *report.Metric, per report.Per) string {
	if x.Exact || per == report.PerRun {
		return x.Noun
	}
	return x.Noun + " per " + string(per)
}

// verdict says how model k stands to the first.
func (c *Comparison) verdict(x *report.Metric, point, k int) string {
	a, b := c.total(x, point, 0), c.total(x, point, k)
	if !a.known || !b.known {
		return fmt.Sprintf("the %s of %s and %s cannot be compared: not known", c.noun(x), c.Names[0], c.Names[k])
	}
	verb := verbOf(x)
	ratio := strings.NewReplacer("≤", "at most", "≥", "at least").Replace(ratioText(a, b))
	text := fmt.Sprintf("%s %s %s the %s of %s (%s against %s)", c.Names[k], verb, ratio, c.noun(x), c.Names[0], b.printed(x), a.printed(x))
	switch {
	case a.more && b.more:
		text = fmt.Sprintf("the %s of %s and %s cannot be compared: %s against %s", c.noun(x), c.Names[0], c.Names[k], a.printed(x), b.printed(x))
	case a.value == b.value && !a.more && !b.more:
		text = fmt.Sprintf("%s %s the %s of %s (%s)", c.Names[k], verb, c.noun(x), c.Names[0], a.printed(x))
	case ratio == "":
		text = fmt.Sprintf("%s %s %s, %s nothing of it", c.Names[k], verb, b.printed(x), c.Names[0])
	}
	if r, ok := c.ratio(x, c.Root, point, 0, k); ok {
		reports := c.Points[point].Reports
		text += ": " + c.decision(r, &reports[0].Tree.Metrics, &reports[k].Tree.Metrics, k)
	}
	return text
}

// verbOf is what a model does with a metric.
func verbOf(x *report.Metric) string {
	if x.Exact {
		return "has"
	}
	return "takes"
}

// lessOf is less of a metric, or fewer; least the least.
func lessOf(x *report.Metric) (less, least string) {
	if x.Count != nil && (!x.Exact || x.Key == "params" || x.Key == "operators") {
		return "fewer", "fewest"
	}
	return "less", "least"
}

// verdict says which is the best of several, and which of the others are not told apart from it.
func (r *ranking) verdict(noun string, name func(*standing) string) string {
	best := r.best()
	if best == nil {
		return fmt.Sprintf("none is known to take the least %s: operators of unknown cost are in all of them", noun)
	}
	_, least := lessOf(r.metric)
	text := fmt.Sprintf("%s %s the %s %s (%s)", name(best), verbOf(r.metric), least, noun, best.amount(r.metric).printed(r.metric))
	var same, open, bounds []string
	decided := 0
	for _, s := range r.list {
		_, predicted := s.ratioOf(r.metric)
		switch class := r.class(s); {
		case s == best:
		case s.rank == best.rank:
			same = append(same, name(s))
		case (class == atMost || class == nothing) && !s.apart(r.metric):
			bounds = append(bounds, name(s))
		case class == failed:
		case predicted && !s.apart(r.metric):
			open = append(open, name(s))
		case predicted:
			decided++
		}
	}
	if same != nil {
		text += ", the same as " + strings.Join(same, ", ")
	}
	if open != nil {
		text += "; not told apart from it: " + strings.Join(open, ", ")
	} else if decided > 0 {
		text += ": less than the others beyond doubt"
	}
	if bounds != nil {
		text = "of those known in full, " + text + "; known in part only: " + strings.Join(bounds, ", ")
	}
	return text
}

func (c *Comparison) crossing(x *Crossing) string {
	m := report.FindMetric(x.Metric)
	where := fmt.Sprintf("%s from %d to %d", x.Dim, x.Low, x.High)
	if x.Others != "" {
		where += " at " + x.Others
	}
	other := x.Models[1] // of the pair, beside the cheaper one
	if int(x.Cheaper) == other {
		other = x.Models[0]
	}
	if x.Cheaper < 0 {
		return fmt.Sprintf("%s: %s and %s take the same %s", where, c.Names[x.Models[0]], c.Names[x.Models[1]], c.noun(m))
	}
	less, _ := lessOf(m)
	text := fmt.Sprintf("%s: %s takes %s %s than %s", where, c.Names[x.Cheaper], less, c.noun(m), c.Names[other])
	if len(x.Changes) == 0 {
		return text + " throughout"
	}
	const most = 4
	for i, s := range x.Changes {
		if i == most {
			return text + fmt.Sprintf(", and %s more", render.Plural(len(x.Changes)-most, "change"))
		}
		text += fmt.Sprintf(", %s %s from %s = %d on", c.Names[s.Cheaper], less, x.Dim, s.From)
	}
	return text
}
