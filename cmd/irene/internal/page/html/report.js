"use strict";

// The whole page: what is shown when, the address that says the same, and the command line that does.
Object.assign(page, (() => {
  const { $, el, put, choices } = dom;
  const { state, models } = page;

  function showChoices() {
    choices($("metrics"), page.METRICS.filter((m) => !m.predicted || page.result().device).map((m) => [m.key, m.name]), state.metric, (k) => { state.metric = k; render(); saveState(); });
    choices($("views"), [["modules", "Modules"], ["operators", "Operators"]], state.view, (k) => { state.view = k; state.sort = null; state.limit = 300; render(); });
    const tabs = $("models");
    tabs.hidden = models.length < 2;
    const items = [...(models.length > 1 ? [["compare", "Comparison"]] : []), ...models.map((m, i) => [String(i), m.data.title])];
    choices(tabs, items, state.compare ? "compare" : String(state.model), (k) => {
      state.compare = k === "compare";
      if (!state.compare && Number(k) !== state.model) switchModel(Number(k));
      changed();
    });
    $("fold").checked = state.fold;
  }

  function switchModel(i) {
    Object.assign(state, { model: i, zoom: "m0", rest: null, selected: null, focus: null, rowFocus: null, flipped: new Set() });
    icicle.clear();
    table.clear();
    page.switched();
    page.update();
    tree.show(page.result());
    table.screenful();
  }

  // commandLine gives what the page shows, as far as a command does.
  function commandLine() {
    const shown = state.compare ? models : [page.model()], names = new Set(shown.flatMap((m) => m.data.dims.map((d) => d.name))), r = page.result(), { data } = page.model();
    const set = page.settings().filter((s) => s.key in state.set).map((s) => ` --${s.flag} ${state.set[s.key]}`);
    const given = data.settings.filter((s) => !(s.key in state.set) && (s.everywhere || state.device === page.opening.device)).map((s) => ` ${s.flag}`);
    const dims = [...names].map((n) => ` --dim ${/^[\w.]+$/.test(n) ? n : `'${n}'`}=${state.sizes.get(n)}`);
    const device = !r.device ? " --device none" : r.device.default ? "" : ` --device ${r.device.id}`;
    const type = data.types[r.choice.type].as, profile = state.profile;
    return `irene ${state.compare ? "compare" : "analyze"} ${shown.map((m) => m.data.file).join(" ")}${dims.join("")}${device}${type ? ` --as ${type}` : ""}${profile ? ` --runtime ${profile}` : ""}${data.flags}${given.join("")}${set.join("")}`;
  }

  function showFoot() {
    const m = page.model().data, notes = [`FLOPs count ${m.flops}.`];
    if (!state.compare && m.coverage) notes.push(`Operators were placed in modules: ${m.coverage}.`);
    $("foot").replaceChildren(el("p", {}, "The same from the command line: ", el("code", {}, commandLine())), el("p", {}, notes.join(" ")),
      el("p", { className: "keys" }, "Keys: / searches; arrows move in the picture and the table; Enter zooms, and unfolds equal layers (Shift+Enter zooms to them); u unfolds in the table; Escape goes back."));
    put($("title"), state.compare ? page.names() : m.title);
    put($("about"), state.compare ? "" : `${m.about}; numbers ${m.mode}`);
  }

  function render() {
    tree.show(page.result());
    if (!page.result().device && page.metric().predicted) state.metric = "flops";
    showChoices();
    controls.show();
    $("single").hidden = $("answer").hidden = state.compare;
    $("compare").hidden = !state.compare;
    if (state.compare) compare.show();
    else { answer.show(); icicle.show(); table.show(); detail.show(); }
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
    page.update();
    render();
    document.documentElement.dataset.ms = (performance.now() - t0).toFixed(1);
  }

  // ---- The address holds sizes, choices and view, so that a link shows the same.

  // saveState waits until nothing has changed for a moment: browsers take their time over it.
  let saving = 0;
  function saveState() {
    clearTimeout(saving);
    saving = setTimeout(writeAddress, 250);
  }
  function writeAddress() {
    const h = new URLSearchParams(), { opening } = page;
    for (const [name, v] of state.sizes) if (v !== opening.sizes.get(name)) h.set("d." + name, v);
    for (const key of ["device", "type", "profile"]) if (state[key] !== opening[key]) h.set(key, state[key]);
    for (const [key, v] of Object.entries(state.set)) h.set("set." + key, v);
    if (state.metric !== "energy") h.set("metric", state.metric);
    if (models.length > 1 && !state.compare) h.set("view", "model");
    if (state.model) h.set("model", state.model);
    if (!state.fold) h.set("fold", "no");
    if (state.zoom !== "m0" && !state.rest) h.set("zoom", state.zoom);
    if (state.selected) h.set("at", state.selected);
    const text = h.toString();
    try { history.replaceState(null, "", text ? "#" + text : location.pathname + location.search); } catch { /* some viewers forbid it */ }
  }
  function loadState() {
    const h = new URLSearchParams(location.hash.slice(1)), { data } = models[0];
    for (const [k, v] of h) if (k.startsWith("d.") && controls.takes(k.slice(2), v)) state.sizes.set(k.slice(2), Number(v));
    if (data.devices.some((d) => d.id === h.get("device"))) state.device = h.get("device");
    if (data.types.some((t) => t.as === h.get("type"))) state.type = h.get("type");
    if (h.get("profile") === "" || data.profiles.includes(h.get("profile"))) state.profile = h.get("profile");
    settingsIn(h);
    if (page.METRICS.some((m) => m.key === h.get("metric"))) state.metric = h.get("metric");
    if (models[h.get("model")]) state.model = Number(h.get("model"));
    state.compare = models.length > 1 && h.get("view") !== "model";
    state.fold = h.get("fold") !== "no";
    if (/^m\d+(x\d+)?(r\d+)?$/.test(h.get("zoom") || "")) state.zoom = h.get("zoom");
    if (h.get("at")) state.selected = h.get("at");
  }

  // settingsIn reads the settings of an address that the device takes.
  function settingsIn(h) {
    state.set = {};
    for (const s of page.settings()) {
      const v = h.get("set." + s.key);
      if (/^\d{1,6}$/.test(v || "") && Number(v) >= s.least && Number(v) <= s.most) state.set[s.key] = Number(v);
    }
  }

  function listen() {
    icicle.listen();
    table.listen();
    $("colour").onchange = () => { state.colour = $("colour").value; render(); };
    $("fold").onchange = () => { state.fold = $("fold").checked; state.flipped.clear(); render(); saveState(); };
    window.addEventListener("hashchange", () => { clearTimeout(saving); loadState(); update(); });
    document.addEventListener("keydown", (ev) => {
      if (ev.key === "/" && !state.compare && !/^(INPUT|SELECT|TEXTAREA)$/.test(ev.target.tagName)) { ev.preventDefault(); $("search").focus(); }
    });
  }

  function start() {
    $("app").hidden = false;
    controls.build(changed);
    loadState();
    listen();
    page.update();
    tree.show(page.result());
    table.screenful();
    update();
  }

  return { start, render, saveState };
})());
