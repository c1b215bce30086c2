// The words on a frame: whose it is, how it stands, its numbers, and its divider.

import { takeWords } from "./facts.js";
import { element, fill } from "./frame.js";

export function labelFrame(grid, frame, place) {
  const cell = grid.cell(place);
  const take = grid.take(place);
  const active = place.join() === grid.active.join();
  frame.cell?.setAttribute("tabindex", active ? "0" : "-1");
  frame.cell?.setAttribute("aria-selected", String(active));
  const impossible = take?.reason ? `not possible: ${take.reason}` : "not possible";
  const words = { pending: "not sent", running: "in progress", failed: take?.reason || "failed", impossible, done: "" };
  const state = take ? take.state : "pending";
  frame.stale = false;
  const again = state === "failed" && grid.retry ? [retryButton(grid, frame, place)] : [];
  fill(frame.words, element("span", { title: words[state] ?? "" }, words[state] ?? ""), ...again);
  frame.root.dataset.state = state;
  const sliding = grid.mode === "slider" && grid.compares(frame) && grid.otherOf(place) && take?.picture;
  if (sliding) placeDivider(grid, frame);
  frame.divider.hidden = !sliding;
  frame.before.textContent = sliding ? grid.otherLabel(place) : "";
  frame.after.textContent = frame === grid.stage ? cell.label : ""; // in the grid its row and column say it
  if (!frame.cell) {
    frame.root.setAttribute("role", "group");
    frame.root.setAttribute("aria-label", cell.label);
    return;
  }
  const many = takeWords(cell, grid.takeIndex(place));
  const numbers = (cell.numbers ?? []).map(([name, value]) => `${name} ${value}`);
  /** @type {HTMLElement[]} */
  const shown = many ? [element("div", {}, many)] : [];
  shown.push(...numbers.map((text) => element("span", {}, text)), ...failedTakes(grid, frame, place));
  fill(frame.numbers, ...shown);
  frame.cell.setAttribute("aria-label", [cell.label, words[state], many, ...numbers].filter(Boolean).join(", "));
}

export function placeDivider(grid, frame) {
  const place = grid.placeOf(frame);
  const other = grid.otherLabel(place);
  frame.slide({
    split: grid.split,
    reachable: frame === grid.leading,
    label: `Divider: ${other} to its left, ${grid.cell(place).label} to its right`,
    value: `${Math.round(grid.split * 100)} % ${other}`,
  });
}

/** Where one of several takes has failed and another is shown: a way to the one that failed, and to its reason. */
function failedTakes(grid, frame, place) {
  const { takes, label } = grid.cell(place);
  const hasFailed = (take) => take.state === "failed";
  const failed = takes.filter(hasFailed).length;
  if (!failed || hasFailed(grid.take(place))) return [];
  const onclick = () => {
    const now = grid.placeOf(frame);
    grid.showTake(now, grid.cell(now).takes.findIndex(hasFailed));
  };
  return [
    element("button", { type: "button", onclick, "aria-label": `${failed} failed: ${label}` }, `${failed} failed`),
  ];
}

function retryButton(grid, frame, place) {
  const { price } = grid.take(place);
  const onclick = () => {
    const now = grid.placeOf(frame);
    const { number } = grid.take(now);
    grid.goTo(now[0], now[1], { preventScroll: true }); // the button goes, and the focus would with it
    grid.retry(grid.key(now), number);
  };
  const name = `Try ${grid.cell(place).label} again${price ? ` for ${price}` : ""}`;
  const words = ["Try again", price].filter(Boolean).join(" \u00b7 ");
  return element("button", { type: "button", onclick, "aria-label": name }, words);
}
