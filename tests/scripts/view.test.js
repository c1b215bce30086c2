// The linked view's arithmetic: what is under the pointer stays there, nothing leaves the picture, tiles leave no gap.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clamped,
  levelFor,
  placed,
  tilesSeen,
  WHOLE,
  zoomedAt,
  zoomOneToOne,
} from "../../fox_nb/render/compare_view/view.js";

const PANE = { width: 400, height: 300 };
const PICTURE = { width: 4096, height: 3072, levels: 5, tile: 256 };

/** The point of the picture, in its pixels, that lies at (x, y) of the pane. */
function under(view, x, y) {
  const { left, top, scale } = placed(view, PANE, PICTURE);
  return [(x - left) / scale, (y - top) / scale];
}

test("zooming keeps the point under the pointer", () => {
  const before = { x: 0.5, y: 0.5, zoom: 4 };
  const after = zoomedAt(before, 1.5, 130, 90, PANE, PICTURE);
  assert.equal(after.zoom, 6);
  const [was, is] = [under(before, 130, 90), under(after, 130, 90)];
  for (const axis of [0, 1]) assert.ok(Math.abs(was[axis] - is[axis]) < 8, `${was} became ${is}`);
});

test("a view never leaves the picture, and never shows less than a few pixels of it", () => {
  assert.deepEqual(clamped({ x: -3, y: 9, zoom: 0.1 }, PANE, PICTURE), WHOLE);
  const deep = clamped({ x: -3, y: 9, zoom: 1e9 }, PANE, PICTURE);
  assert.ok(deep.x > 0 && deep.y < 1);
  assert.equal(deep.zoom / zoomOneToOne(PANE, PICTURE), 24);
});

test("the level that is drawn has about a pixel for each of the screen's", () => {
  assert.equal(levelFor(1, PICTURE), 0);
  assert.equal(levelFor(1 / 4, PICTURE), 2);
  assert.equal(levelFor(1e-9, PICTURE), PICTURE.levels - 1);
});

test("the tiles of a pane cover it without a gap or an overlap, the middle first", () => {
  const view = { x: 0.37, y: 0.61, zoom: 9.3 };
  const place = placed(view, PANE, PICTURE);
  const tiles = tilesSeen(place, PANE, PICTURE, 1);
  const [first] = tiles;
  assert.ok(first.left < 200 && first.left + first.width > 200 && first.top < 150 && first.top + first.height > 150);
  for (let x = 0; x < PANE.width; x += 7)
    for (let y = 0; y < PANE.height; y += 7) {
      const here = tiles.filter((t) => t.left <= x && x < t.left + t.width && t.top <= y && y < t.top + t.height);
      assert.equal(here.length, 1, `${here.length} tiles at ${x}, ${y}`);
    }
});
