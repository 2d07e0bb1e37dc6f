package law

// Slots lists the places of all constants, in the order of files.
func (c *Constants) Slots() []Slot {
	var s slots
	c.productSlots(&s)
	c.vectorSlots(&s)
	c.quantSlots(&s)
	c.attentionSlots(&s)
	c.rowSlots(&s)
	c.expertSlots(&s)
	c.powerSlots(&s)
	return append(s.list, c.passSlots()...)
}

// slots gathers the places of constants.
type slots struct{ list []Slot }

// one adds a constant by itself.
func (s *slots) one(group, name, unit string, start float64, v *float64) {
	s.list = append(s.list, Slot{Name: name, Unit: unit, Group: group, Start: start, Value: v})
}

// each adds one for each word that it may be of.
func (s *slots) each(like Slot, of []string, at func(i int) *float64) {
	for i, o := range of {
		like.Of, like.Value = o, at(i)
		s.list = append(s.list, like)
	}
}

// productSlots are those of products on tensor cores.
func (c *Constants) productSlots(s *slots) {
	p := &c.Product
	s.one(GroupProduct, "product.fill", "steps of K", 270, &p.Fill)
	s.one(GroupProduct, "product.bandwidth", "share", 0.85, &p.Bandwidth)
	s.one(GroupProduct, "product.overlap", "exponent", 2.5, &p.Overlap)
	s.one(GroupProduct, "product.split", "s", 3e-6, &p.Split)
	s.each(Slot{Group: GroupProduct, Name: "product.floor", Unit: "clocks", Start: 4600}, smKindNames[:], func(i int) *float64 { return &p.Floor[i] })
	s.each(Slot{Group: GroupProduct, Name: "product.latency", Unit: "clocks per 128 B of K", Start: 300}, smKindNames[:], func(i int) *float64 { return &p.Latency[i] })
	s.each(Slot{Group: GroupProduct, Name: "product.load", Unit: "B per clock and multiprocessor", Start: 40}, []string{ampere.String(), graphics.String()}, func(i int) *float64 {
		return &p.Load[[...]smKind{ampere, graphics}[i]]
	})
	s.each(Slot{Group: GroupProduct, Name: "power.flop", Unit: "J per FLOP", Start: 1e-12}, processNames[:], func(i int) *float64 { return &c.Power.FLOP[i] })
	ultra := &s.list[len(s.list)-int(numProcesses-ultraN4)]
	ultra.Start, ultra.Source = ultraJoules, ultraSource
}

// vectorSlots are those of products without tensor cores.
func (c *Constants) vectorSlots(s *slots) {
	v := &c.Vector
	s.one(GroupVector, "vector.rate", "share of the peak", 0.9, &v.Rate)
	s.one(GroupVector, "vector.floor", "s", 24e-6, &v.Floor)
	s.one(GroupVector, "vector.split", "s", 23e-6, &v.Split)
	s.one(GroupVector, "vector.joules", "factor", 1.2, &c.Power.Vector)
	s.one(GroupVector, "vector.stored", "factor", 0.86, &v.Stored)
	s.one(GroupVector, "vector.wide", "factor", 0.87, &v.Wide)
	s.one(GroupVector, "vector.reread", "B/s", 37e9, &v.Reread)
	s.each(Slot{Group: GroupVector, Name: "vector.drift", Unit: "steps of K", Start: 3e4}, pascalNames(), func(i int) *float64 { return &v.Drift[i] })
	lanes := []float64{0.87, 0.76} // square products on boards that nothing else is fitted to or judged on
	sources := []string{"zzc0721/torch-performance-test-data issue 77 (H20)", "zzc0721/torch-performance-test-data issue 114 (RTX 3080)"}
	for i, of := range wideLanesNames() {
		s.list = append(s.list, Slot{Name: "vector.lanes", Of: of, Unit: "factor", Group: GroupPower, Start: lanes[i], Source: sources[i], Value: &v.Lanes[i]})
	}
}

