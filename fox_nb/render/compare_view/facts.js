// The facts of the cell that is chosen: which one, its take, its size, its numbers, its code.

import { button, element, fill } from "./frame.js";
import { sizeWords } from "./size.js";
import { sameShape } from "./view.js";

/** Which of a cell's pictures is shown; several may be of one take, and '' stands for the only one. */
export function takeWords(cell, index) {
  const { length } = cell.takes;
  const number = cell.takes[index]?.number;
  const each = new Set(cell.takes.map((take) => take.number)).size === length;
  return length < 2 ? "" : `variation ${number}${each ? "" : `, picture ${index + 1} of ${length}`}`;
}

export class Facts {
  /** @param {import("./grid.js").Grid} grid */
  constructor(grid) {
    this.grid = grid;
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

  show() {
    const { grid } = this;
    const cell = grid.cell();
    const index = grid.takeIndex(grid.active);
    const { explanations } = grid.facts;
    const take = cell.takes[index];
    const size = take?.picture ? `${sizeWords(take.picture)} px` : "";
    const head = element("p", {}, element("strong", {}, cell.label));
    if (cell.takes.length > 1) {
      head.append(
        button("‹", "Variation before ([)", () => grid.stepTake(-1)),
        takeWords(cell, index),
        button("›", "Variation after (])", () => grid.stepTake(1)),
      );
    }
    const rule = take?.picture && fittedInto(take.picture, grid.otherOf(grid.active));
    head.append(...[size, rule, take?.reason, take?.note].filter(Boolean).map((words) => element("span", {}, words)));
    const numbers = (take?.numbers ?? []).map(([name, value]) =>
      element(
        "div",
        {},
        element("dt", {}, name),
        element("dd", {}, value, element("small", {}, explanations[name] ?? "")),
      ),
    );
    fill(this.words, head, ...(numbers.length ? [element("dl", {}, ...numbers)] : []));
    this.details.hidden = !take?.code;
    this.code.textContent = take?.code ?? "";
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

/** By which rule a picture lies over one that it is compared with and that has another size; "" where none is needed. */
function fittedInto(picture, other) {
  if (!other || sizeWords(other) === sizeWords(picture)) return "";
  if (sameShape(picture, other)) return `scaled to lie over ${sizeWords(other)} px`;
  return `another shape than ${sizeWords(other)} px: fitted, in the middle; the difference is not pixel by pixel`;
}
