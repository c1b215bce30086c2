// The bar above the grid: one row of tools, each in its place whatever is chosen.

import { button, element } from "./frame.js";
import { WHOLE } from "./view.js";

export const GAINS = [1, 2, 4, 8, 16, 32];
const MOST_CELLS = 200; // that stand in the list of what can be compared with; R takes any
const MOST_VALUES = 12;

export class Bar {
  /** @param {import("./grid.js").Grid} grid */
  constructor(grid) {
    this.grid = grid;
    this.zoom = element("span", { class: "foxc-zoom" });
    this.busy = element("span", { class: "foxc-busy" });
    this.modes = new Map(
      [
        ["picture", "Picture", "The picture alone"],
        ["slider", "Divider", "Divider between the cell and what it is compared with (S)"],
        ["difference", "Difference", "Difference from what it is compared with (D)"],
      ].map(([mode, text, label]) => [
        mode,
        button(text, label, () => grid.setMode(mode), { "aria-pressed": "false" }),
      ]),
    );
    const options = GAINS.map((gain) => element("option", { value: String(gain) }, `× ${gain}`));
    this.gain = element(
      "select",
      {
        class: "foxc-gain",
        "aria-label": "Gain of the difference",
        title: "How much the difference is brightened (G)",
        onchange: (event) => grid.setGain(Number(event.target.value)),
      },
      ...options,
    );
    this.reference = element("select", {
      "aria-label": "Compare with",
      onchange: (event) => grid.compareWith(event.target.value),
    });
    this.all = element("input", { type: "checkbox", onchange: (event) => grid.setAll(event.target.checked) });
    this.hold = button("Hold", "Hold to see what the cell is compared with (O)", () => {}, {
      "aria-label": "Hold to compare",
    });
    this.hold.addEventListener("pointerdown", () => grid.hold(grid.leading));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      this.hold.addEventListener(end, () => grid.hold(null));
    }
    this.large = button("Large", "This cell large (Enter)", () => grid.setLarge(!grid.large), {
      "aria-pressed": "false",
    });
    this.full = button("Full screen", "Full screen (F)", () => grid.setFull(), { "aria-pressed": "false" });
    this.full.hidden = !document.fullscreenEnabled;
    const group = (...children) => element("span", { class: "foxc-group" }, ...children);
    this.root = element(
      "div",
      { class: "foxc-bar", role: "toolbar", "aria-label": "View of the comparison" },
      group(
        button("−", "Zoom out (-)", () => grid.zoom(1 / 1.5)),
        this.zoom,
        button("+", "Zoom in (+)", () => grid.zoom(1.5)),
        button("Fit", "Fit the whole picture (0)", () => grid.setView(WHOLE)),
        button("1:1", "One picture pixel for each screen pixel (1)", () => grid.oneToOne()),
      ),
      group(...this.modes.values(), this.gain),
      element("label", { class: "foxc-with" }, "with", this.reference),
      element("label", { class: "foxc-all", title: "Divider, difference and hold in all cells (A)" }, this.all, "all"),
      group(
        this.hold,
        this.large,
        this.full,
        button("?", "Keys (?)", () => grid.help.showModal()),
      ),
      this.busy,
    );
    this.#options();
  }

  /** Fill the list of what can be compared with. */
  #options() {
    const { facts, places } = this.grid;
    const option = (value, words) => element("option", { value }, words);
    if (facts.original) this.reference.append(option("original", "Original"));
    const few = facts.axes.length > 1 ? facts.axes.map((_, axis) => axis) : [];
    const same = few.flatMap((axis) =>
      facts.axes[axis].labels.slice(0, MOST_VALUES).map((_, value) => {
        const at = facts.axes.map((_, other) => (other === axis ? value : "*"));
        return option(at.join(), places.words(axis, value));
      }),
    );
    if (same.length) this.reference.append(element("optgroup", { label: "Each with its" }, ...same));
    const cells = Object.entries(facts.cells)
      .slice(0, MOST_CELLS)
      .map(([key, cell]) => option(key, cell.label));
    this.reference.append(element("optgroup", { label: "All with" }, ...cells));
  }

  /** Choose in the list, which gets what isn't in it yet. */
  #refer(reference) {
    const known = [...this.reference.options].some((option) => option.value === reference);
    if (!known) this.reference.append(element("option", { value: reference }, this.grid.otherLabel()));
    this.reference.value = reference;
  }

  show() {
    const { mode, gain, all, reference, large, root } = this.grid;
    for (const [name, made] of this.modes) made.setAttribute("aria-pressed", String(name === mode));
    this.gain.disabled = mode !== "difference";
    this.gain.value = String(gain);
    this.all.checked = all;
    this.#refer(reference);
    this.large.setAttribute("aria-pressed", String(large));
    this.full.setAttribute("aria-pressed", String(document.fullscreenElement === root));
  }
}