// quantSlots are those of quantised products.
func (c *Constants) quantSlots(s *slots) {
	for _, spec := range Quantisations() {
		q, group := c.Quant[spec.Name], GroupProduct+" "+spec.Name
		s.each(Slot{Group: group, Name: spec.Name + ".launch", Unit: "s", Start: 4e-6}, smKindNames[:], func(i int) *float64 { return &q.Launch[i] })
		s.each(Slot{Group: group, Name: spec.Name + ".peak", Unit: "share", Start: 0.8}, smKindNames[:], func(i int) *float64 { return &q.Peak[i] })
		s.each(Slot{Group: group, Name: spec.Name + ".latency", Unit: "factor", Start: 0.5}, smKindNames[:], func(i int) *float64 { return &q.Latency[i] })
		s.one(group, spec.Name+".depth", "clocks per element of K", 0.8, &q.Depth)
		if spec.quantises() {
			s.one(group, spec.Name+".row", "clocks per row", 200, &q.Row)
			s.one(group, spec.Name+".rate", "B per clock and multiprocessor", 8, &q.Rate)
		}
		s.one(GroupPower, spec.Name+".joules", "share of bfloat16", spec.joules, &q.Joules)
	}
}

// attentionSlots are those of fused attention.
func (c *Constants) attentionSlots(s *slots) {
	a := &c.Attention
	s.one(GroupPrefill, "prefill.tensor", "share", 0.54, &a.Tensor)
	s.one(GroupPrefill, "prefill.exp", "clocks per 16 exponentials", 1.4, &a.Exp)
	s.one(GroupPrefill, "prefill.tail", "exponent", 1.7, &a.Tail)
	s.one(GroupPrefill, "prefill.block", "s per block", 3.3e-6, &a.Block)
	s.one(GroupPrefill, "prefill.bandwidth", "share", 0.72, &a.Stream)
	s.each(Slot{Group: GroupPrefill, Name: "prefill.l2", Unit: "of the bandwidth", Start: 2}, memoryKindNames[:], func(i int) *float64 { return &a.L2[i] })
	s.one(GroupPrefill, "prefill.prepare", "passes", 1.2, &a.Prepare)
	s.one(GroupPrefill, "prefill.floor", "s", 11e-6, &a.Floor)
	s.one(GroupPrefill, "prefill.encoder", "s", 8.4e-6, &a.Encoder)
	s.one(GroupPrefill, "prefill.gddr", "factor", 0.64, &a.GDDR)
	s.each(Slot{Group: GroupFloat8, Name: "prefill.float8", Unit: "share of the peak", Start: 0.7}, memoryKindNames[:], func(i int) *float64 { return &a.Float8[i] })
	s.one(GroupDecode, "decode.bandwidth", "share", 0.89, &a.Cache)
	s.one(GroupDecode, "decode.units", "exponent", 0.9, &a.Units)
	s.one(GroupDecode, "decode.part", "tokens", 530, &a.Part)
	s.one(GroupDecode, "decode.kvhead", "thousand clocks", 5.9, &a.KVHead)
	s.one(GroupDecode, "decode.head", "thousand clocks", 0.11, &a.Head)
	s.one(GroupDecode, "decode.single", "factor", 0.53, &a.Single)
	s.one(GroupDecode, "decode.blackwell", "factor", 0.5, &a.Tensor10)
	s.each(Slot{Group: GroupDecode, Name: "decode.l2", Unit: "of the bandwidth", Start: 2}, memoryKindNames[:], func(i int) *float64 { return &a.CacheL2[i] })
	s.each(Slot{Group: GroupDecode, Name: "decode.floor", Unit: "s", Start: 8e-6}, memoryKindNames[:], func(i int) *float64 { return &a.Start[i] })
	s.one(GroupDecode, "decode.combine", "s", 4.6e-6, &a.Combine)
	s.one(GroupDecode+smallCache, "decode.convert", "elements per clock and multiprocessor", 12, &a.Convert)
}

// rowSlots are those of operators on rows.
func (c *Constants) rowSlots(s *slots) {
	r := &c.Row
	s.one(GroupRow, "row.bandwidth", "share", 0.9, &r.Stream)
	s.each(Slot{Group: GroupRow, Name: "row.l2", Unit: "of the bandwidth", Start: 3}, memoryKindNames[:], func(i int) *float64 { return &r.L2[i] })
	s.one(GroupRow, "row.size", "share of L2", 0.9, &r.Size)
	s.one(GroupRow, "row.steep", "exponent", 2, &r.Steep)
	ops := RowOps()
	s.each(Slot{Group: GroupRow, Name: "row.floor", Unit: "s at 1.8 GHz", Start: 3e-6}, ops, func(i int) *float64 { return &r.Op[ops[i]].Floor })
	s.each(Slot{Group: GroupRow, Name: "row.work", Unit: "clocks per element and multiprocessor", Start: 0.5}, ops, func(i int) *float64 { return &r.Op[ops[i]].Work })
}

