// Which cells are shown where: two axes at a time, one across and one down; of the others one value each.
//
// A place is [row, column] of what is on the screen, a key the name of a cell: "2,0,1", for each axis which of its values.

const ACROSS = 6; // a single axis with more values is wrapped into lines

export class Places {
  /** @param {{name: string, labels: string[]}[]} axes */
  constructor(axes) {
    this.axes = axes;
    this.across = 0;
    this.down = axes.length > 1 ? 1 : -1;
    this.chosen = axes.map(() => 0);
  }

  get wrapped() {
    return this.down < 0 && this.axes[0].labels.length > ACROSS;
  }

  get columns() {
    return this.wrapped ? ACROSS : this.axes[this.across].labels.length;
  }

  get rows() {
    if (this.wrapped) return Math.ceil(this.axes[0].labels.length / ACROSS);
    return this.down < 0 ? 1 : this.axes[this.down].labels.length;
  }

  /** The axes that go neither across nor down. */
  get further() {
    return this.axes.map((_, axis) => axis).filter((axis) => axis !== this.across && axis !== this.down);
  }

  /**
   * The cell at a place; "" behind the last one of a wrapped axis.
   * @param {number[]} place
   */
  keyAt([row, column]) {
    if (this.wrapped) {
      const number = row * ACROSS + column;
      return number < this.axes[0].labels.length ? String(number) : "";
    }
    const at = [...this.chosen];
    at[this.across] = column;
    if (this.down >= 0) at[this.down] = row;
    return at.join();
  }

  /** Where a cell is shown, or would be, if the further axes stood at its values. */
  placeOf(key) {
    const at = key.split(",").map(Number);
    if (this.wrapped) return [Math.floor(at[0] / ACROSS), at[0] % ACROSS];
    return [this.down < 0 ? 0 : at[this.down], at[this.across]];
  }

  /** Let an axis go across or down; the one that stood there takes its place. The cell `key` stays in sight. */
  show(way, axis, key) {
    const other = way === "across" ? "down" : "across";
    if (this[other] === axis) this[other] = this[way];
    this[way] = axis;
    this.chosen = key.split(",").map(Number);
  }

  /** Let a further axis stand at another value, round and round. */
  choose(axis, value) {
    const { length } = this.axes[axis].labels;
    this.chosen[axis] = (value + length) % length;
  }

  /** Go through all combinations of the further axes' values; the first of these axes changes fastest. */
  step(by) {
    for (const axis of this.further) {
      const value = this.chosen[axis] + by;
      this.choose(axis, value);
      if (this.chosen[axis] === value) return;
    }
  }

  /** The next pair of axes, for a key that goes through all of them. */
  next(key) {
    const pairs = this.axes.flatMap((_, a) => this.axes.map((_, d) => [a, d]).filter(([x, y]) => x !== y));
    if (!pairs.length) return false;
    const now = pairs.findIndex(([a, d]) => a === this.across && d === this.down);
    [this.across, this.down] = pairs[(now + 1) % pairs.length];
    this.chosen = key.split(",").map(Number);
    return true;
  }

  /** The cell that a reference means for a cell: "*" stands for where that one is. */
  static meant(reference, key) {
    const own = key.split(",");
    return reference
      .split(",")
      .map((at, axis) => (at === "*" ? own[axis] : at))
      .join();
  }

  /** A value in words: the axis' name and its label. */
  words(axis, value) {
    const { name, labels } = this.axes[axis];
    return `${name} ${labels[value]}`.trim();
  }
}
