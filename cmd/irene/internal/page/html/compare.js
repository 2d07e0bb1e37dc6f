"use strict";

// The view of two models side by side: the second as a multiple of the first, with its verdict, then module by module. Of
// more models two are chosen, below the ranking of all.
const compare = (() => {
  const { el, $, put } = dom;
  const { state, METRICS, models } = page;
  const opened = new Set(); // rows whose parts stand the other way than at first
  let pair = [0, 1], rows = null, byDifference = false, all = [], results = [], drawn = null, drawing = 0; // results are those of the pair

  const title = (k) => models[pair[k]].data.title;
  const module = (k, i) => { const d = models[pair[k]].data.modules[i]; return { path: d.path, class: d.class, label: d.name || title(k) }; };
  const moduleOf = (row, k) => row.modules[pair[k]];
  const amount = (r, k) => {
    const list = r.rows.map((x) => moduleOf(x, k)).filter((m) => m >= 0);
    return list.length ? list.reduce((s, m) => s + results[k].modules[m][state.metric], 0) : NaN;
  };
  const difference = (r) => (amount(r, 1) || 0) - (amount(r, 0) || 0);

  function show() {
    rows ||= linked();
    all = models.map((m) => page.evaluate(m));
    results = pair.map((k) => all[k]);
    if (!$("compare").firstChild) build();
    if (models.length > 2) ranking.show($("ranking"), all);
    headline();
    totals();
    dom.choices($("compare-metrics"), METRICS.filter((m) => !m.predicted || results[0].device).map((m) => [m.key, m.name]), state.metric, (k) => { state.metric = k; page.render(); page.saveState(); });
    modules();
  }

  // linked links the rows of the alignment that have a module of the pair.
  function linked() {
    const list = page.rows.map((r, i) => ({ ...r, id: i, children: [] })), has = (r) => pair.some((k) => r.modules[k] >= 0);
    for (const r of list.slice(1).filter(has)) {
      let above = list[r.parent];
      while (!has(above)) above = list[above.parent];
      above.children.push(r);
    }
    return list;
  }

  // against chooses the pair.
  function against(k, model) {
    pair = pair.map((was, i) => (i === k ? model : was === model ? pair[k] : was));
    rows = drawn = null;
    opened.clear();
    $("compare").replaceChildren();
    show();
    $(`pair-${k}`).focus();
  }
  function chooser(k) {
    const e = el("select", { id: `pair-${k}`, "aria-label": k ? "with" : "compare", onchange: () => against(k, Number(e.value)) }, ...models.map((m, i) => el("option", { value: i }, m.data.title)));
    e.value = pair[k];
    return e;
  }

  function build() {
    const order = el("select", { id: "compare-order", onchange: () => { byDifference = order.value === "difference"; modules(); } },
      el("option", { value: "order" }, "as in the first model"), el("option", { value: "difference" }, "largest difference first"));
    const head = (k, cls) => el("th", { scope: "col", className: cls, title: title(k) }, title(k));
    if (models.length > 2) {
      $("compare").append(el("section", { className: "panel", "aria-label": "Ranking", id: "ranking" }), el("p", { className: "pair" }, chooser(0), " against ", chooser(1)));
    }
    $("compare").append(
      el("section", { className: "verdict", id: "verdict", "aria-label": "Verdict", "aria-live": "polite" }, el("p", { className: "headline", id: "headline" }), el("p", { id: "interval" })),
      el("section", { className: "panel", "aria-label": "Totals" }, el("div", { className: "scroll" }, el("table", { className: "compare-table sizes", id: "compare-totals" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col", className: "text" }, ""), head(0), head(1), el("th", { scope: "col" }, "ratio"))), el("tbody")))),
      el("section", { className: "panel", "aria-label": "Module by module" },
        el("div", { className: "panel-head" }, el("h2", {}, "Module by module"), el("div", { id: "compare-metrics", className: "choices", role: "radiogroup", "aria-label": "Metric" }), el("label", { className: "inline" }, "Order ", order)),
        el("div", { className: "scroll" }, el("table", { className: "compare-table", id: "compare-rows" },
          el("thead", {}, el("tr", {}, head(0, "text"), head(1, "text wide"), el("th", { scope: "col" }, "first"), el("th", { scope: "col" }, "second"), el("th", { scope: "col", className: "wide" }, "difference"), el("th", { scope: "col" }, "ratio"))), el("tbody")))));
  }

  // ---- The verdict

  function headline() {
    const [a, b] = results.map((r) => r.modules[0]), known = results[0].device && results[1].device, m = known ? METRICS.find((x) => x.key === "energy") : page.metric();
    const open = a.unknown + b.unknown > 0, least = (t) => (t.unknown > 0 ? "≥ " : "") + m.text(t[m.key]), less = b[m.key] < a[m.key], name = m.name.toLowerCase();
    const words = open ? [el("strong", {}, title(1)), ` takes ${least(b)}, `, el("strong", {}, title(0)), ` ${least(a)} of ${name}: no verdict.`]
      : b[m.key] === a[m.key] ? [`Both take the same ${name}, ${m.text(a[m.key])}.`]
      : [el("strong", {}, title(1)), " takes ", el("strong", {}, `${text.ratio(b[m.key] / a[m.key])} ×`), ` the ${name} of `, el("strong", {}, title(0)), `: ${m.text(b[m.key])} against ${m.text(a[m.key])}, ${m.text(Math.abs(b[m.key] - a[m.key]))} ${less ? "less" : "more"}.`];
    $("headline").replaceChildren(...words);
    clearTimeout(drawing);
    if (!known) { drawn = null; put($("interval"), ""); return; }
    if (drawn === null) draw(); else drawing = setTimeout(() => { draw(); totals(); }, 150);
  }

  // draw draws the ratios of energy and time, where a law says what their errors share; else those of the opening hold, of
  // the sizes and choices that they were drawn for.
  function draw() {
    const apart = models.some((m) => m.data.dims.some((d) => page.opening.sizes.get(d.name) !== d.value)); // in the reports, whose ratios are those of the opening
    const ratios = apart ? null : page.data.ratios, moved = page.moved(), opening = (q) => { const [value, low, high] = ratios[q].map((v) => v ?? NaN); return { value, low, high, unknown: results.map((r) => r.modules[0].unknown) }; };
    drawn = {};
    for (const q of ["energy", "time"]) {
      const r = paired.ratio(...results, q, page.data.normals);
      drawn[q] = r || (ratios && !moved ? opening(q) : null);
    }
    put($("interval"), drawn.energy ? `Energy: ${decision(drawn.energy)}. Time: ${decision(drawn.time)}.` : ratios ? `As the page opens, energy is ${decision(opening("energy"))}; under these choices the interval is not known.` : "");
    $("verdict").dataset.verdict = drawn.energy ? paired.verdict(drawn.energy) : "unknown";
  }

  // decision is a ratio's verdict in words, as irene compare has them.
  function decision(r) {
    let words = paired.verdict(r);
    if (r.low === 1 && r.high === 1) return "the same work";
    if (!Number.isNaN(r.value)) return `${words}, with 90 % the ratio lies in ${factor(r.low)} … ${factor(r.high)}`;
    if (!Number.isNaN(r.high)) words += `, with 95 % the ratio is below ${factor(r.high)}`;
    else if (!Number.isNaN(r.low)) words += `, with 95 % the ratio is above ${factor(r.low)}`;
    return words + r.unknown.map((n, k) => (n ? `; ${text.plural(n, "operator")} of unknown cost in ${title(k)}` : "")).join("");
  }
  // factor prints a ratio as irene compare does.
  function factor(x) {
    if (x === 1) return "1x";
    if (x >= 100) return `${x.toFixed(0)}x`;
    if (x >= 10) return `${x.toFixed(1)}x`;
    if (Math.abs(x - 1) < 0.005) return `${x.toFixed(4)}x`;
    return x < 0.01 ? `${Number(x.toPrecision(2))}x` : `${x.toFixed(2)}x`;
  }

  function totals() {
    const roots = results.map((r) => r.modules[0]);
    const list = METRICS.filter((m) => !m.predicted || results[0].device).map((m) => [m.name, m.text, (t) => t[m.key], m.key]);
    if (results[0].device) list.splice(2, 0, ["Power", text.watts, (t) => (t.time > 0 ? t.energy / t.time : NaN)]);
    list.push(["Memory", text.memory, (t, k) => results[k].memory.weights + (results[k].memory.known ? results[k].memory.peak : 0)]);
    $("compare-totals").tBodies[0].replaceChildren(...list.map(([name, format, of, key]) => {
      const values = roots.map((t, k) => of(t, k)), r = drawn && drawn[key];
      const more = (t, k) => (key === "energy" ? `${text.joules(t.low)} to ${text.joules(t.high)}` : name === "Memory" ? answer.memory(results[k]).more : "");
      return el("tr", {}, el("th", { scope: "row", className: "text" }, name),
        ...roots.map((t, k) => el("td", {}, (t.unknown && key && key !== "params" ? "≥ " : "") + format(values[k]), el("span", { className: "quiet beside" }, more(t, k)))),
        ratioCell(...values, roots.some((t) => t.unknown) && key !== "params" && name !== "Memory", r && !Number.isNaN(r.value) && r.low !== r.high ? `${factor(r.low)} … ${factor(r.high)}` : ""));
    }));
  }

  // ratioCell shows b as a multiple of a, and a bar from half to double and beyond; nothing of bounds.
  function ratioCell(a, b, open, interval) {
    const times = b / a, known = !open && Number.isFinite(times) && a > 0, cell = el("td", { className: "ratio-cell" }, known ? `× ${text.ratio(times)}` : "");
    if (interval) cell.append(el("span", { className: "quiet beside" }, interval));
    if (!(known && b > 0)) return cell;
    const bar = el("span", { className: "diverge", "aria-hidden": "true" });
    if (times !== 1) {
      const part = el("i", { className: times < 1 ? "less" : "more" });
      part.style.width = `${100 * Math.min(1, Math.abs(Math.log2(times)) / 2)}%`;
      bar.append(part);
    }
    cell.append(bar);
    return cell;
  }

  // ---- Module by module, equal layers as one row

  // folded puts siblings together that are alike in both models but for the number in their names.
  function folded(columns, level, above) {
    const groups = [];
    for (const c of columns) {
      const last = groups[groups.length - 1];
      if (last && alike(last[0][0], c[0])) last.push(c); else groups.push([c]);
    }
    return groups.map((g) => ({ rows: g.flat(), run: g, level, above, first: g[0][0], key: `${g[0][0].id} ${g.flat().length}` }));
  }
  const generic = (path) => path.replace(/(^|\.)[\d_]*\d$/, "$1#");
  function alike(x, y) {
    return x.children.length === y.children.length && [0, 1].every((k) => {
      const m = moduleOf(x, k), other = moduleOf(y, k);
      if (m < 0 || other < 0) return m < 0 && other < 0;
      const [a, b] = [results[k].modules[m][state.metric], results[k].modules[other][state.metric]], [p, q] = [module(k, m), module(k, other)];
      return generic(p.label) === generic(q.label) && p.class === q.class && (Object.is(a, b) || Math.abs(a - b) <= 1e-3 * Math.max(Math.abs(a), Math.abs(b)));
    }) && x.children.every((c, i) => alike(c, y.children[i]));
  }
  const parts = (r) => folded(r.first.children.map((_, i) => r.rows.map((x) => x.children[i])), r.level + 1, r);
  const isOpen = (r) => r.first.children.length > 0 && (r.level < 2) !== opened.has(r.key);

  function visible() {
    const out = [];
    const visit = (r) => {
      out.push(r);
      if (!isOpen(r)) return;
      const list = parts(r);
      if (byDifference) list.sort((x, y) => Math.abs(difference(y)) - Math.abs(difference(x)));
      list.forEach(visit);
    };
    visit(folded([[rows[0]]], 0, null)[0]);
    return out;
  }

  function modules() {
    const body = $("compare-rows").tBodies[0], had = document.activeElement?.closest?.("#compare-rows tr")?.row.key;
    body.replaceChildren(...visible().map(rowElement));
    if (had) [...body.rows].find((e) => e.row.key === had)?.querySelector("button")?.focus();
  }

  // nameIn is a module's name, from the module of the row above on; of equal layers the first and the last.
  function nameIn(r, k) {
    const list = r.run.map((c) => moduleOf(c[0], k)).filter((m) => m >= 0).map((m) => module(k, m)), above = r.above ? moduleOf(r.above.first, k) : -1;
    if (!list.length) return "–";
    const base = above < 0 ? "" : module(k, above).path, [first] = list, last = list[list.length - 1];
    const name = !first.path || base === first.path ? first.label : base && first.path.startsWith(base + ".") ? first.path.slice(base.length + 1) : first.path;
    return list.length > 1 ? `${name}…${last.label.split(".").pop()}` : name;
  }

  function rowElement(r) {
    const cells = [0, 1].map((k) => {
      const name = nameIn(r, k), cell = el("td", { className: k ? "text wide" : "text", title: moduleOf(r.first, k) < 0 ? "" : module(k, moduleOf(r.first, k)).path || title(k) });
      if (k === 0 && r.first.children.length) {
        const open = isOpen(r), flip = () => { if (opened.has(r.key)) opened.delete(r.key); else opened.add(r.key); modules(); };
        cell.append(el("button", { type: "button", className: "twist", "aria-expanded": open, "aria-label": `parts of ${name}`, onclick: flip }, open ? "▾" : "▸"));
      } else if (k === 0) cell.append(el("span", { className: "twist" }));
      cell.append(k === 0 && name === "–" ? `– ${nameIn(r, 1)}` : name, k === 0 && r.run.length > 1 ? el("span", { className: "quiet" }, ` ×${r.run.length}`) : "");
      return cell;
    });
    const [a, b] = [amount(r, 0), amount(r, 1)], shown = (v) => (Number.isNaN(v) ? "" : page.metric().text(v)), d = difference(r);
    const open = r.rows.some((x) => [0, 1].some((k) => moduleOf(x, k) >= 0 && results[k].modules[moduleOf(x, k)].unknown > 0)) && state.metric !== "params";
    const row = el("tr", { className: a === b ? "same" : "" }, ...cells, el("td", {}, shown(a)), el("td", {}, shown(b)), el("td", { className: "wide" }, d === 0 ? "0" : (d > 0 ? "+" : "−") + shown(Math.abs(d))), ratioCell(a, b, open));
    row.firstChild.style.setProperty("--level", r.level);
    row.row = r;
    return row;
  }

  return { show, ratioCell };
})();

page.start();
