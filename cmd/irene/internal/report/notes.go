package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

const (
	shownWarnings = 12
	shownAssumed  = 12
	shownDims     = 6 // one by one, and by name
	shownSizes    = 12
	shownDoubts   = 3 // reasons of one kind
	shownKinds    = 6 // of operators whose cost is not known for one reason
)

// notes are lines beside tables.
type notes []render.Note

func (t *notes) add(key, text string) { *t = append(*t, render.Note{Key: key, Text: text}) }

// HeadNotes says what was read, at which sizes, and for what the numbers hold.
func (r *Report) HeadNotes() []render.Note {
	out := []render.Note{{Key: "model", Text: r.Model.File, Cut: true}, {Key: "sizes", Text: r.sizesText()}}
	if r.Device != nil {
		out = append(out, r.deviceNote())
	}
	return out
}

// deviceNote says what energies and times are predicted for.
func (r *Report) deviceNote() render.Note {
	d := r.Device
	return render.Note{Key: "device", Text: fmt.Sprintf("%s (%s), %s, runtime %s", d.Name, d.ID, BoundaryText(d.Boundary), d.Profile)}
}

// sizesText lists the dims that have a number, and the precision where it is not the file's.
func (r *Report) sizesText() string {
	shown := *r
	shown.Dims = slices.Clone(r.Dims)
	for i := range shown.Dims {
		shown.Dims[i].Assumed = false // said further down
	}
	if r.As == "" {
		return shown.DimsText()
	}
	return shown.DimsText() + "; as " + r.As
}

// DeviceText says the same in a line that has to say whether the device was chosen, too.
func (r *Report) DeviceText() string {
	text := deviceText(&r.Device.Device, r.Device.Boundary, r.Device.Origin, r.Device.Profile)
	if r.Device.Default {
		text += "; the default, --device ID chooses another"
	}
	return text
}

func deviceText(d *energy.Device, b energy.Boundary, origin, profile string) string {
	if origin == predict.OriginFitted { // of some of its kernels, perhaps: what a model rests on is said with its numbers
		return fmt.Sprintf("%s (%s): %s, runtime %s", d.Name, d.ID, BoundaryText(b), profile)
	}
	return fmt.Sprintf("%s (%s): %s, %s, runtime %s", d.Name, d.ID, BoundaryText(b), origin, profile)
}

// BoundaryText says what energies cover; coefficients of times alone have none.
func BoundaryText(s energy.Boundary) string {
	if s == "" {
		return "no energy"
	}
	return string(s) + " energy"
}

// AboutModel says where the file comes from and how large it is.
func (r *Report) AboutModel() string {
	m := r.Model
	about := []string{}
	if m.Producer != "" {
		about = append(about, m.Producer)
	}
	for _, o := range m.Opsets {
		switch {
		case o.Name == "" || o.Name == "ai.onnx":
			about = append(about, fmt.Sprintf("opset %d", o.Value))
		case r.uses(o.Name): // domains of inlined functions are left out
			about = append(about, fmt.Sprintf("%s %d", o.Name, o.Value))
		}
	}
	return strings.Join(append(about, fmt.Sprintf("IR %d", m.IR), render.Plural(m.Nodes, "node")), ", ")
}

func (r *Report) uses(domain string) bool {
	return slices.ContainsFunc(r.Operators, func(op Operator) bool { return op.Node.Domain == domain })
}

// ModeText says in words what the numbers of a mode rest on.
func ModeText(mode predict.Mode) string {
	switch mode {
	case predict.ModeSpec:
		return "from the file alone"
	case predict.ModeTimes:
		return "from the file and measured operator times"
	case predict.ModeMetered:
		return "measured, predicted where nothing was"
	}
	return string(mode)
}

// NumbersText says in words what the report's numbers rest on, and the precision where it is not the file's.
func (r *Report) NumbersText() string {
	if r.As == "" {
		return ModeText(r.Mode)
	}
	return ModeText(r.Mode) + ", as " + r.As
}

// DimsText lists the dims that have a number, and says which are assumed.
func (r *Report) DimsText() string {
	list := dimTexts(r.Dims, r.View.Verbose)
	switch {
	case len(list) == 0 && r.Symbolic:
		return "none bound"
	case len(list) == 0:
		return "all fixed in the file"
	}
	return strings.Join(list, ", ")
}

// dimTexts gives dims with their numbers. Of many, those of one number stand together, and only the first few have their
// names, unless all are asked for.
func dimTexts(dims []Dim, all bool) []string {
	var groups []dimGroup
	at := map[Dim]int{}
	for _, d := range dims {
		key := Dim{Value: d.Value, Assumed: d.Assumed}
		if len(dims) <= shownDims {
			key = d
		}
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key], groups = i, append(groups, dimGroup{of: key})
		}
		groups[i].names = append(groups[i].names, d.Name)
	}
	var list []string
	for i, g := range groups {
		if i == shownSizes && !all {
			list = append(list, fmt.Sprintf("%d sizes more", len(groups)-i))
			break
		}
		list = append(list, g.text(all))
	}
	return list
}

// dimGroup are dims of one number.
type dimGroup struct {
	of    Dim // without its name
	names []string
}

func (g *dimGroup) text(all bool) string {
	names := g.names
	if !all && len(names) > shownDims {
		names = append(slices.Clone(names[:shownDims-1]), fmt.Sprintf("… (%d more)", len(names)-shownDims+1))
	}
	text := fmt.Sprintf("%s = %d", strings.Join(names, " = "), g.of.Value)
	if g.of.Assumed {
		text += " (assumed)"
	}
	return text
}

