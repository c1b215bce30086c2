// What a press does where something has ended: the kernel, whose comm throws in JupyterLab then, or a control.
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawInto } from "../../fox_nb/panels/scripts/parts/drawing.js";
import { mounter } from "../../fox_nb/panels/scripts/parts/mount.js";
import { press } from "../../fox_nb/panels/scripts/parts/press.js";

/** A press in a page, with these controls; `widgets` has their models. */
function pressIn(t, controls = {}, widgets = {}) {
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
  const part = mounter({ press }, "hash", new Uint8Array(), drawInto)("press", model);
  const el = document.createElement("div");
  const closeView = part.render({ el });
  t.after(() => {
    closeView();
    part.close();
  });
  const said = el.lastElementChild;
  const button = el.querySelector(".fox-press");
  const click = async () => {
    button.click();
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
