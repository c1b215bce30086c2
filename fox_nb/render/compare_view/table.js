// The table of cells: heads, captions, and a frame for each cell, whose canvas is there only while somebody sees it.

import { element, Frame } from "./frame.js";
import { sizeWords } from "./size.js";

const HEAD = 96; // px, the heads of the rows
const NUMBER = 136; // px that a number takes at the least
const LINE = 15; // px

/** Build the table for the axes that are shown; returns it and its frames by row and column. */
export function build(grid) {
  const { places, facts } = grid;
  const frames = Array.from({ length: places.rows }, (_, r) =>
    Array.from({ length: places.columns }, (_, c) => frameAt(grid, [r, c])),
  );
  const two = places.down >= 0;
  const columns = places.axes[places.across];
  const rows = two ? places.axes[places.down] : null;
  const corner = rows?.name ? [`${rows.name} ↓`, element("br"), `${columns.name} →`] : [];
  const heads = places.wrapped
    ? []
    : columns.labels.map((label, c) => element("th", { scope: "col" }, two ? label : places.words(places.across, c)));
  const lines = frames.map((line, r) => {
    const head = rows ? [element("th", { scope: "row" }, rows.labels[r])] : [];
    return element("tr", {}, ...head, ...line.map((frame) => frame.cell ?? ""));
  });
  const head = element("tr", {}, ...(rows ? [element("th", { class: "foxc-corner" }, ...corner)] : []), ...heads);
  const table = element(
    "table",
    { role: "grid", "aria-label": facts.title },
    element("thead", { hidden: places.wrapped }, head),
    element("tbody", {}, ...lines),
  );
  table.style.setProperty("--fox-columns", String(places.columns));
  return { table, frames };
}

function frameAt(grid, place) {
  const frame = new Frame(grid);
  const { places } = grid;
  frame.place = place;
  const key = places.keyAt(place);
  const caption =
    places.wrapped && key ? [element("div", { class: "foxc-caption" }, places.words(0, Number(key)))] : [];
  const inside = key ? [...caption, frame.root, frame.numbers] : [];
  frame.cell = element("td", { role: "gridcell", tabindex: "-1" }, ...inside);
  return frame;
}

/** Keep room for the numbers that come, so that nothing moves when they do. */
export function keepRoom(root, columns, numbers) {
  const width = (root.clientWidth - HEAD) / Math.max(1, columns);
  const lines = Math.ceil(numbers / Math.max(1, Math.floor(width / NUMBER)));
  root.style.setProperty("--fox-room", `${lines * LINE + (lines ? 7 : 0)}px`);
}

/** The original, beside the table. */
export function originalBeside(grid) {
  const frame = new Frame(grid);
  frame.root.setAttribute("role", "img");
  frame.root.setAttribute("aria-label", "Original");
  const size = element("span", {}, `${sizeWords(grid.facts.original)} px`);
  const figure = element("figure", { class: "foxc-original" }, frame.root);
  figure.append(element("figcaption", {}, element("strong", {}, "Original"), size));
  return { frame, figure, size };
}
