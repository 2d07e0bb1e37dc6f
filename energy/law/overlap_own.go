package law

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// own are the factors of a device on what the law says of it, by group of its kernels.
type own map[string]*ownFactors

// ownFactors are those of a group of kernels.
type ownFactors struct {
	time   float64 // on all that a kernel waits for at boost clock
	energy float64 // on what it draws above idle
	group  coefficients.Group
}

// mostAwake is the share of the power limit that a chip draws at most while nothing runs.
const mostAwake = 0.9

// Names of constants that are one device's alone.
const (
	ownAwake  = "own.awake"
	ownTime   = "own.time"
	ownEnergy = "own.energy"
	ownFloor  = "own.floor"
)

// OfEnergy says that a constant is of energies; others are of times.
func OfEnergy(s *Slot) bool {
	return s.Name == ownEnergy || strings.HasPrefix(s.Name, "power.") || strings.HasSuffix(s.Name, ".joules")
}

// Overlaps says that the law of overlapping kernels is a device's: from compute capability 7.0 on, where its row has what
// the law reads.
func Overlaps(d *energy.Device) bool {
	major, _, ok := strings.Cut(d.ComputeCapability, ".")
	if _, err := newMachine(*d); err != nil || !ok {
		return false
	}
	return len(major) > 1 || major >= "7"
}

// ownGroup names the group that factors of a device go by: that of the constants, and beside it the class, where several
// classes go by them, and the element type, where the constants are another's.
func (l *Overlap) ownGroup(k *Kernel, group string) string {
	name := group
	switch {
	case group == GroupRow:
		name += " " + cmp.Or(k.Op, k.Class)
	case len(k.Products) > 0 && k.Attention == nil && k.Experts == nil && k.Class != "gemm":
		name += " " + k.Class
	}
	if t := otherType(k, group); t != "" {
		name += " " + t
	}
	return name
}

// otherType names the element type of a kernel where the constants of its group are of another; "" where they are of it.
func otherType(k *Kernel, group string) string {
	t := k.DType
	if k.Attention != nil {
		t = cmp.Or(k.Attention.DType, t)
	}
	switch {
	case group == GroupVector:
		if t == graph.Float32 {
			return ""
		}
	case half(t):
		return ""
	case group == GroupProduct:
		if t == graph.Float32 {
			return energy.TF32
		}
	case strings.HasPrefix(group, GroupProduct), strings.HasPrefix(group, GroupExperts) && group != GroupExperts+" bfloat16":
		return "" // a quantisation is the type
	}
	return t.String()
}

// ownOf are the factors of a kernel whose constants are those of a group; nil where the device has none.
func (l *Overlap) ownOf(k *Kernel, group string) *ownFactors {
	if len(l.own) == 0 {
		return nil
	}
	return l.own[l.ownGroup(k, group)]
}

// OwnGroup names the group of a kernel among those that a device has factors of.
func (l *Overlap) OwnGroup(k *Kernel) string { return l.ownGroup(k, l.Group(k)) }

// Covers says that the law speaks of a kernel on its device: what [Covers] says, and what was fitted to the device itself.
func (l *Overlap) Covers(k *Kernel) bool { return Covers(k) || l.ownOf(k, l.Group(k)) != nil }

// OwnSlots makes room for what is the device's own in kernels of those groups, names as [Overlap.OwnGroup] has them, and
// lists it: watts awake, what an empty kernel of products without tensor cores takes in a pass, a factor on times and one on
// energies above idle for each group, and the constants that kernels of the device decide. Starts are what holds without the
// rows that are to be fitted.
func (l *Overlap) OwnSlots(kernels []*Kernel) []Slot {
	names, groups := []string{}, map[string]bool{}
	speaks := func(s *Slot) bool {
		return slices.ContainsFunc(kernels, func(k *Kernel) bool { return l.Group(k) == s.Group && l.Speaks(k, s.Of) })
	}
	for _, k := range kernels {
		groups[l.Group(k)] = true
		if name := l.OwnGroup(k); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := []Slot{{Name: ownAwake, Unit: "W", Start: l.machine.idle, Value: &l.machine.idle, Most: mostAwake * l.machine.limit}}
	if l.floor = l.vectorFloor(); groups[GroupVector] && l.model && l.floor > 0 {
		out = append(out, Slot{Name: ownFloor, Unit: "s", Group: GroupVector, Start: l.floor, Value: &l.floor})
	}
	for _, name := range names {
		if l.own[name] == nil {
			l.own[name] = &ownFactors{time: 1, energy: 1}
		}
	}
	for _, name := range names {
		f := l.own[name]
		out = append(out, Slot{Name: ownTime, Of: name, Unit: "factor", Start: f.time, Value: &f.time})
	}
	for _, name := range names {
		f := l.own[name]
		out = append(out, Slot{Name: ownEnergy, Of: name, Unit: "factor", Start: f.energy, Value: &f.energy})
	}
	for _, s := range l.constants.Slots() {
		if s.Start = *s.Value; s.Start > 0 && groups[s.Group] && speaks(&s) {
			out = append(out, s)
		}
	}
	return out
}

// readOwn puts what was fitted to the device in its places.
func (l *Overlap) readOwn(o *coefficients.Own) error {
	for _, g := range o.Groups {
		l.own[g.Name] = &ownFactors{time: 1, energy: 1, group: g}
	}
	slots := l.constants.Slots()
	for _, k := range o.Constants {
		f := l.own[k.Of]
		switch {
		case k.Name == ownAwake:
			l.machine.idle = k.Value
		case k.Name == ownFloor:
			l.floor = k.Value
		case k.Name == ownTime && f != nil:
			f.time = k.Value
		case k.Name == ownEnergy && f != nil:
			f.energy = k.Value
		default:
			i := slices.IndexFunc(slots, func(s Slot) bool { return s.Name == k.Name && s.Of == k.Of })
			if i < 0 {
				return fmt.Errorf("constant %s of %q on %s: the law has none like it", k.Name, k.Of, o.Device)
			}
			*slots[i].Value = k.Value
		}
	}
	return l.machine.limited(energy.Watts(l.machine.limit))
}

// stretch makes all waits longer by a factor.
func (x *waits) stretch(by float64) {
	x.floor, x.before, x.split = x.floor*by, x.before*by, x.split*by
	for i := range x.overlap {
		x.overlap[i] *= by
	}
}
