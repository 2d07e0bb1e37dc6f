"use strict";

// The tree that icicle and table show of a model: its modules, chains of single ones as one, equal layers folded into one
// node that stands for all of them. A node stands for one module or operator of the model, or for several (all), in as many
// equal parts as a run of siblings has (run); its numbers are the sums over them.
const tree = (() => {
  const { state } = page;
  let known = new Map(); // nodes by id, as far as they were asked for
  let base = null, result = null;

  // baseOf lists modules and operators of a model, as they are in its data.
  function baseOf(m) {
    if (m.base) return m.base;
    const modules = m.data.modules.map((d, i) => ({ kind: "module", index: i, data: d, label: d.name || (i === 0 ? m.data.title.replace(/\.onnx$/, "") : "(no name)"), path: d.path, parent: d.parent }));
    modules.forEach((x, i) => { x.children = m.children[i].map((c) => modules[c]); x.operators = m.own[i].map((k) => ({ kind: "operator", index: k, data: m.data.operators[k], path: x.path, module: x })); });
    m.base = modules;
    return modules;
  }

  // show takes up the numbers that the tree is folded by.
  function show(r) {
    base = baseOf(page.model());
    result = r;
    known = new Map();
    for (const m of base) m.sizes = null;
  }

  // node makes the node of a list of equal things, the first of which names it; parts lists them by sibling.
  function node(parts, parent, above = "") {
    const all = parts.flat(), first = all[0], { kind } = first;
    if (kind === "module" && parent) { // a chain of single modules
      const only = (m) => m.children.length === 1 && m.operators.length === 0;
      if (parts.length === 1 && all.every(only)) return node([all.map((m) => m.children[0])], parent, `${above}${first.label}.`);
    }
    const n = { id: kind === "module" ? idOf("m", all, parts) : idOf("o", all, parts), kind, all, first, parts, run: parts.length, parent, level: parent ? parent.level + 1 : 0, path: first.path };
    if (kind === "module") { n.label = above + labelOf(parts); n.note = first.data.class; }
    else { n.label = form(first).op; n.note = shortName(first.data.name) === n.label ? "" : shortName(first.data.name); }
    n.folds = n.run > 1 && kind === "module";
    known.set(n.id, n);
    return n;
  }
  const idOf = (letter, all, parts) => `${letter}${all[0].index}${all.length > 1 ? `x${all.length}` : ""}${parts.length > 1 ? `r${parts.length}` : ""}`;
  const shortName = (name) => name.split("/").pop();
  const form = (op) => result.formOf(op.index);

  // labelOf names siblings by the first and the last number: layers.0…11, blocks.1, 3 … 17.
  function labelOf(parts) {
    const [first, ...rest] = parts.map((p) => p[0].label);
    if (!rest.length) return first;
    const number = (label) => label.split(".").pop(), numbers = [first, ...rest].map((l) => Number(number(l)));
    const step = numbers.every((n, i) => i === 0 || n === numbers[i - 1] + 1);
    if (step) return `${first}…${number(rest[rest.length - 1])}`;
    return parts.length === 2 ? `${first}, ${number(rest[0])}` : `${first}, ${number(rest[0])} … ${number(rest[rest.length - 1])}`;
  }

  const root = () => known.get("m0") || node([[base[0]]], null);

  // unfolded says that a row of equal modules shows each of them.
  const unfolded = (n) => n.folds && state.fold === state.flipped.has(n.id);

  // modulesOf are the nodes of the modules in a node, operatorsOf those of the operators that sit directly in it.
  function modulesOf(n) {
    if (n.modules) return n.modules;
    if (n.kind !== "module") return (n.modules = []);
    if (unfolded(n)) return (n.modules = n.parts.map((p) => node([p], n)));
    const columns = n.first.children.map((_, i) => n.all.map((m) => m.children[i]));
    return (n.modules = grouped(columns).map((parts) => node(parts, n)));
  }

  // grouped puts siblings together that are alike but for the number in their names.
  function grouped(columns) {
    const groups = [], byName = new Map();
    for (const c of columns) {
      const name = generic(c[0]), list = byName.get(name) || [];
      const like = (name !== c[0].label || list.length > 0) && list.find((g) => alike(g[0][0], c[0]));
      if (like) { like.push(c); continue; }
      const g = [c];
      groups.push(g);
      byName.set(name, [...list, g]);
    }
    return groups;
  }

  // generic is a name without the number among siblings, or without that of a further call.
  function generic({ label, data }) {
    const name = label.replace(/(^|\.)[\d_]*\d$/, "$1#");
    return name === label && data.canonical !== undefined ? label.replace(/_\d+$/, "") : name;
  }

  // alike says that two modules are built alike and cost the same within a thousandth: the first of equal layers often holds
  // an operator more, which makes a mask for all of them.
  function alike(x, y) {
    if (x.data.class !== y.data.class || x.children.length !== y.children.length) return false;
    const [a, b] = [sizesOf(x), sizesOf(y)];
    if (!a.every((v, i) => (Number.isNaN(v) && Number.isNaN(b[i])) || Math.abs(v - b[i]) <= 1e-3 * Math.max(Math.abs(v), Math.abs(b[i])))) return false;
    return x.children.every((c, i) => generic(c) === generic(y.children[i]) && alike(c, y.children[i]));
  }
  const MEASURES = ["params", "macs", "flops", "read", "written", "energy", "time", "unknown"];
  function sizesOf(x) {
    const m = result.modules[x.index];
    return (x.sizes ||= MEASURES.map((k) => m[k]));
  }

  function operatorsOf(n) {
    if (n.ops) return n.ops;
    if (n.kind !== "module" || unfolded(n)) return (n.ops = []);
    const byKey = new Map();
    for (const m of n.all) {
      const seen = new Map();
      for (const o of m.operators) {
        const kind = n.all.length === 1 ? o.index : `${o.data.role} ${form(o).op}`, again = (seen.get(kind) || 0) + 1, key = `${kind} ${again}`;
        seen.set(kind, again);
        if (!byKey.has(key)) byKey.set(key, []);
        byKey.get(key).push(o);
      }
    }
    return (n.ops = [...byKey.values()].map((all) => node([all], n)));
  }
  const partsOf = (n) => (n.kind === "rest" ? n.members : [...modulesOf(n), ...operatorsOf(n)]);

  // rest is the node of parts that are too narrow to draw one by one.
  function rest(parent, members) {
    const n = { id: `r${parent.id}`, kind: "rest", parent, members, all: members.flatMap((m) => m.all), run: 1, level: parent.level + 1, path: parent.path, label: `${members.length} smaller`, note: "", first: members[0].first };
    known.set(n.id, n);
    return n;
  }

  // rowsOf are the rows of the table below a node: its modules, and its operators in a row of their own where there are both.
  function rowsOf(n) {
    if (n.rows) return n.rows;
    if (n.kind === "group") return (n.rows = operatorsOf(n.parent).map((o) => ({ ...o, level: n.level + 1 })));
    const modules = modulesOf(n), operators = operatorsOf(n);
    if (!modules.length || !operators.length) return (n.rows = modules.length ? modules : operators);
    const group = { id: `g${n.id}`, kind: "group", label: text.plural(operators.length, "own operator"), note: "", parent: n, level: n.level + 1, path: n.path, all: operators.flatMap((o) => o.all), run: 1, first: operators[0].first };
    known.set(group.id, group);
    return (n.rows = [...modules, group]);
  }

  // find is the node of an id: nodes come to be on the way down to them.
  function find(id) {
    if (known.has(id)) return known.get(id);
    const index = Number((id.match(/^g?[mo](\d+)/) || [])[1]);
    if (!Number.isInteger(index)) return null;
    const chain = [];
    for (let i = /^g?m/.test(id) ? index : page.model().data.operators[index]?.module; i >= 0 && base[i]; i = base[i].parent) chain.push(i);
    let n = root();
    while (n && !known.has(id)) {
      const next = modulesOf(n).find((c) => c.all.some((m) => chain.includes(m.index)));
      operatorsOf(n);
      rowsOf(n);
      n = next;
    }
    return known.get(id) || null;
  }

  // value is a metric of a node, NaN where it is not known. Calls of one module hold the same weights.
  function value(n, key) {
    n.values ||= new Map();
    if (!n.values.has(key)) n.values.set(key, sum(n, key));
    return n.values.get(key);
  }
  function sum(n, key) {
    const of = n.first.kind === "module" && n.kind !== "rest" ? result.modules : null;
    if (n.kind === "rest") return n.members.reduce((s, m) => s + (value(m, key) || 0), 0);
    const numbers = (of || result.operators);
    if (n.all.length === 1) return numbers[n.first.index][key];
    if (key === "params" && of && n.all.every((m) => canonical(m) === canonical(n.first))) return of[n.first.index].params;
    let total = 0, any = false;
    for (const x of n.all) {
      const v = numbers[x.index][key];
      if (!Number.isNaN(v)) { total += v; any = true; }
    }
    return any ? total : NaN;
  }
  const canonical = (m) => m.data.canonical ?? m.data.path;
  const share = (n) => value(n, state.metric) / value(root(), state.metric);

  function causesOf(n) {
    if (!result.device) return null;
    if (n.kind === "rest") return n.members.map(causesOf).reduce(addCauses, null);
    const numbers = n.first.kind === "module" ? result.modules : result.operators;
    if (n.all.length === 1) return numbers[n.first.index].causes;
    return n.all.map((x) => numbers[x.index].causes).reduce(addCauses, null);
  }
  function addCauses(a, b) {
    if (!a || !b) return a || b;
    return a.map((c, i) => [c[0] + b[i][0], c[1] + b[i][1]]);
  }
  const boundOf = (n) => engine.bound(causesOf(n));

  // classOf is the class by which an operator is coloured: that of its kernel, where it does one's work.
  function classOf(op) {
    const { plan } = result;
    if (plan) {
      const w = plan.work[op.index];
      if (w >= 0) return plan.works[w].class;
      if (plan.kernel[op.index] < 0) return "view";
    }
    return form(op).class;
  }

  // eachOperator goes over the operators that a node stands for.
  function eachOperator(n, visit) {
    const inside = (m) => { m.operators.forEach(visit); m.children.forEach(inside); };
    for (const x of n.all) if (x.kind === "module") inside(x); else visit(x);
  }

  // classSums adds the chosen metric over the operators of a node, by class, the largest first.
  function classSums(n, key = state.metric) {
    const sums = new Map();
    eachOperator(n, (o) => {
      const v = result.operators[o.index][key], c = classOf(o);
      if (!Number.isNaN(v)) sums.set(c, (sums.get(c) || 0) + v);
    });
    return [...sums].sort((a, b) => b[1] - a[1]);
  }

  // textOf is what a search looks through.
  function textOf(n) {
    if (n.kind === "group" || n.kind === "rest") return "";
    return (n.text ??= n.all.map((x) => (x.kind === "module" ? `${x.path} ${x.data.class}` : `${x.path} ${x.data.name} ${form(x).op} ${form(x).class}`)).join("\n").toLowerCase());
  }

  return { show, root, find, partsOf, modulesOf, operatorsOf, rowsOf, rest, unfolded, value, share, causesOf, boundOf, classOf, classSums, eachOperator, textOf, form };
})();
