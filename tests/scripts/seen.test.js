// What a press takes along of a part whose value isn't synced: there for the press, and nothing in a saved notebook.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setSeen } from "../../fox_nb/panels/scripts/parts/elements.js";

function fakeModel() {
  const attributes = {};
  const sets = [];
  return {
    sets,
    get: (name) => attributes[name],
    set: (name, value) => {
      sets.push(name);
      attributes[name] = value;
    },
  };
}

test("a press finds it, and what front ends save of it is null", () => {
  const model = fakeModel();
  setSeen(model, ["Ruth"]);
  assert.deepEqual(model.get("seen").value, ["Ruth"]);
  assert.equal(JSON.stringify({ seen: model.get("seen") }), '{"seen":null}');
});

test("the same again is no change: it would have all views drawn for nothing", () => {
  const model = fakeModel();
  setSeen(model, ["a"]);
  setSeen(model, ["a"]);
  setSeen(model, ["a", "b"]);
  assert.equal(model.sets.length, 2);
});
