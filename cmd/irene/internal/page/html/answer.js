"use strict";

// The answer first: what a run of the model takes, whether it fits, how sure that is and what was assumed.
const answer = (() => {
  const { $, el, put } = dom;
  const { state } = page;
  const { joules, percent, plural } = text;

  function show() {
    const r = page.result(), opening = page.atOpening();
    cards(r).forEach((c, i) => card(i, { ...c, ratio: c.key && opening && page.moved() ? times(r.modules[0][c.key] / opening.modules[0][c.key]) : "" }));
    const box = $("totals");
    while (box.children.length > cards(r).length) box.lastChild.remove();
    $("about-answer").replaceChildren(...[["Sure", sure(r)], ["Assumed", assumed(r)]].filter(([, t]) => t).flatMap(([name, t]) => [el("dt", {}, name), el("dd", {}, t)]));
    showAlerts(r);
  }

  function cards(r) {
    const t = r.modules[0], d = r.device, out = [], least = t.unknown > 0 ? "≥ " : "";
    if (d) {
      out.push({ name: "Energy", text: least + joules(t.energy), more: `${joules(t.low)} to ${joules(t.high)}`, key: "energy" });
      out.push({ name: "Time", text: least + text.seconds(t.time), key: "time" });
      out.push({ name: "Power", text: t.time > 0 ? text.watts(t.energy / t.time) : "?", more: limit(r) });
      const each = item(r);
      if (each) out.push({ name: `Per ${each.name}`, text: least + joules(t.energy / each.count), more: each.count > 1 ? `${text.whole(each.count)} ${each.name}s` : "" });
    }
    out.push({ name: "FLOPs", text: least + text.flops(t.flops), more: d && t.time > 0 ? text.scaled(t.flops / t.time, "FLOP/s", 3) : "", key: "flops" });
    out.push({ name: "Bytes moved", text: least + text.bytes(t.bytes), more: d && t.time > 0 ? text.scaled(t.bytes / t.time, "B/s", 3) : "", key: "bytes" });
    out.push({ name: "Parameters", text: text.parameters(t.params), more: `${text.memory(r.memory.weights)} of weights` });
    out.push({ name: "Memory", ...memory(r) });
    return out;
  }

  // limit is what the power is held against: of the board, nothing is told at the plug.
  function limit(r) {
    if (r.scope === "wall") return "at the plug";
    const watts = r.law ? r.law.machine.limit : r.device.board;
    return watts > 0 ? `of ${text.watts(watts)}` : "of the board";
  }

  // item is the smallest share of a run that is counted: a token, else an item of the batch.
  function item(r, m = page.model()) {
    const { tokens, items } = m.data;
    return [["token", tokens], ["item", items]].map(([name, id]) => ({ name, count: r.get(id) })).find((x) => x.count > 0);
  }

  function memory(r) {
    const { weights, peak, known } = r.memory, room = r.device ? r.device.memory : 0;
    if (!known) return { text: `≥ ${text.memory(weights)}`, more: "activations not known" };
    const all = weights + peak;
    if (!room) return { text: text.memory(all), more: `${text.memory(peak)} of activations` };
    const fits = all <= room;
    return { text: text.memory(all), more: fits ? `fits ${text.memory(room)}` : `does NOT fit ${text.memory(room)}`, bad: !fits };
  }

  function card(i, { name, text, more, ratio, bad }) {
    const box = $("totals");
    let e = box.children[i];
    if (!e) { e = el("div", { className: "card" }, el("span", { className: "quiet name" }), el("span", { className: "ratio" }), el("strong"), el("span", { className: "quiet more" })); box.append(e); }
    put(e.children[0], name); put(e.children[1], ratio || ""); put(e.children[2], text); put(e.children[3], more || "");
    e.classList.toggle("bad", !!bad);
  }
  const times = (x) => (Number.isFinite(x) && Math.abs(x - 1) > 5e-4 ? `× ${text.ratio(x)}` : "");

  // sure says what part of the energy is fitted, estimated and a stand-in, and how far off such numbers were.
  function sure(r) {
    if (!r.device) return "";
    if (!r.law) return r.device.origin === "fitted" ? "fitted to measurements of the device" : "estimated from specifications and what was measured on others";
    const list = Object.entries(r.sure.shares).filter(([, s]) => s > 0).map(([o, s]) => `${percent(s)} ${o}`).join(", ");
    return r.sure.leftOut > 0 ? `${list}; times of such kernels were ${(100 * r.sure.leftOut).toFixed(0)} % off on GPUs left out of the fit` : list;
  }

  function assumed(r) {
    const dims = page.model().data.dims.filter((x) => x.assumed && state.sizes.get(x.name) === x.value).map((x) => `${x.name} = ${x.value}`);
    if (r.device && r.device.default) dims.push(`the device ${r.device.id}`);
    if (r.device && !state.profile) dims.push(`the runtime ${page.model().data.profiles[r.choice.profile]}`);
    return dims.join(", ");
  }

  // ---- Alerts

  function alerts(r) {
    const out = [], d = r.device, m = page.model(), root = r.modules[0];
    for (const l of m.data.limits) {
      const v = r.get(l.expr);
      if (v > l.rows) out.push(["warn", `${m.data.expressions[l.expr]} is ${v}: the model's table of positions ends at ${l.rows}`]);
    }
    if (!d && state.device) out.push(["warn", "This model has no prediction under these choices"]);
    if (root.unknown) out.push(["warn", `${plural(root.unknown, "operator")} of unknown cost, in no sum: numbers are lower bounds`]);
    if (d && root.scaled) out.push(["", `${plural(root.scaled, "operator")} by stand-in rates: ${reasons(r, (w) => w.scaled)}`]);
    if (d && root.extrapolated) out.push(["", `${plural(root.extrapolated, "operator")} outside the range that was measured, with wider intervals: ${reasons(r, (w) => w.extrapolated)}`]);
    const notes = d ? [...d.warnings[r.choice.profile], ...r.plan.notes].map((i) => m.data.notes[i]) : [];
    for (const w of [...m.data.unknown, ...m.data.types[r.choice.type].warnings, ...notes]) out.push(["", w]);
    return out;
  }
  function reasons(r, holds) {
    const seen = [...new Set(r.works.filter(holds).map(detail.why))];
    return seen.slice(0, 2).join("; ") + (seen.length > 2 ? `; ${seen.length - 2} more reasons` : "");
  }
  function showAlerts(r) {
    const list = alerts(r), key = JSON.stringify(list);
    if ($("alerts").dataset.key === key) return;
    $("alerts").dataset.key = key;
    const item = ([cls, t]) => el("li", { className: cls }, t);
    $("alerts").replaceChildren(...list.slice(0, 3).map(item),
      ...(list.length > 3 ? [el("li", {}, el("details", {}, el("summary", {}, `${list.length - 3} more notes`), el("ul", {}, ...list.slice(3).map(item))))] : []));
  }

  return { show, item, memory };
})();