// expertSlots are those of layers of experts.
func (c *Constants) expertSlots(s *slots) {
	for _, name := range ExpertTypes() {
		e, group := c.Experts[name], GroupExperts+" "+name
		for _, x := range []struct {
			name, unit string
			start      float64
			at         *float64
		}{
			{"tensor", "share", 0.5, &e.Tensor},
			{"bandwidth", "share", 0.9, &e.Stream},
			{"overlap", "exponent", 2.1, &e.Overlap},
			{"pad", "rows per expert", 45, &e.Pad},
			{"moved", "passes", 2.3, &e.Moved},
			{"floor", "s", 14e-6, &e.Floor},
			{"expert", "s per expert", 4e-8, &e.PerExpert},
			{"width", "s per element at 2 GHz", 4e-9, &e.PerWidth},
			{"meet", "factor", 0.8, &e.Meet},
		} {
			s.one(group, "experts."+name+"."+x.name, x.unit, x.start, x.at)
		}
	}
	s.each(Slot{Group: GroupExperts + " bfloat16", Name: "experts.l2", Unit: "of the bandwidth", Start: 2}, memoryKindNames[:], func(i int) *float64 { return &c.ExpertL2[i] })
}

// powerSlots are those of what kernels draw.
func (c *Constants) powerSlots(s *slots) {
	s.each(Slot{Group: GroupPower, Name: "power.byte", Unit: "J per B", Start: 40e-12}, memoryGenerationNames[:], func(i int) *float64 { return &c.Power.Byte[i] })
	old := &s.list[len(s.list)-int(numMemoryGenerations-hbm2)]
	old.Start, old.Source = 72e-12, wilkins
	s.one(GroupPower, "power.score", "J per score", 50e-12, &c.Power.Score)
	s.one(GroupPower, "power.slope", "exponent", 2.4, &c.Power.Slope)
	s.each(Slot{Group: GroupPower, Name: "power.voltage", Unit: "share", Start: 0.89}, processNames[:], func(i int) *float64 { return &c.Power.Least[i] })
}

// What constants of whole passes were read off: see docs/accuracy.md for rows, intervals and what each is worth.
const (
	wilkins  = "grantwilkins/energy-inference, eager PyTorch on A100-SXM-40GB and V100-PCIe-16GB"
	served   = "ml-energy/leaderboard (H100) and argonne-lcf/LLM-Inference-Bench (A100, H100), served decoders"
	sessions = "this project's estimate: ONNX Runtime launches from C++"
)

// passSlots are what a pass of a whole model has beside its kernels. No operator speaks of them: they were read off models.
func (c *Constants) passSlots() []Slot {
	return []Slot{
		{Name: "host.launch", Of: hostNames[hostEager], Unit: "s", Group: GroupPower, Start: 23.8e-6, Source: wilkins, Value: &c.Host.Launch[hostEager]},
		{Name: "host.launch", Of: hostNames[hostSession], Unit: "s", Group: GroupPower, Start: 5e-6, Source: sessions, Value: &c.Host.Launch[hostSession]},
		{Name: "host.step", Unit: "s", Group: GroupPower, Start: 0.65e-3, Source: served, Value: &c.Host.Step},
		{Name: "host.sample", Unit: "passes over the logits", Group: GroupPower, Start: 209, Source: served, Value: &c.Host.Sample},
		{Name: "decode.cold", Unit: "share", Group: GroupPower, Start: 0.747, Source: served, Value: &c.Attention.Cold},
		{Name: "vector.convert", Unit: "passes", Group: GroupPower, Start: 2.18, Source: wilkins, Value: &c.Vector.Convert},
		{Name: "power.data", Unit: "factor", Group: GroupPower, Start: 1.58, Source: wilkins + "; " + served, Value: &c.Power.Data},
	}
}
