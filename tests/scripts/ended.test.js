// What a press does where something has ended: the kernel, whose comm throws in JupyterLab then, or a control.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dressed } from "../../fox_nb/panels/scripts/parts/dress.js";
import { press } from "../../fox_nb/panels/scripts/parts/press.js";

/** As much of an element as the press uses: Node has none. */
class Part extends EventTarget {
  children = [];
  dataset = {};
  attributes = {};
  classList = { add() {}, toggle() {} };
  textContent = "";
  append(...children) {
    this.children.push(...children);
  }
  prepend() {}
  replaceChildren(...children) {
    this.children = children;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  closest() {
    return null;
  }
}

/** A press in a page, with these controls; `widgets` has their models. */
function pressIn(t, controls = {}, widgets = {}) {
  const document = { createElement: () => new Part(), getElementById: () => ({}), activeElement: null };
  class Observer {
    observe() {}
    disconnect() {}
  }
  const given = {
    document,
    window: new EventTarget(),
    ResizeObserver: Observer,
    MutationObserver: Observer,
    requestAnimationFrame: () => 0,
  };
  Object.assign(globalThis, given);
  const values = { controls, description: "Generate", price: "$0.09", busy: false };
  const page = { sent: [], ended: false };
  const model = {
    get: (name) => values[name],
    on() {},
    off() {},
    send(message) {
      if (page.ended) throw Error("Cannot send");
      page.sent.push(message);
    },
    widget_manager: {
      async get_model(id) {
        if (!widgets[id]) throw Error("widget model not found");
        return { get: (name) => widgets[id][name], on() {}, off() {} };
      },
    },
  };
  const part = dressed({ press }, "hash", new Uint8Array())("press", model);
  const el = new Part();
  const closeView = part.render({ el });
  t.after(() => {
    closeView();
    part.close();
    for (const name of Object.keys(given)) delete globalThis[name];
  });
  const [root, said] = el.children;
  const button = root.children[0].children[0];
  const click = async () => {
    button.dispatchEvent(Object.assign(new Event("click"), { detail: 1 }));
    await new Promise(setImmediate);
  };
  return Object.assign(page, { said, button, click });
}

test("a press into a kernel that has ended says that nothing was sent, and the button is itself again", async (t) => {
  const page = pressIn(t);
  page.ended = true;
  await page.click();
  assert.match(page.said.textContent, /restarted or has ended: run the cell again\. Nothing was sent/);
  assert.equal(page.button.textContent, "Generate \u00b7 $0.09");
  page.ended = false;
  await page.click();
  assert.equal(page.said.textContent, "");
  assert.equal(page.button.textContent, "Sending\u2026");
  assert.equal(page.sent.length, 1);
});

test("a press takes along what is there when a control was closed", async (t) => {
  const page = pressIn(t, { prompt: "IPY_MODEL_a", num_outputs: "IPY_MODEL_gone" }, { a: { value: "a fox" } });
  await page.click();
  assert.deepEqual(page.sent, [{ type: "press", values: { prompt: "a fox" } }]);
});
