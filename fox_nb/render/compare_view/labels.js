// The words on a frame: whose it is, how it stands, its numbers, and its divider.

import { takeWords } from "./facts.js";
import { element } from "./frame.js";

export function labelFrame(grid, frame, place) {
  const cell = grid.cell(place);
  const take = grid.take(place);
  const active = place.join() === grid.active.join();
  frame.cell?.setAttribute("tabindex", active ? "0" : "-1");
  frame.cell?.setAttribute("aria-selected", String(active));
  const impossible = take?.reason ? `not possible: ${take.reason}` : "not possible";
  const words = { pending: "waiting", running: "in progress", failed: take?.reason || "failed", impossible, done: "" };
  const state = take ? take.state : "pending";
  frame.stale = false;
  frame.words.replaceChildren(element("span", { title: words[state] ?? "" }, words[state] ?? ""));
  frame.root.dataset.state = state;
  if (state === "failed" && grid.retry) frame.words.append(retryButton(grid, place, cell));
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
  shown.push(...numbers.map((text) => element("span", {}, text)), ...failedTakes(grid, place));
  frame.numbers.replaceChildren(...shown);
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
function failedTakes(grid, place) {
  const { takes, label } = grid.cell(place);
  const failed = takes.filter((take) => take.state === "failed").length;
  if (!failed || grid.take(place).state === "failed") return [];
  const onclick = () =>
    grid.showTake(
      place,
      takes.findIndex((take) => take.state === "failed"),
    );
  return [
    element("button", { type: "button", onclick, "aria-label": `${failed} failed: ${label}` }, `${failed} failed`),
  ];
}

function retryButton(grid, place, cell) {
  const { number, price } = grid.take(place);
  const again = () => {
    grid.goTo(place[0], place[1], { preventScroll: true }); // the button goes, and the focus would with it
    grid.retry(grid.key(place), number);
  };
  const name = `Try ${cell.label} again${price ? ` for ${price}` : ""}`;
  const words = ["Try again", price].filter(Boolean).join(" \u00b7 ");
  return element("button", { type: "button", onclick: again, "aria-label": name }, words);
}
