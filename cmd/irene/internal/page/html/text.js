"use strict";

// Numbers as text, as irene prints them.
const text = (() => {
  const PREFIXES = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"]];

  function scaled(v, unit, digits) {
    if (!Number.isFinite(v)) return "?";
    if (v === 0) return "0";
    const a = Math.abs(v);
    if (unit === "" && a < 1e4 && Number.isInteger(v)) return String(v);
    const [by, prefix] = PREFIXES.find(([p]) => a >= p * (1 - 0.5 * 10 ** -digits)) || PREFIXES[PREFIXES.length - 1];
    return `${fixed(v / by, digits)} ${prefix}${unit}`.trimEnd();
  }
  function fixed(n, digits) {
    const v = Number(n.toPrecision(digits));
    const whole = Math.floor(Math.log10(Math.max(1, Math.abs(v)))) + 1;
    return v.toFixed(Math.max(0, digits - whole));
  }
  function percent(part) {
    if (!Number.isFinite(part)) return "";
    if (part === 0) return "0 %";
    return part < 0.001 ? "<0.1 %" : `${(100 * part).toFixed(1)} %`;
  }
  function memory(v) {
    if (!Number.isFinite(v)) return "?";
    const i = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, v)) / 10)));
    return `${i === 0 ? v : fixed(v / 2 ** (10 * i), 4)} ${["", "Ki", "Mi", "Gi", "Ti"][i]}B`;
  }
  // parameters counts in billions, as people name models.
  function parameters(v) {
    if (!Number.isFinite(v)) return "?";
    const [by, word] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]].find(([b]) => v >= b * (1 - 5e-4)) || [1, ""];
    return by === 1 ? String(v) : `${fixed(v / by, 3)} ${word}`;
  }
  const whole = (v) => (!Number.isFinite(v) ? "?" : v.toLocaleString("en").replaceAll(",", "\u202f"));

  return {
    scaled, fixed, percent, memory, parameters, whole,
    joules: (v) => scaled(v, "J", 3), seconds: (v) => scaled(v, "s", 3), watts: (v) => scaled(v, "W", 3), bytes: (v) => scaled(v, "B", 4), flops: (v) => scaled(v, "FLOP", 4), count: (v) => scaled(v, "", 4),
    plural: (n, noun) => `${whole(n)} ${noun}${n === 1 ? "" : "s"}`,
    ratio: (x) => (!Number.isFinite(x) ? "?" : x >= 100 ? x.toFixed(0) : x.toPrecision(3)),
  };
})();
