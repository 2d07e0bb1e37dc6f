"use strict";

// The details of one node of the tree, beside the picture.
const detail = (() => {
  const { $, el } = dom;
  const { state } = page;
  const { joules, seconds, percent, whole, plural } = text;

  function select(node) {
    state.selected = node.id;
    show(node);
    icicle.select(node.id);
    table.select(node.id);
    page.saveState();
  }

  const chosen = () => (state.selected && (tree.find(state.selected) || table.bundles().find((b) => b.id === state.selected))) || tree.root();

  function show(node = chosen()) {
    const out = [el("h2", {}, node.label, node.run > 1 ? ` ×${node.run}` : ""), el("p", { className: "quiet path" }, pathOf(node)), ...marks(node), facts(node)];
    if (node.folds) out.push(el("p", {}, el("button", { type: "button", onclick: () => icicle.unfold(node) }, tree.unfolded(node) ? "Fold into one" : `Show each of the ${node.run}`)));
    const causes = tree.causesOf(node);
    if (causes && causes.some((c) => c[0] > 0)) out.push(el("h3", {}, "What takes it"), causeTable(causes));
    if (node.first.kind === "module" || node.kind === "rest") out.push(el("h3", {}, `${page.metric().name} by operator class`), classTable(node));
    if (node.kind === "rest") out.push(el("h3", {}, "What it holds"), memberTable(node));
    if (node.kind === "operator" || node.kind === "bundle") out.push(...operatorDetail(node.first));
    $("detail").replaceChildren(...out);
  }

  function pathOf(n) {
    const more = n.all.length > 1 ? `${n.all.length} equal ${n.first.kind === "module" ? "modules" : "operators"}, summed` : "";
    if (n.kind === "rest") return `in ${n.parent.path || "the model"}, too narrow to draw one by one: a click shows them`;
    if (n.kind === "group") return `${n.path || "the model"}, beside its modules`;
    if (n.kind === "bundle") return [n.place || "the model itself", more].filter(Boolean).join(" · ");
    if (n.kind === "operator") return [n.first.data.name || n.path, more].filter(Boolean).join(" · ");
    const d = n.first.data;
    return [n.all.length > 1 ? n.path + " …" : d.path || "the whole model", d.class, more, n.all.length === 1 && d.canonical !== undefined ? `call of ${d.canonical || "the model"}` : "", n.all.length === 1 && d.calls > 1 ? `called ${d.calls} times` : ""].filter(Boolean).join(" · ");
  }

  function facts(node) {
    const v = (k) => tree.value(node, k), rows = [], single = node.all.length === 1 && node.kind !== "group" && node.kind !== "rest", r = page.result();
    const row = (name, value, more) => rows.push(el("dt", {}, name), el("dd", {}, value, more ? el("span", { className: "quiet" }, " " + more) : ""));
    if (r.device && !Number.isNaN(v("energy"))) {
      row("Energy", joules(v("energy")), single && v("energy") > 0 ? `${joules(v("low"))} to ${joules(v("high"))}` : "");
      row("Time", seconds(v("time")), v("time") > 0 ? text.watts(v("energy") / v("time")) : "");
    }
    row("Share", percent(tree.share(node)), `of the model's ${page.metric().name.toLowerCase()}`);
    row("FLOPs", text.flops(v("flops")), v("bytes") > 0 ? `${text.ratio(v("flops") / v("bytes"))} per byte` : "");
    row("Bytes", text.bytes(v("bytes")), v("bytes") > 0 ? `${text.bytes(v("read"))} read` : "");
    if (v("params") > 0) row("Parameters", whole(v("params")));
    if (node.first.kind === "module") row("Operators", whole(v("operators")), v("unknown") ? `${v("unknown")} of unknown cost` : "");
    const work = node.first.kind === "operator" && node.kind !== "group" && r.operators[node.first.index].work;
    if (work && work.origin) row("Rests on", ORIGIN_TEXT[work.origin]);
    const bound = tree.boundOf(node);
    if (bound) row("Bound by", bound, ridge(node));
    return el("dl", { className: "facts" }, ...rows);
  }

  // ridge says from how many FLOPs per byte on arithmetic is the slower part.
  function ridge({ first }) {
    if (first.kind !== "operator") return "";
    const { work } = page.result().operators[first.index];
    return work && work.peak && work.products.length ? `ridge at ${(work.peak / page.result().device.bandwidth).toPrecision(3)} FLOP per byte` : "";
  }

  // marks are the doubts about a prediction.
  function marks(node) {
    const r = page.result();
    if (!r.device || node.kind === "group" || node.kind === "rest") return [];
    if (node.first.kind === "module") {
      const scaled = tree.value(node, "scaled"), extrapolated = tree.value(node, "extrapolated");
      return [scaled ? `${plural(scaled, "operator")} by stand-in rates` : "", extrapolated ? `${plural(extrapolated, "operator")} outside the measured range` : ""].filter(Boolean).map((t) => el("p", { className: "doubt" }, t));
    }
    const { work } = r.operators[node.first.index];
    if (!work || work.none || !work.why) return [];
    return [el("p", { className: "doubt" }, `${work.scaled ? "Stand-in" : "Extrapolated"}: ${why(work)}`)];
  }
  const why = (w) => (w.bound ? `${w.why}: ${w.bound.name} ${w.bound.below ? "below" : "above"} ${text.count(w.bound.at)}` : w.why);

  const ORIGIN_TEXT = { fitted: "measurements of the device", estimated: "its row, and measurements of others", "stand-in": "measurements of something like it" };
  const CAUSE_TEXT = {
    arithmetic: "operations of products", waves: "idle parts of tiles and multiprocessors", memory: "bytes read and written", launch: "starting kernels", host: "launches that work does not hide",
  };
  function causeTable(causes) {
    const total = causes.reduce((s, c) => s + c[0], 0), bar = el("div", { className: "stack", "aria-hidden": "true" });
    causes.forEach((c, i) => { const e = el("i", { className: `k-${engine.CAUSES[i]}` }); e.style.width = `${(100 * c[0]) / total}%`; bar.append(e); });
    const rows = causes.map((c, i) => [engine.CAUSES[i], c]).filter(([, c]) => c[0] > 0 || c[1] > 0);
    return el("div", {}, bar, el("table", { className: "mini" }, el("tbody", {}, ...rows.map(([name, c]) => el("tr", {},
      el("th", { scope: "row", title: CAUSE_TEXT[name] }, el("i", { className: `k-${name}` }), name), el("td", {}, joules(c[0])), el("td", {}, percent(c[0] / total)), el("td", {}, seconds(c[1])))))));
  }

  function classTable(node) {
    const sums = tree.classSums(node).filter(([, v]) => v > 0), total = sums.reduce((s, x) => s + x[1], 0);
    return el("table", { className: "mini" }, el("tbody", {}, ...sums.map(([c, v]) => el("tr", {},
      el("th", { scope: "row" }, el("i", { className: icicle.colourOf(c) }), c), el("td", {}, page.metric().text(v)), el("td", {}, percent(v / total))))));
  }

  function memberTable(node) {
    const worth = (n) => tree.value(n, state.metric) || 0, list = [...node.members].sort((a, b) => worth(b) - worth(a));
    return el("table", { className: "mini" }, el("tbody", {}, ...list.slice(0, 20).map((n) => el("tr", {}, el("th", { scope: "row" }, link(n)), el("td", {}, page.metric().text(worth(n))), el("td", {}, percent(tree.share(n)))))));
  }

  function operatorDetail(op) {
    const r = page.result(), form = tree.form(op), m = page.model(), { plan } = r;
    const out = [el("h3", {}, "Shapes"), el("table", { className: "mini shapes" }, el("tbody", {}, ...valueRows("in", form.inputs), ...valueRows("out", form.outputs)))];
    if (plan) {
      const w = plan.work[op.index], k = plan.kernel[op.index];
      if (k >= 0) out.push(el("p", {}, "Runs in the kernel of ", operatorLink(k), ", by its part of whose FLOPs it has its part of energy and time."));
      else if (w < 0) out.push(el("p", {}, "Launches nothing: a view, or computed before the run."));
      else {
        const members = (plan.members.get(op.index) || []).filter((i) => i !== op.index);
        if (members.length) out.push(el("p", {}, "Its kernel takes in ", ...members.flatMap((i, k) => [k ? ", " : "", operatorLink(i)]), "."));
        out.push(...productRows(r.works[w]));
      }
    }
    const formula = (id) => (id < 0 ? "not known" : m.data.expressions[id]);
    const forms = [["FLOPs", form.flops], ["bytes read", form.read], ["bytes written", form.written]].filter(([, id]) => formula(id) !== "0");
    if (forms.length) out.push(el("h3", {}, "Closed forms"), el("dl", { className: "forms" }, ...forms.flatMap(([name, id]) => [el("dt", {}, name), el("dd", {}, el("code", {}, formula(id)))])));
    return out;
  }

  function productRows(work) {
    if (!work.products.length) return [];
    const list = work.products.slice(0, 3).map(([b, r, c, d]) => `${b !== 1 ? `${whole(b)} products of ` : ""}${whole(r)} × ${whole(d)} by ${whole(d)} × ${whole(c)}`);
    return [el("p", {}, list.join("; "), work.products.length > 3 ? ` and ${work.products.length - 3} more` : "")];
  }

  function valueRows(name, values) {
    const { get } = page.result(), { expressions } = page.model().data, show = (id) => (id < 0 ? "?" : Number.isNaN(get(id)) ? expressions[id] : whole(get(id)));
    return values.flatMap((v) => {
      if (!v) return [];
      const [dtype, shape, stored] = v;
      const open = shape && shape.some((id) => id >= 0 && !/^-?\d+$/.test(expressions[id]));
      return [el("tr", {}, el("th", { scope: "row" }, stored ? "stored" : name), el("td", {}, dtype || "?"),
        el("td", { className: "shape" }, shape ? `[${shape.map(show).join(", ")}]` : "unknown rank", open ? el("code", { className: "quiet" }, ` ${shape.map((id) => (id < 0 ? "?" : expressions[id])).join(", ")}`) : ""))];
    });
  }

  const link = (node) => el("button", { type: "button", className: "link", onclick: () => select(node) }, `${node.label} ${node.note}`.trimEnd());

  // operatorLink leads to the row of operators that one is in.
  function operatorLink(i) {
    const bundle = table.bundles().find((b) => b.all.some((o) => o.index === i));
    return el("button", { type: "button", className: "link", onclick: () => select(bundle) }, page.model().data.operators[i].name.split("/").pop() || bundle.label);
  }

  return { show, select, why };
})();
