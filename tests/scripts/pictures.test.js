// What the viewer asks the kernel for: each tile once, what is over is called off, what is lost is not asked for again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tiles } from "../../fox_nb/render/compare_view/pictures.js";

function asking() {
  const sent = [];
  return { sent, tiles: new Tiles((change) => sent.push(change)) };
}

test("a tile is asked for once, and called off when the screen needs it no longer", () => {
  const { sent, tiles } = asking();
  tiles.want(["a/0/0/0", "a/0/1/0"]);
  tiles.want(["a/0/0/0", "a/0/1/0"]);
  tiles.want(["a/0/1/0", "b/0/0/0"]);
  assert.deepEqual(sent, [
    { add: ["a/0/0/0", "a/0/1/0"], drop: [] },
    { add: ["b/0/0/0"], drop: ["a/0/0/0"] },
  ]);
  assert.equal(tiles.waiting, 2);
});

test("no tile of a picture that can't be read is asked for again", () => {
  const { sent, tiles } = asking();
  tiles.want(["a/0/0/0", "b/0/0/0"]);
  tiles.gone("a");
  tiles.want(["a/0/0/0", "a/1/0/0", "b/0/0/0"]);
  assert.equal(sent.length, 1);
  assert.equal(tiles.waiting, 1);
});

test("whoever leaves calls off what is under way", () => {
  const { sent, tiles } = asking();
  tiles.want(["a/0/0/0"]);
  tiles.close();
  assert.deepEqual(sent.at(-1), { add: [], drop: ["a/0/0/0"] });
});

test("no tile is asked for until a preview has come; one that can't be read is no reason to wait", () => {
  const { sent, tiles } = asking();
  const preview = (complete) => Object.assign(new EventTarget(), { complete, naturalWidth: 0 });
  tiles.look(["a", "b"]);
  tiles.adopt("c", preview(false));
  tiles.want(["a/3/0/0", "b/3/0/0", "c/3/0/0", "d/3/0/0"]);
  assert.equal(tiles.waiting, 3);
  tiles.received("a", preview(true));
  tiles.want(["a/3/0/0", "b/3/0/0", "c/3/0/0", "d/3/0/0"]);
  assert.deepEqual(
    sent.map(({ add }) => add),
    [["d/3/0/0"], ["a/3/0/0"]],
  );
});
