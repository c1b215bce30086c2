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
