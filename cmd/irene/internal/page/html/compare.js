"use strict";

// The view of two models side by side: the second as a multiple of the first, in all, and module by module.
const compare = (() => {
  const { el, $ } = dom;
  const { state, METRICS } = page;
  const closed = new Set(); // rows whose parts are not shown
  let rowsById = [], tree = null, byDifference = false, results = [];

  const module = (k, i) => { const d = page.models[k].data.modules[i]; return { path: d.path, label: d.name || page.models[k].data.title }; };

  // rowTree links the rows of the alignment.
  function rowTree() {
    const rows = page.rows.map((r, i) => ({ ...r, id: i, children: [], level: 0 }));
    for (const r of rows) {
      if (r.parent < 0) continue;
      rows[r.parent].children.push(r);
      r.level = rows[r.parent].level + 1;
    }
    rowsById = rows;
    rows.forEach((r) => { if (r.level >= 2) closed.add(r.id); });
    return rows[0];
  }

  const amount = (row, k) => (row.modules[k] < 0 ? NaN : results[k].modules[row.modules[k]][state.metric]);
  const difference = (row) => (amount(row, 1) || 0) - (amount(row, 0) || 0);

  function show() {
    tree ||= rowTree();
    results = page.models.map((m) => page.evaluate(m));
    if (!$("compare").firstChild) build();
    headline();
    totals();
    dom.choices($("compare-metrics"), METRICS.filter((m) => !m.predicted || results[0].device).map((m) => [m.key, m.name]), state.metric, (k) => { state.metric = k; page.render(); page.saveState(); });
    modules();
  }

  function build() {
    const names = page.models.map((m) => m.data.title);
    const order = el("select", { id: "compare-order", onchange: () => { byDifference = order.value === "difference"; modules(); } },
      el("option", { value: "order" }, "as in the first model"), el("option", { value: "difference" }, "largest difference first"));
    $("compare").append(
      el("p", { className: "headline", id: "headline", "aria-live": "polite" }),
      el("section", { className: "panel", "aria-label": "Totals" }, el("div", { className: "scroll" }, el("table", { className: "compare-table sizes", id: "compare-totals" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col", className: "text" }, ""), ...names.map((n) => el("th", { scope: "col" }, n)), el("th", { scope: "col" }, "ratio"))), el("tbody")))),
      el("section", { className: "panel", "aria-label": "Module by module" },
        el("div", { className: "panel-head" }, el("h2", {}, "Module by module"), el("div", { id: "compare-metrics", className: "choices", role: "radiogroup", "aria-label": "Metric" }), el("label", { className: "inline" }, "Order ", order)),
        el("div", { className: "scroll" }, el("table", { className: "compare-table", id: "compare-rows" },
          el("thead", {}, el("tr", {}, ...names.map((n, k) => el("th", { scope: "col", className: k ? "text wide" : "text", title: n }, n)), ...names.map((n, k) => el("th", { scope: "col" }, k ? "second" : "first")), el("th", { scope: "col", className: "wide" }, "difference"), el("th", { scope: "col" }, "ratio"))), el("tbody")))));
  }

  function headline() {
    const [a, b] = results.map((r) => r.modules[0]), names = page.models.map((m) => m.data.title), m = page.metric();
    const times = b[m.key] / a[m.key], less = b[m.key] < a[m.key];
    $("headline").replaceChildren(...(Number.isFinite(times)
      ? [el("strong", {}, names[1]), " takes ", el("strong", {}, `${times.toPrecision(3)} ×`), ` the ${m.name.toLowerCase()} of `, el("strong", {}, names[0]), `, ${m.text(Math.abs(b[m.key] - a[m.key]))} ${less ? "less" : "more"}, at these sizes.`]
      : ["Nothing of this metric to compare."]));
  }

  function totals() {
    const roots = results.map((r) => r.modules[0]);
    const power = (t) => (t.time > 0 ? t.energy / t.time : NaN);
    const rows = METRICS.filter((m) => !m.predicted || results[0].device).map((m) => [m.name, m.text, (t) => t[m.key]]);
    if (results[0].device) rows.splice(2, 0, ["Power", (v) => text.watts(v), power]);
    $("compare-totals").tBodies[0].replaceChildren(...rows.map(([name, format, of]) => el("tr", {},
      el("th", { scope: "row", className: "text" }, name), ...roots.map((t) => el("td", {}, format(of(t)), name === "Energy" ? el("span", { className: "quiet wide" }, ` ${text.joules(t.low)} to ${text.joules(t.high)}`) : "")), ratioCell(of(roots[0]), of(roots[1])))));
  }

  // ratioCell shows b as a multiple of a, and a bar from half to double and beyond.
  function ratioCell(a, b) {
    const times = b / a, cell = el("td", {}, Number.isFinite(times) && a > 0 ? `× ${times >= 100 ? times.toFixed(0) : times.toPrecision(3)}` : "");
    if (!(a > 0 && b > 0)) return cell;
    const bar = el("span", { className: "diverge", "aria-hidden": "true" });
    if (times !== 1) {
      const part = el("i", { className: times < 1 ? "less" : "more" });
      part.style.width = `${100 * Math.min(1, Math.abs(Math.log2(times)) / 2)}%`;
      bar.append(part);
    }
    cell.append(bar);
    return cell;
  }

  function visible() {
    const out = [];
    const visit = (r) => {
      out.push(r);
      if (closed.has(r.id)) return;
      const list = byDifference ? [...r.children].sort((x, y) => Math.abs(difference(y)) - Math.abs(difference(x))) : r.children;
      list.forEach(visit);
    };
    visit(tree);
    return out;
  }

  function modules() {
    const list = visible(), body = $("compare-rows").tBodies[0];
    const had = document.activeElement?.closest?.("#compare-rows tr")?.row;
    body.replaceChildren(...list.map(rowElement));
    if (had) [...body.rows].find((e) => e.row === had)?.querySelector("button")?.focus();
  }

  // nameIn is a module's name, from the module of the row above on.
  function nameIn(r, k, node) {
    const above = r.parent < 0 ? -1 : rowsById[r.parent].modules[k];
    const path = above < 0 ? "" : module(k, above).path;
    if (!node.path || path === node.path) return node.label;
    return path && node.path.startsWith(path + ".") ? node.path.slice(path.length + 1) : node.path;
  }

  function rowElement(r) {
    const cells = r.modules.map((m, k) => {
      const node = m < 0 ? null : module(k, m);
      const cell = el("td", { className: k ? "text wide" : "text", title: node ? node.path || node.label : "" });
      if (k === 0 && r.children.length) {
        const open = !closed.has(r.id), flip = () => { if (open) closed.add(r.id); else closed.delete(r.id); modules(); };
        cell.append(el("button", { type: "button", className: "twist", "aria-expanded": open, "aria-label": `parts of ${node ? node.path || node.label : "this module"}`, onclick: flip }, open ? "▾" : "▸"));
      } else if (k === 0) cell.append(el("span", { className: "twist" }));
      cell.append(node ? nameIn(r, k, node) : "–");
      return cell;
    });
    const [a, b] = [amount(r, 0), amount(r, 1)], shown = (v) => (Number.isNaN(v) ? "" : page.metric().text(v)), d = difference(r);
    const row = el("tr", { className: a === b ? "same" : "" }, ...cells, el("td", {}, shown(a)), el("td", {}, shown(b)), el("td", { className: "wide" }, d === 0 ? "0" : (d > 0 ? "+" : "−") + shown(Math.abs(d))), ratioCell(a, b));
    row.firstChild.style.setProperty("--level", r.level);
    row.row = r;
    return row;
  }

  return { show };
})();

page.start();
