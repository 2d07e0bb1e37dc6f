package law

import "fmt"

// nearestKinds lists, for each kind of multiprocessor, the others from the most alike on.
func nearestKinds() [numSMKinds][]smKind {
	return [numSMKinds][]smKind{
		ampere:    {graphics, blackwell, hopper},
		hopper:    {blackwell, graphics, ampere},
		blackwell: {hopper, graphics, ampere},
		graphics:  {ampere, blackwell, hopper},
	}
}

// borrow puts constants of the nearest kind of multiprocessor, and of the other kind of memory, in the place of those
// that nothing was fitted to, and says why by group of kernels.
func (c *Constants) borrow(m *machine) map[string]string {
	why := map[string]string{}
	slots := c.Slots()
	at := make(map[[2]string]*float64, len(slots))
	for _, s := range slots {
		at[[2]string{s.Name, s.Of}] = s.Value
	}
	var kinds []string
	for _, k := range nearestKinds()[m.kind] {
		kinds = append(kinds, k.String())
	}
	other := []string{memoryKindNames[numMemoryKinds-1-m.memory]}
	for _, s := range slots {
		switch {
		case *s.Value != 0 || s.Group == GroupPower:
		case s.Of == m.kind.String():
			if from := take(s, kinds, at); from != "" {
				why[s.Group] = fmt.Sprintf("no %s was measured on multiprocessors of compute capability %v; those of %s stand for them", s.Group, m.kind, from)
			}
		case s.Name == "vector.drift":
			take(s, pascalNames(), at)
		case s.Of == memoryKindNames[m.memory]:
			if from := take(s, other, at); from != "" {
				why[s.Group] = fmt.Sprintf("no %s was measured on boards with %s; those with %s stand for them", s.Group, s.Of, from)
			}
		}
	}
	c.borrowTypes(why)
	c.Row.borrow(why)
	c.Power.borrow()
	return why
}

// nearestTypes lists, for quantisations of products and experts, those whose constants stand in, the most alike first.
func nearestTypes() map[string][]string {
	return map[string][]string{
		"bfloat16": {"fp8", "fp8_block"}, "fp8": {"fp8_static", "fp8_block", "bfloat16"}, "fp8_static": {"fp8", "fp8_block"},
		"fp8_block": {"fp8", "bfloat16"}, "nvfp4": {"fp8", "fp8_block"}, "sq": {"fp8", "int8_wo"}, "int8_wo": {"int4_wo"},
		"int4_wo": {"int8_wo", "bfloat16"}, "w4a16_mxfp4": {"int4_wo", "bfloat16"}, "w4a8_mxfp4_mxfp8": {"fp8", "w4a16_mxfp4"},
	}
}

// borrowTypes puts constants of another quantisation in the place of those of one without rows.
func (c *Constants) borrowTypes(why map[string]string) {
	products, experts := map[string]QuantConstants{}, map[string]ExpertConstants{}
	for name, q := range c.Quant {
		products[name] = *q
	}
	for name, e := range c.Experts {
		experts[name] = *e
	}
	for name, list := range nearestTypes() {
		for _, from := range list {
			if q, ok := c.Quant[name]; ok && q.Depth == 0 && products[from].Depth != 0 {
				joules := q.Joules
				*q = products[from]
				q.Joules = joules
				why[GroupProduct+" "+name] = noType("product", name, from)
			}
			if e, ok := c.Experts[name]; ok && e.Tensor == 0 && experts[from].Tensor != 0 {
				*e = experts[from]
				why[GroupExperts+" "+name] = noType("layer of experts", name, from)
			}
		}
	}
}

// nearestRowOps lists, for row operators, those whose constants stand in, the most alike first.
func nearestRowOps() map[string][]string {
	return map[string][]string{
		"add": {"gelu", "rope"}, "gelu": {"add"}, "silu_and_mul": {"gelu", "add"}, "rmsnorm": {"ln", "add"}, "ln": {"rmsnorm", "add"},
		"add_rmsnorm": {"rmsnorm", "ln"}, "rope": {"add"}, "embedding": {"add"},
	}
}

// borrow puts constants of another row operator in the place of those of one without rows.
func (c *RowConstants) borrow(why map[string]string) {
	was := map[string]RowOpConstants{}
	for op, own := range c.Op {
		was[op] = *own
	}
	for op, list := range nearestRowOps() {
		for _, from := range list {
			if c.Op[op].Floor == 0 && was[from].Floor != 0 {
				*c.Op[op] = was[from]
				why[GroupRow+" "+op] = fmt.Sprintf("no %s was measured; %s stands for it", op, from)
			}
		}
	}
}

func noType(what, name, from string) string {
	return fmt.Sprintf("no %s in %s was measured; those in %s stand for it", what, name, from)
}

// take gives a slot the first constant of its name that there is, and says whose it is.
func take(s Slot, from []string, at map[[2]string]*float64) string {
	for _, of := range from {
		if v := at[[2]string{s.Name, of}]; v != nil && *v != 0 {
			*s.Value = *v
			return of
		}
	}
	return ""
}

// Joules of bfloat16 products on Blackwell Ultra: 8192³ on a B300 at 1100 W and under limits of 900 to 450 W, awake 183 W
// and 250 W above that while it computes, by sinkers' gpu-power-lab, https://github.com/sinkers/gpu-power-lab, commit
// 249b1c95. Those rows set this one number: they test how time and energy go with the limit, not the number.
const (
	ultraJoules = 0.28e-12
	ultraSource = "gpu-power-lab b300.jsonl"
)

// nearestProcesses lists, for each process, those whose joules per operation stand in, the most alike first.
func nearestProcesses() [numProcesses][]process {
	return [numProcesses][]process{
		nm7:         {adaN4, hopperN4, blackwellN4},
		nm8:         {adaN4, nm7, hopperN4, blackwellN4},
		adaN4:       {nm7, hopperN4, blackwellN4},
		hopperN4:    {blackwellN4, adaN4, nm7},
		blackwellN4: {hopperN4, adaN4, nm7},
		ultraN4:     {blackwellN4, hopperN4, adaN4, nm7},
		graphicsN4:  {adaN4, nm7, hopperN4, blackwellN4},
	}
}

// borrow fills the joules per operation of processes without rows: those of compute capability 12.0 are as much below
// those of 8.9 as 10.0's are below 9.0's.
func (c *PowerConstants) borrow() {
	j := c.FLOP
	for of, list := range nearestProcesses() {
		for _, from := range list {
			if c.FLOP[of] == 0 {
				c.FLOP[of] = j[from]
			}
		}
	}
	if j[graphicsN4] == 0 && j[adaN4] > 0 && j[hopperN4] > 0 && j[blackwellN4] > 0 {
		c.FLOP[graphicsN4] = j[adaN4] * j[blackwellN4] / j[hopperN4]
	}
}
