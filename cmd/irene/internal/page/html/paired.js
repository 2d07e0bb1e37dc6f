"use strict";

// The ratio of two predictions whose errors are mostly shared: energy/paired, function by function, for laws of overlapping
// kernels. The draws are those of irene compare: the same names seed the same permutations.
const paired = (() => {
  const utf8 = new TextEncoder();
  const M64 = (1n << 64n) - 1n, M128 = (1n << 128n) - 1n;

  // generator is that of what a name names: FNV-1a seeds PCG-DXSM, as hash/fnv and math/rand/v2 of Go have them.
  function generator(name, draws) {
    let hash = 0xcbf29ce484222325n;
    for (const byte of utf8.encode(name)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & M64;
    let state = (hash << 64n) | BigInt(draws);
    const MUL = (2549297995355413924n << 64n) | 4865540595714422341n, INC = (6364136223846793005n << 64n) | 1442695040888963407n;
    const next = () => {
      state = (state * MUL + INC) & M128;
      let hi = state >> 64n;
      hi ^= hi >> 32n;
      hi = (hi * 0xda942042e4dd58b5n) & M64;
      hi ^= hi >> 48n;
      return (hi * ((state & M64) | 1n)) & M64;
    };
    // below draws a whole number below n.
    return (n) => {
      if ((n & (n - 1)) === 0) return Number(next() & BigInt(n - 1));
      for (const least = (2 ** 32 - n) % n; ;) {
        const product = Number(next() >> 32n) * n, low = product % 2 ** 32;
        if (low >= least) return Math.floor(product / 2 ** 32);
      }
    };
  }

  // normals draws a normal variable: its quantiles in an order that goes by the name.
  const drawn = new Map();
  function normals(name, quantiles) {
    if (drawn.size > 4096) drawn.clear(); // sizes that were left long ago
    if (!drawn.has(name)) {
      const v = Float64Array.from(quantiles), below = generator(name, v.length);
      for (let i = v.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [v[i], v[j]] = [v[j], v[i]];
      }
      drawn.set(name, v);
    }
    return drawn.get(name);
  }

  // number is a float as Go prints it.
  function number(v) {
    const [digits, e] = v.toExponential().split("e"), exponent = Number(e);
    if (exponent >= -4 && exponent < 6) return String(v);
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }

  // identity tells kernels of one work at one size from others: Kernel.Identity of energy/law/variation.go.
  function identity(types, k) {
    const type = (name) => [...types.keys()].indexOf(name) + 1;
    const parts = [k.class, type(k.dtype), number(k.macs), number(k.bytes), number(k.rereads), k.op, number(k.elements), k.quant, k.replayed, 0, ...k.products.map((p) => p.map(number).join(","))];
    if (k.attention) {
      const a = k.attention;
      parts.push(`{Batch:${number(a.batch)} Heads:${number(a.heads)} KVHeads:${number(a.kvHeads)} HeadDim:${number(a.headDim)} Query:${number(a.query)} Context:${number(a.context)} Window:${number(a.window)} Causal:${a.causal} DType:${a.dtype || "undefined"} CacheBytes:${number(a.cacheBytes)} Float8:${a.float8}}`);
    }
    if (k.experts) {
      const e = k.experts;
      parts.push(`{Tokens:${number(e.tokens)} Hidden:${number(e.hidden)} Inter:${number(e.inter)} TopK:${number(e.topK)} Experts:${number(e.experts)} TP:${number(e.tp)} EP:${number(e.ep)} Distribution:${e.distribution} Gated:${e.gated}}`);
    }
    return parts.join("|");
  }

  // sum takes a whole model apart into the kernels that its errors come from: energy and time by kernel.
  function sum({ law, plan, works, operators }) {
    const kernels = new Map();
    for (const [w, n] of plan.counts) {
      const p = works[w];
      if (!p.known || (p.energy === 0 && p.time === 0)) continue;
      const name = `${law.of}|${identity(law.rules.types, p.kernel)}`, had = kernels.get(name);
      if (had) { had.energy += n * p.energy; had.time += n * p.time; } else kernels.set(name, { law, name, of: p, dtype: p.kernel.dtype, energy: n * p.energy, time: n * p.time });
    }
    return { law, kernels, unknown: operators.filter((o) => !o.work.known).length };
  }

  // spread is how far a kernel's prediction is off: of its group, and of kernels about it.
  function spread(law, p, quantity) {
    const s = law.spreads.get(p.group), own = s && s.own && p.origin === "fitted" ? s.own : s;
    const [group, kernel] = own ? own[quantity] : law.rules.unknown_spread;
    return [p.scaled ? Math.max(s ? s.standin : law.rules.standin_spread, group) : group, kernel];
  }

  // factors are what the draws multiply a kernel's amounts by.
  function factors({ law, name, of, dtype }, quantity, quantiles) {
    const [group, kernel] = spread(law, of, quantity), shared = normals(`${law.of}|group ${of.group} ${dtype}`, quantiles), own = normals(name.replace("|", "|kernel "), quantiles);
    return shared.map((z, i) => Math.exp(group * z + kernel * own[i]));
  }

  // ratio is what the second of two evaluations takes over the first, in energy or time, with its 90 % interval; NaN is what
  // is not known. Null where no law says what the errors share.
  function ratio(first, second, quantity, quantiles) {
    if (!first.law || !second.law) return null;
    const a = sum(first), b = sum(second), names = new Set([...a.kernels.keys(), ...b.kernels.keys()]), at = (s, name) => s.kernels.get(name)?.[quantity] || 0;
    const total = (s) => [...s.kernels.values()].reduce((t, k) => t + k[quantity], 0), [below, above] = [total(a), total(b)], nothing = { value: NaN, low: NaN, high: NaN };
    if (!(below > 0 && above > 0) || (a.unknown > 0 && b.unknown > 0)) return { ...nothing, unknown: [a.unknown, b.unknown] };
    const near = (x, y) => Math.abs(x - y) <= 1e-9 * Math.max(x, y);
    if (a.unknown + b.unknown === 0 && [...names].every((n) => near(at(a, n), at(b, n)))) return { value: 1, low: 1, high: 1, unknown: [0, 0] };
    const list = draw(a, b, names, at, quantity, quantiles).sort(), low = quantile(list, 0.05), high = quantile(list, 0.95);
    if (a.unknown > 0) return { ...nothing, high, unknown: [a.unknown, 0] };
    if (b.unknown > 0) return { ...nothing, low, unknown: [0, b.unknown] };
    return { value: above / below, low, high, unknown: [0, 0] };
  }

  // draw is the ratio in every draw: kernels of both err alike, and each model has an error of its own besides.
  function draw(a, b, names, at, quantity, quantiles) {
    const own = (s, which) => normals(which, quantiles).map((z) => Math.exp(s.law.rules.model_spread * z));
    const below = new Float64Array(quantiles.length), above = new Float64Array(quantiles.length), [ownA, ownB] = [own(a, "first"), own(b, "second")];
    for (const name of names) {
      const x = at(a, name), y = at(b, name);
      factors(a.kernels.get(name) || b.kernels.get(name), quantity, quantiles).forEach((f, n) => { below[n] += f * x * ownA[n]; above[n] += f * y * ownB[n]; });
    }
    return above.map((v, n) => v / below[n]);
  }

  function quantile(sorted, p) {
    const position = p * (sorted.length - 1), below = Math.floor(position), share = position - below;
    return share === 0 ? sorted[below] : (1 - share) * sorted[below] + share * sorted[below + 1];
  }

  // verdict is what an interval decides; a single known bound may.
  function verdict({ value, low, high }) {
    if (high < 1) return "lower";
    if (low > 1) return "higher";
    return Number.isNaN(value) ? "unknown" : "open";
  }

  return { ratio, verdict };
})();

if (typeof module !== "undefined") module.exports = paired; // for tests outside a page
