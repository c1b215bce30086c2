// Whoever hands a result to another tab goes along with it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { goAlong } from "../../fox_nb/panels/scripts/parts/tasks.js";

/** A studio whose kernel opens another tab when it comes to it; node has neither a page nor its observers. */
function studio(activeElement) {
  const tab = (name) => ({ name, focus: () => (document.activeElement = tab(name)) });
  let selected = tab("Generate");
  const heard = [];
  globalThis.document = { activeElement, body: "body" };
  globalThis.MutationObserver = class {
    constructor(hear) {
      this.hear = hear;
    }
    observe = () => heard.push(this.hear);
    disconnect = () => heard.splice(heard.indexOf(this.hear), 1);
  };
  const open = (name) => {
    selected = tab(name);
    for (const hear of [...heard]) hear();
  };
  return { querySelector: () => selected, open, heard };
}

test("the focus goes to the tab however late the kernel opens it, once", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const here = studio("body");
  goAlong(here);
  context.mock.timers.tick(60_000);
  here.open("Edit");
  context.mock.timers.tick(60_000);
  assert.equal(document.activeElement.name, "Edit");
  assert.equal(here.heard.length, 0);
});

test("who works elsewhere by then stays there; a hidden tab is nowhere", () => {
  for (const isSeen of [true, false]) {
    const elsewhere = { name: "a cell", checkVisibility: () => isSeen };
    const here = studio(elsewhere);
    goAlong(here);
    here.open("Edit");
    assert.equal(document.activeElement.name, isSeen ? "a cell" : "Edit");
  }
});
