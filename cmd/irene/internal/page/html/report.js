"use strict";

// The page: controls, totals, icicle, table and details. All numbers come from engine.js.
const page = (() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);

  // el makes an element. Properties are set as such, except attributes, whose names hold a hyphen or are "role".
  function el(tag, props, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props || {})) {
      if (v === undefined || v === null) continue;
      if (k.includes("-") || k === "role") e.setAttribute(k, v); else e[k] = v;
    }
    e.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
    return e;
  }

  // ---- Numbers as text

  const PREFIXES = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"]];

  function scaled(v, unit, digits) {
    if (v === undefined || v === null || Number.isNaN(v)) return "?";
    if (v === 0) return "0";
    const a = Math.abs(v);
    if (unit === "" && a < 1e4 && Number.isInteger(v)) return String(v);
    let [by, prefix] = PREFIXES.find(([p]) => a >= p * (1 - 5e-5)) || PREFIXES[PREFIXES.length - 1];
    return `${fixed(v / by, digits)} ${prefix}${unit}`.trimEnd();
  }
  function fixed(v, digits) {
    const whole = Math.floor(Math.log10(Math.max(1, Math.abs(v)))) + 1;
    return v.toFixed(Math.max(0, digits - whole));
  }
  function percent(part) {
    if (!Number.isFinite(part)) return "";
    if (part === 0) return "0 %";
    return part < 0.001 ? "<0.1 %" : `${(100 * part).toFixed(1)} %`;
  }
  const joules = (v) => scaled(v, "J", 3);
  const seconds = (v) => scaled(v, "s", 3);
  const bytes = (v) => scaled(v, "B", 4);
  const memory = (v) => { const i = v >= 2 ** 30 ? 30 : 20; return `${fixed(v / 2 ** i, 4)} ${i === 30 ? "GiB" : "MiB"}`; };
  const flops = (v) => scaled(v, "FLOP", 4);
  const count = (v) => scaled(v, "", 4);
  const whole = (v) => (Number.isNaN(v) ? "?" : v.toLocaleString("en").replaceAll(",", "\u202f"));

  const plural = (n, noun) => `${whole(n)} ${noun}${n === 1 ? "" : "s"}`;
  const why = (w) => (w.range ? `${w.why} outside the fitted ${count(w.range[0])} to ${count(w.range[1])}` : w.why);

  const METRICS = data.metrics.map((m) => ({ ...m, text: (v) => scaled(v, m.unit, m.predicted ? 3 : 4) }));

  // ---- Models and what is shown of them

  const models = data.models.map((m) => {
    const model = engine.prepare(m, data.rules, data.overlap);
    model.nodes = buildNodes(model);
    return model;
  });

  const state = {
    model: 0, compare: false, device: models[0].data.devices.length ? models[0].data.devices[0].id : "", set: {}, // settings of the device, by key
    sizes: new Map(), metric: "energy", colour: "class", view: "modules", query: "", sort: null,
    zoom: 0, selected: null, focus: null, rowFocus: null, expanded: new Set(), limit: 300,
  };
  const opening = new Map();
  for (const m of models) for (const d of m.data.dims) if (!opening.has(d.name)) opening.set(d.name, d.value);
  for (const [name, v] of opening) state.sizes.set(name, v);
  if (state.device === "") state.metric = "flops";

  const model = () => models[state.model];
  let result = null; // of the model shown
  const deviceIndex = (m) => m.data.devices.findIndex((d) => d.id === state.device);
  const sizesOf = (m) => m.data.dims.map((d) => state.sizes.get(d.name));
  const evaluate = (m, sizes = sizesOf(m)) => engine.evaluate(m, sizes, deviceIndex(m), state.set);

  // settings lists what can be set of the device.
  function settings() {
    const law = models[0].laws[deviceIndex(models[0])];
    return law ? engine.settings(law) : [];
  }
  const settingBoxes = new Map();

  // buildNodes makes what icicle and table show: modules, the operators in them, and a group for the operators of a
  // module that has modules of its own.
  function buildNodes(m) {
    const nodes = m.data.modules.map((d, i) => ({
      id: "m" + i, kind: "module", index: i, label: d.name || (i === 0 ? m.data.title.replace(/\.onnx$/, "") : "(no name)"), note: d.class, path: d.path, children: [], parent: null,
    }));
    const byId = new Map();
    nodes.forEach((n, i) => {
      n.parent = i === 0 ? null : nodes[m.data.modules[i].parent];
      if (n.parent) n.parent.children.push(n);
      n.level = n.parent ? n.parent.level + 1 : 0;
    });
    for (const n of nodes) {
      n.text = `${n.path} ${n.note}`.toLowerCase();
      n.operators = m.own[n.index].map((i) => operatorNode(m, n, i));
      n.group = null;
      if (n.children.length && n.operators.length) {
        n.group = { id: "g" + n.index, kind: "group", label: "own operators", note: "", path: n.path, parent: n, level: n.level + 1, children: n.operators, operators: [], text: "" };
      }
      n.rows = n.group ? [...n.children, n.group] : n.children.length ? n.children : n.operators;
      for (const o of n.operators) byId.set(o.id, o);
      if (n.group) { n.group.rows = n.operators; byId.set(n.group.id, n.group); }
      byId.set(n.id, n);
    }
    return { root: nodes[0], modules: nodes, byId };
  }
  function operatorNode(m, parent, i) {
    const op = m.data.operators[i], form = m.data.forms[op.form];
    return {
      id: "o" + i, kind: "operator", index: i, label: form.op, note: shortName(op.name) === form.op ? "" : shortName(op.name), path: parent.path, parent, level: parent.level + 1,
      children: [], operators: [], rows: [], form, text: `${parent.path} ${op.name} ${form.op} ${form.class}`.toLowerCase(),
    };
  }
  function shortName(name) { return name.split("/").pop(); }

  // value is a metric of a node, NaN where it is not known.
  function value(node, key) {
    if (node.kind === "module") return result.modules[node.index][key];
    if (node.kind === "operator") return result.operators[node.index][key];
    let sum = 0;
    for (const o of node.kind === "bundle" ? node.members : node.operatorsOf || node.children) {
      const v = value(o, key);
      if (!Number.isNaN(v)) sum += v;
    }
    return sum;
  }
  const share = (node) => value(node, state.metric) / value(model().nodes.root, state.metric);
  const metric = () => METRICS.find((m) => m.key === state.metric);

  function causesOf(node) {
    if (!result.device) return null;
    if (node.kind === "module") return result.modules[node.index].causes;
    if (node.kind === "operator") return result.operators[node.index].causes;
    const sum = engine.CAUSES.map(() => [0, 0]);
    for (const o of node.members || node.children) (causesOf(o) || []).forEach((c, i) => { sum[i][0] += c[0]; sum[i][1] += c[1]; });
    return sum;
  }
  const boundOf = (node) => engine.bound(causesOf(node));

  // classOf is the class by which an operator is coloured: that of its kernel, where it does one's work.
  function classOf(node) {
    if (result.plan) {
      const w = result.plan.work[node.index];
      if (w >= 0) return result.plan.works[w].class;
      const k = result.plan.kernel[node.index];
      if (k < 0) return "view";
    }
    return node.form.class;
  }

  // ---- Controls

  // stops are the sizes that a slider stands at: all small ones, then eight to each doubling.
  function stops(least, most) {
    const out = [];
    for (let n = least; n <= most; n += n < 16 ? 1 : 2 ** (Math.floor(Math.log2(n)) - 3)) out.push(n);
    if (out[out.length - 1] !== most) out.push(most);
    return out;
  }
  function largest(name, dims) {
    const limits = models.flatMap((m) => m.data.limits.filter((l) => m.data.expressions[l.expr] === (m.data.dims.find((d) => d.name === name) || {}).symbol).map((l) => l.rows));
    const open = opening.get(name);
    if (limits.length) return Math.max(open, Math.min(...limits));
    const usual = dims.some((d) => d.batch) ? 256 : 8192;
    return Math.max(usual, 2 ** Math.ceil(Math.log2(4 * Math.max(1, open))));
  }

  const sliders = new Map();
  function buildControls() {
    const box = $("controls");
    if (models[0].data.devices.length) box.append(deviceControl());
    for (const name of opening.keys()) box.append(sizeControl(name));
    const law = models[0].laws.find(Boolean);
    if (law) box.append(el("details", { id: "settings" }, el("summary", {}, "What if"), el("div", { className: "settings" }, ...engine.settings(law).map(settingControl))));
    const derived = el("p", { id: "derived", className: "quiet derived" });
    box.append(el("button", { type: "button", id: "reset", onclick: reset }, "Reset"), derived);
  }

  function deviceControl() {
    const select = el("select", { id: "device", onchange: () => { state.device = select.value; state.set = {}; changed(); } });
    const devices = models[0].data.devices;
    const group = (label, list) => list.length && select.append(el("optgroup", { label }, ...list.map((d) => el("option", { value: d.id }, d.name.replace(/^NVIDIA /, "")))));
    group("fitted", devices.filter((d) => d.origin === "fitted"));
    group("estimated from specifications", devices.filter((d) => d.origin !== "fitted"));
    select.value = state.device;
    return el("label", { className: "control device" }, el("span", { className: "name" }, "Device"), select, el("span", { id: "device-name", className: "print-only" }), el("span", { id: "origin", className: "quiet" }));
  }

  // settingControl sets what the device's law lets be set, beside its sizes: see settings of overlap.js.
  function settingControl({ key, name }) {
    const range = el("input", { type: "range", step: 1, "aria-label": name }), text = el("span", { className: "quiet" });
    range.oninput = () => { state.set[key] = range.valueAsNumber; changed(); };
    const box = el("label", { className: "control setting" }, el("span", { className: "name" }, name), range, text);
    settingBoxes.set(key, { box, range, text });
    return box;
  }

  function showSettings() {
    const list = settings(), under = result.law ? engine.settings(result.law) : [];
    for (const [key, { box, range, text }] of settingBoxes) {
      const s = list.find((x) => x.key === key);
      box.hidden = !s;
      if (!s) continue;
      const { value } = under.find((x) => x.key === key);
      Object.assign(range, { min: s.least, max: s.most });
      range.value = value ?? s.least;
      put(text, value === null ? "off" : `${whole(Number(value.toPrecision(4)))} ${s.unit}`);
    }
  }

  function sizeControl(name) {
    const dims = models.flatMap((m) => m.data.dims.filter((d) => d.name === name));
    const least = Math.min(...dims.map((d) => d.least)), most = largest(name, dims), steps = stops(least, most);
    const range = el("input", { type: "range", min: 0, max: steps.length - 1, step: 1, "aria-label": name });
    const number = el("input", { type: "number", min: least, max: 2 ** 31 - 1, step: 1, "aria-label": `${name}, exact`, inputMode: "numeric" });
    range.oninput = () => setSize(name, steps[range.valueAsNumber]);
    number.oninput = () => { if (number.validity.valid && Number.isInteger(number.valueAsNumber)) setSize(name, number.valueAsNumber); };
    number.onblur = () => { number.value = state.sizes.get(name); };
    sliders.set(name, { range, number, steps });
    return el("div", { className: "control" }, el("span", { className: "name", title: name }, name), range, number, el("span", { className: "print-only" }));
  }

  function setSize(name, v) { state.sizes.set(name, v); changed(); }

  function reset() {
    for (const [name, v] of opening) state.sizes.set(name, v);
    if ($("device")) state.device = models[0].data.devices[0].id;
    state.set = {};
    changed();
  }

  function showControls() {
    for (const [name, s] of sliders) {
      const v = state.sizes.get(name);
      let at = s.steps.findIndex((x) => x >= v);
      if (at < 0) at = s.steps.length - 1;
      if (s.range.valueAsNumber !== at) s.range.value = at;
      s.range.setAttribute("aria-valuetext", String(v));
      if (document.activeElement !== s.number) s.number.value = v;
      s.range.parentElement.querySelector(".print-only").textContent = ` = ${v}`;
      s.range.parentElement.hidden = !state.compare && !model().data.dims.some((d) => d.name === name);
    }
    showSettings();
    const d = result.device;
    if ($("device")) {
      $("device").value = state.device;
      put($("device-name"), d ? d.name : "");
      $("origin").textContent = d ? `${result.scope} energy, ${d.origin}` : "";
      $("origin").classList.toggle("warn", !!d && d.origin !== "fitted");
    }
    const follow = model().data.derived.map((x) => `${x.name} = ${model().data.expressions[x.expr]} = ${result.get(x.expr)}`);
    const assumed = model().data.dims.filter((x) => x.assumed && state.sizes.get(x.name) === x.value).map((x) => x.name);
    put($("derived"), [...follow, assumed.length ? `assumed: ${assumed.join(", ")}` : ""].filter(Boolean).join("; "));
    $("reset").disabled = !moved();
  }
  const moved = () => Object.keys(state.set).length > 0 || [...opening].some(([n, v]) => state.sizes.get(n) !== v) || (models[0].data.devices.length > 0 && state.device !== models[0].data.devices[0].id);

  // ---- Alerts

  function alerts() {
    const out = [], d = result.device, m = model();
    for (const l of m.data.limits) {
      const v = result.get(l.expr);
      if (v > l.rows) out.push(["warn", `${m.data.expressions[l.expr]} is ${v}: the model's table of positions ends at ${l.rows}`]);
    }
    if (d && m.data.memory.weight_bytes > d.memory && d.memory > 0) out.push(["warn", `The weights alone, ${memory(m.data.memory.weight_bytes)}, do not fit the device's ${memory(d.memory)}`]);
    const root = result.modules[0];
    if (d && root.scaled) out.push(["", `${plural(root.scaled, "operator")} by stand-in rates: ${reasons((w) => w.scaled)}`]);
    if (d && root.extrapolated) out.push(["", `${plural(root.extrapolated, "operator")} outside the range that was measured, with wider intervals: ${reasons((w) => w.extrapolated)}`]);
    if (root.unknown) out.push(["warn", `${plural(root.unknown, "operator")} of unknown cost: in no sum`]);
    for (const w of [...m.data.warnings, ...(d ? d.warnings : [])]) out.push(["", w]);
    return out;
  }
  function reasons(holds) {
    const seen = [...new Set(result.works.filter(holds).map(why))];
    return seen.slice(0, 2).join("; ") + (seen.length > 2 ? `; ${seen.length - 2} more reasons` : "");
  }
  function showAlerts() {
    const list = alerts(), key = JSON.stringify(list);
    if ($("alerts").dataset.key === key) return;
    $("alerts").dataset.key = key;
    $("alerts").replaceChildren(...list.slice(0, 3).map(([cls, text]) => el("li", { className: cls }, text)),
      ...(list.length > 3 ? [el("li", {}, el("details", {}, el("summary", {}, `${list.length - 3} more notes`), el("ul", {}, ...list.slice(3).map(([cls, text]) => el("li", { className: cls }, text)))))] : []));
  }

  // ---- Totals

  let atOpening = null; // the numbers to compare with
  function showTotals() {
    const t = result.modules[0], d = result.device, cards = [];
    const card = (name, text, more, key) => cards.push({ name, text, more, key });
    if (d) {
      card("Energy", joules(t.energy), `${joules(t.low)} to ${joules(t.high)}`, "energy");
      card("Time", seconds(t.time), "", "time");
      card("Power", t.time > 0 ? scaled(t.energy / t.time, "W", 3) : "?", result.scope === "wall" ? "at the plug" : "of the board");
    }
    card("FLOPs", flops(t.flops), d && t.time > 0 ? `${scaled(t.flops / t.time, "FLOP/s", 3)}` : "", "flops");
    card("Bytes moved", bytes(t.bytes), d && t.time > 0 ? scaled(t.bytes / t.time, "B/s", 3) : "", "bytes");
    card("Parameters", count(t.params), `${memory(model().data.memory.weight_bytes)} of weights`);
    const batch = model().data.dims.filter((x) => x.batch);
    if (d && batch.length === 1) card("Energy per item", joules(t.energy / state.sizes.get(batch[0].name)), `of ${batch[0].name}`);
    const box = $("totals");
    while (box.children.length > cards.length) box.lastChild.remove();
    cards.forEach((c, i) => {
      let e = box.children[i];
      if (!e) { e = el("div", { className: "card" }, el("span", { className: "quiet name" }), el("span", { className: "ratio" }), el("strong"), el("span", { className: "quiet more" })); box.append(e); }
      put(e.children[0], c.name); put(e.children[2], c.text); put(e.children[3], c.more);
      put(e.children[1], c.key && atOpening && moved() ? ratio(t[c.key] / atOpening.modules[0][c.key]) : "");
    });
  }
  const ratio = (x) => (Number.isFinite(x) && Math.abs(x - 1) > 5e-4 ? `× ${x >= 100 ? x.toFixed(0) : x.toPrecision(3)}` : "");
  const attribute = (e, name, text) => { if (e.getAttribute(name) !== text) e.setAttribute(name, text); };
  const put = (e, text) => { if (e.textContent !== text) e.textContent = text; };

  // ---- Icicle

  const tiles = new Map(); // elements by node id
  const ROW = 24;

  function layout() {
    const width = $("icicle").clientWidth || 1000, out = [];
    const visit = (node, x, w, depth) => {
      if (w * width < 1.5) return;
      out.push({ node, x, w, depth });
      const parts = [...node.children, ...node.operators].map((c) => [c, Math.max(0, value(c, state.metric) || 0)]);
      const total = Math.max(value(node, state.metric), parts.reduce((s, p) => s + p[1], 0));
      if (!(total > 0)) return;
      let at = x;
      for (const [c, v] of parts) {
        if (v > 0) visit(c, at, (w * v) / total, depth + 1);
        at += (w * v) / total;
      }
    };
    visit(model().nodes.modules[state.zoom], 0, 1, 0);
    return out;
  }

  function showIcicle() {
    const box = $("icicle"), width = box.clientWidth, list = layout(), seen = new Set(), fresh = [];
    const matched = state.query ? (n) => matches(n) || under(n) : null;
    let rows = 1;
    for (const t of list) {
      rows = Math.max(rows, t.depth + 1);
      seen.add(t.node.id);
      let e = tiles.get(t.node.id);
      if (!e) { e = el("div", { className: "tile", role: "treeitem", tabIndex: -1 }); e.node = t.node; tiles.set(t.node.id, e); fresh.push(e); }
      const s = e.style;
      s.left = `${100 * t.x}%`; s.width = `${100 * t.w}%`; s.top = `${ROW * t.depth}px`;
      const px = t.w * width;
      put(e, tileText(t.node, px));
      paint(e, t.node, px);
      attribute(e, "aria-level", String(t.depth + 1));
      attribute(e, "aria-label", `${t.node.kind === "operator" ? t.node.label : t.node.path || "model"}, ${metric().text(value(t.node, state.metric))}, ${percent(share(t.node))}`);
      e.classList.toggle("faint", !!matched && !matched(t.node));
      e.classList.toggle("selected", state.selected === t.node.id);
    }
    for (const [id, e] of tiles) if (!seen.has(id)) { e.remove(); tiles.delete(id); }
    box.append(...fresh);
    box.style.height = `${ROW * rows}px`;
    box.classList.toggle("empty", list.length === 0 || !(value(list[0].node, state.metric) > 0));
    if (!seen.has(state.focus)) state.focus = list.length ? list[0].node.id : null;
    for (const [id, e] of tiles) e.tabIndex = id === state.focus ? 0 : -1;
  }

  // tileText is as much of a name as there is room for: of narrow layers the number.
  function tileText(node, px) {
    const letters = (px - 6) / 6.4;
    if (node.label.length <= letters) return node.label;
    const last = node.label.split(".").pop();
    if (last.length <= letters && /^\d+$/.test(last)) return last;
    return letters >= 5 ? node.label : "";
  }

  const under = (n) => { for (let p = n.parent; p; p = p.parent) if (matches(p)) return true; return n.kind === "module" && below(n); };
  const below = (n) => n.children.some((c) => matches(c) || below(c)) || n.operators.some(matches);

  const BOUNDS = { compute: "c-gemm", memory: "c-move", launch: "c-norm", "": "c-view" };
  const CLASSES = new Set(["gemm", "bmm", "attention", "conv", "softmax", "norm", "activation", "elementwise", "reduce", "move", "gather", "view"]);
  function paint(e, node, px) {
    let name = "module";
    e.style.backgroundColor = "";
    if (state.colour === "share") {
      name = "heat";
      const p = Math.sqrt(Math.min(1, Math.max(0, share(node) || 0)));
      e.style.backgroundColor = `color-mix(in oklab, var(--heat) ${(100 * p).toFixed(1)}%, var(--heat-low))`;
      if (p > 0.6) name = "heat hot";
    } else if (state.colour === "bound") name = BOUNDS[boundOf(node)];
    else if (node.kind === "operator") { const c = classOf(node); name = "c-" + (CLASSES.has(c) ? c : "other"); }
    const cls = `tile ${name}${px < 5 ? " thin" : ""}`;
    if (e.dataset.cls !== cls) { e.dataset.cls = cls; e.className = cls; }
  }

  function showLegend() {
    let items = [];
    if (state.colour === "class") {
      const sums = classSums(model().nodes.modules[state.zoom]);
      items = sums.filter(([, v]) => v > 0).slice(0, 9).map(([c]) => ["c-" + (CLASSES.has(c) ? c : "other"), c]);
    } else if (state.colour === "bound") items = Object.entries(BOUNDS).filter(([b]) => b).map(([b, c]) => [c, b]);
    else items = [["heat-scale", `0 to 100 % of the model's ${metric().name.toLowerCase()}`]];
    $("legend").replaceChildren(...items.map(([c, text]) => el("span", {}, el("i", { className: c }), text)));
  }

  // classSums adds the chosen metric over the operators of a subtree, by class.
  function classSums(node) {
    const sums = new Map();
    const visit = (n) => {
      for (const o of n.operators) {
        const c = classOf(o), v = value(o, state.metric);
        if (!Number.isNaN(v)) sums.set(c, (sums.get(c) || 0) + v);
      }
      n.children.forEach(visit);
    };
    visit(node);
    return [...sums].sort((a, b) => b[1] - a[1]);
  }

  function showCrumbs() {
    const path = [];
    for (let n = model().nodes.modules[state.zoom]; n; n = n.parent) path.unshift(n);
    $("crumbs").hidden = path.length < 2;
    $("crumbs").replaceChildren(...path.flatMap((n, i) => [
      i ? el("span", { "aria-hidden": "true" }, "›") : "",
      i === path.length - 1 ? el("span", { "aria-current": "location" }, n.label) : el("button", { type: "button", onclick: () => zoomTo(n) }, n.label),
    ]).filter((x) => x !== ""));
  }

  function zoomTo(node) {
    if (node.kind !== "module") return;
    state.zoom = node.index;
    state.focus = node.id;
    render();
    saveState();
  }

  function icicleKeys(ev) {
    const e = tiles.get(state.focus);
    if (!e) return;
    const shown = [...tiles.values()];
    const level = (x) => Number(x.getAttribute("aria-level")), left = (x) => parseFloat(x.style.left);
    const beside = (dir) => shown.filter((x) => level(x) === level(e) && (left(x) - left(e)) * dir > 0).sort((a, b) => dir * (left(a) - left(b)))[0];
    let to = null;
    switch (ev.key) {
      case "ArrowRight": to = beside(1); break;
      case "ArrowLeft": to = beside(-1); break;
      case "ArrowUp": to = e.node.parent && tiles.get(e.node.parent.id); break;
      case "ArrowDown": to = [...e.node.children, ...e.node.operators].map((c) => tiles.get(c.id)).find(Boolean); break;
      case "Home": to = tiles.get("m" + state.zoom); break;
      case "Enter": case " ": ev.preventDefault(); select(e.node); zoomTo(e.node); refocus(); return;
      case "Escape": case "Backspace": {
        const up = model().nodes.modules[state.zoom].parent;
        if (up) { const was = state.focus; ev.preventDefault(); zoomTo(up); if (tiles.has(was)) state.focus = was; refocus(); }
        return;
      }
      default: return;
    }
    ev.preventDefault();
    if (to) { state.focus = to.node.id; select(to.node); refocus(); }
  }
  function refocus() {
    for (const [id, e] of tiles) e.tabIndex = id === state.focus ? 0 : -1;
    const e = tiles.get(state.focus);
    if (e) e.focus({ preventScroll: true });
  }

  // ---- Table

  const COLUMNS = [
    { key: "label", name: "Module", text: true },
    { key: "share", name: "Share" },
    { key: "energy", name: "Energy", predicted: true, format: joules },
    { key: "time", name: "Time", predicted: true, format: seconds },
    { key: "flops", name: "FLOPs", format: (v) => scaled(v, "", 4) },
    { key: "bytes", name: "Bytes", format: bytes },
    { key: "params", name: "Params", format: count },
    { key: "bound", name: "Bound by", text: true, predicted: true },
  ];
  const columns = () => COLUMNS.filter((c) => !c.predicted || result.device);

  // bundles are operators that do equal work at equal places of equal layers.
  function bundles() {
    const m = model(), plan = result.plan;
    const key = plan ? plan.runtime : "";
    m.bundles ||= new Map();
    if (m.bundles.has(key)) return m.bundles.get(key);
    const byKey = new Map();
    m.data.operators.forEach((op, i) => {
      const node = m.nodes.byId.get("o" + i), place = node.path.replace(/(^|\.)\d+(?=\.|$)/g, "$1*");
      const k = `${place}|${op.form}|${plan ? plan.work[i] : ""}|${plan && plan.kernel[i] >= 0}`;
      if (!byKey.has(k)) byKey.set(k, { id: "b" + byKey.size, kind: "bundle", place, form: node.form, members: [], children: [], operators: [], rows: [], level: 0, index: i });
      byKey.get(k).members.push(node);
    });
    const list = [...byKey.values()];
    for (const b of list) {
      b.label = b.form.op + (b.members.length > 1 ? ` ×${b.members.length}` : "");
      b.note = b.members.length > 1 ? b.place : b.members[0].path;
      b.text = b.members.map((o) => o.text).join(" ");
      m.nodes.byId.set(b.id, b);
    }
    m.bundles.set(key, list);
    return list;
  }

  function sortValue(node, key) {
    if (key === "label") return node.label;
    if (key === "bound") return boundOf(node);
    if (key === "share") return value(node, state.metric);
    return value(node, key);
  }
  function sorted(list) {
    const s = state.sort || (state.view === "operators" ? { key: "share", dir: -1 } : null);
    if (!s) return list;
    const by = new Map(list.map((n) => [n, sortValue(n, s.key)]));
    return [...list].sort((a, b) => {
      const x = by.get(a), y = by.get(b);
      if (typeof x === "string") return s.dir * x.localeCompare(y, "en", { numeric: true });
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return s.dir * (x - y);
    });
  }

  const terms = () => state.query.toLowerCase().split(/\s+/).filter(Boolean);
  let queryTerms = [];
  const matches = (n) => n.text !== "" && queryTerms.every((t) => n.text.includes(t));

  // rowsToShow lists the nodes of the table, parents first, as far as they are open or lead to what is searched.
  function rowsToShow() {
    if (state.view === "operators") return sorted(bundles().filter((b) => (!state.query || matches(b)) && (value(b, state.metric) > 0 || state.query)));
    const out = [];
    const leads = new Map();
    const leadsTo = (n) => {
      if (!leads.has(n)) leads.set(n, n.rows.some((c) => (c.kind !== "group" && matches(c)) || leadsTo(c)));
      return leads.get(n);
    };
    const visit = (n) => {
      const hit = !state.query || matches(n), inside = state.query && leadsTo(n);
      if (!hit && !inside && !under(n)) return;
      out.push(n);
      n.open = state.expanded.has(n.id) || (inside && !hit);
      if (n.open) sorted(n.rows).forEach(visit);
    };
    visit(model().nodes.root);
    return out;
  }

  const rowCache = new Map();
  function showTable() {
    showHead();
    const all = rowsToShow(), list = all.slice(0, state.limit), body = $("table").tBodies[0], cols = columns();
    if (!list.some((n) => n.id === state.rowFocus)) state.rowFocus = list.length ? list[0].id : null;
    list.forEach((node, i) => {
      const row = rowOf(node, cols);
      fillRow(row, node, cols, i);
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] || null);
    });
    while (body.children.length > list.length) body.lastChild.remove();
    $("more").hidden = all.length <= list.length;
    $("more").firstChild.textContent = `Show ${Math.min(1000, all.length - list.length)} more of ${all.length}`;
    $("table").setAttribute("aria-rowcount", all.length);
    showFound();
  }

  function showFound() {
    if (!state.query) { put($("found"), ""); return; }
    let n = 0, sum = 0;
    if (state.view === "operators") for (const b of rowsToShow()) { n += b.members.length; sum += value(b, state.metric) || 0; }
    else {
      const visit = (x) => {
        if (matches(x)) { n++; sum += value(x, state.metric) || 0; return; }
        x.children.forEach(visit); x.operators.forEach(visit);
      };
      visit(model().nodes.root);
    }
    put($("found"), n ? `${n} found, ${metric().text(sum)}, ${percent(sum / value(model().nodes.root, state.metric))}` : "nothing found");
  }

  function showHead() {
    const cols = columns(), s = state.sort || (state.view === "operators" ? { key: "share", dir: -1 } : {});
    const key = JSON.stringify([cols.map((c) => c.key), s, state.view, state.metric]);
    const head = $("table").tHead;
    if (head.dataset.key === key) return;
    const focused = document.activeElement && head.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    head.dataset.key = key;
    $("table").dataset.metric = state.metric;
    $("table").setAttribute("role", state.view === "modules" ? "treegrid" : "table");
    head.replaceChildren(el("tr", {}, ...cols.map((c) => {
      const dir = s.key === c.key ? s.dir : 0;
      const button = el("button", { type: "button", onclick: () => sortBy(c) }, c.key === "label" && state.view === "operators" ? "Operator" : c.name, el("span", { className: "arrow", "aria-hidden": "true" }, dir ? (dir < 0 ? "▾" : "▴") : ""));
      button.dataset.key = c.key;
      return el("th", { scope: "col", className: `col-${c.key}${c.text ? " text" : ""}`, "aria-sort": dir ? (dir < 0 ? "descending" : "ascending") : "none" }, button);
    })));
    if (focused) head.querySelector(`button[data-key="${focused}"]`)?.focus();
  }

  // sortBy goes through: largest first, smallest first, as in the file.
  function sortBy(c) {
    const first = c.text ? 1 : -1, s = state.sort;
    if (!s || s.key !== c.key) state.sort = { key: c.key, dir: first };
    else if (s.dir === first) s.dir = -first;
    else state.sort = null;
    showTable();
  }

  function rowOf(node, cols) {
    let row = rowCache.get(node);
    if (row && row.cols === cols.length) return row;
    row = el("tr", { tabIndex: -1 });
    row.cols = cols.length;
    row.node = node;
    for (const c of cols) row.append(el("td", { className: `col-${c.key}${c.text ? " text" : ""}` }));
    const name = row.firstChild;
    name.style.setProperty("--level", node.level);
    name.append(el("span", { className: "twist", "aria-hidden": "true" }), el("span", { className: "label" }), " ", el("span", { className: "quiet note" }));
    row.children[1].append(el("span", { className: "bar" }), el("span", { className: "figure" }));
    rowCache.set(node, row);
    return row;
  }

  function fillRow(row, node, cols, i) {
    row.setAttribute("aria-level", node.level + 1);
    row.setAttribute("aria-rowindex", i + 1);
    if (node.rows.length) row.setAttribute("aria-expanded", !!node.open); else row.removeAttribute("aria-expanded");
    row.setAttribute("aria-selected", state.selected === node.id);
    row.className = node.kind + (state.selected === node.id ? " selected" : "") + (node.rows.length ? " parent" : "");
    row.tabIndex = node.id === state.rowFocus ? 0 : -1;
    const [twist, label, note] = row.firstChild.children;
    put(twist, node.rows.length ? (node.open ? "▾" : "▸") : "");
    mark(label, node.kind === "group" ? `${node.children.length} own operator${node.children.length === 1 ? "" : "s"}` : node.label);
    mark(note, node.note || "");
    cols.forEach((c, k) => {
      if (k === 0) return;
      const cell = row.children[k];
      if (c.key === "share") {
        const part = share(node);
        cell.firstChild.style.setProperty("--part", Number.isFinite(part) ? part.toFixed(4) : 0);
        put(cell.lastChild, percent(part));
      } else put(cell, c.key === "bound" ? boundOf(node) : c.format(value(node, c.key)));
    });
  }

  // mark puts text and highlights what is searched.
  function mark(e, text) {
    const key = text + "\n" + state.query;
    if (e.dataset.key === key) return;
    e.dataset.key = key;
    const low = text.toLowerCase(), t = queryTerms.find((x) => low.includes(x));
    if (!t) { e.textContent = text; return; }
    const at = low.indexOf(t);
    e.replaceChildren(text.slice(0, at), el("mark", {}, text.slice(at, at + t.length)), text.slice(at + t.length));
  }

  function toggle(node, open) {
    if (!node.rows.length) return;
    if (open) state.expanded.add(node.id); else state.expanded.delete(node.id);
    showTable();
  }

  function tableKeys(ev) {
    const row = ev.target.closest("tbody tr");
    if (!row) return;
    const node = row.node;
    let to = null;
    switch (ev.key) {
      case "ArrowDown": to = row.nextElementSibling; break;
      case "ArrowUp": to = row.previousElementSibling; break;
      case "Home": to = row.parentElement.firstElementChild; break;
      case "End": to = row.parentElement.lastElementChild; break;
      case "ArrowRight":
        if (node.rows.length && !node.open) toggle(node, true); else if (node.rows.length) to = row.nextElementSibling;
        break;
      case "ArrowLeft":
        if (node.open) toggle(node, false); else if (node.parent) to = rowCache.get(node.parent.group && node.kind === "operator" ? node.parent.group : node.parent);
        break;
      case "Enter": case " ": select(node); break;
      default: return;
    }
    ev.preventDefault();
    if (to && to.isConnected) {
      state.rowFocus = to.node.id;
      row.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    }
  }

  // openSome opens modules, the upper ones first, as far as the table stays a screen.
  function openSome(rows) {
    state.expanded.clear();
    let level = [model().nodes.root], shown = 1;
    while (level.length) {
      const open = level.filter((n) => n.children.length), more = open.reduce((sum, n) => sum + n.rows.length, 0);
      if (shown > 1 && shown + more > rows) return;
      for (const n of open) state.expanded.add(n.id);
      shown += more;
      level = open.flatMap((n) => n.children);
    }
  }

  function expandAll() {
    const open = model().nodes.modules.filter((n) => n.children.length && state.expanded.has(n.id));
    const more = open.length ? open.flatMap((n) => n.children).filter((n) => n.rows.length && !state.expanded.has(n.id)) : [model().nodes.root];
    for (const n of more) state.expanded.add(n.id);
    showTable();
  }

  function select(node) {
    state.selected = node.id;
    showDetail();
    for (const [id, e] of tiles) e.classList.toggle("selected", id === node.id);
    for (const row of $("table").tBodies[0].rows) { row.classList.toggle("selected", row.node === node); row.setAttribute("aria-selected", row.node === node); }
    saveState();
  }

  // ---- Details

  function showDetail() {
    const node = model().nodes.byId.get(state.selected) || model().nodes.root;
    const parts = [el("h2", {}, node.kind === "module" ? node.label : node.label), el("p", { className: "quiet path" }, detailPath(node))];
    if (node.kind !== "group") parts.push(...marks(node));
    parts.push(facts(node));
    const causes = causesOf(node);
    if (causes && causes.some((c) => c[0] > 0)) parts.push(el("h3", {}, "What takes it"), causeTable(causes));
    if (node.kind === "module" && result.modules[node.index].operators > 1) parts.push(el("h3", {}, `${metric().name} by operator class`), classTable(node));
    if (node.kind === "operator" || node.kind === "bundle") parts.push(...operatorDetail(node.kind === "bundle" ? node.members[0] : node));
    $("detail").replaceChildren(...parts);
  }

  function detailPath(node) {
    const d = node.kind === "module" ? model().data.modules[node.index] : null;
    if (d) return [d.path || "the whole model", d.class, d.canonical !== undefined ? `call of ${d.canonical || "the model"}` : "", d.calls > 1 ? `called ${d.calls} times` : ""].filter(Boolean).join(" · ");
    if (node.kind === "bundle") return `${node.place || "the model itself"} · ${node.members.length} operators, each at its own place`;
    if (node.kind === "operator") return model().data.operators[node.index].name || node.path;
    return `${node.path || "the model"}, beside its modules`;
  }

  function facts(node) {
    const v = (k) => value(node, k), rows = [], d = result.device;
    const row = (name, text, more) => rows.push(el("dt", {}, name), el("dd", {}, text, more ? el("span", { className: "quiet" }, " " + more) : ""));
    if (d && (node.kind === "group" || node.kind === "bundle" || !Number.isNaN(v("energy")))) {
      row("Energy", joules(v("energy")), (node.kind === "module" || node.kind === "operator") && v("energy") > 0 ? `${joules(v("low"))} to ${joules(v("high"))}` : "");
      row("Time", seconds(v("time")), v("time") > 0 ? scaled(v("energy") / v("time"), "W", 3) : "");
    }
    row("Share", percent(share(node)), `of the model's ${metric().name.toLowerCase()}`);
    row("FLOPs", flops(v("flops")), v("bytes") > 0 ? `${(v("flops") / v("bytes")).toPrecision(3)} per byte` : "");
    row("Bytes", bytes(v("bytes")), v("bytes") > 0 ? `${bytes(v("read"))} read` : "");
    if (v("params") > 0) row("Parameters", whole(v("params")));
    if (node.kind === "module") row("Operators", whole(v("operators")), v("unknown") ? `${v("unknown")} of unknown cost` : "");
    const first = node.kind === "bundle" ? node.members[0] : node, work = first.kind === "operator" && result.operators[first.index].work;
    if (work && work.origin) row("Rests on", ORIGIN_TEXT[work.origin]);
    const bound = boundOf(node);
    if (bound) row("Bound by", bound, ridge(node));
    return el("dl", { className: "facts" }, ...rows);
  }

  // ridge says from how many FLOPs per byte on arithmetic is the slower part.
  function ridge(node) {
    const first = node.kind === "bundle" ? node.members[0] : node;
    if (first.kind !== "operator") return "";
    const { work } = result.operators[first.index];
    return work && work.peak && work.products.length ? `ridge at ${(work.peak / result.device.bandwidth).toPrecision(3)} FLOP per byte` : "";
  }

  // marks are the doubts about a prediction.
  function marks(node) {
    if (!result.device) return [];
    if (node.kind === "module") {
      const m = result.modules[node.index];
      return [m.scaled ? `${plural(m.scaled, "operator")} by stand-in rates` : "", m.extrapolated ? `${plural(m.extrapolated, "operator")} outside the measured range` : ""].filter(Boolean).map((t) => el("p", { className: "doubt" }, t));
    }
    const op = result.operators[(node.kind === "bundle" ? node.members[0] : node).index];
    if (!op.work || op.work.none || !op.work.why) return [];
    return [el("p", { className: "doubt" }, `${op.work.scaled ? "Stand-in" : "Extrapolated"}: ${why(op.work)}`)];
  }

  const ORIGIN_TEXT = { fitted: "measurements of the device", estimated: "its row, and measurements of others", "stand-in": "measurements of something like it" };
  const CAUSE_TEXT = {
    arithmetic: "operations of products", waves: "idle parts of tiles and multiprocessors", memory: "bytes read and written", launch: "starting kernels", host: "launches that work does not hide",
  };
  function causeTable(causes) {
    const total = causes.reduce((s, c) => [s[0] + c[0], s[1] + c[1]], [0, 0]);
    const bar = el("div", { className: "stack", "aria-hidden": "true" });
    causes.forEach((c, i) => { const e = el("i", { className: `k-${engine.CAUSES[i]}` }); e.style.width = `${(100 * c[0]) / total[0]}%`; bar.append(e); });
    const rows = causes.map((c, i) => [engine.CAUSES[i], c]).filter(([, c]) => c[0] > 0 || c[1] > 0);
    return el("div", {}, bar, el("table", { className: "mini" }, el("tbody", {}, ...rows.map(([name, c]) => el("tr", {},
      el("th", { scope: "row", title: CAUSE_TEXT[name] }, el("i", { className: `k-${name}` }), name), el("td", {}, joules(c[0])), el("td", {}, percent(c[0] / total[0])), el("td", {}, seconds(c[1])))))));
  }

  function classTable(node) {
    const sums = classSums(node).filter(([, v]) => v > 0), total = sums.reduce((s, x) => s + x[1], 0);
    return el("table", { className: "mini" }, el("tbody", {}, ...sums.slice(0, 8).map(([c, v]) => el("tr", {},
      el("th", { scope: "row" }, el("i", { className: "c-" + (CLASSES.has(c) ? c : "other") }), c), el("td", {}, metric().text(v)), el("td", {}, percent(v / total))))));
  }

  function operatorDetail(node) {
    const out = [], { form } = node, m = model();
    out.push(el("h3", {}, "Shapes"), el("table", { className: "mini shapes" }, el("tbody", {}, ...valueRows("in", form.inputs), ...valueRows("out", form.outputs))));
    const plan = result.plan;
    if (plan) {
      const w = plan.work[node.index], k = plan.kernel[node.index];
      if (k >= 0) out.push(el("p", {}, "Runs in the kernel of ", link(m.nodes.byId.get("o" + k)), ", by its part of whose FLOPs it has its part of energy and time."));
      else if (w < 0) out.push(el("p", {}, "Launches nothing: a view, or computed before the run."));
      else {
        const members = plan.kernel.flatMap((x, i) => (x === node.index ? [m.nodes.byId.get("o" + i)] : []));
        if (members.length) out.push(el("p", {}, "Its kernel takes in ", ...members.flatMap((x, i) => [i ? ", " : "", link(x)]), "."));
        out.push(...productRows(result.works[w]));
      }
    }
    const text = (id) => (id < 0 ? "not known" : m.data.expressions[id]);
    const forms = [["FLOPs", form.flops], ["bytes read", form.read], ["bytes written", form.written]].filter(([, id]) => text(id) !== "0");
    if (forms.length) out.push(el("h3", {}, "Closed forms"), el("dl", { className: "forms" }, ...forms.flatMap(([name, id]) => [el("dt", {}, name), el("dd", {}, el("code", {}, text(id)))])));
    return out;
  }

  function productRows(work) {
    if (!work.products.length) return [];
    const text = work.products.slice(0, 3).map(([b, r, c, d]) => `${b !== 1 ? `${whole(b)} products of ` : ""}${whole(r)} × ${whole(d)} by ${whole(d)} × ${whole(c)}`);
    return [el("p", {}, text.join("; "), work.products.length > 3 ? ` and ${work.products.length - 3} more` : "")];
  }

  function valueRows(name, values) {
    const m = model(), show = (id) => (id < 0 ? "?" : Number.isNaN(result.get(id)) ? m.data.expressions[id] : whole(result.get(id)));
    return values.flatMap((v) => {
      if (!v) return [];
      const [dtype, shape, stored] = v;
      const open = shape && shape.some((id) => id >= 0 && !/^-?\d+$/.test(m.data.expressions[id]));
      return [el("tr", {}, el("th", { scope: "row" }, stored ? "stored" : name), el("td", {}, dtype || "?"),
        el("td", { className: "shape" }, shape ? `[${shape.map(show).join(", ")}]` : "unknown rank", open ? el("code", { className: "quiet" }, ` ${shape.map((id) => (id < 0 ? "?" : m.data.expressions[id])).join(", ")}`) : ""))];
    });
  }

  const link = (node) => el("button", { type: "button", className: "link", onclick: () => select(node) }, `${node.label} ${node.note}`.trimEnd());

  // ---- The whole page

  // choices makes a group of buttons of which one is chosen; arrow keys go round.
  function choices(box, items, current, pick) {
    const key = JSON.stringify([items, current]);
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    const focused = box.contains(document.activeElement);
    box.replaceChildren(...items.map(([key, name]) => {
      const b = el("button", { type: "button", role: "radio", "aria-checked": key === current, tabIndex: key === current ? 0 : -1, onclick: () => pick(key) }, name);
      b.dataset.key = key;
      return b;
    }));
    if (focused) box.querySelector("[aria-checked=true]").focus();
    box.onkeydown = (ev) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[ev.key];
      if (!step) return;
      ev.preventDefault();
      const i = items.findIndex(([k]) => k === box.querySelector("[aria-checked=true]").dataset.key);
      pick(items[(i + step + items.length) % items.length][0]);
    };
  }

  function showChoices() {
    choices($("metrics"), METRICS.filter((m) => !m.predicted || result.device).map((m) => [m.key, m.name]), state.metric, (k) => { state.metric = k; render(); saveState(); });
    $("expand").hidden = $("collapse").hidden = state.view === "operators";
    choices($("views"), [["modules", "Modules"], ["operators", "Operators"]], state.view, (k) => { state.view = k; state.sort = null; state.limit = 300; render(); });
    const tabs = $("models");
    tabs.hidden = models.length < 2;
    const items = [...models.map((m, i) => [String(i), m.data.title]), ...(models.length === 2 ? [["compare", "Compare"]] : [])];
    choices(tabs, items, state.compare ? "compare" : String(state.model), (k) => {
      state.compare = k === "compare";
      if (!state.compare && Number(k) !== state.model) switchModel(Number(k));
      changed();
    });
  }

  function switchModel(i) {
    state.model = i;
    state.zoom = 0;
    state.selected = state.focus = state.rowFocus = null;
    for (const e of tiles.values()) e.remove();
    tiles.clear();
    rowCache.clear();
    openSome(innerWidth < 640 ? 24 : 44);
  }

  // commandLine gives what the page shows, as far as a command does.
  function commandLine() {
    const shown = state.compare ? models : [model()], names = new Set(shown.flatMap((m) => m.data.dims.map((d) => d.name)));
    const set = settings().filter((s) => s.key in state.set).map((s) => ` --${s.flag} ${state.set[s.key]}`).join("");
    const flags = [...names].map((n) => ` --dim ${/^[\w.]+$/.test(n) ? n : `'${n}'`}=${state.sizes.get(n)}`).join("");
    const device = !result.device ? " --device none" : result.device.default ? "" : ` --device ${result.device.id}`;
    return `irene ${state.compare ? "compare" : "analyze"} ${shown.map((m) => m.data.file).join(" ")}${flags}${device}${model().data.flags}${set}`;
  }

  function showFoot() {
    const m = model().data, mem = m.memory;
    const notes = [`FLOPs count ${m.flops}.`];
    if (!state.compare && m.coverage) notes.push(`Operators were placed in modules: ${m.coverage}.`);
    if (!state.compare && mem.peak_activation_bytes !== null) notes.push(`At the sizes the report was made for, activations take at most ${memory(mem.peak_activation_bytes)} beside ${memory(mem.weight_bytes)} of weights.`);
    $("foot").replaceChildren(el("p", {}, "The same from the command line: ", el("code", {}, commandLine())), el("p", {}, notes.join(" ")),
      el("p", { className: "keys" }, "Keys: / searches; arrows move in the picture and the table, Enter zooms or selects, Escape goes back."));
    put($("title"), state.compare ? models.map((x) => x.data.title).join(" and ") : m.title);
    put($("about"), state.compare ? "" : `${m.about}; numbers ${m.mode}`);
  }

  function render() {
    queryTerms = terms();
    if (!result.device && metric().predicted) state.metric = "flops";
    showChoices();
    showControls();
    showAlerts();
    showTotals();
    $("single").hidden = state.compare;
    $("compare").hidden = !state.compare;
    $("totals").hidden = $("alerts").hidden = state.compare;
    if (state.compare) compare.show();
    else { showIcicle(); showLegend(); showCrumbs(); showTable(); showDetail(); }
    showFoot();
  }

  // changed calculates anew at most once per frame.
  let waiting = false;
  function changed() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; update(); saveState(); });
  }
  function update() {
    const t0 = performance.now();
    result = evaluate(model());
    render();
    document.documentElement.dataset.ms = (performance.now() - t0).toFixed(1);
  }

  // ---- The address holds sizes, device and view, so that a link shows the same.

  // saveState waits until nothing has changed for a moment: browsers take their time over it.
  let saving = 0;
  function saveState() {
    clearTimeout(saving);
    saving = setTimeout(writeAddress, 250);
  }
  function writeAddress() {
    const h = new URLSearchParams();
    for (const [name, v] of state.sizes) if (v !== opening.get(name)) h.set("d." + name, v);
    if (models[0].data.devices.length && state.device !== models[0].data.devices[0].id) h.set("device", state.device);
    for (const [key, v] of Object.entries(state.set)) h.set("set." + key, v);
    if (state.metric !== "energy") h.set("metric", state.metric);
    if (state.model) h.set("model", state.model);
    if (state.compare) h.set("view", "compare");
    if (state.zoom) h.set("zoom", state.zoom);
    if (state.selected) h.set("at", state.selected);
    const text = h.toString();
    try { history.replaceState(null, "", text ? "#" + text : location.pathname + location.search); } catch { /* some viewers forbid it */ }
  }
  function loadState() {
    const h = new URLSearchParams(location.hash.slice(1));
    for (const [k, v] of h) {
      const s = k.startsWith("d.") && sliders.get(k.slice(2));
      if (s && /^\d{1,10}$/.test(v) && Number(v) >= s.steps[0] && Number(v) < 2 ** 31) state.sizes.set(k.slice(2), Number(v));
    }
    if (models[0].data.devices.some((d) => d.id === h.get("device"))) state.device = h.get("device");
    settingsIn(h);
    if (METRICS.some((m) => m.key === h.get("metric"))) state.metric = h.get("metric");
    if (models[h.get("model")]) state.model = Number(h.get("model"));
    state.compare = h.get("view") === "compare" && models.length === 2;
    if (model().nodes.modules[h.get("zoom")]) state.zoom = Number(h.get("zoom"));
    if (model().nodes.byId.has(h.get("at"))) state.selected = h.get("at");
  }

  // settingsIn reads the settings of an address that the device takes.
  function settingsIn(h) {
    state.set = {};
    for (const s of settings()) {
      const v = h.get("set." + s.key);
      if (/^\d{1,6}$/.test(v || "") && Number(v) >= s.least && Number(v) <= s.most) state.set[s.key] = Number(v);
    }
  }

  function listen() {
    const box = $("icicle");
    box.onkeydown = icicleKeys;
    box.onclick = (ev) => { const e = ev.target.closest(".tile"); if (e) { state.focus = e.node.id; select(e.node); zoomTo(e.node); refocus(); } };
    box.onmouseover = (ev) => { const e = ev.target.closest(".tile"); if (e) e.title = e.getAttribute("aria-label"); };
    box.onfocus = refocus;
    const body = $("table").tBodies[0];
    body.onkeydown = tableKeys;
    body.onclick = (ev) => {
      const row = ev.target.closest("tr");
      if (!row) return;
      state.rowFocus = row.node.id;
      if (ev.target.closest(".twist")) toggle(row.node, !row.node.open); else select(row.node);
      for (const r of body.rows) r.tabIndex = r === row ? 0 : -1;
      row.focus({ preventScroll: true });
    };
    body.ondblclick = (ev) => { const row = ev.target.closest("tr"); if (row) toggle(row.node, !row.node.open); };
    $("search").oninput = () => { state.query = $("search").value.trim(); state.limit = 300; queryTerms = terms(); showTable(); showIcicle(); };
    $("search").onkeydown = (ev) => { if (ev.key === "Escape") { $("search").value = ""; $("search").oninput(); } };
    $("colour").onchange = () => { state.colour = $("colour").value; render(); };
    $("expand").onclick = expandAll;
    $("collapse").onclick = () => { openSome(1 + model().nodes.root.rows.length); showTable(); };
    $("more").firstChild.onclick = () => { state.limit += 1000; showTable(); };
    new ResizeObserver(() => { if (result && !state.compare) showIcicle(); }).observe(box);
    window.addEventListener("hashchange", () => { clearTimeout(saving); loadState(); update(); });
    document.addEventListener("keydown", (ev) => {
      if (ev.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(ev.target.tagName)) { ev.preventDefault(); $("search").focus(); }
    });
  }

  function start() {
    $("app").hidden = false;
    buildControls();
    atOpening = engine.evaluate(model(), model().data.dims.map((d) => opening.get(d.name)), models[0].data.devices.length ? 0 : -1);
    loadState();
    openSome(innerWidth < 640 ? 24 : 44);
    listen();
    update();
  }

  return { start, models, rows: data.rows, state, el, $, put, choices, METRICS, joules, scaled, percent, evaluate, render, saveState, result: () => result };
})();
