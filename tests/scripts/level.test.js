// A level follows its style, which is a model of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dressed } from "../../fox_nb/panels/scripts/parts/dress.js";
import { level } from "../../fox_nb/panels/scripts/parts/level.js";

/** As much of an element as the level uses: Node has none. */
class Part extends EventTarget {
  children = [];
  dataset = {};
  style = { setProperty() {} };
  classList = { add() {}, toggle() {} };
  append(...children) {
    this.children.push(...children);
  }
  setAttribute() {}
  closest() {
    return null;
  }
}

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

test("the label is as wide as the style says, also one that replaces another; a closed view hears of neither", (t) => {
  const observer = class {
    observe() {}
  };
  globalThis.document = { createElement: () => new Part(), getElementById: () => ({}), activeElement: null };
  globalThis.ResizeObserver = observer;
  t.after(() => {
    delete globalThis.document;
    delete globalThis.ResizeObserver;
  });
  const [first, second] = ["80px", "200px"].map((width) => modelOf({ description_width: width }));
  const model = modelOf({ value: 0.5, min: 0, max: 1, step: 0.1, description: "Creativity", style: first });
  const el = new Part();
  const close = dressed({ level }, "hash", new Uint8Array())("level", model).render({ el });
  const label = el.children[0].children[0];
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
