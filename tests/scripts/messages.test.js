// What widgets take in of the kernel's messages when those come late, or between what somebody does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawInto, html, repeat } from "../../fox_nb/panels/scripts/parts/drawing.js";
import { persons } from "../../fox_nb/panels/scripts/parts/persons.js";
import { Tasks } from "../../fox_nb/panels/scripts/parts/tasks.js";

function fakeModel(sent = []) {
  const attributes = {};
  return {
    sent,
    get: (name) => attributes[name],
    set: (name, value) => (attributes[name] = value),
    send: (message) => sent.push(message),
  };
}

test("why something was refused stays until the next press, however often the list comes anew", () => {
  const model = fakeModel();
  const tasks = new Tasks(model, () => {});
  tasks.onMessage({ type: "wrong", lines: ["No balance."] });
  tasks.onMessage({ type: "list", items: [{ key: "a", pictures: [] }], earlier: 0 });
  tasks.onMessage({ type: "item", item: { key: "a", pictures: [] }, most: 12, earlier: 0 });
  assert.deepEqual(tasks.state.wrong, ["No balance."]);
  tasks.act("retry", { key: "a" }, 1, null);
  assert.deepEqual(tasks.state.wrong, []);
  assert.equal(model.sent.length, 1);
});

test("a person who was ticked stays so when the kernel says what it knew before", () => {
  const model = fakeModel();
  const widget = persons(model, () => {});
  const items = [
    ["p1", "Ruth"],
    ["p2", "Ada"],
  ];
  widget.onMessage({ type: "persons", items, chosen: [], empty: "", by: "" });
  widget.choose("p1", true);
  widget.onMessage({ type: "persons", items, chosen: [], empty: "", by: "" });
  assert.deepEqual(model.get("seen").value, ["p1"]);
  widget.choose("p2", true);
  const [first, second] = model.sent.map(({ page }) => page);
  widget.onMessage({ type: "persons", items, chosen: ["p1"], empty: "", by: first });
  assert.deepEqual(model.get("seen").value, ["p1", "p2"]);
  widget.onMessage({ type: "persons", items, chosen: ["p1"], empty: "", by: second }); // an observer allows one
  assert.deepEqual(model.get("seen").value, ["p1"]);
  widget.onMessage({ type: "persons", items, chosen: ["p2"], empty: "", by: "" });
  assert.deepEqual(model.get("seen").value, ["p2"]);
});

test("a choice whose answer was lost keeps nothing from being shown after the next one", () => {
  const model = fakeModel();
  const widget = persons(model, () => {});
  const items = [["p1", "Ruth"]];
  widget.onMessage({ type: "persons", items, chosen: [], empty: "", by: "" });
  for (const on of [true, false]) widget.choose("p1", on);
  widget.onMessage({ type: "persons", items, chosen: [], empty: "", by: model.sent[1].page });
  widget.onMessage({ type: "persons", items, chosen: ["p1"], empty: "", by: "" }); // by code
  assert.deepEqual(model.get("seen").value, ["p1"]);
});

test("a page that has searched takes its own rows and pieces alone", () => {
  const model = fakeModel();
  const tasks = new Tasks(model, () => {});
  const titles = () => tasks.state.items.map(({ title }) => title);
  tasks.onMessage({ type: "list", items: [{ key: "a", title: "fox" }], by: "" });
  tasks.onMessage({ type: "list", items: [], by: "another page" });
  assert.deepEqual(titles(), ["fox"]);
  tasks.by = tasks.pixels.page;
  tasks.onMessage({ type: "list", items: [{ key: "b", title: "bear" }], by: tasks.by });
  tasks.onMessage({ type: "list", items: [], by: "" });
  assert.deepEqual(titles(), ["bear"]);
  tasks.pixels.save("b", 1);
  assert.equal(model.sent.at(-1).by, tasks.by);
  const piece = { type: "piece", key: "b", number: 1, at: 0, size: 100 };
  tasks.onMessage({ ...piece, by: "another page" }, [new ArrayBuffer(40)]);
  assert.equal(tasks.pixels.percent("b", 1), 0);
  tasks.onMessage({ type: "wrong", key: "b", number: 1, by: "another page", lines: ["Its file is gone."] });
  assert.equal(tasks.pixels.percent("b", 1), 0);
});

test("a panel that has made hundreds holds the pixels of what it shows alone", (context) => {
  const revoked = context.mock.method(URL, "revokeObjectURL").mock;
  const model = fakeModel();
  const tasks = new Tasks(model, () => {});
  const item = (key) => ({ type: "item", item: { key, pictures: [] }, most: 12, earlier: 0 });
  for (let n = 1; n <= 500; n += 1) {
    tasks.onMessage(item(`t${n}`));
    tasks.pixels.get("picture", `t${n}`, 1);
    const pixels = { type: "pixels", what: "picture", key: `t${n}`, number: 1 };
    tasks.onMessage(pixels, [new Uint8Array(9)]);
    tasks.onMessage(pixels, [new Uint8Array(9)]); // the answer to another page
  }
  assert.equal(tasks.pixels.urls.size, 12);
  assert.equal(revoked.callCount(), 488);
  tasks.onMessage({ type: "list", items: [{ key: "t1" }, { key: "t500" }], earlier: 0 });
  assert.match(tasks.pixels.get("picture", "t500", 1), /^blob:/);
  assert.equal(tasks.pixels.get("picture", "t1", 1), undefined);
  assert.equal(model.sent.filter(({ key }) => key === "t1").length, 2);
});

test("whoever pressed a button of what is gone then goes on with its neighbour", (context) => {
  const panel = document.createElement("div");
  panel.className = "fox-nb-panel";
  panel.innerHTML = '<button class="fox-press">press</button><div><p></p></div>';
  document.body.append(panel);
  context.after(() => panel.remove());
  const el = panel.lastElementChild;
  const later = [];
  context.mock.method(globalThis, "requestAnimationFrame", (run) => later.push(run));
  const show = (...keys) => {
    const row = (key) => html`<li><button>${key}</button></li>`;
    drawInto(el, html`<ul>${repeat(keys, (key) => key, row)}</ul>`, el.lastElementChild);
    for (const run of later.splice(0)) run();
    return document.activeElement.textContent;
  };
  show("a", "b", "c");
  assert.equal(document.activeElement, document.body);
  el.querySelectorAll("button")[1].focus();
  assert.equal(show("a", "b", "c"), "b");
  assert.equal(show("new", "a", "b", "c"), "b");
  assert.equal(show("a", "c"), "c");
  assert.equal(show("a"), "a");
  assert.equal(show(), "press");
});
