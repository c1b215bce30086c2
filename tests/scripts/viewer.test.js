// The live viewer, while the kernel does not answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parts } from "../../fox_nb/panels/scripts/viewer.js";

/** As much of an element as the viewer uses before it starts: Node has none. */
class Part extends EventTarget {
  dataset = {};
  classList = { add() {} };
  children = [];
  append(...children) {
    this.children.push(...children);
  }
  setAttribute() {}
}

for (const hasTable of [true, false])
  test(`while a cell runs it says when it starts, and ${hasTable ? "names the table" : "names no table"}`, (t) => {
    globalThis.document = { createElement: () => new Part() };
    t.after(() => delete globalThis.document);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const el = new Part();
    el.closest = () => ({ dataset: {}, querySelector: () => (hasTable ? new Part() : null) });
    el.getRootNode = () => ({});
    const end = new AbortController();
    parts.viewer({ send() {} }).view({ el, signal: end.signal });
    t.mock.timers.tick(10_000);
    const [note] = el.children[0].children;
    assert.match(note.textContent, /^The viewer starts when the running cell has ended/);
    assert.equal(/table/.test(note.textContent), hasTable);
    end.abort();
  });
