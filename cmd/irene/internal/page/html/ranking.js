"use strict";

// More than two models, the one that takes the least energy first.
const ranking = (() => {
  const { el } = dom;
  const { models } = page;

  // show fills a box with a row a model; where nothing is predicted they are in the order of their FLOPs.
  function show(box, results) {
    const predicted = results.every((r) => r.device), key = predicted ? "energy" : "flops", format = predicted ? text.joules : text.flops;
    const list = results.map((r, i) => ({ r, i, root: r.modules[0], each: answer.item(r, models[i]), memory: answer.memory(r) })).sort((a, b) => a.root[key] - b.root[key]);
    const best = list[0].root, least = (x) => (x.root.unknown ? "≥ " : ""), open = (x) => x.root.unknown + best.unknown > 0;
    const columns = [
      ["text", "model", (x) => [models[x.i].data.title]],
      ["", predicted ? "energy" : "FLOPs", (x) => [least(x) + format(x.root[key]), predicted ? beside(`${text.joules(x.root.low)} to ${text.joules(x.root.high)}`) : ""]],
      ["", "ratio", (x) => compare.ratioCell(best[key], x.root[key], open(x), "")],
      ...(predicted ? [
        ["", "time", (x) => [least(x) + text.seconds(x.root.time)]],
        ["wide", "each", (x) => (x.each ? [`${least(x)}${text.joules(x.root.energy / x.each.count)} per ${x.each.name}`] : ["–"])],
      ] : []),
      ["wide", "memory", (x) => [x.memory.text, beside(x.memory.more)]],
    ];
    const cell = (x, [cls, , of]) => { const made = of(x); return Array.isArray(made) ? el("td", { className: cls }, ...made) : made; };
    box.replaceChildren(el("div", { className: "scroll" }, el("table", { className: "compare-table sizes" },
      el("thead", {}, el("tr", {}, ...columns.map(([cls, name]) => el("th", { scope: "col", className: cls }, name)))),
      el("tbody", {}, ...list.map((x) => el("tr", {}, ...columns.map((c) => cell(x, c))))))));
  }
  const beside = (t) => el("span", { className: "quiet beside" }, t);

  return { show };
})();
