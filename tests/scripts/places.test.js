// Which cells are shown where, when there are more axes than a screen has ways.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Places } from "../../fox_nb/render/compare_view/places.js";

test("keys reach every combination of the axes that are not shown, and come back to the first", () => {
  const axis = (name, ...labels) => ({ name, labels });
  const places = new Places([axis("a", "1", "2"), axis("b", "1", "2"), axis("c", "1", "2"), axis("d", "1", "2", "3")]);
  const seen = new Set();
  for (let presses = 0; presses < 6; presses++) {
    seen.add(places.keyAt([0, 0]));
    places.step(1);
  }
  assert.equal(seen.size, 6);
  assert.equal(places.keyAt([0, 0]), "0,0,0,0");
  places.step(-1);
  assert.equal(places.keyAt([0, 0]), "0,0,1,2");
});
