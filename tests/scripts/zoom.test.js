// The larger view's zoom, on stand-ins for the elements that it moves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Zoom } from "../../fox_nb/panels/scripts/parts/zoom.js";

const stage = {
  addEventListener() {},
  getBoundingClientRect: () => ({ left: 0, top: 0, width: 400, height: 200 }),
  classList: { toggle() {} },
};

test("the point under the pointer stays where it is, and nothing is moved beyond its edge", () => {
  const zoom = new Zoom(stage, [{ style: {} }]);
  zoom.by(2, 100, 50);
  assert.deepEqual([zoom.scale, zoom.x, zoom.y], [2, -100, -50]);
  zoom.to(2, 900, 900);
  assert.deepEqual([zoom.x, zoom.y], [200, 100]);
  zoom.by(1 / 8);
  assert.deepEqual([zoom.scale, zoom.x, zoom.y], [1, 0, 0]);
});

test("keys zoom and pan, and others are left to whoever wants them", () => {
  const zoom = new Zoom(stage, [{ style: {} }]);
  assert.equal(zoom.key("ArrowLeft"), false);
  assert.equal(zoom.key("x"), false);
  assert.equal(zoom.key("+"), true);
  assert.equal(zoom.key("ArrowLeft"), true);
  assert.equal(zoom.x > 0, true);
});

test("the wheel's small steps add up to one large one, and a swipe to the side zooms nothing", () => {
  const listeners = {};
  const heard = { ...stage, addEventListener: (name, hear) => (listeners[name] = hear) };
  const zoom = new Zoom(heard, [{ style: {} }]);
  const turn = (deltaY) => listeners.wheel({ preventDefault() {}, deltaY, deltaMode: 0, clientX: 200, clientY: 100 });
  for (let step = 0; step < 13; step++) turn(-20);
  const small = zoom.scale;
  turn(0);
  assert.equal(zoom.scale, small);
  zoom.reset();
  turn(-260);
  assert.ok(Math.abs(zoom.scale - small) < 1e-9);
});
