// The bar above the grid, the facts below it, and the help: words and buttons, no pixels.

import { element } from "./frame.js";

const KEYS = [
  ["+  −", "zoom in, zoom out (also Ctrl + wheel, two fingers; the wheel alone once you have clicked in)"],
  ["0  1", "whole picture, one picture pixel for each screen pixel"],
  ["Arrows", "move the picture when zoomed in, else go to the next cell; Shift + arrows always go to the next cell"],
  ["S", "divider between this cell and what it is compared with; drag it, or arrows, Home and End on it"],
  ["D", "difference of the two; G and Shift + G change its gain"],
  ["O or space", "hold to see what it is compared with (or press and hold on a cell)"],
  ["R", "compare with this cell instead of the original; again for the original"],
  ["A", "divider, difference and hold in all cells or in this one"],
  ["[  ]", "variation before, variation after"],
  ["Enter", "this cell large; again or Esc for the grid (also a double click)"],
  ["C", "show the code for this cell"],
  ["Esc", "close help, leave the large cell, then the divider or difference"],
];

function button(text, label, onclick, extra = {}) {
  // a word is its own name, for eyes and ears alike; a sign needs one
  const name = /[a-z]{2}/i.test(text) ? undefined : label;
  return element("button", { type: "button", "aria-label": name, title: label, onclick, ...extra }, text);
}

/** Which of a cell's pictures is shown; several may be of one take, and '' stands for the only one. */
export function takeWords(cell, index) {
  const { length } = cell.takes;
  const number = cell.takes[index]?.number;
  const each = new Set(cell.takes.map((take) => take.number)).size === length;
  return length < 2
    ? ""
    : each
      ? `variation ${number} of ${length}`
      : `variation ${number}, picture ${index + 1} of ${length}`;
}

export class Bar {
  /** `act` holds what the buttons do; see Grid. */
  constructor(facts, act) {
    this.zoom = element("span", { class: "foxc-zoom" });
    this.busy = element("span", { class: "foxc-busy" });
    this.modes = new Map(
      [
        ["picture", "Picture", "The picture alone"],
        ["slider", "Divider", "Divider between the cell and what it is compared with (S)"],
        ["difference", "Difference", "Difference from what it is compared with (D)"],
      ].map(([mode, text, label]) => [mode, button(text, label, () => act.mode(mode), { "aria-pressed": "false" })]),
    );
    this.gain = element("input", {
      type: "range",
      min: "0",
      max: "5",
      step: "1",
      "aria-label": "Gain of the difference",
      oninput: (event) => act.gain(2 ** Number(event.target.value)),
    });
    this.gainWords = element("span");
    this.gainGroup = element("label", { class: "foxc-gain" }, "Gain", this.gain, this.gainWords);
    this.all = element("input", { type: "checkbox", onchange: (event) => act.all(event.target.checked) });
    this.reference = element("select", {
      "aria-label": "Compare with",
      onchange: (event) => act.compareWith(event.target.value),
    });
    this.hold = button("Hold to compare", "Hold to see what the cell is compared with (O)", () => {});
    this.hold.addEventListener("pointerdown", () => act.hold(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      this.hold.addEventListener(end, () => act.hold(false));
    }
    this.large = button("Large", "This cell large (Enter)", () => act.large(), { "aria-pressed": "false" });
    this.root = element(
      "div",
      { class: "foxc-bar", role: "toolbar", "aria-label": "View of the comparison" },
      element(
        "span",
        { class: "foxc-group" },
        button("−", "Zoom out (-)", () => act.zoom(1 / 1.5)),
        this.zoom,
        button("+", "Zoom in (+)", () => act.zoom(1.5)),
        button("Fit", "Fit the whole picture (0)", () => act.whole()),
        button("1:1", "One picture pixel for each screen pixel (1)", () => act.oneToOne()),
      ),
      element("span", { class: "foxc-group" }, ...this.modes.values()),
      this.gainGroup,
      element("label", { class: "foxc-with" }, "with", this.reference),
      element("label", { class: "foxc-all" }, this.all, "all cells"),
      element(
        "span",
        { class: "foxc-group" },
        this.hold,
        this.large,
        button("?", "Keys (?)", () => act.help()),
      ),
      this.busy,
    );
    this.options(facts);
  }

  /** Fill the list of what can be compared with. */
  options(facts) {
    const cells = facts.cells.flatMap((row, r) =>
      row.map((cell, c) => element("option", { value: `${r},${c}` }, cell.label)),
    );
    const original = facts.original ? [element("option", { value: "original" }, "Original")] : [];
    this.reference.replaceChildren(...original, ...cells);
  }

  show({ mode, gain, all, reference, large }) {
    for (const [name, made] of this.modes) made.setAttribute("aria-pressed", String(name === mode));
    this.gainGroup.hidden = mode !== "difference";
    this.gain.value = String(Math.log2(gain));
    this.gain.setAttribute("aria-valuetext", `${gain} times`);
    this.gainWords.textContent = `x ${gain}`;
    this.all.checked = all;
    this.reference.value = reference;
    this.large.setAttribute("aria-pressed", String(large));
  }
}

/** What is known of the cell that is chosen: which one, its take, its numbers, its code. */
export class Facts {
  constructor(act) {
    this.act = act;
    this.words = element("div", { class: "foxc-facts-words" });
    this.code = element("code");
    this.copied = button("Copy", "Copy the code", () => this.#copy());
    this.details = element(
      "details",
      {},
      element("summary", {}, "Show code"),
      element("pre", {}, this.code),
      this.copied,
    );
    this.root = element("div", { class: "foxc-facts" }, this.words, this.details);
  }

  show(cell, index, explanations) {
    const take = cell.takes[index];
    const size = take?.picture ? `${take.picture.full ?? `${take.picture.width} × ${take.picture.height}`} px` : "";
    const head = element("p", {}, element("strong", {}, cell.label));
    if (cell.takes.length > 1) {
      head.append(
        button("‹", "Variation before ([)", () => this.act.take(-1)),
        takeWords(cell, index),
        button("›", "Variation after (])", () => this.act.take(1)),
      );
    }
    head.append(...[size, take?.reason, take?.note].filter(Boolean).map((words) => element("span", {}, words)));
    const numbers = (take?.numbers ?? []).map(([name, value]) =>
      element(
        "div",
        {},
        element("dt", {}, name),
        element("dd", {}, value, element("small", {}, explanations[name] ?? "")),
      ),
    );
    this.words.replaceChildren(head, ...(numbers.length ? [element("dl", {}, ...numbers)] : []));
    const code = take?.code || cell.code;
    this.details.hidden = !code;
    this.code.textContent = code;
    this.copied.textContent = "Copy";
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      this.copied.textContent = "Copied";
    } catch {
      // no permission, or a page from file: the person copies what is selected now
      getSelection()?.selectAllChildren(this.code);
      this.copied.textContent = "Selected: press Ctrl + C";
    }
  }
}

/** The keys, in a dialog over the page. */
export function help() {
  const rows = KEYS.map(([keys, words]) => element("div", {}, element("dt", {}, keys), element("dd", {}, words)));
  const dialog = element("dialog", { class: "foxc-help", "aria-label": "Keys of the comparison" });
  dialog.append(
    element("h2", {}, "Keys"),
    element("dl", {}, ...rows),
    button("Close", "Close (Esc)", () => dialog.close()),
  );
  return dialog;
}
