"use strict";

// The arithmetic of a report: expressions in the dims, the energy model, sums over the module tree. It touches no page,
// and mirrors energy/law/additive.go and energy/predict/pass.go function by function, so that its numbers are those of
// irene analyze. overlap.js is the law of overlapping kernels.
const engine = (() => {
  const overlapping = typeof module === "undefined" ? overlap : require("./overlap.js");

  // compile reads one expression in Python's syntax (+ - * // % **, min, max, parentheses) and returns a function of the
  // values of the symbols. A symbol without a value makes the result NaN.
  function compile(text, symbols) {
    const tokens = text.match(/\/\/|\*\*|[A-Za-z_]\w*|\d+(?:\.\d+)?|[-+*%(),]/g) || [];
    let at = 0;
    const take = (t) => tokens[at] === t && (at++, true);

    function sum() {
      let f = product();
      for (;;) {
        const x = f;
        if (take("+")) { const y = product(); f = (v) => x(v) + y(v); }
        else if (take("-")) { const y = product(); f = (v) => x(v) - y(v); }
        else return f;
      }
    }
    function product() {
      let f = unary();
      for (;;) {
        const x = f;
        if (take("*")) { const y = unary(); f = (v) => x(v) * y(v); }
        else if (take("//")) { const y = unary(); f = (v) => floorDiv(x(v), y(v)); }
        else if (take("%")) { const y = unary(); f = (v) => { const a = x(v), b = y(v); return a - b * floorDiv(a, b); }; }
        else return f;
      }
    }
    function unary() {
      if (take("-")) { const x = unary(); return (v) => -x(v); }
      return power();
    }
    function power() {
      const x = atom();
      if (!take("**")) return x;
      const y = unary();
      return (v) => x(v) ** y(v);
    }
    function atom() {
      const t = tokens[at++];
      if (t === "(") { const f = sum(); take(")"); return f; }
      if (t === "min" || t === "max") {
        take("("); const x = sum(); take(","); const y = sum(); take(")");
        return t === "min" ? (v) => Math.min(x(v), y(v)) : (v) => Math.max(x(v), y(v));
      }
      if (t === "int" && take("(")) { const x = sum(); take(")"); return (v) => Math.floor(x(v)); }
      if (/^\d/.test(t)) { const n = Number(t); return () => n; }
      const slot = symbols.indexOf(t);
      return slot < 0 ? () => NaN : (v) => v[slot];
    }
    return sum();
  }

  // floorDiv rounds down; exact for whole numbers below 2^53.
  function floorDiv(x, y) { return y === 0 ? NaN : Math.floor(x / y); }

  // The terms of the model by their place in a rate, and the causes that they are shown as.
  const FLOPS = 0, BYTES = 4, LAUNCHES = 5;
  const CAUSES = ["arithmetic", "waves", "memory", "launch", "host"];
  const ARITHMETIC = 0, WAVES = 1, MEMORY = 2, LAUNCH = 3, HOST = 4;

  // prepare turns the data of one model into what evaluate reads. Sheets are the laws that its devices speak of.
  function prepare(data, rules, sheets) {
    const symbols = data.dims.map((d) => d.symbol);
    const model = { data, rules, sheets, symbols, expressions: data.expressions.map((t) => compile(t, symbols)), laws: new Map(), plans: new Map() };
    model.children = data.modules.map(() => []);
    model.own = data.modules.map(() => []);
    data.modules.forEach((m, i) => { if (m.parent >= 0) model.children[m.parent].push(i); });
    data.operators.forEach((op, i) => model.own[op.module].push(i));
    model.tiles = rules.terms.map((name) => rules.tiles[name]);
    return model;
  }

  // lawOf is the law of a device under a profile, as it comes; null where kernels go by rates.
  function lawOf(model, { device, profile }) {
    const at = device < 0 ? -1 : model.data.devices[device].laws[profile];
    if (at < 0) return null;
    if (!model.laws.has(at)) model.laws.set(at, overlapping.prepare(model.sheets, at));
    return model.laws.get(at);
  }

  // planOf says which work every operator does under a choice, and in which operator's kernel it runs; null where nothing
  // is predicted, or not under it.
  function planOf(model, { device, type, profile }) {
    if (device < 0) return null;
    const rates = model.data.devices[device].laws[profile] < 0, key = `${type} ${profile} ${rates}`;
    if (!model.plans.has(key)) {
      const plan = model.data.plans.find((p) => p.type === type && p.profile === profile && p.rates === rates);
      model.plans.set(key, plan ? { key, notes: plan.notes, works: model.data.works, ...expand(model.data.operators, plan) } : null);
    }
    return model.plans.get(key);
  }

  // expand tells every operator what a plan says of its role, counts the kernels of each work, and lists the operators of
  // each kernel that has several.
  function expand(operators, plan) {
    const work = operators.map((op) => plan.work[op.role]), kernel = operators.map((op, i) => (plan.kernel[op.role] ? i + plan.kernel[op.role] : -1));
    const counts = new Map(), members = new Map();
    for (const w of work) if (w >= 0) counts.set(w, (counts.get(w) || 0) + 1);
    kernel.forEach((k, i) => {
      if (k < 0) return;
      if (!members.has(k)) members.set(k, [k]);
      members.get(k).push(i);
    });
    return { work, kernel, counts, members };
  }

  // evaluate gives every number of a model at sizes of its dims, under a choice of device (negative: no prediction), type
  // and profile, all by number, and under other settings: see settings of overlap.js.
  function evaluate(model, sizes, choice, set = {}) {
    const { data } = model, values = [];
    const get = (id) => (id < 0 ? NaN : values[id] ??= model.expressions[id](sizes));
    const type = data.types[choice.type], plan = planOf(model, choice), device = plan ? data.devices[choice.device] : null;
    const forms = new Map();
    const formOf = (role) => {
      const id = type.forms[role];
      if (!forms.has(id)) forms.set(id, counted(data.forms[id], get));
      return forms.get(id);
    };
    const law = device && under(lawOf(model, choice), set), works = !device ? [] : law ? pass(law, plan, get) : rated(model, device, plan, get);
    const scope = law && set.host !== undefined ? "wall" : device && device.scope;
    const out = { get, choice, device, law, scope, plan, works, formOf: (i) => data.forms[type.forms[data.operators[i].role]], operators: [], modules: new Array(data.modules.length), memory: memory(type, data.lives[type.lives], get) };
    const part = device ? parts(plan, (i) => get(out.formOf(i).share)) : () => 1;
    const equal = new Map(); // operators of one role and part share their numbers
    out.operators = data.operators.map((op, i) => {
      const w = plan ? plan.work[plan.kernel[i] < 0 ? i : plan.kernel[i]] : -1, p = part(i);
      const others = plan && plan.kernel[i] < 0 && (plan.members.get(i) || []).filter((j) => j !== i).map(part);
      const key = `${op.role} ${w} ${p} ${others}`;
      if (!equal.has(key)) equal.set(key, operator(device ? moved(formOf(op.role), data.works[w], p, others, get) : formOf(op.role), device ? works[w] || idle : null, p, out.formOf(i)));
      return equal.get(key);
    });
    sumModule(model, out, 0, device);
    out.sure = sureness(out, law);
    return out;
  }

  function counted(f, get) {
    const n = { macs: get(f.macs), flops: get(f.flops), read: get(f.read), written: get(f.written) };
    n.bytes = n.read + n.written;
    return n;
  }

  function rated(model, device, plan, get) {
    const out = [];
    for (const w of plan.counts.keys()) out[w] = predict(model, device, plan.works[w], get);
    return out;
  }

  // memory is what a run holds at once: measureMemory of graph/analysis/memory.go.
  function memory(type, lives, get) {
    const sizes = type.sizes.map(get);
    let live = 0, most = 0;
    lives.begin.forEach((begin, i) => {
      for (const s of begin || []) live += sizes[s];
      most = Math.max(most, live);
      for (const s of lives.end[i] || []) live -= sizes[s];
    });
    return { weights: type.weights, peak: most, known: !sizes.some(Number.isNaN) };
  }

  // sureness says what part of the model's energy is fitted, estimated and a stand-in, and how far off times of such kernels
  // were on devices left out.
  function sureness(out, law) {
    const total = out.modules[0].energy, shares = { fitted: 0, estimated: 0, "stand-in": 0 };
    for (const op of out.operators) if (op.work && op.work.origin && op.energy > 0) shares[op.work.origin] += op.energy / total;
    let sum = 0, time = 0;
    if (law) {
      for (const [w, n] of out.plan.counts) {
        const p = out.works[w], s = law.spreads.get(p.group);
        if (s && s.left_out !== null) { sum += s.left_out * p.time * n; time += p.time * n; }
      }
    }
    return { shares, leftOut: time > 0 ? sum / time : 0 };
  }

  const idle = { known: true, energy: 0, time: 0, low: 0, high: 0, scaled: false, extrapolated: false, why: "", none: true };

  // under is a law under settings, by key; those that its device does not take are left out.
  function under(law, set) {
    if (!law) return null;
    for (const key of Object.keys(set)) {
      const s = overlapping.settings(law).find((x) => x.key === key);
      if (s && set[key] >= s.least && set[key] <= s.most) law = s.under(set[key]);
    }
    return law;
  }

  // parts gives the part of its kernel's energy and time that an operator stands for, in proportion to the FLOPs of the
  // kernel's operators; alike where none has any.
  function parts({ kernel, members }, shareOf) {
    const share = (i) => shareOf(i) || 0, sums = new Map();
    for (const [k, list] of members) sums.set(k, list.reduce((sum, i) => sum + share(i), 0));
    return (i) => {
      const k = kernel[i] < 0 ? i : kernel[i], sum = sums.get(k);
      if (sum === undefined) return 1;
      return sum > 0 ? share(i) / sum : 1 / members.get(k).length;
    };
  }

  // moved is a form with the bytes that an operator stands for: its part of its kernel's in whole bytes, the rest on the one
  // that does the work; none where it runs as no kernel.
  function moved(form, work, part, others, get) {
    if (Number.isNaN(form.read) || Number.isNaN(form.written) || (work && !work.known)) return form;
    const of = (id) => {
      if (!work || work.call) return 0;
      const all = get(id);
      return others ? others.reduce((rest, p) => rest - Math.trunc(p * all), all) : Math.trunc(part * all);
    };
    const read = of(work && work.read), written = of(work && work.written);
    return { ...form, read, written, bytes: read + written };
  }

  // operator joins counts and the part of a prediction. What nobody knows is NaN.
  function operator(form, work, part, kind) {
    const counts = form.macs + form.flops + form.read + form.written, known = !!work && work.known, of = (v) => (known ? part * work[v] : NaN);
    return {
      ...form, params: kind.params, operators: 1, predicted: known, unknown: Number.isNaN(counts) || (work && !known) ? 1 : 0,
      energy: of("energy"), time: of("time"), low: of("low"), high: of("high"),
      causes: known && work.causes ? work.causes.map((c) => c.map((v) => part * v)) : null, work,
    };
  }

  // pass predicts the kernels of one run by the law of overlapping kernels.
  function pass(law, { works, counts }, get) {
    const sizes = new Map(), out = [];
    let bytes = 0, launches = 0, time = 0;
    for (const [w, n] of counts) {
      const work = works[w], k = work.call ? { known: !Number.isNaN(get(work.bytes)), bytes: get(work.bytes) } : kernelAt(work, get);
      sizes.set(w, k);
      if (k.known) bytes += k.bytes * n;
    }
    const none = { known: false, energy: 0, time: 0, low: 0, high: 0, scaled: false, extrapolated: false, why: "", origin: "" };
    for (const [w, n] of counts) {
      const k = sizes.get(w), more = { bytes: k.bytes, products: k.products || [] };
      if (works[w].call) { out[w] = { ...none, ...more, known: k.known, causes: CAUSES.map(() => [0, 0]) }; continue; }
      k.replayed = bytes <= law.machine.near_l2;
      const p = overlapping.kernel(law, k);
      if (p.known && p.time > 0) { launches += n; time += p.time * n; }
      out[w] = { ...p, ...more, kernel: k, peak: overlapping.peak(law, k.dtype) };
    }
    const each = overlapping.excess(law, launches, time);
    for (const w of counts.keys()) if (!works[w].call && out[w].time > 0) hold(out[w], each);
    return out;
  }

  // hold adds what a kernel's launch makes the device wait for its host.
  function hold(p, [joules, seconds]) {
    p.causes[HOST] = [p.causes[HOST][0] + joules, p.causes[HOST][1] + seconds];
    for (const key of ["energy", "low", "high"]) p[key] += joules;
    for (const key of p.highTime > 0 ? ["time", "lowTime", "highTime"] : ["time"]) p[key] += seconds;
  }

  // kernelAt evaluates the sizes of a work: KernelAt of energy/law/law.go.
  function kernelAt(work, get) {
    const k = { class: work.class, dtype: work.dtype, op: work.op || "", quant: work.quant || "", macs: get(work.macs), bytes: get(work.bytes), rereads: 0, elements: get(work.elements) || 0, products: work.products.map((p) => p.map(get)), attention: null, experts: null, replayed: false };
    const sizes = [k.macs, k.bytes, ...k.products.flat()], at = (id) => { sizes.push(get(id)); return get(id); };
    if (work.attention) {
      const a = work.attention;
      k.attention = {
        batch: at(a.batch), heads: at(a.heads), kvHeads: at(a.kv_heads), headDim: at(a.head_dim), query: at(a.query), context: at(a.context),
        window: get(a.window) < get(a.context) ? get(a.window) : 0, causal: a.causal, dtype: a.dtype, cacheBytes: a.cache_bytes, float8: false,
      };
    }
    if (work.experts) {
      const e = work.experts;
      k.experts = { tokens: at(e.tokens), hidden: at(e.hidden), inter: at(e.inter), topK: at(e.top_k), experts: at(e.experts), tp: 1, ep: 1, gated: e.gated, distribution: e.distribution };
    }
    k.known = work.known && !sizes.some(Number.isNaN);
    return k;
  }

  // predict is the energy and time of one kernel, or of a call without a kernel.
  function predict(model, device, work, get) {
    const bytes = get(work.bytes);
    const out = { known: true, energy: 0, time: 0, low: 0, high: 0, scaled: false, extrapolated: false, why: "", bytes, causes: CAUSES.map(() => [0, 0]), products: [] };
    if (work.call) {
      if (Number.isNaN(bytes)) return { ...out, known: false };
      const share = hidden(device, bytes);
      out.energy = share * device.host[0];
      out.time = share * device.host[1];
      out.causes[HOST] = [out.energy, out.time];
      interval(model, device, work, out);
      return out;
    }
    const x = features(model, device, work, get, out);
    if (!work.known || x.some(Number.isNaN)) return { ...out, known: false };
    const rate = device.rates[work.rate];
    for (let t = 0; t < x.length; t++) {
      out.energy += rate.energy[t] * x[t];
      out.time += rate.time[t] * x[t];
    }
    const share = hidden(device, bytes);
    out.energy += share * device.host[0];
    out.time += share * device.host[1];
    out.flops = x[FLOPS];
    out.peak = rate.peak;
    out.scaled = rate.scaled;
    out.origin = rate.scaled ? "stand-in" : device.origin;
    out.why = rate.why;
    if (!rate.scaled) outside(rate, device, out, work);
    causes(model, rate, x, out.causes);
    out.causes[HOST] = [share * device.host[0], share * device.host[1]];
    interval(model, device, work, out);
    return out;
  }

  // hidden is the part of a launch that moving that many bytes does not hide.
  function hidden(device, bytes) { return device.hidden <= 0 ? 0 : Math.max(0, 1 - bytes / device.hidden); }

  // features are the values of the terms.
  function features(model, device, work, get, out) {
    const x = model.tiles.map(() => 0);
    x[FLOPS] = 2 * get(work.macs);
    x[BYTES] = get(work.bytes);
    x[LAUNCHES] = 1;
    out.depth = out.rows = 0;
    for (const p of work.products) {
      const [batch, rows, cols, depth] = p.map(get);
      out.products.push([batch, rows, cols, depth]);
      model.tiles.forEach((tile, t) => { if (tile) x[t] += waves(model, device, batch, rows, cols, depth, tile); });
      out.depth = Math.max(out.depth, depth);
      out.rows += batch * rows;
    }
    if (work.products.length === 0) model.tiles.forEach((tile, t) => { if (tile) x[t] = x[FLOPS]; });
    return x;
  }

  // waves is the operations of a product whose tiles fill whole waves of the multiprocessors.
  function waves(model, device, batch, rows, cols, depth, tile) {
    const side = (n, full) => (n < model.rules.vector_rows ? Math.max(n, 1) : full);
    const tm = side(rows, tile[0]), tn = side(cols, tile[1]);
    let blocks = batch * Math.ceil(rows / tm) * Math.ceil(cols / tn);
    if (device.sms > 0) blocks = Math.ceil(blocks / device.sms) * device.sms;
    return 2 * blocks * tm * tn * depth;
  }

  // outside marks kernels beyond the range that their rate was fitted in.
  function outside(rate, device, out, work) {
    const quantities = { bytes: out.bytes };
    if (out.depth > 0) { quantities.flops = out.flops; quantities.k = out.depth; quantities.rows = out.rows; }
    const lowBytes = rate.range.bytes ? rate.range.bytes[0] : 0;
    for (const name of ["rows", "k", "bytes", "flops"]) {
      const v = quantities[name], r = rate.range[name];
      if (v === undefined || !r) continue;
      const below = v < 0.9 * r[0] && (name === "k" || name === "rows" || lowBytes > device.hidden);
      if (!below && v <= 1.1 * r[1]) continue;
      out.extrapolated = true;
      out.why = below ? "smaller than any measured" : "larger than any measured";
      out.bound = { name, at: r[below ? 0 : 1], below };
      return;
    }
  }

  // causes splits a prediction by what takes it. Terms of rounded operations are arithmetic as far as the operations go.
  function causes(model, rate, x, out) {
    const put = (c, t, v) => { out[c][0] += rate.energy[t] * v; out[c][1] += rate.time[t] * v; };
    x.forEach((v, t) => {
      if (t === BYTES) put(MEMORY, t, v);
      else if (t === LAUNCHES) put(LAUNCH, t, v);
      else if (model.tiles[t]) {
        const useful = Math.min(v, x[FLOPS]);
        put(ARITHMETIC, t, useful);
        put(WAVES, t, v - useful);
      } else put(ARITHMETIC, t, v);
    });
  }

  // bound names what takes most of the time: compute, memory, launch, or "" where nothing takes time.
  function bound(causes) {
    if (!causes) return "";
    const t = causes.map((c) => c[1]);
    const list = [["compute", t[ARITHMETIC] + t[WAVES]], ["memory", t[MEMORY]], ["launch", t[LAUNCH] + t[HOST]]];
    const best = list.reduce((a, b) => (b[1] > a[1] ? b : a));
    return best[1] > 0 ? best[0] : "";
  }

  // band is the half-width of the 90 % interval of a node, relative to its value, from held-out errors.
  function band(model, device, level, cls, time) {
    const r = device.residuals;
    if (level === "operator" && cls in r.classes) return r.classes[cls];
    if (level in r.small && time < model.rules.small_time) return r.small[level];
    if (level in r.levels) return r.levels[level];
    return model.rules.unknown_residual;
  }

  function interval(model, device, work, out) {
    const { rules } = model;
    let width = band(model, device, "operator", work.class, out.time);
    if (out.scaled || device.origin === "estimated") width = Math.max(rules.least_scaled, width * rules.wider_scaled);
    else if (out.extrapolated) width *= rules.wider_extrapolated;
    out.low = Math.max(0, out.energy - width * out.energy);
    out.high = out.energy + width * out.energy;
  }

  const SUMS = ["macs", "flops", "read", "written", "bytes", "operators", "unknown"];

  // sumModule adds operators, then children. Unknown parts are left out and counted; parameters are no sum.
  function sumModule(model, out, m, device) {
    const sum = { predicted: !!device, params: model.data.modules[m].params, energy: device ? 0 : NaN, time: device ? 0 : NaN, low: NaN, high: NaN };
    const part = { fitted: 0, wide: 0, scaled: 0, extrapolated: 0 };
    for (const k of SUMS) sum[k] = 0;
    if (device) sum.causes = CAUSES.map(() => [0, 0]);
    for (const i of model.own[m]) addOperator(sum, part, out.operators[i], device);
    for (const c of model.children[m]) {
      const below = sumModule(model, out, c, device);
      addModule(sum, out.modules[c], device);
      for (const k in part) part[k] += below[k];
    }
    sum.scaled = part.scaled;
    sum.extrapolated = part.extrapolated;
    if (device) {
      const level = m === 0 ? "model" : model.children[m].length === 0 ? "operator" : "module";
      const half = band(model, device, level, "", sum.time) * part.fitted + part.wide;
      sum.low = Math.max(0, sum.energy - half);
      sum.high = sum.energy + half;
    }
    out.modules[m] = sum;
    return part;
  }

  function addOperator(sum, part, op, device) {
    for (const k of SUMS) if (!Number.isNaN(op[k])) sum[k] += op[k];
    if (!device || !op.predicted) return;
    sum.energy += op.energy;
    sum.time += op.time;
    if (op.work.none) return;
    op.causes.forEach((c, i) => { sum.causes[i][0] += c[0]; sum.causes[i][1] += c[1]; });
    if (op.work.scaled) part.scaled++;
    if (op.work.extrapolated) part.extrapolated++;
    if (op.work.scaled || op.work.extrapolated || (device.laws[0] < 0 && device.origin === "estimated")) part.wide += op.high - op.energy;
    else part.fitted += op.energy;
  }

  function addModule(sum, below, device) {
    for (const k of SUMS) sum[k] += below[k];
    if (!device) return;
    sum.energy += below.energy;
    sum.time += below.time;
    below.causes.forEach((c, i) => { sum.causes[i][0] += c[0]; sum.causes[i][1] += c[1]; });
  }

  return { compile, prepare, lawOf, planOf, evaluate, bound, settings: overlapping.settings, CAUSES };
})();

if (typeof module !== "undefined") module.exports = engine; // for tests outside a page
