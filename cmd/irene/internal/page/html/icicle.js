"use strict";

// The picture: a row of cells for each level of the tree, as wide as what they take of the chosen metric. No part is left
// out: those too narrow to draw share a cell, which says how many they are and zooms to them.
const icicle = (() => {
  const { $, el, put, attribute } = dom;
  const { state } = page;
  const tiles = new Map(); // elements by node id
  const ROW = 24, NARROW = 3; // pixels
  const CLASSES = new Set(["gemm", "bmm", "attention", "conv", "softmax", "norm", "activation", "elementwise", "reduce", "move", "gather", "view", "moe"]);
  const BOUNDS = { compute: "c-gemm", memory: "c-move", launch: "c-norm", "": "c-view" };
  const colourOf = (c) => "c-" + (CLASSES.has(c) ? c : "other");

  // zoomed is the node that fills the picture.
  function zoomed() {
    if (state.rest && state.zoom === `r${state.rest.parent}`) {
      const parent = tree.find(state.rest.parent), members = state.rest.members.map(tree.find).filter(Boolean);
      if (parent && members.length) return tree.rest(parent, members);
    }
    return tree.find(state.zoom) || tree.root();
  }

  // layout gives every cell a place: node, left and width in pixels, depth.
  function layout(width) {
    const out = [], worth = (n) => Math.max(0, tree.value(n, state.metric) || 0);
    const visit = (node, x, w, depth) => {
      out.push({ node, x, w, depth });
      const parts = tree.partsOf(node).filter((p) => worth(p) > 0), sum = parts.reduce((s, p) => s + worth(p), 0);
      const total = Math.max(worth(node), sum);
      if (!(sum > 0) || w < NARROW) return;
      const small = node.kind === "rest" && parts.every((p) => worth(p) / total * w < NARROW) ? [] : parts.filter((p) => worth(p) / total * w < NARROW);
      const wide = parts.filter((p) => !small.includes(p)), smallWorth = small.reduce((s, p) => s + worth(p), 0);
      const restWidth = small.length ? Math.min(w, Math.max(NARROW, smallWorth / total * w)) : 0;
      const scale = wide.length ? (w * sum / total - restWidth) / (sum - smallWorth) : 0;
      let at = x;
      for (const p of wide) {
        visit(p, at, worth(p) * scale, depth + 1);
        at += worth(p) * scale;
      }
      if (small.length) out.push({ node: tree.rest(node, small), x: at, w: restWidth, depth: depth + 1 });
    };
    visit(zoomed(), 0, width, 0);
    return out;
  }

  function show() {
    const box = $("icicle"), width = box.clientWidth || 1000, list = layout(width), seen = new Set(), fresh = [];
    const matched = state.query ? (n) => table.found(n) : null;
    let rows = 1;
    for (const { node, x, w, depth } of list) {
      rows = Math.max(rows, depth + 1);
      seen.add(node.id);
      let e = tiles.get(node.id);
      if (!e) { e = el("div", { className: "tile", role: "treeitem", tabIndex: -1 }); tiles.set(node.id, e); fresh.push(e); }
      e.node = node;
      Object.assign(e.style, { left: `${(100 * x) / width}%`, width: `${(100 * w) / width}%`, top: `${ROW * depth}px` });
      put(e, label(node, w));
      paint(e, node, w);
      attribute(e, "aria-level", String(depth + 1));
      attribute(e, "aria-label", spoken(node));
      if (node.folds) attribute(e, "aria-expanded", String(tree.unfolded(node))); else e.removeAttribute("aria-expanded");
      e.classList.toggle("faint", !!matched && !matched(node));
      e.classList.toggle("selected", state.selected === node.id);
    }
    for (const [id, e] of tiles) if (!seen.has(id)) { e.remove(); tiles.delete(id); }
    box.append(...fresh);
    box.style.height = `${ROW * rows}px`;
    box.classList.toggle("empty", !(tree.value(list[0].node, state.metric) > 0));
    if (!seen.has(state.focus)) state.focus = list[0].node.id;
    for (const [id, e] of tiles) e.tabIndex = id === state.focus ? 0 : -1;
    showLegend();
    showCrumbs();
  }

  // spoken is what a cell is called: hovering shows it, too.
  function spoken(n) {
    const name = n.kind === "rest" ? `${n.label} in ${n.parent.path || "the model"}: ${n.members.slice(0, 6).map((m) => m.label).join(", ")}${n.members.length > 6 ? " …" : ""}` : n.first.kind === "operator" ? `${n.label} in ${n.path || "the model"}` : n.path || "model";
    const times = n.run > 1 ? `, ${n.run} equal parts` : n.all.length > 1 && n.kind !== "rest" ? `, in ${n.all.length} places` : "";
    return `${name}${times}, ${page.metric().text(tree.value(n, state.metric))}, ${text.percent(tree.share(n))}`;
  }

  // label is as much of a name as there is room for: of narrow layers the number.
  function label(n, px) {
    const letters = (px - 6) / 6.6, times = n.run > 1 ? ` ×${n.run}` : "";
    if (n.kind === "rest") return n.label.length <= letters ? n.label : String(n.members.length).length + 1 <= letters ? `+${n.members.length}` : "";
    if ((n.label + times).length <= letters) return n.label + times;
    const last = n.label.split(".").pop();
    if (times && times.length - 1 <= letters && letters < 8) return times.trim();
    if (last.length <= letters && /^\d+$/.test(last)) return last;
    return letters >= 5 ? n.label : "";
  }

  function paint(e, node, px) {
    let name = "module";
    e.style.backgroundColor = "";
    if (state.colour === "share") {
      name = "heat";
      const p = Math.sqrt(Math.min(1, Math.max(0, tree.share(node) || 0)));
      e.style.backgroundColor = `color-mix(in oklab, var(--heat) ${(100 * p).toFixed(1)}%, var(--heat-low))`;
      if (p > 0.6) name = "heat hot";
    } else if (state.colour === "bound") name = BOUNDS[tree.boundOf(node)];
    else if (node.kind === "rest") name = colourOf(tree.classSums(node)[0]?.[0]);
    else if (node.kind === "operator") name = colourOf(tree.classOf(node.first));
    const cls = `tile ${name}${px < 5 ? " thin" : ""}${node.kind === "rest" ? " rest" : ""}${node.folds ? " folds" : ""}`;
    if (e.dataset.cls !== cls) { e.dataset.cls = cls; e.className = cls; }
  }

  function showLegend() {
    let items = [[`heat-scale`, `0 to 100 % of the model's ${page.metric().name.toLowerCase()}`]];
    if (state.colour === "class") {
      const sums = tree.classSums(zoomed()).filter(([, v]) => v > 0), total = sums.reduce((s, [, v]) => s + v, 0);
      items = sums.map(([c, v]) => [colourOf(c), `${c} ${text.percent(v / total)}`]);
    } else if (state.colour === "bound") items = Object.entries(BOUNDS).filter(([b]) => b).map(([b, c]) => [c, b]);
    if (document.querySelector(".tile.rest")) items.push(["rest", "several, too narrow to draw"]);
    $("legend").replaceChildren(...items.map(([c, text]) => el("span", {}, el("i", { className: c }), text)));
  }

  function showCrumbs() {
    const path = [];
    for (let n = zoomed(); n; n = n.parent) path.unshift(n);
    $("crumbs").hidden = path.length < 2;
    const name = (n) => n.label + (n.run > 1 ? ` ×${n.run}` : "");
    $("crumbs").replaceChildren(...path.flatMap((n, i) => [
      i ? el("span", { "aria-hidden": "true" }, "›") : "",
      i === path.length - 1 ? el("span", { "aria-current": "location" }, name(n)) : el("button", { type: "button", onclick: () => zoomTo(n) }, name(n)),
    ]).filter((x) => x !== ""));
  }

  function zoomTo(n) {
    if (n.kind === "operator" || n.kind === "group") return;
    state.zoom = n.id;
    state.rest = n.kind === "rest" ? { parent: n.parent.id, members: n.members.map((m) => m.id) } : null;
    state.focus = n.id;
    page.render();
    page.saveState();
  }

  // unfold shows each of some equal modules, or all as one again.
  function unfold(n) {
    if (state.flipped.has(n.id)) state.flipped.delete(n.id); else state.flipped.add(n.id);
    state.focus = n.id;
    page.render();
    page.saveState();
  }

  // enter does what a click on a cell does: equal modules unfold, of all else the picture shows the inside.
  function enter(n, zoom) {
    detail.select(n);
    if (n.folds && !zoom) unfold(n); else zoomTo(n);
    refocus();
  }

  function keys(ev) {
    const e = tiles.get(state.focus);
    if (!e) return;
    const shown = [...tiles.values()], level = (x) => Number(x.getAttribute("aria-level")), left = (x) => parseFloat(x.style.left);
    const beside = (dir) => shown.filter((x) => level(x) === level(e) && (left(x) - left(e)) * dir > 0).sort((a, b) => dir * (left(a) - left(b)))[0];
    const below = () => shown.filter((x) => level(x) === level(e) + 1 && left(x) >= left(e) - 1e-6 && left(x) < left(e) + parseFloat(e.style.width)).sort((a, b) => left(a) - left(b))[0];
    let to = null;
    switch (ev.key) {
      case "ArrowRight": to = beside(1); break;
      case "ArrowLeft": to = beside(-1); break;
      case "ArrowUp": to = e.node.parent && tiles.get(e.node.parent.id); break;
      case "ArrowDown": to = below(); break;
      case "Home": to = tiles.get(state.zoom); break;
      case "Enter": case " ": ev.preventDefault(); enter(e.node, ev.shiftKey); return;
      case "Escape": case "Backspace": ev.preventDefault(); out(); return;
      default: return;
    }
    ev.preventDefault();
    if (to) { state.focus = to.node.id; detail.select(to.node); refocus(); }
  }

  // out folds equal modules again in which the focus is, else zooms out by one.
  function out() {
    const was = state.focus, at = tiles.get(was)?.node;
    for (let n = at; n && n.id !== state.zoom; n = n.parent) if (n.folds && tree.unfolded(n)) { unfold(n); refocus(); return; }
    const up = zoomed().parent;
    if (!up) return;
    zoomTo(up);
    if (tiles.has(was)) state.focus = was;
    refocus();
  }

  function refocus() {
    for (const [id, e] of tiles) e.tabIndex = id === state.focus ? 0 : -1;
    const e = tiles.get(state.focus);
    if (e) e.focus({ preventScroll: true });
  }

  function listen() {
    const box = $("icicle");
    box.onkeydown = keys;
    box.onclick = (ev) => { const e = ev.target.closest(".tile"); if (e) { state.focus = e.node.id; enter(e.node, ev.shiftKey); } };
    box.onmouseover = (ev) => { const e = ev.target.closest(".tile"); if (e) e.title = e.getAttribute("aria-label"); };
    box.onfocus = refocus;
    new ResizeObserver(() => { if (page.result() && !state.compare) show(); }).observe(box);
  }

  function clear() {
    for (const e of tiles.values()) e.remove();
    tiles.clear();
  }
  const select = (id) => { for (const [key, e] of tiles) e.classList.toggle("selected", key === id); };

  return { show, listen, clear, select, unfold, colourOf };
})();
