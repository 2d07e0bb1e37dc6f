"use strict";

// The table: modules with what is in them, or operators of equal work in one row.
const table = (() => {
  const { $, el, put } = dom;
  const { state } = page;
  const { joules, seconds, bytes } = text;

  const COLUMNS = [
    { key: "label", name: "Module", text: true },
    { key: "share", name: "Share" },
    { key: "energy", name: "Energy", predicted: true, format: joules },
    { key: "time", name: "Time", predicted: true, format: seconds },
    { key: "flops", name: "FLOPs", format: (v) => text.scaled(v, "", 4) },
    { key: "bytes", name: "Bytes", format: bytes },
    { key: "params", name: "Params", format: text.parameters },
    { key: "bound", name: "Bound by", text: true, predicted: true },
  ];
  const columns = () => COLUMNS.filter((c) => !c.predicted || page.result().device);

  // bundles are operators that do equal work at equal places of equal layers.
  function bundles() {
    const m = page.model(), { plan } = page.result(), key = plan ? plan.key : "";
    m.bundles ||= new Map();
    if (!m.bundles.has(key)) m.bundles.set(key, bundled(m, plan));
    for (const b of m.bundles.get(key)) b.values = null;
    return m.bundles.get(key);
  }
  function bundled(m, plan) {
    const byKey = new Map();
    const place = (path) => path.replace(/(^|\.)[\d_]*\d(?=\.|$)/g, "$1*");
    for (const x of m.base) {
      for (const o of x.operators) {
        const k = `${place(o.path)}|${o.data.role}|${plan && plan.kernel[o.index] >= 0}`;
        if (!byKey.has(k)) byKey.set(k, { id: "b" + byKey.size, kind: "bundle", place: place(o.path), all: [], parts: [], run: 1, level: 0, rows: [] });
        byKey.get(k).all.push(o);
      }
    }
    const list = [...byKey.values()];
    for (const b of list) {
      b.first = b.all[0];
      b.path = b.first.path;
      b.label = tree.form(b.first).op + (b.all.length > 1 ? ` ×${b.all.length}` : "");
      b.note = b.all.length > 1 ? b.place : b.path;
    }
    return list;
  }

  const terms = () => state.query.toLowerCase().split(/\s+/).filter(Boolean);
  let queryTerms = [];
  const matches = (n) => { const t = tree.textOf(n); return t !== "" && queryTerms.every((q) => t.includes(q)); };

  // found says that a node is searched, or is in or around one that is.
  function found(n) {
    for (let p = n; p; p = p.parent) if (matches(p)) return true;
    return leadsTo(n);
  }
  const leads = new WeakMap();
  function leadsTo(n) {
    if (leads.get(n)?.query !== state.query) leads.set(n, { query: state.query, is: tree.partsOf(n).some((c) => matches(c) || leadsTo(c)) });
    return leads.get(n).is;
  }

  function sortValue(n, key) {
    if (key === "label") return n.label;
    if (key === "bound") return tree.boundOf(n);
    return tree.value(n, key === "share" ? state.metric : key);
  }
  const order = () => state.sort || (state.view === "operators" ? { key: "share", dir: -1 } : null);
  function sorted(list) {
    const s = order();
    if (!s) return list;
    const by = new Map(list.map((n) => [n, sortValue(n, s.key)]));
    return [...list].sort((a, b) => {
      const x = by.get(a), y = by.get(b);
      if (typeof x === "string") return s.dir * x.localeCompare(y, "en", { numeric: true });
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return s.dir * (x - y);
    });
  }

  // rowsToShow lists the nodes of the table, parents first, as far as they are open or lead to what is searched.
  function rowsToShow() {
    if (state.view === "operators") return sorted(bundles().filter((b) => (!state.query || matches(b)) && (tree.value(b, state.metric) > 0 || state.query)));
    const out = [];
    const visit = (n, inside) => {
      const hit = state.query && matches(n), on = state.query && !hit && leadsTo(n);
      if (state.query && !hit && !on && !inside) return;
      out.push(n);
      n.open = state.expanded.has(n.id) || !!on || tree.unfolded(n);
      if (n.open) sorted(tree.rowsOf(n)).forEach((c) => visit(c, inside || hit || n.kind === "group"));
    };
    visit(tree.root(), false);
    return out;
  }

  const rowCache = new Map();
  function show() {
    queryTerms = terms();
    showHead();
    const all = rowsToShow(), list = all.slice(0, state.limit), body = $("table").tBodies[0], cols = columns();
    if (!list.some((n) => n.id === state.rowFocus)) state.rowFocus = list.length ? list[0].id : null;
    const focused = document.activeElement?.closest?.("#table tbody tr")?.node.id;
    list.forEach((node, i) => {
      const row = rowOf(node, cols);
      fillRow(row, node, cols, i);
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] || null);
    });
    while (body.children.length > list.length) body.lastChild.remove();
    if (focused && document.activeElement === document.body) rowCache.get(focused)?.focus({ preventScroll: true });
    $("more").hidden = all.length <= list.length;
    put($("more").firstChild, `Show ${Math.min(1000, all.length - list.length)} more of ${all.length}`);
    $("table").setAttribute("aria-rowcount", all.length);
    $("expand").hidden = $("collapse").hidden = state.view === "operators";
    showFound();
  }

  function showFound() {
    if (!state.query) { put($("found"), ""); return; }
    let n = 0, sum = 0;
    const add = (x) => { n += x.all.length; sum += tree.value(x, state.metric) || 0; };
    if (state.view === "operators") rowsToShow().forEach(add);
    else {
      const visit = (x) => { if (matches(x)) add(x); else tree.partsOf(x).forEach(visit); };
      visit(tree.root());
    }
    put($("found"), n ? `${n} found, ${page.metric().text(sum)}, ${text.percent(sum / tree.value(tree.root(), state.metric))}` : "nothing found");
  }

  function showHead() {
    const cols = columns(), s = order() || {};
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
    show();
  }

  function rowOf(node, cols) {
    let row = rowCache.get(node.id);
    if (row && row.cols === cols.length) { row.node = node; return row; }
    row = el("tr", { tabIndex: -1 });
    row.cols = cols.length;
    row.node = node;
    for (const c of cols) row.append(el("td", { className: `col-${c.key}${c.text ? " text" : ""}` }));
    row.firstChild.append(el("span", { className: "twist", "aria-hidden": "true" }), el("span", { className: "label" }), el("button", { type: "button", className: "times", tabIndex: -1 }), " ", el("span", { className: "quiet note" }));
    row.children[1].append(el("span", { className: "bar" }), el("span", { className: "figure" }));
    rowCache.set(node.id, row);
    return row;
  }

  const parted = (n) => n.kind !== "bundle" && n.kind !== "operator" && tree.rowsOf(n).length > 0;

  function fillRow(row, node, cols, i) {
    const has = parted(node);
    row.setAttribute("aria-level", node.level + 1);
    row.setAttribute("aria-rowindex", i + 1);
    if (has) row.setAttribute("aria-expanded", !!node.open); else row.removeAttribute("aria-expanded");
    row.setAttribute("aria-selected", state.selected === node.id);
    row.className = node.kind + (state.selected === node.id ? " selected" : "") + (has ? " parent" : "");
    row.tabIndex = node.id === state.rowFocus ? 0 : -1;
    const cell = row.firstChild, [twist, label, times, note] = cell.children;
    cell.style.setProperty("--level", node.level);
    cell.title = node.path || node.label;
    put(twist, has ? (node.open ? "▾" : "▸") : "");
    mark(label, node.label);
    mark(note, node.note || "");
    times.hidden = !(node.folds || (node.kind === "operator" && node.all.length > 1));
    put(times, times.hidden ? "" : `×${node.folds ? node.run : node.all.length}`);
    times.disabled = !node.folds;
    times.title = node.folds ? (tree.unfolded(node) ? "fold equal layers into one" : "show each of the equal layers (u)") : "";
    cols.forEach((c, k) => {
      if (k === 0) return;
      const cell = row.children[k];
      if (c.key === "share") {
        const part = tree.share(node);
        cell.firstChild.style.setProperty("--part", Number.isFinite(part) ? part.toFixed(4) : 0);
        put(cell.lastChild, text.percent(part));
      } else put(cell, c.key === "bound" ? tree.boundOf(node) : c.format(tree.value(node, c.key)));
    });
  }

  // mark puts text and highlights what is searched.
  function mark(e, name) {
    const key = name + "\n" + state.query;
    if (e.dataset.key === key) return;
    e.dataset.key = key;
    const low = name.toLowerCase(), t = queryTerms.find((x) => low.includes(x));
    if (!t) { e.textContent = name; return; }
    const at = low.indexOf(t);
    e.replaceChildren(name.slice(0, at), el("mark", {}, name.slice(at, at + t.length)), name.slice(at + t.length));
  }

  function toggle(node, open) {
    if (!parted(node)) return;
    if (!open && tree.unfolded(node)) { icicle.unfold(node); return; }
    if (open) state.expanded.add(node.id); else state.expanded.delete(node.id);
    show();
  }

  function keys(ev) {
    const row = ev.target.closest("tbody tr");
    if (!row) return;
    const { node } = row;
    let to = null;
    switch (ev.key) {
      case "ArrowDown": to = row.nextElementSibling; break;
      case "ArrowUp": to = row.previousElementSibling; break;
      case "Home": to = row.parentElement.firstElementChild; break;
      case "End": to = row.parentElement.lastElementChild; break;
      case "ArrowRight":
        if (parted(node) && !node.open) toggle(node, true); else if (parted(node)) to = row.nextElementSibling;
        break;
      case "ArrowLeft":
        if (node.open && parted(node)) toggle(node, false); else to = above(row);
        break;
      case "Enter": case " ": detail.select(node); break;
      case "u": if (node.folds) icicle.unfold(node); break;
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
  function above(row) {
    for (let e = row.previousElementSibling; e; e = e.previousElementSibling) if (e.node.level < row.node.level) return e;
    return null;
  }

  // openSome opens modules, the upper ones first, as far as the table stays a screen.
  function openSome(rows) {
    state.expanded.clear();
    let level = [tree.root()], shown = 1;
    while (level.length) {
      const open = level.filter((n) => tree.modulesOf(n).length), more = open.reduce((sum, n) => sum + tree.rowsOf(n).length, 0);
      if (shown > 1 && shown + more > rows) return;
      for (const n of open) state.expanded.add(n.id);
      shown += more;
      level = open.flatMap(tree.modulesOf);
    }
  }
  const screenful = () => openSome(innerWidth < 640 ? 24 : 44);

  function expandAll() {
    const open = rowsToShow().filter((n) => n.kind === "module" && state.expanded.has(n.id));
    const more = open.length ? open.flatMap(tree.rowsOf).filter((n) => parted(n) && !state.expanded.has(n.id)) : [tree.root()];
    for (const n of more) state.expanded.add(n.id);
    show();
  }

  function click(ev) {
    const row = ev.target.closest("tr");
    if (!row) return;
    state.rowFocus = row.node.id;
    if (ev.target.closest(".times:enabled")) icicle.unfold(row.node);
    else if (ev.target.closest(".twist")) toggle(row.node, !row.node.open);
    else detail.select(row.node);
    for (const r of row.parentElement.rows) r.tabIndex = r === row ? 0 : -1;
    row.focus({ preventScroll: true });
  }

  function listen() {
    const body = $("table").tBodies[0];
    body.onkeydown = keys;
    body.onclick = click;
    body.ondblclick = (ev) => { const row = ev.target.closest("tr"); if (row && !ev.target.closest(".times")) toggle(row.node, !row.node.open); };
    const search = $("search");
    search.oninput = () => { state.query = search.value.trim(); state.limit = 300; show(); icicle.show(); };
    search.onkeydown = (ev) => { if (ev.key === "Escape") { search.value = ""; search.oninput(); } };
    $("expand").onclick = expandAll;
    $("collapse").onclick = () => { openSome(1 + tree.rowsOf(tree.root()).length); show(); };
    $("more").firstChild.onclick = () => { state.limit += 1000; show(); };
  }

  function select(id) {
    for (const row of $("table").tBodies[0].rows) { row.classList.toggle("selected", row.node.id === id); row.setAttribute("aria-selected", row.node.id === id); }
  }
  const clear = () => rowCache.clear();

  return { show, listen, select, found, screenful, clear, bundles };
})();
