// What widgets take in of the kernel's messages when those come late, or between what somebody does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { persons } from "../../fox_nb/panels/scripts/parts/persons.js";
import { Tasks } from "../../fox_nb/panels/scripts/parts/tasks.js";

function fakeModel(sent = []) {
  const attributes = {};
  let hear = (_content) => {};
  return {
    sent,
    get: (name) => attributes[name],
    set: (name, value) => (attributes[name] = value),
    on: (_name, run) => (hear = run),
    send: (message) => sent.push(message),
    heard: (content) => hear(content),
  };
}

test("why something was refused stays until the next press, however often the list comes anew", () => {
  const tasks = new Tasks();
  const model = fakeModel();
  tasks.initialize(model);
  model.heard({ type: "wrong", lines: ["No balance."] });
  model.heard({ type: "list", items: [{ key: "a", pictures: [] }], earlier: 0 });
  model.heard({ type: "item", item: { key: "a", pictures: [] }, most: 12, earlier: 0 });
  assert.deepEqual(tasks.state.wrong, ["No balance."]);
  tasks.act("retry", { key: "a" }, 1, null);
  assert.deepEqual(tasks.state.wrong, []);
  assert.equal(model.sent.length, 1);
});

test("a person who was ticked stays so when the kernel says what it knew before", () => {
  const model = fakeModel();
  const widget = persons();
  widget.initialize({ model });
  const items = [
    ["p1", "Ruth"],
    ["p2", "Ada"],
  ];
  model.heard({ type: "persons", items, chosen: [], empty: "", by: "" });
  widget.choose("p1", true);
  const { page } = model.sent[0];
  model.heard({ type: "persons", items, chosen: [], empty: "", by: "" });
  assert.deepEqual(model.get("seen").value, ["p1"]);
  model.heard({ type: "persons", items, chosen: ["p1"], empty: "", by: page });
  model.heard({ type: "persons", items, chosen: ["p2"], empty: "", by: "" });
  assert.deepEqual(model.get("seen").value, ["p2"]);
});

test("a page that has searched takes its own rows and pieces alone", () => {
  const tasks = new Tasks();
  const model = fakeModel();
  tasks.initialize(model);
  const titles = () => tasks.state.items.map(({ title }) => title);
  model.heard({ type: "list", items: [{ key: "a", title: "fox" }], by: "" });
  model.heard({ type: "list", items: [], by: "another page" });
  assert.deepEqual(titles(), ["fox"]);
  tasks.by = tasks.pixels.page;
  model.heard({ type: "list", items: [{ key: "b", title: "bear" }], by: tasks.by });
  model.heard({ type: "list", items: [], by: "" });
  assert.deepEqual(titles(), ["bear"]);
  tasks.pixels.save("b", 1);
  assert.equal(model.sent.at(-1).by, tasks.by);
  const piece = { type: "piece", key: "b", number: 1, at: 0, size: 100 };
  tasks.onMessage({ ...piece, by: "another page" }, [new ArrayBuffer(40)]);
  assert.equal(tasks.pixels.percent("b", 1), 0);
  model.heard({ type: "wrong", key: "b", number: 1, by: "another page", lines: ["Its file is gone."] });
  assert.equal(tasks.pixels.percent("b", 1), 0);
});
