"use strict";

// What the page shows: its models, and what is chosen of them. All numbers come from engine.js.
const page = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const models = data.models.map((m) => engine.prepare(m, data.rules, data.overlap));
  const METRICS = data.metrics.map((m) => ({ ...m, text: m.key === "params" ? text.parameters : (v) => text.scaled(v, m.unit, m.predicted ? 3 : 4) }));
  const { devices, types, runtime } = models[0].data;

  // Of the choices, device is an id, type the name that --as has, profile a name; "" is the profile that nobody chose.
  const state = {
    model: 0, compare: models.length > 1, device: devices.length ? devices[0].id : "", type: types[0].as, profile: runtime, set: {}, // settings of the device, by key
    sizes: new Map(), metric: "energy", colour: "class", view: models[0].children[0].length ? "modules" : "operators", query: "", sort: null, fold: true, flipped: new Set(), // rows of equal modules that stand the other way
    zoom: "m0", rest: null, selected: null, focus: null, rowFocus: null, expanded: new Set(), limit: 300,
  };
  const opening = { sizes: new Map(), device: state.device, type: state.type, profile: state.profile };
  for (const m of models) for (const d of m.data.dims) if (!opening.sizes.has(d.name)) opening.sizes.set(d.name, d.value);
  for (const [name, v] of opening.sizes) state.sizes.set(name, v);
  if (state.device === "") state.metric = "flops";

  const model = () => models[state.model];
  let result = null, atOpening = null; // of the model shown

  // choiceOf are the numbers of what is chosen in one model; its device is negative where it has no such plan.
  function choiceOf(m, of = state) {
    const device = m.data.devices.findIndex((d) => d.id === of.device), type = Math.max(0, m.data.types.findIndex((t) => t.as === of.type));
    const profile = of.profile ? m.data.profiles.indexOf(of.profile) : device < 0 ? -1 : m.data.types[type].profiles[device];
    return { device, type, profile };
  }
  const sizesOf = (m, sizes = state.sizes) => m.data.dims.map((d) => sizes.get(d.name));
  const evaluate = (m, sizes = state.sizes) => engine.evaluate(m, sizesOf(m, sizes), choiceOf(m), state.set);
  const evaluateOpening = (m) => engine.evaluate(m, sizesOf(m, opening.sizes), choiceOf(m, opening));

  // settings lists what can be set of the device.
  function settings() {
    const law = engine.lawOf(models[0], choiceOf(models[0]));
    return law ? engine.settings(law) : [];
  }

  const moved = () => Object.keys(state.set).length > 0 || state.device !== opening.device || state.type !== opening.type || state.profile !== opening.profile || [...opening.sizes].some(([n, v]) => state.sizes.get(n) !== v);

  return {
    data, models, state, opening, METRICS, model, choiceOf, evaluate, settings, moved,
    rows: data.rows, metric: () => METRICS.find((m) => m.key === state.metric),
    names: () => models.map((m) => m.data.title).join(models.length > 2 ? ", " : " and "),
    result: () => result, atOpening: () => atOpening,
    update: () => { result = evaluate(model()); atOpening ||= evaluateOpening(model()); },
    switched: () => { atOpening = null; },
  };
})();
