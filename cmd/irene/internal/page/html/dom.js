"use strict";

// Elements of the page.
const dom = (() => {
  const $ = (id) => document.getElementById(id);

  // el makes an element. Properties are set as such, except attributes, whose names hold a hyphen or are "role".
  function el(tag, props, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props || {})) {
      if (v === undefined || v === null) continue;
      if (k.includes("-") || k === "role") e.setAttribute(k, v); else e[k] = v;
    }
    e.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
    return e;
  }

  // put and attribute change what differs: browsers take their time over what is changed.
  const put = (e, text) => { if (e.textContent !== text) e.textContent = text; };
  const attribute = (e, name, text) => { if (e.getAttribute(name) !== text) e.setAttribute(name, text); };

  // choices makes a group of buttons of which one is chosen; arrow keys go round.
  function choices(box, items, current, pick) {
    const key = JSON.stringify([items, current]);
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    const focused = box.contains(document.activeElement);
    box.replaceChildren(...items.map(([key, name]) => {
      const b = el("button", { type: "button", role: "radio", "aria-checked": key === current, tabIndex: key === current ? 0 : -1, onclick: () => pick(key) }, name);
      b.dataset.key = key;
      return b;
    }));
    if (focused) box.querySelector("[aria-checked=true]").focus();
    box.onkeydown = (ev) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[ev.key];
      if (!step) return;
      ev.preventDefault();
      const i = items.findIndex(([k]) => k === box.querySelector("[aria-checked=true]").dataset.key);
      pick(items[(i + step + items.length) % items.length][0]);
    };
  }

  return { $, el, put, attribute, choices };
})();
