"use strict";

// The law of overlapping kernels on a device, as law.Sheets write it down. It mirrors energy/law/overlap.go and
// overlap_power.go function by function and in the order of operations, so that its numbers are those of irene analyze.
const overlap = (() => {
  const { waits, timeAt, toggled, peak, half, MEMORY } = typeof module === "undefined" ? overlapWaits : require("./overlap_waits.js");
  // The causes as engine.js names them, and that of each wait.
  const ARITHMETIC = 0, WAVES = 1, BYTES = 2, LAUNCH = 3, CAUSES = 5, OF_WAIT = [ARITHMETIC, WAVES, WAVES, BYTES];

  // prepare reads one law of the sheets.
  function prepare(sheets, at) {
    const named = (list) => new Map(list.map((x) => [x.name, x]));
    const law = sheets.laws[at], part = (name) => sheets[name][law[name]];
    const { rules } = sheets, machine = part("machine");
    return {
      ...law,
      own: named(part("own")),
      spreads: named(part("spreads")),
      run, // what kernels are chosen by
      rules: { ...rules, quantisations: named(rules.quantisations), distributions: named(rules.distributions), types: named(rules.types) },
      machine: { ...machine, rates: new Map(machine.rates.map((r) => [r.type, r.rate])), measured: new Set(machine.measured) },
      constants: {
        product: part("product"), vector: part("vector"), quant: named(part("quant")), attention: part("attention"), row: { ...part("row"), op: named(part("row").op) },
        experts: named(part("experts")), power: part("power"), groups: named(part("groups")), borrowed: new Map(part("borrowed").map((b) => [b.of, b.why])),
      },
    };
  }

  // settings lists what can be set of a device and its host: the unit, the whole numbers of it that are taken, what holds
  // (null: nothing), the flag that sets the same, and the law under a value.
  function settings(l) {
    const m = l.machine, mega = 1e6, micro = 1e-6, atPlug = l.shift.factor !== 1 || l.shift.watts !== 0;
    return [
      { key: "limit", name: "Power limit", flag: "power-limit", unit: "W", least: Math.floor(m.idle / l.rules.at_limit) + 1, most: Math.floor(m.board), value: m.limit, under: (v) => ({ ...l, machine: { ...m, limit: v } }) },
      { key: "clock", name: "Clock", flag: "clock", unit: "MHz", least: Math.ceil(l.rules.least_clock * m.clock / mega), most: Math.floor(m.clock / mega), value: m.most * m.clock / mega, under: (v) => ({ ...l, machine: { ...m, most: Math.min(1, v * mega / m.clock) } }) },
      { key: "launch", name: "Host's launch", flag: "host-launch", unit: "µs", least: 1, most: 100, value: l.launch / micro, under: (v) => ({ ...l, launch: v * micro }) },
      { key: "host", name: "Host at the plug", flag: "boundary plug --host-watts", unit: "W", least: 0, most: 1000, value: atPlug ? l.shift.watts : null, under: (v) => ({ ...l, shift: { factor: 1 / l.rules.supply_efficiency, watts: v } }) },
    ];
  }

  // shifted is an energy over a time at the meter.
  const shifted = (l, joules, seconds) => l.shift.factor * joules + l.shift.watts * seconds;

  // excess is what each launch of a pass adds that the device's work does not hide: joules and seconds.
  function excess(l, launches, device) {
    if (launches === 0) return [0, 0];
    const each = Math.max(0, l.launch - device / launches);
    return [shifted(l, l.machine.idle * each, each), each];
  }

  // kernel predicts one launch: sizes are numbers, NaN where one is not known.
  function kernel(l, k) {
    const out = { known: false, time: 0, energy: 0, power: 0, low: 0, high: 0, lowTime: 0, highTime: 0, origin: "", scaled: false, extrapolated: false, why: "", group: "", tile: [0, 0], causes: null };
    if (!k.known) return out;
    if (idle(k)) return { ...out, known: true, causes: Array.from({ length: CAUSES }, () => [0, 0]) };
    let { x, group, why } = waits(l, k);
    const own = l.own.size > 0 ? l.own.get(ownGroup(l, k, group)) : undefined;
    if (own) stretch(x, own.stretch);
    const r = run(l, x, toggled(l, x) * (own ? own.draw : 1)), g = own || l.constants.groups.get(group);
    if (own) why = "";
    if (!(r.time > 0 && r.power > 0) || r.time === Infinity) return { ...out, why: `the coefficients hold no constants of the group ${group}` };
    if (!why && !g) why = `no ${group} was measured on any device`;
    out.known = true;
    out.group = own ? ownGroup(l, k, group) : group;
    out.time = r.time;
    out.energy = shifted(l, r.power * r.time, r.time);
    out.power = out.energy / out.time;
    out.causes = causes(r, x).map(([joules, seconds]) => [shifted(l, joules, seconds), seconds]);
    out.tile = x.tile;
    out.why = why;
    out.scaled = why !== "";
    out.origin = why ? "stand-in" : (own ? own.fitted : l.machine.measured.has(group)) ? "fitted" : "estimated";
    surround(l, out, g);
    return out;
  }

  // idle says that there is nothing to do.
  function idle(k) {
    return k.bytes === 0 && k.macs === 0 && !k.attention && !k.experts && k.elements === 0 && !(k.products || []).some(([, rows]) => rows > 0);
  }

  function surround(l, out, g) {
    const wide = g ? g.standin : l.rules.least_standin;
    const time = out.scaled ? wide : g.time, energy = out.scaled ? wide : g.energy;
    out.low = Math.max(0, out.energy - energy * out.energy);
    out.high = out.energy + energy * out.energy;
    out.lowTime = out.time * Math.max(0, 1 - time);
    out.highTime = out.time * (1 + time);
  }

  // ---- What is a device's own, as in overlap_own.go

  function ownGroup(l, k, group) {
    let name = group;
    if (group === "row") name += " " + (k.op || k.class);
    else if (k.products && k.products.length > 0 && !k.attention && !k.experts && k.class !== "gemm") name += " " + k.class;
    const t = otherType(l, k, group);
    return t ? `${name} ${t}` : name;
  }

  function otherType(l, k, group) {
    const t = (k.attention && k.attention.dtype) || k.dtype;
    if (group === "product float32") return t === "float32" ? "" : t;
    if (half(l, t)) return "";
    if (group === "product" && t === "float32") return "tf32";
    if (group !== "product" && group.startsWith("product") || group.startsWith("experts") && group !== "experts bfloat16") return "";
    return t;
  }

  function stretch(x, by) {
    for (const key of ["floor", "before", "split"]) x[key] *= by;
    x.overlap = x.overlap.map((v) => v * by);
  }

  // ---- Power

  const IDLE = 0, BUSY = 1, FLOPS = 2, TRAFFIC = 3; // what draws it

  // run finds the clock at which a kernel meets the power limit.
  function run(l, x, draw) {
    const m = l.machine, c = l.constants.power, most = m.limit * l.rules.at_limit, t = timeAt(l, x, 1);
    let j = [m.idle * t, m.busy * x.busy * (t - x.floor), perFLOP(l, x) * x.flops + c.score * x.scores, c.byte * x.traffic];
    for (let i = BUSY; i <= TRAFFIC; i++) j[i] *= draw;
    let dynamic = (j[BUSY] + j[FLOPS] + j[TRAFFIC]) / t;
    if (x.capped) [j, dynamic] = throttled(l, j, dynamic);
    const r = { clock: m.most, time: t, power: m.idle + dynamic * drawn(c, m.most, x.vector), joule: j };
    if (r.power > most * (1 + 1e-9)) {
      r.clock = clockAt(c, Math.max(0.01, (most - m.idle) / dynamic), x.vector);
      r.power = most;
    }
    if (r.clock < 1) {
      r.time = timeAt(l, x, r.clock);
      const scale = (r.power - m.idle) * r.time / (dynamic * t);
      r.joule = j.map((v, i) => (i === IDLE ? m.idle * r.time : v * scale));
    }
    return r;
  }

  // drawn is what a share of the boost clock leaves of the power above idle.
  function drawn(c, f, vector) {
    if (f >= 1) return 1;
    return vector ? f * f : f * Math.max(f ** c.slope, c.least * Math.sqrt(f));
  }

  // clockAt is the share of the boost clock at which no more than a share of the power above idle is drawn.
  function clockAt(c, share, vector) {
    return vector ? Math.sqrt(share) : Math.min(1, Math.min(share ** (1 / (1 + c.slope)), (share / c.least) ** (1 / 1.5)));
  }

  function perFLOP(l, x) {
    const m = l.machine, c = l.constants.power;
    return x.vector ? c.vector * m.vector_joules * m.clock / 1.5e9 : c.flop * x.joules;
  }

  function throttled(l, j, dynamic) {
    const m = l.machine, most = Math.max(m.board, m.fitted_limit) * l.rules.at_limit - m.idle;
    return dynamic <= most ? [j, dynamic] : [j.map((v, i) => (i === IDLE ? v : v * (most / dynamic))), most];
  }

  // causes shares time and energy out over what a kernel waited for: joules and seconds by cause.
  function causes(r, x) {
    const out = Array.from({ length: CAUSES }, () => [0, 0]), rest = r.time - x.floor - x.before - x.split;
    out[LAUNCH][1] += x.floor;
    out[BYTES][1] += x.before;
    out[WAVES][1] += x.split;
    let powers = x.overlap.map((v, i) => ((i === MEMORY ? v : v / r.clock) / Math.max(rest, 1e-300)) ** x.p);
    let sum = 0;
    for (const p of powers) sum += p;
    if (sum === 0) { powers = [0, 0, 0, 1]; sum = 1; }
    OF_WAIT.forEach((c, i) => { out[c][1] += rest * powers[i] / sum; });
    out[ARITHMETIC][0] += r.joule[FLOPS];
    out[BYTES][0] += r.joule[TRAFFIC];
    const still = r.joule[IDLE] + r.joule[BUSY];
    for (const c of out) c[0] += still * c[1] / r.time;
    return out;
  }

  return { prepare, settings, kernel, excess, peak };
})();

if (typeof module !== "undefined") module.exports = overlap; // for tests outside a page
