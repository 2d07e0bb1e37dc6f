"use strict";

// What can be chosen: device, runtime profile, type, sizes, and what is set of the device. Input that is refused is said
// beside its box, and the numbers stay those of the last that was not.
const controls = (() => {
  const { $, el, put, attribute } = dom;
  const { state, models, opening } = page;
  const { devices, types, profiles } = models[0].data;
  const MOST = 2 ** 31 - 1;
  const sizes = new Map(), settingBoxes = new Map();
  let changed = () => {};

  // stops are the sizes that a slider stands at: all small ones, then eight to each doubling.
  function stops(least, most) {
    const out = [];
    for (let n = least; n <= most; n += n < 16 ? 1 : 2 ** (Math.floor(Math.log2(n)) - 3)) out.push(n);
    if (out[out.length - 1] !== most) out.push(most);
    return out;
  }
  function largest(name, dims) {
    const limits = models.flatMap((m) => m.data.limits.filter((l) => m.data.expressions[l.expr] === (m.data.dims.find((d) => d.name === name) || {}).symbol).map((l) => l.rows));
    const open = opening.sizes.get(name);
    if (limits.length) return Math.max(open, Math.min(...limits));
    const usual = dims.some((d) => d.batch) ? 256 : 8192;
    return Math.max(usual, 2 ** Math.ceil(Math.log2(4 * Math.max(1, open))));
  }

  function build(onchange) {
    changed = onchange;
    const box = $("controls");
    if (devices.length) box.append(deviceControl(), profileControl(), typeControl());
    const law = models[0].data.devices.map((_, i) => engine.lawOf(models[0], { device: i, profile: 0 })).find(Boolean);
    const set = law ? engine.settings(law).map(settingControl) : [];
    if (set.length) box.append(set[0]);
    for (const name of opening.sizes.keys()) box.append(sizeControl(name));
    if (set.length) box.append(el("details", { id: "settings" }, el("summary", {}, "What if"), el("div", { className: "settings" }, ...set.slice(1))));
    box.append(el("button", { type: "button", id: "reset", onclick: reset }, "Reset"), el("p", { id: "derived", className: "quiet derived" }));
  }

  function select(id, name, options, onchange, ...more) {
    const box = el("select", { id, onchange: () => { onchange(box.value); changed(); } }, ...options);
    return el("label", { className: "control choice" }, el("span", { className: "name" }, name), box, el("span", { className: "print-only", id: `${id}-name` }), ...more);
  }
  const option = (value, name, props) => el("option", { value, ...props }, name);

  function deviceControl() {
    const group = (label, list) => (list.length ? el("optgroup", { label }, ...list.map((d) => option(d.id, d.name.replace(/^NVIDIA /, "")))) : "");
    return select("device", "Device", [group("fitted", devices.filter((d) => d.origin === "fitted")), group("estimated from specifications", devices.filter((d) => d.origin !== "fitted"))].filter(Boolean),
      (v) => { state.device = v; state.set = {}; }, el("span", { id: "origin", className: "quiet" }));
  }
  const profileControl = () => select("profile", "Runtime", [option("", ""), ...profiles.map((p) => option(p, p))], (v) => { state.profile = v; });
  const typeControl = () => select("type", "Type", types.map((t) => option(t.as, t.as || `${t.type || "as"} in the file`, { disabled: !models.every((m) => m.data.types.some((x) => x.as === t.as)) })), (v) => { state.type = v; });

  // number is a slider with a box for exact numbers, and a line for what is wrong with them. Steps map the slider's places
  // to numbers; check says what is wrong with a number, "" where nothing is.
  function number(name, unit, { least, check, pick, steps, current }) {
    const range = el("input", { type: "range", step: 1, "aria-label": name }), error = el("span", { className: "refused", role: "alert", hidden: true });
    const box = el("input", { type: "text", inputMode: "numeric", className: "number", autocomplete: "off", spellcheck: false, role: "spinbutton", "aria-label": `${name}, exact` });
    const refuse = (why) => {
      put(error, why);
      error.hidden = why === "";
      if (why) box.setAttribute("aria-invalid", "true"); else box.removeAttribute("aria-invalid");
    };
    const take = (v) => { refuse(""); pick(v); };
    range.oninput = () => take(steps ? steps[range.valueAsNumber] : range.valueAsNumber);
    box.oninput = () => {
      const [v, why] = read(box.value, least);
      const wrong = why || check(v);
      if (wrong) refuse(wrong); else take(v);
    };
    box.onkeydown = (ev) => {
      const step = { ArrowUp: 1, ArrowDown: -1 }[ev.key];
      if (ev.key === "Escape") { box.value = String(current()); refuse(""); }
      if (!step) return;
      ev.preventDefault();
      box.value = String(current() + step);
      box.oninput();
    };
    box.onblur = () => { if (!error.hidden) return; box.value = String(current()); };
    const e = el("div", { className: "control" }, el("span", { className: "name", title: name }, name), range, box, el("span", { className: "print-only" }), unit ? el("span", { className: "quiet unit" }, unit) : "", error);
    return { e, range, box, refuse, steps, refused: () => !error.hidden };
  }

  // read reads a whole number.
  function read(typed, least) {
    const word = typed.trim().replace(/[\s_,\u202f](?=\d{3}\b)/g, "");
    if (word === "") return [NaN, "a number is missing"];
    const v = Number(word);
    if (Number.isNaN(v)) return [v, `“${typed.trim().slice(0, 20)}” is not a number`];
    if (v < least) return [v, v < 0 ? "negative" + (least > 0 ? `: at least ${least}` : "") : `${word}: at least ${least}`];
    if (v > MOST) return [v, `too large: at most ${MOST}`];
    if (!Number.isInteger(v)) return [v, `${word} is not a whole number`];
    return [v, ""];
  }

  function sizeControl(name) {
    const dims = models.flatMap((m) => m.data.dims.filter((d) => d.name === name)), least = Math.min(...dims.map((d) => d.least));
    const c = number(name, "", {
      least, steps: stops(least, largest(name, dims)), check: (v) => relation(name, v), current: () => state.sizes.get(name),
      pick: (v) => { const why = relation(name, v); if (why) { sizes.get(name).refuse(why); return; } state.sizes.set(name, v); changed(); },
    });
    Object.assign(c.range, { min: 0, max: c.steps.length - 1 });
    sizes.set(name, c);
    return c.e;
  }

  // relation says what a size contradicts that the graph needs to be equal or not negative; "" where nothing is.
  function relation(name, v) {
    const with_ = new Map(state.sizes).set(name, v);
    for (const m of models) {
      const list = m.data.dims.map((d) => with_.get(d.name)), at = (id) => m.expressions[id](list), formula = (id) => m.data.expressions[id];
      for (const [a, b] of m.data.equal) if (at(a) !== at(b) && !Number.isNaN(at(a) - at(b))) return `the model needs ${formula(a)} = ${formula(b)}: ${at(a)} is not ${at(b)}`;
      for (const d of m.data.derived) if (at(d.expr) < 0) return `${d.name} = ${formula(d.expr)} would be ${at(d.expr)}`;
    }
    return "";
  }

  // settingControl sets what the device's law lets be set, beside its sizes: see settings of overlap.js.
  function settingControl({ key, name, unit }) {
    const setting = () => page.settings().find((s) => s.key === key);
    const c = number(name, unit, {
      least: 0, pick: (v) => { state.set[key] = v; changed(); }, current: () => held(key) ?? "",
      check: (v) => { const s = setting(); return v < s.least || v > s.most ? `${devices[page.choiceOf(models[0]).device].id} takes ${s.least} to ${s.most} ${unit}` : ""; },
    });
    c.e.classList.add("setting");
    settingBoxes.set(key, c);
    return c.e;
  }
  // held is what holds of a setting; null where nothing does.
  function held(key) {
    const law = page.result().law, s = law && engine.settings(law).find((x) => x.key === key);
    return s && s.value !== null ? Number(s.value.toPrecision(6)) : null;
  }

  function showSettings() {
    const list = page.settings();
    if ($("settings")) $("settings").hidden = list.length === 0;
    for (const [key, c] of settingBoxes) {
      const s = list.find((x) => x.key === key);
      c.e.hidden = !s;
      if (!s) { c.refuse(""); continue; }
      const v = held(key);
      Object.assign(c.range, { min: s.least, max: s.most });
      c.range.value = v ?? s.least;
      showNumber(c, v === null ? "" : String(v));
    }
  }

  function showNumber(c, v) {
    if (document.activeElement !== c.box && !c.refused()) c.box.value = v;
    attribute(c.box, "placeholder", v === "" ? "off" : "");
    attribute(c.box, "aria-valuetext", v || "off");
    attribute(c.range, "aria-valuetext", v || "off");
    put(c.e.querySelector(".print-only"), ` = ${v || "off"}`);
  }

  function show() {
    const r = page.result(), d = r.device, m = page.model();
    for (const [name, c] of sizes) {
      const v = state.sizes.get(name);
      let at = c.steps.findIndex((x) => x >= v);
      if (at < 0) at = c.steps.length - 1;
      if (c.range.valueAsNumber !== at) c.range.value = at;
      showNumber(c, String(v));
      c.e.hidden = !state.compare && !m.data.dims.some((d) => d.name === name);
    }
    showSettings();
    if (devices.length) {
      const chosen = page.choiceOf(models[0], { ...state, profile: "" });
      Object.assign($("device"), { value: state.device });
      put($("profile").options[0], `${profiles[chosen.profile] || "none"} (default)`);
      $("profile").value = state.profile;
      $("type").value = state.type;
      for (const id of ["device", "profile", "type"]) put($(`${id}-name`), $(id).selectedOptions[0]?.textContent || "");
      put($("origin"), d ? `${r.scope} energy${d.origin === "fitted" ? "" : `, ${d.origin}`}` : "");
      $("origin").classList.toggle("warn", !!d && d.origin !== "fitted");
    }
    put($("derived"), m.data.derived.map((x) => [...new Set([x.name, m.data.expressions[x.expr], String(r.get(x.expr))])].join(" = ")).join("; "));
    $("reset").disabled = !page.moved() && ![...sizes.values(), ...settingBoxes.values()].some((c) => c.refused());
  }

  function reset() {
    for (const [name, v] of opening.sizes) state.sizes.set(name, v);
    Object.assign(state, { device: opening.device, type: opening.type, profile: opening.profile, set: {} });
    for (const c of [...sizes.values(), ...settingBoxes.values()]) c.refuse("");
    changed();
  }

  // takes says that a size from an address is one that the box would take.
  const takes = (name, v) => sizes.has(name) && read(v, sizes.get(name).steps[0])[1] === "" && relation(name, Number(v)) === "";

  return { build, show, takes };
})();
