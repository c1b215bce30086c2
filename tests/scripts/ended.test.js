// What a part says when its kernel hears no more: JupyterLab's comm throws then.
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

test("a press into a kernel that has ended says that nothing was sent, and the button is itself again", async (t) => {
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
  const values = { controls: {}, description: "Generate", price: "$0.09", busy: false };
  const sent = [];
  let ended = true;
  const model = {
    get: (name) => values[name],
    on() {},
    off() {},
    send(message) {
      if (ended) throw Error("Cannot send");
      sent.push(message);
    },
  };
  const part = dressed({ press }, "hash", new Uint8Array())("press");
  const el = new Part();
  part.initialize({ model });
  const close = part.render({ model, el });
  t.after(() => {
    close();
    for (const name of Object.keys(given)) delete globalThis[name];
  });
  const [root, said] = el.children;
  const button = root.children[0].children[0];
  const click = async () => {
    button.dispatchEvent(Object.assign(new Event("click"), { detail: 1 }));
    await new Promise(setImmediate);
  };
  await click();
  assert.match(said.textContent, /restarted or has ended: run the cell again\. Nothing was sent/);
  assert.equal(button.textContent, "Generate \u00b7 $0.09");
  ended = false;
  await click();
  assert.equal(said.textContent, "");
  assert.equal(button.textContent, "Sending\u2026");
  assert.equal(sent.length, 1);
});
