"use strict";

// What kernels wait for at the same time, class by class: overlap_product.go, overlap_quantised.go, overlap_vector.go,
// overlap_attention.go, overlap_row.go and overlap_experts.go of energy/law, function by function. See overlap.js.
const overlapWaits = (() => {
  const [ARITHMETIC, LOAD, LATENCY, MEMORY] = [0, 1, 2, 3];

  function waits(l, k) {
    if (k.attention) return attentionWaits(l, k);
    if (k.experts) return expertWaits(l, k);
    if (k.products && k.products.length > 0 && !k.op) return productWaits(l, k);
    const { x, why } = rows(l, k);
    return { x, group: "row", why: borrowed(l, "row") || why || otherRows(l, k) };
  }
  const borrowed = (l, of) => l.constants.borrowed.get(of) || "";

  // newWaits is what a kernel waits for at boost clock, and what it moves.
  const newWaits = (x) => ({ floor: 0, before: 0, overlap: [0, 0, 0, 0], p: 0, split: 0, flops: 0, joules: 0, scores: 0, traffic: 0, busy: 0, vector: false, capped: false, tile: [0, 0], ...x });

  function timeAt(l, x, clock) {
    return x.floor + x.before + norm(l, x.p, x.overlap.map((v, i) => (i === MEMORY ? v : v / clock))) + x.split;
  }

  // norm is (Σ v^p)^(1/p) for v ≥ 0.
  function norm(l, p, list) {
    let top = 0;
    for (const v of list) top = Math.max(top, v);
    if (top === 0) return 0;
    let sum = 0;
    for (const v of list) {
      const r = v / top;
      if (r === 1) sum++; else if (r > l.rules.negligible) sum += Math.exp(p * Math.log(r));
    }
    return sum === 1 ? top : top * Math.exp(Math.log(sum) / p);
  }

  const clamp = (x) => Math.min(1, Math.max(0, x));
  const beyond = (x, y) => clamp(x / y - 1);
  const upTo = (x, step) => step * Math.ceil(x / step);

  function follow(x, y) {
    for (const key of ["floor", "before", "split", "flops", "scores", "traffic"]) x[key] += y[key];
    x.overlap = x.overlap.map((v, i) => v + y.overlap[i]);
  }

  function productWaits(l, k) {
    const { group, one, why } = productOf(l, k);
    const { x, why: stands } = one(k.products[0]);
    for (const q of k.products.slice(1)) follow(x, one(q).x);
    return { x, group, why: why || borrowed(l, group) || stands };
  }

  function productOf(l, k) {
    let s = quantisationOf(l, k);
    if (s) {
      const why = noArithmetic(l, s, l.constants.quant.get(s.name).peak > 0);
      if (why) s = weightsAlone(l, s);
      return { group: `product ${s.name}`, one: (q) => quantised(l, q, s, k.replayed), why };
    }
    if (l.machine.rates.has("tf32") && k.dtype === "float32" && (l.tf32 || l.tf32_convolutions && k.class === "conv")) {
      const o = { weight: 4, active: 4, peak: l.machine.rates.get("tf32"), latency: 1, fill: 1, joules: 1, floor: 0, before: 0, traffic: 0 };
      return { group: "product", one: (q) => ({ x: product(l, q, o, k.replayed), why: "" }), why: "no TF32 product was measured; products in 16 bit stand for it" };
    }
    const narrow = k.dtype !== "float32";
    if (narrow && peak(l, k.dtype) > peak(l, "float32")) {
      const { o, why } = plainOperand(l, k.dtype);
      return { group: "product", one: (q) => ({ x: product(l, q, o, k.replayed), why }), why: "" };
    }
    const why = narrow ? `${l.machine.id} computes no faster in ${k.dtype} than in float32, whose products stand for it` : "";
    const half = l.rules.types.get(k.dtype).bits === 16;
    return { group: "product float32", one: (q) => ({ x: vector(l, q, k.class !== "bmm", half), why: "" }), why };
  }

  function quantisationOf(l, k) {
    const t = l.rules.types.get(k.dtype);
    let name = k.quant;
    if (!name && t && t.float && t.bits <= 8 && !native(l, k.dtype)) name = t.bits < 8 ? "nvfp4" : "fp8";
    return l.rules.quantisations.get(name);
  }

  function noArithmetic(l, s, measured) {
    const assumed = "assumed are weights stored in it and arithmetic in 16 bit";
    if (!native(l, s.peak)) return `${l.machine.id} has no arithmetic in ${s.name}: ${assumed}`;
    return measured ? "" : `${s.name} was measured nowhere: ${assumed}`;
  }

  function weightsAlone(l, s) {
    return { ...l.rules.quantisations.get(s.weight < 1 ? "int4_wo" : "int8_wo"), weight: s.weight };
  }

  // peakType is the name under which rates list an element type.
  function peakType(t) {
    for (const narrow of ["float8", "float4"]) if (t.startsWith(narrow)) return narrow;
    return t === "uint8" ? "int8" : t;
  }
  const native = (l, t) => l.machine.rates.has(peakType(t));
  const peak = (l, t) => l.machine.rates.get(native(l, t) ? peakType(t) : "float32");

  function path(l, t) {
    const narrow = t.startsWith("float8") || t.startsWith("float4") || t === "int8";
    if (native(l, t) || !narrow) return { rate: peak(l, t), why: "" };
    return { rate: peak(l, "float16"), why: `${l.machine.id} has no arithmetic in ${t}: assumed is arithmetic in 16 bit` };
  }

  // ---- Products on tensor cores

  function splits(l, k) {
    const { parts, least_split: shortest } = l.rules;
    let tried = 1;
    while (tried < parts.length && k / parts[tried - 1] > shortest) tried++;
    return parts.slice(0, tried);
  }

  function partOf(l, k, parts, step) {
    return parts === 1 ? upTo(k, step) : Math.max(l.rules.least_split, upTo(k / parts, step));
  }

  function plainOperand(l, t) {
    const size = l.rules.types.get(t).bits / 8, { rate, why } = path(l, t);
    return { o: { weight: size, active: size, peak: rate, latency: 1, fill: 1, joules: 1, floor: 0, before: 0, traffic: 0 }, why };
  }

  function quantised(l, q, s, warm) {
    const m = l.machine, c = l.constants.quant.get(s.name), { rate, why } = path(l, s.peak);
    const [, rows, , k] = q;
    const o = { weight: s.weight, active: s.active, peak: rate * c.peak, latency: c.latency, fill: s.fill, joules: c.joules, floor: c.launch, before: k * c.depth / m.clock, traffic: 0 };
    if (s.active < 2) {
      const bytes = (2 + s.active) * rows * k;
      o.before += Math.max(1, rows / m.sms) * c.row / m.clock + bytes / (m.sms * m.clock * c.rate);
      o.traffic = bytes * beyond(bytes, m.near_l2 / 2);
    }
    return { x: product(l, q, o, warm), why };
  }

  // product is the fastest of a few tiles and splits of K.
  function product(l, q, o, warm) {
    const m = l.machine, base = streams(l, q, o, warm);
    let best = { ...base, floor: Infinity }, shortest = Infinity;
    for (const tile of l.rules.tiles) {
      const g = grid(l, q, o, tile);
      for (const parts of splits(l, q[3])) {
        const x = wait(l, g, base, parts);
        if (slower(l, x, shortest)) continue;
        const t = timeAt(l, x, 1);
        if (!(t < shortest)) continue;
        x.busy = clamp(g.blocks * parts / m.sms);
        x.tile = tile;
        best = x;
        shortest = t;
      }
    }
    return best;
  }

  function streams(l, [batch, rows, cols, k], o, warm) {
    const m = l.machine, c = l.constants.product, near = m.near_l2;
    const wb = o.weight * batch * cols * k, ab = o.active * batch * rows * k, ob = 2 * batch * rows * cols;
    const cold = warm ? clamp((wb / (near / l.rules.replayed) - 1) / l.rules.replay_edge) : 1;
    const x = newWaits({ floor: c.floor / m.clock + o.floor, before: o.before, p: c.overlap, flops: 2 * batch * rows * cols * k, joules: o.joules });
    x.traffic = wb * cold + ab * beyond(ab, near / 2) + ob * beyond(ob, near / 2);
    x.overlap[MEMORY] = x.traffic / (m.bandwidth * c.bandwidth);
    x.traffic += o.traffic;
    return x;
  }

  function grid(l, [batch, rows, cols, k], o, [tm, tn]) {
    const m = l.machine, c = l.constants.product, { rules } = l;
    return {
      blocks: batch * Math.ceil(rows / tm) * Math.ceil(cols / tn),
      arithmetic: 2 * tm * tn * m.sms / (rules.peak_share * o.peak),
      load: c.load > 0 ? (Math.min(tm, rows) * o.active + Math.min(tn, cols) * o.weight) / (c.load * m.clock) : 0,
      latency: c.latency * o.latency * o.active / rules.line_bytes / m.clock,
      fill: c.fill * o.fill,
      k,
      split: 8 * batch * rows * cols / (m.sms * m.clock * rules.second_pass),
      pass: c.split,
    };
  }

  function wait(l, g, base, parts) {
    const k = partOf(l, g.k, parts, l.rules.k_step), waves = Math.ceil(g.blocks * parts / l.machine.sms);
    return {
      ...base, overlap: [waves * g.arithmetic * (k + g.fill), waves * g.load * k, waves * g.latency * k, base.overlap[MEMORY]],
      split: parts > 1 ? g.pass + parts * g.split : base.split,
    };
  }

  // slower says that a kernel surely takes longer than that.
  function slower(l, x, seconds) {
    const rest = seconds - x.floor - x.before - x.split;
    if (rest <= 0) return true;
    let sum = 0;
    for (const v of x.overlap) {
      if (v >= rest) return true;
      if (v / rest > l.rules.negligible) sum += cheapPower(v / rest, x.p);
    }
    return sum > 1;
  }

  function cheapPower(v, p) {
    if (p <= 2.5) return v * v * Math.sqrt(v);
    return p <= 3 ? v * v * v : 0;
  }

  // ---- Products without tensor cores

  function vectorRate(l, cols, weights) {
    const c = l.constants.vector;
    return weights ? c.rate * (cols > l.rules.wide_n ? c.wide : c.weights) : c.rate;
  }

  function reread(l, [, rows, cols, k], weights) {
    const m = l.machine, c = l.constants.vector, { vector_tile: tile } = l.rules;
    if (!weights || c.drift === 0) return 0;
    const steps = k * rows * cols / (4 * tile * tile * m.sms);
    return 2 * rows * cols * k / 64 / c.reread * Math.min(1, cols / (l.rules.wave_columns * m.sms)) * steps / (steps + c.drift);
  }

  function vector(l, q, weights, convert) {
    const m = l.machine, c = l.constants.vector, { vector_tile: tile } = l.rules, [batch, rows, cols, k] = q;
    const covered = m.vector_rows, step = m.vector_steps[weights ? 0 : 1];
    const tiles = batch * Math.ceil(rows / tile) * Math.ceil(cols / tile);
    const mean = upTo(rows, covered) * upTo(cols, 32) / (Math.ceil(rows / tile) * Math.ceil(cols / tile));
    const largest = Math.min(tile, upTo(rows, covered)) * Math.min(tile, upTo(cols, 32));
    const base = newWaits({ p: l.rules.vector_overlap, floor: m.vector_floor, flops: 2 * batch * rows * cols * k, vector: true });
    base.traffic = 4 * batch * (rows * k + k * cols + rows * cols);
    base.overlap[MEMORY] = base.traffic / (m.bandwidth * l.rules.vector_stream);
    base.overlap[LOAD] = reread(l, q, weights);
    if (convert) {
      const bytes = c.convert * 6 * batch * k * cols;
      base.before = bytes / (m.bandwidth * l.rules.vector_stream);
      base.traffic += bytes;
    }
    const rate = m.cores * m.clock * vectorRate(l, cols, weights);
    let best = { ...base, floor: Infinity }, shortest = Infinity;
    for (const s of batch > 1 ? [1] : splits(l, k)) {
      const x = { ...base, overlap: [...base.overlap] };
      x.overlap[ARITHMETIC] = ((Math.ceil(tiles * s / m.sms) - 1) * mean + largest) * partOf(l, k, s, step) / rate;
      if (s > 1) x.split = c.split + 8 * s * rows * cols / (m.sms * m.clock * l.rules.second_pass);
      if (slower(l, x, shortest)) continue;
      x.busy = clamp(tiles * s / m.sms);
      x.tile = [tile, tile];
      const t = timeAt(l, x, 1);
      if (t < shortest) { best = x; shortest = t; }
    }
    return best;
  }

  // ---- Fused attention

  const padded = (headDim) => 16 * Math.ceil(headDim / 16);

  function pairs(l, a) {
    const context = a.window > 0 ? Math.min(a.context, a.window) : a.context;
    if (a.causal && a.query > 1 && !(a.window > 0)) return a.query * (a.query + l.rules.diagonal) / 2 + a.query * Math.max(0, a.context - a.query);
    return a.query * context;
  }

  function attentionWaits(l, k) {
    const a = k.attention;
    let group = a.query === 1 ? "decode" : a.float8 ? "prefill fp8" : "prefill";
    let { x, why } = attention(l, a, a.dtype || k.dtype, k.replayed);
    const projections = (k.products || []).slice(0, -2);
    if (projections.length > 0) {
      const before = productWaits(l, { class: "gemm", dtype: k.dtype, quant: k.quant, replayed: k.replayed, products: projections });
      follow(before.x, x);
      x = before.x;
      why = why || before.why;
    }
    why = borrowed(l, group) || why;
    if (a.cacheBytes < 2 && !a.float8) group += ", fp8 cache";
    return { x, group, why };
  }

  function attention(l, a, t, warm) {
    const size = l.rules.types.get(t).bits / 8;
    const other = half(l, t) ? "" : `no fused attention was measured in ${t}; those in 16 bit stand for it`;
    if (a.query === 1) return { x: decode(l, a, size, warm), why: other };
    if (!a.float8) return { x: prefill(l, a, size, peak(l, t)), why: other };
    const { rate, why } = path(l, "float8");
    return { x: prefill(l, a, size, rate * l.constants.attention.float8), why };
  }

  function fromCache(l, bytes, cache, steep, memory, l2) {
    const hit = 1 / (1 + (bytes / cache) ** steep);
    return bytes * ((1 - hit) / (memory * l.machine.bandwidth) + hit / (l2 * l.machine.bandwidth));
  }

  function prefill(l, a, size, rateOfPeak) {
    const m = l.machine, c = l.constants.attention, { diagonal } = l.rules;
    const d = padded(a.headDim), rate = c.tensor * rateOfPeak / m.sms;
    const score = norm(l, 4, [4 * d / rate, c.exp / (m.exponentials * m.clock)]);
    const scores = a.batch * a.heads * pairs(l, a);
    const x = newWaits({ p: 3, floor: c.encoder, flops: 4 * scores * d, joules: 1, scores, capped: true });
    const blocks = a.batch * a.heads * Math.ceil(a.query / diagonal);
    x.busy = clamp(blocks / m.sms);
    let work = scores * score / m.sms;
    if (c.tail > 0) work = norm(l, c.tail, [work, diagonal * a.context * score]);
    x.overlap[ARITHMETIC] = work + c.block * blocks / m.sms;
    const q = size * a.batch * a.query * a.heads * d, kv = 2 * size * a.batch * a.context * a.kvHeads * d;
    x.traffic = 2 * q + kv;
    x.overlap[MEMORY] = fromCache(l, x.traffic, m.l2, 2, c.stream, c.l2);
    if (a.causal) {
      const prepare = c.prepare * (q + kv * (1 + (size - a.cacheBytes) / 2));
      x.floor = c.floor;
      x.before = fromCache(l, prepare, m.l2, 2, c.stream, c.l2);
      x.traffic += prepare;
    }
    return x;
  }

  function decode(l, a, size, warm) {
    const m = l.machine, c = l.constants.attention, d = padded(a.headDim), context = pairs(l, a);
    const elements = 2 * a.batch * a.kvHeads * context * d;
    const x = newWaits({ p: 2, floor: c.start, flops: 4 * a.batch * a.heads * context * d, joules: 1, capped: true });
    x.traffic = elements * a.cacheBytes + 2 * size * a.batch * a.heads * d;
    const units = a.batch * a.kvHeads * (1 + context / c.part);
    x.busy = clamp(units / m.sms);
    const moving = warm ? fromCache(l, x.traffic, 0.95 * m.l2, 8, c.cache, c.cache_l2) : x.traffic / (c.cold * m.bandwidth);
    x.overlap[MEMORY] = moving * (1 + (m.sms / units) ** c.units);
    let kv = c.kv_head * a.kvHeads;
    if (a.heads === a.kvHeads) kv *= c.single;
    const clocks = 1000 * a.batch * (kv + c.head * a.heads) * c.blackwell;
    x.overlap[ARITHMETIC] = clocks / (m.sms * m.clock);
    if (a.cacheBytes < size && m.convert !== null) x.overlap[LATENCY] = elements / (m.convert * m.sms * m.clock);
    if (a.heads > a.kvHeads) x.floor += c.combine;
    return x;
  }

  // ---- Rows

  function rowOp(l, k) {
    if (l.constants.row.op.has(k.op)) return { op: k.op, why: "" };
    const op = { norm: "ln", activation: "gelu", gather: "embedding", elementwise: "add", softmax: "rmsnorm" }[k.class];
    if (op && op !== "rmsnorm") return { op, why: "" };
    const other = op || "add";
    return { op: other, why: `no ${k.class} was measured in ${k.dtype}; ${other} stands for it` };
  }

  function otherRows(l, k) {
    return half(l, k.dtype) ? "" : `no ${k.op || k.class} was measured in ${k.dtype}; those in 16 bit stand for it`;
  }

  function half(l, dtype) {
    const t = l.rules.types.get(dtype);
    return t !== undefined && t.bits === 16 && t.float;
  }

  function rows(l, k) {
    const m = l.machine, c = l.constants.row, { op, why } = rowOp(l, k), own = c.op.get(op);
    const x = newWaits({ p: 3, floor: own.floor * l.rules.reference_clock / m.clock, traffic: k.bytes + k.rereads, busy: 1, capped: true });
    x.overlap[MEMORY] = fromCache(l, x.traffic, c.size * m.l2, c.steep, c.stream, c.l2);
    x.overlap[ARITHMETIC] = own.work * k.elements / (m.sms * m.clock);
    x.traffic *= 1 - 1 / (1 + (x.traffic / (c.size * m.l2)) ** c.steep);
    return { x, why: why || borrowed(l, `row ${op}`) };
  }

  // ---- Layers of experts

  function expertWaits(l, k) {
    let t = { name: "bfloat16", weight: 2, peak: peak(l, k.dtype), joules: l.rules.expert_joules }, why = "";
    const s = quantisationOf(l, k);
    if (s) {
      why = noArithmetic(l, s, l.constants.experts.get(s.name).tensor > 0);
      if (why) t.weight = s.weight;
      else t = { name: s.name, weight: s.weight, peak: peak(l, s.peak), joules: l.rules.expert_joules * l.constants.quant.get(s.name).joules };
    }
    const group = `experts ${t.name}`;
    return { x: experts(l, k.experts, t, k.replayed), group, why: borrowed(l, group) || why };
  }

  function experts(l, e, t, warm) {
    const m = l.machine, c = l.constants.experts.get(t.name);
    const held = e.experts / e.ep, inter = e.inter / e.tp, uneven = l.rules.distributions.get(e.distribution);
    const pairs = Math.min(e.tokens * e.topK / e.ep * e.ep ** (uneven ? uneven.exponent : 0), e.tokens * Math.min(e.topK, held));
    const touched = uneven ? held * -Math.expm1(-c.meet * pairs / held) : Math.min(held, pairs);
    const matrices = e.gated ? 3 : 2;
    const x = newWaits({ p: c.overlap, flops: 2 * pairs * matrices * e.hidden * inter, joules: t.joules, busy: 1, capped: true });
    x.overlap[ARITHMETIC] = 2 * (pairs + c.pad * touched) * matrices * e.hidden * inter / (c.tensor * t.peak);
    const weights = touched * matrices * e.hidden * inter * t.weight, rate = warm && weights < m.l2 ? m.expert_l2 : c.stream;
    x.overlap[MEMORY] = weights / (rate * m.bandwidth);
    const moved = pairs * 2 * (2 * e.hidden + (2 * matrices - 2) * inter) + 4 * e.tokens * e.hidden;
    x.traffic = weights + moved;
    x.before = c.moved * moved / (0.91 * m.bandwidth);
    x.floor = c.floor + c.per_expert * held + c.per_width * (e.hidden + inter) * 2e9 / m.clock;
    return x;
  }

  return { waits, timeAt, peak, half, MEMORY };
})();

if (typeof module !== "undefined") module.exports = overlapWaits; // for tests outside a page
