"use strict";

// The law of overlapping kernels on a device, as law.Sheets write it down. It mirrors energy/law/overlap.go and
// overlap_power.go function by function and in the order of operations, so that its numbers are those of irene analyze.
const overlap = (() => {
  const { waits, timeAt, peak, MEMORY } = typeof module === "undefined" ? overlapWaits : require("./overlap_waits.js");
  // The causes as engine.js names them, and that of each wait.
  const ARITHMETIC = 0, WAVES = 1, BYTES = 2, LAUNCH = 3, CAUSES = 5, OF_WAIT = [ARITHMETIC, WAVES, WAVES, BYTES];

  // prepare reads one law of the sheets.
  function prepare(sheets, at) {
    const named = (list) => new Map(list.map((x) => [x.name, x]));
    const law = sheets.laws[at], part = (name) => sheets[name][law[name]];
    const { rules } = sheets, { machine } = law;
    return {
      rules: { ...rules, quantisations: named(rules.quantisations), distributions: named(rules.distributions), types: named(rules.types) },
      machine: { ...machine, rates: new Map(machine.rates.map((r) => [r.type, r.rate])), measured: new Set(machine.measured) },
      constants: {
        product: part("product"), vector: part("vector"), quant: named(part("quant")), attention: part("attention"), row: { ...part("row"), op: named(part("row").op) },
        experts: named(part("experts")), power: part("power"), groups: named(part("groups")), borrowed: new Map(part("borrowed").map((b) => [b.of, b.why])),
      },
    };
  }

  // limits are the power limits, W, that a board takes: above the first, up to the second.
  const limits = (l) => [l.machine.idle / l.rules.at_limit, l.machine.board];

  // limited is the law under another power limit that the board takes.
  const limited = (l, limit) => ({ ...l, machine: { ...l.machine, limit } });

  // kernel predicts one launch: sizes are numbers, NaN where one is not known.
  function kernel(l, k) {
    const out = { known: false, time: 0, energy: 0, power: 0, low: 0, high: 0, lowTime: 0, highTime: 0, origin: "", scaled: false, extrapolated: false, why: "", tile: [0, 0], causes: null };
    if (!k.known) return out;
    let { x, group, why } = waits(l, k);
    const r = run(l, x), g = l.constants.groups.get(group);
    if (!(r.time > 0 && r.power > 0) || r.time === Infinity) return { ...out, why: `the coefficients hold no constants of the group ${group}` };
    if (!why && !g) why = `no ${group} was measured on any device`;
    out.known = true;
    out.time = r.time;
    out.power = r.power;
    out.energy = r.power * r.time;
    out.causes = causes(r, x);
    out.tile = x.tile;
    out.why = why;
    out.scaled = why !== "";
    out.origin = why ? "stand-in" : l.machine.measured.has(group) ? "fitted" : "estimated";
    surround(l, out, g);
    return out;
  }

  function surround(l, out, g) {
    const wide = g ? g.standin : l.rules.least_standin;
    const time = out.scaled ? wide : g.time, energy = out.scaled ? wide : g.energy;
    out.low = Math.max(0, out.energy - energy * out.energy);
    out.high = out.energy + energy * out.energy;
    out.lowTime = out.time * Math.max(0, 1 - time);
    out.highTime = out.time * (1 + time);
  }

  // ---- Power

  const IDLE = 0, BUSY = 1, FLOPS = 2, TRAFFIC = 3; // what draws it

  // run finds the clock at which a kernel meets the power limit.
  function run(l, x) {
    const m = l.machine, c = l.constants.power, most = m.limit * l.rules.at_limit, t = timeAt(l, x, 1);
    let j = [m.idle * t, m.busy * x.busy * (t - x.floor), perFLOP(l, x) * x.flops + c.score * x.scores, c.byte * x.traffic];
    let dynamic = (j[BUSY] + j[FLOPS] + j[TRAFFIC]) / t;
    if (x.capped) [j, dynamic] = throttled(l, j, dynamic);
    const r = { clock: 1, time: t, power: m.idle + dynamic, joule: j };
    if (r.power > most * (1 + 1e-9)) {
      const share = Math.max(0.01, (most - m.idle) / dynamic);
      r.clock = x.vector ? Math.sqrt(share) : Math.min(1, Math.min(share ** (1 / (1 + c.slope)), (share / c.least) ** (1 / 1.5)));
      r.time = timeAt(l, x, r.clock);
      r.power = most;
      const scale = (r.power - m.idle) * r.time / (dynamic * t);
      r.joule = j.map((v, i) => (i === IDLE ? m.idle * r.time : v * scale));
    }
    return r;
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

  return { prepare, kernel, limits, limited, peak };
})();

if (typeof module !== "undefined") module.exports = overlap; // for tests outside a page
