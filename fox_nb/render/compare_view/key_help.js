// The keys, in a dialog over the page: what one wants to do on the left, what to press on the right.

import { button, element } from "./frame.js";

/** @type {[string, [words: string, keys: string[], more?: string][]][]} */
const KEYS = [
  [
    "Look closely",
    [
      ["Zoom in, zoom out", ["+", "−"], "or Ctrl + wheel; the wheel alone after a click"],
      ["Whole picture", ["0"]],
      ["One picture pixel for each screen pixel", ["1"]],
      ["Move the picture when zoomed in", ["Arrows"]],
      ["This cell large, and back", ["Enter"], "or a double click"],
      ["Full screen", ["F"]],
    ],
  ],
  [
    "Compare",
    [
      ["Divider", ["S"], "then drag it, or arrows, Home and End on it"],
      ["Difference", ["D"]],
      ["More gain, less gain", ["G", "Shift + G"]],
      ["See the other picture while held", ["O", "Space"], "or press and hold a cell"],
      ["In all cells, or in this one", ["A"]],
      ["Compare with this cell; again for the original", ["R"]],
    ],
  ],
  [
    "Go about",
    [
      ["Next cell", ["Arrows"], "with Shift when zoomed in"],
      ["Variation before, variation after", ["[", "]"]],
      ["Show the code", ["C"]],
      ["One step back", ["Esc"]],
    ],
  ],
];
/** @type {[string, string[]][]} */
const AXES = [
  ["Show other parameters across and down", ["X"]],
  ["Parameters that aren't shown: value before, value after", [",", "."]],
];

/** @param {number} axes how many parameters there are */
export function help(axes) {
  const dialog = element("dialog", { class: "foxc-help", "aria-label": "Keys of the comparison" });
  /** @param {[words: string, keys: string[], more?: string]} key */
  const row = ([words, keys, more]) => {
    const pressed = keys.flatMap((key, at) => [at ? " " : "", element("kbd", {}, key)]);
    const said = more ? [element("small", {}, more)] : [];
    return element("div", {}, element("dt", {}, words), element("dd", {}, ...pressed, ...said));
  };
  const parts = KEYS.map(([title, rows], at) => {
    const all = at === KEYS.length - 1 && axes > 2 ? [...rows, ...AXES] : [...rows];
    return element("section", {}, element("h3", {}, title), element("dl", {}, ...all.map(row)));
  });
  dialog.append(
    element("h2", {}, "Keys"),
    ...parts,
    button("Close", "Close (Esc)", () => dialog.close()),
  );
  return dialog;
}
