// The keys: what each does, wherever in the comparison the focus is.

import { GAINS } from "./bar.js";
import { WHOLE } from "./view.js";

const STEP = 0.15; // of the pane, that an arrow key moves the picture

export function keyDown(grid, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // else the notebook takes them for its own: D twice deletes a cell, 0 twice restarts the kernel
  if (event.key !== "Escape" || grid.help.open) event.stopPropagation();
  if (grid.help.open) return;
  const tag = event.target.tagName;
  if (tag === "SELECT" || tag === "TEXTAREA") return;
  const onControl = tag === "BUTTON" || tag === "INPUT" || tag === "SUMMARY";
  if (onControl && (event.key === "Enter" || event.key === " " || event.key.startsWith("Arrow"))) return;
  const action = keyActions(grid, event)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || action() === false) return;
  event.preventDefault();
  event.stopPropagation();
}

export function keyUp(grid, event) {
  if (event.key === " " || event.key.toLowerCase() === "o") grid.hold(null);
}

function keyActions(grid, { shiftKey, repeat }) {
  const arrow = (dx, dy) => () => {
    if (grid.view.zoom > 1 && !shiftKey) {
      const { width, height } = grid.paneOf(grid.leading);
      grid.pan(-dx * STEP * width, -dy * STEP * height);
    } else {
      grid.goTo(grid.active[0] + dy, grid.active[1] + dx);
    }
  };
  const gain = GAINS[Math.min(GAINS.length - 1, Math.max(0, GAINS.indexOf(grid.gain) + (shiftKey ? -1 : 1)))];
  const hold = () => repeat || grid.hold(grid.leading);
  const zoomIn = () => grid.zoom(1.5);
  const zoomOut = () => grid.zoom(1 / 1.5);
  const toggle = (mode) => () => grid.setMode(grid.mode === mode ? "picture" : mode);
  const here = grid.key();
  const value = (by) => () => grid.places.further.length > 0 && grid.step(by);
  return {
    "+": zoomIn,
    "=": zoomIn,
    "-": zoomOut,
    _: zoomOut,
    0: () => grid.setView(WHOLE),
    1: () => grid.oneToOne(),
    ArrowLeft: arrow(-1, 0),
    ArrowRight: arrow(1, 0),
    ArrowUp: arrow(0, -1),
    ArrowDown: arrow(0, 1),
    s: toggle("slider"),
    d: toggle("difference"),
    g: () => grid.setGain(gain),
    o: hold,
    " ": hold,
    r: () =>
      grid.compareWith(
        grid.reference === here ? (grid.facts.original ? "original" : grid.facts.reference || here) : here,
      ),
    a: () => grid.setAll(!grid.all),
    "[": () => grid.stepTake(-1),
    "]": () => grid.stepTake(1),
    c: () => grid.toggleCode(),
    f: () => grid.setFull(),
    x: () => grid.facts.axes.length > 1 && grid.rearrange((places, key) => places.next(key)),
    ",": value(-1),
    ".": value(1),
    Enter: () => grid.setLarge(!grid.large),
    "?": () => grid.help.showModal(),
    Escape: () => grid.escape(),
  };
}
