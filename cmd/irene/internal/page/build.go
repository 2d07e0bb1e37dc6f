package page

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Page is one model of an HTML report: see [New].
type Page struct {
	report   *report.Report // at the sizes that the page opens with
	request  Request
	types    []precision // the one of the report first
	profiles []string
	devices  []targeted // the one shown first at the front; none: nothing is predicted
}

// Request says what a page shows of a model and what may be chosen on it.
type Request struct {
	Options analysis.Options // dims apart, those of the report
	Target  *predict.Target  // the device shown first; nil: nothing is predicted
	Own     bool             // the target's coefficients are those of every device
	Flags   string           // of the command line, beside those of what is chosen on the page, that numbers depend on
	Setting []Setting        // of the target's options
}

// Setting is a flag that sets the device or its host.
type Setting struct {
	Key        string // of what sets the same on the page; "" where nothing does
	Flag       string
	Everywhere bool // it holds for other devices, too
}

// precision is the model in the element types of one row of [analysis.Precisions].
type precision struct {
	as       string             // "" is that of the file
	open     *analysis.Analysis // with its dims left open
	programs []*predict.Program // by target and profile
}

// targeted is a device with its coefficients.
type targeted struct {
	predict.Target
	chosen []string // the profile that nobody chose, by precision
}

// mostOperators is the size of graphs up to which other types and runtime profiles can be chosen: each is the whole graph
// once more.
const mostOperators = 10_000

// New gathers what a page needs to predict a model at any sizes, on any device, under any runtime profile and in any type
// of which the model can be costed. The report is that of the same graph at the sizes that the page opens with. What cannot
// be predicted is no choice, but for what was asked for, which is an error.
func New(r *report.Report, q Request) (Page, error) {
	p := Page{report: r, request: q}
	if q.Target != nil {
		if err := p.target(); err != nil {
			return p, err
		}
		p.profiles, _ = kernel.Profiles()
	}
	names := []string{q.Options.As}
	many := len(r.Operators) <= mostOperators
	if many {
		names = append(names, "")
		names = append(names, analysis.PrecisionNames()...)
	}
	for i, as := range names {
		if i > 0 && as == q.Options.As {
			continue
		}
		t, err := p.precision(as)
		switch {
		case err == nil:
			p.types = append(p.types, t)
		case i == 0:
			return p, err
		}
	}
	return p, p.bind(many)
}

// open is the model in the type that the page opens in.
func (p *Page) open() *analysis.Analysis { return p.types[0].open }

// target lists the device shown first, then all others: a device is a few numbers.
func (p *Page) target() error {
	first := *p.request.Target
	p.devices = []targeted{{Target: first}}
	devices := slices.DeleteFunc(energy.Devices(), func(d energy.Device) bool { return d.ID == first.Device.ID })
	of := slices.Repeat([]*coefficients.Coefficients{first.Coefficients}, len(devices))
	if !p.request.Own {
		var err error
		if of, err = coefficients.OfDevices(devices); err != nil {
			return err
		}
	}
	for i, d := range devices {
		t := predict.Target{Device: d, Coefficients: of[i], Options: elsewhere(first.Options, of[i])}
		p.devices = append(p.devices, targeted{Target: t})
	}
	return nil
}

// elsewhere is what settings of one device leave for others: its limit and its clock are its own, and coefficients that were
// measured with their host have none beside it.
func elsewhere(o predict.Options, c *coefficients.Coefficients) predict.Options {
	o.PowerLimit, o.Clock = 0, 0
	if c.Overlap == nil {
		o.HostLaunch = nil
	}
	if o.HostWatts == nil && o.Boundary == energy.BoundaryWall {
		o.Boundary = "" // of which machine nobody said
	}
	return o
}

// precision analyzes the graph with all its sizes open, in element types that are not the report's.
func (p *Page) precision(as string) (precision, error) {
	o := p.request.Options
	o.Dims, o.Ties, o.Symbolic, o.As = nil, nil, true, as
	open, err := analysis.Run(p.report.Graph, o)
	return precision{as: as, open: open}, err
}

// bind binds every device to every type under every profile; other types to one device alone of each kind of law, for its
// kernels.
func (p *Page) bind(many bool) error {
	for k := range p.types {
		of := map[*coefficients.Coefficients]string{}
		for i := range p.devices {
			d := predict.Target{Coefficients: p.devices[i].Coefficients}
			if of[d.Coefficients] == "" {
				of[d.Coefficients] = d.ProfileOf(p.types[k].open)
			}
			p.devices[i].chosen = append(p.devices[i].chosen, of[d.Coefficients])
		}
	}
	if !many && len(p.devices) > 0 {
		p.profiles = p.opening()
	}
	for k := range p.types {
		if err := p.bindType(&p.types[k], k == 0); err != nil {
			return err
		}
	}
	return nil
}

// opening are the profiles that devices are first shown under.
func (p *Page) opening() []string {
	if asked := p.request.Target.Options.Profile; asked != "" {
		return []string{asked}
	}
	var out []string
	for i := range p.devices {
		if name := p.devices[i].chosen[0]; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (p *Page) bindType(t *precision, all bool) error {
	var targets []predict.Target
	var at []int
	bound := map[bool]bool{} // by whether kernels overlap
	for i := range p.devices {
		d := &p.devices[i]
		if bound[d.Coefficients.Overlaps()] && !all {
			continue
		}
		bound[d.Coefficients.Overlaps()] = true
		for k, name := range p.profiles {
			x := d.Target
			x.Options.Profile = name
			targets, at = append(targets, x), append(at, i*len(p.profiles)+k)
		}
	}
	programs, err := predict.BindAll(t.open, targets)
	if err != nil {
		return err
	}
	t.programs = make([]*predict.Program, len(p.devices)*len(p.profiles))
	for i, program := range programs {
		if program.NoEnergy {
			return fmt.Errorf("the coefficients of %s were fitted to times alone: a page calculates energies (irene analyze has the times)", targets[i].Coefficients.Device)
		}
		t.programs[at[i]] = program
	}
	return nil
}
