// The choosers of a comparison of more than two axes: which two are shown, and at what values the others stand.

import { element } from "./frame.js";

export class Choosers {
  /** @param {import("./grid.js").Grid} grid */
  constructor(grid) {
    this.grid = grid;
    const { axes } = grid.facts;
    this.root = element("div", { class: "foxc-choosers", hidden: axes.length < 3 });
    if (axes.length < 3) return;
    this.ways = new Map(["across", "down"].map((way) => [way, this.#way(way)]));
    this.values = axes.map((axis, number) => this.#value(axis, number));
    for (const [way, select] of this.ways)
      this.root.append(element("label", {}, way === "across" ? "Across" : "Down", select));
    this.values.forEach(({ label }) => this.root.append(label));
  }

  #way(way) {
    const { grid } = this;
    const named = grid.facts.axes.map((axis, number) => element("option", { value: String(number) }, axis.name));
    const onchange = (event) => grid.rearrange((places, key) => places.show(way, Number(event.target.value), key));
    return element("select", { onchange }, ...named);
  }

  #value(axis, number) {
    const options = axis.labels.map((label, value) => element("option", { value: String(value) }, label));
    const onchange = (event) => this.grid.choose(number, Number(event.target.value));
    const select = element("select", { onchange }, ...options);
    return { label: element("label", {}, axis.name, select), select };
  }

  show() {
    if (!this.values) return;
    const { places } = this.grid;
    this.ways?.forEach((select, way) => {
      select.value = String(places[way]);
    });
    const further = new Set(places.further);
    this.values.forEach(({ label, select }, axis) => {
      label.hidden = !further.has(axis);
      select.value = String(places.chosen[axis]);
    });
  }
}
