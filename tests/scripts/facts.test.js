import assert from "node:assert/strict";
import { test } from "node:test";
import { takeWords } from "../../fox_nb/render/compare_view/facts.js";

test("a variation is called by its number, which may be higher than how many there are", () => {
  const takes = (...numbers) => ({ takes: numbers.map((number) => ({ number })) });
  assert.equal(takeWords(takes(5, 6), 1), "variation 6");
  assert.equal(takeWords(takes(2, 2), 1), "variation 2, picture 2 of 2");
  assert.equal(takeWords(takes(3), 0), "");
});
