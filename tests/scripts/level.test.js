// A level follows its style, which is a model of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawInto } from "../../fox_nb/panels/scripts/parts/drawing.js";
import { level } from "../../fox_nb/panels/scripts/parts/level.js";
import { mounter } from "../../fox_nb/panels/scripts/parts/mount.js";

/** A model with these values; `listeners` are those of its changes. */
function modelOf(values) {
  const listeners = new Set();
  return {
    listeners,
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const heard of listeners) heard();
    },
    on: (_, heard) => listeners.add(heard),
    off: (_, heard) => listeners.delete(heard),
  };
}

test("the label is as wide as the style says, also one that replaces another; a closed view hears of neither", () => {
  const [first, second] = ["80px", "200px"].map((width) => modelOf({ description_width: width }));
  const model = modelOf({ value: 0.5, min: 0, max: 1, step: 0.1, description: "Creativity", style: first });
  const el = document.createElement("div");
  const close = mounter({ level }, "hash", new Uint8Array(), drawInto)("level", model).render({ el });
  const label = el.querySelector("label");
  assert.equal(label.style.width, "80px");
  model.set("style", second);
  assert.equal(label.style.width, "200px");
  second.set("description_width", "77px");
  assert.equal(label.style.width, "77px");
  assert.equal(first.listeners.size, 0);
  close();
  assert.equal(second.listeners.size, 0);
  model.set("style", first);
  assert.equal(label.style.width, "77px");
});
