// What is said of a task under way, between the kernel's messages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gone, share, words } from "../../fox_nb/panels/scripts/parts/live.js";

const item = { status: "processing", percent: 0, gone: 10, estimated: 40, arrived: 0 };

test("the time left runs in the browser, and a task that is late says so", () => {
  assert.equal(gone(item, 5000), 15);
  assert.equal(words(item, 5000), "being made, about 25 s left");
  assert.equal(words(item, 29_500), "being made, nearly there");
  assert.equal(words(item, 30_300), "being made, nearly there"); // 40 s are no longer than 40 s
  assert.equal(words(item, 35_000), "being made, 45 s, longer than the usual 40 s");
  assert.equal(words({ ...item, percent: 30, estimated: 0 }, 0), "being made, 30 %, 10 s");
});

test("the bar goes by the gateway's word where it has one, and is never full before the end", () => {
  assert.equal(share({ ...item, percent: 30 }, 0), 0.3);
  assert.equal(share(item, 0), 0.25);
  assert.equal(share(item, 900_000), 0.97);
  assert.equal(share({ ...item, estimated: 0 }, 900_000), 0);
});