// notes are what to know beside the tables, doubts last.
func (r *Report) notes() []render.Note {
	out := []render.Note{r.CountedNote()}
	if r.View.Verbose {
		out = append(out, render.Note{Key: "file", Text: r.AboutModel()})
		if len(r.Coverage) > 0 {
			var list []string
			for _, s := range r.Coverage {
				list = append(list, fmt.Sprintf("%s by %s", render.Percent(s.Share), s.Source))
			}
			out = append(out, render.Note{Key: "modules", Text: "operators placed: " + strings.Join(list, ", ")})
		}
	}
	return append(out, r.Doubts(r.View.Verbose)...)
}

// CountedNote says by which convention FLOPs are counted.
func (r *Report) CountedNote() render.Note {
	text := map[graph.Convention]string{
		graph.TwoMACPlusElementwise: "2 FLOPs a multiply-accumulate, 1 or more an element of other arithmetic",
		graph.TwoMAC:                "2 FLOPs a multiply-accumulate, none for other arithmetic",
		graph.MAC:                   "1 FLOP a multiply-accumulate, none for other arithmetic",
	}[r.Convention]
	return render.Note{Key: "counted", Text: fmt.Sprintf("%s (%s)", text, r.Convention)}
}

// Alerts are what changes the answer: operators of unknown cost, and warnings.
func (r *Report) Alerts() []render.Note {
	out := UnknownNotes(r.Unknown)
	for i, w := range r.Warnings {
		if i == shownWarnings {
			return append(out, render.Note{Key: "warning", Text: fmt.Sprintf("%d more (JSON has all)", len(r.Warnings)-i), Mark: render.Yellow})
		}
		out = append(out, render.Note{Key: "warning", Text: w, Mark: render.Yellow})
	}
	return out
}

// UnknownNotes say of which operators no cost is known, a note for each reason, those of most operators first.
func UnknownNotes(kinds []Kind) []render.Note {
	byWhy, counts := map[string][]Kind{}, map[string]int{}
	var reasons []string
	for _, k := range kinds {
		if byWhy[k.Why] == nil {
			reasons = append(reasons, k.Why)
		}
		byWhy[k.Why] = append(byWhy[k.Why], k)
		counts[k.Why] += k.Count
	}
	slices.SortStableFunc(reasons, func(x, y string) int { return cmp.Compare(counts[y], counts[x]) })
	var out []render.Note
	for _, why := range reasons {
		list := byWhy[why]
		slices.SortStableFunc(list, func(x, y Kind) int { return cmp.Compare(y.Count, x.Count) })
		var names []string
		for _, k := range list[:min(len(list), shownKinds)] {
			names = append(names, fmt.Sprintf("%s ×%d", k.Op, k.Count))
		}
		of := "its"
		if len(list) > 1 {
			of = "their"
		}
		if n := len(list) - shownKinds; n > 0 {
			names = append(names, fmt.Sprintf("%s more (JSON has all)", render.Plural(n, "kind")))
		}
		text := fmt.Sprintf("%s: %s; %s cost is in no sum", strings.Join(names, ", "), why, of)
		out = append(out, render.Note{Key: "unknown", Text: text, Mark: render.Yellow})
	}
	return out
}

// Doubts say which operators are predicted from others than were measured like them; all, every reason with its range.
func (r *Report) Doubts(all bool) []render.Note {
	return append(
		r.doubts("scaled", all, func(op *Operator) bool { return op.StandIn }),
		r.doubts("extrapolated", all, func(op *Operator) bool { return op.Extrapolated })...,
	)
}

// doubt is a reason to doubt the predictions of some operators.
type doubt struct {
	class string // of those beside what was measured; reasons of stand-ins name what was not
	why   string
	n     int
	share float64
}

// doubts counts the operators of which something holds, by the reason.
func (r *Report) doubts(key string, all bool, holds func(*Operator) bool) []render.Note {
	var list []doubt
	for i := range r.Operators {
		op := &r.Operators[i]
		if !holds(op) {
			continue
		}
		class, why := "", op.Why
		if op.Extrapolated {
			class = op.Class
			if !all {
				why, _, _ = strings.Cut(why, ":")
			}
		}
		k := slices.IndexFunc(list, func(d doubt) bool { return d.class == class && d.why == why })
		if k < 0 {
			k = len(list)
			list = append(list, doubt{class: class, why: why})
		}
		d := &list[k]
		d.n++
		d.share += op.Metrics.Share
	}
	slices.SortStableFunc(list, func(x, y doubt) int { return cmp.Compare(y.share, x.share) })
	var out []render.Note
	for i, d := range list {
		if i == shownDoubts && !all {
			out = append(out, render.Note{Key: key, Text: fmt.Sprintf("%s more (--verbose names all)", render.Plural(len(list)-i, "reason")), Mark: render.Yellow})
			break
		}
		out = append(out, render.Note{Key: key, Text: r.doubtText(&d), Mark: render.Yellow})
	}
	return out
}

// doubtText says of how many operators something holds: "24 batched products are smaller than any measured, 6.0 % of the energy".
func (r *Report) doubtText(d *doubt) string {
	who := render.Plural(d.n, cmp.Or(coefficients.ClassOf(d.class).Noun, "operator"))
	share := fmt.Sprintf("%s of the %s", render.Percent(d.share), r.ShareOf())
	how, what, _ := strings.Cut(d.why, ": ")
	switch {
	case d.why == "":
		return who + ", " + share
	case strings.HasSuffix(how, "than any measured"):
		text := fmt.Sprintf("%s %s %s, %s", who, map[bool]string{true: "is", false: "are"}[d.n == 1], how, share)
		return strings.TrimSuffix(text+": "+what, ": ")
	}
	return fmt.Sprintf("%s, %s: %s", who, share, d.why)
}
