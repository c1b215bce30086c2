// The grid: every cell a frame with the same view, parameter values on both axes, the original beside it.

import { Bar, Facts, help, takeWords } from "./bar.js";
import { element, Frame } from "./frame.js";
import { keyDown, keyUp } from "./keys.js";
import { labelFrame, placeDivider, shape } from "./labels.js";
import { clamped, fitScale, panned, WHOLE, zoomedAt, zoomOneToOne } from "./view.js";

export class Grid {
  /**
   * @param {any} facts the comparison as JSON
   * @param {import("./pictures.js").Previews} pictures what gives the pixels
   * @param {{retry?: ((row: number, column: number, take: number) => void) | null}} [can] what tries a cell again
   */
  constructor(facts, pictures, { retry = null } = {}) {
    this.facts = facts;
    this.pictures = pictures;
    this.retry = retry;
    /** @type {import("./view.js").View} */
    this.view = WHOLE;
    /** @type {[number, number]} */
    this.active = [0, 0];
    this.takes = new Map();
    this.mode = "picture";
    this.all = false;
    this.gain = 4;
    this.split = 0.5;
    this.reference = facts.original ? "original" : "0,0";
    this.held = null;
    this.large = false;
    this.listening = new AbortController();
    this.largest = this.#largest();
    this.help = help();
    this.status = element("div", { class: "foxc-status", role: "status" });
    this.root = element("div", { class: "foxc-compare", role: "group", "aria-label": facts.title });
    this.bar = new Bar(this.facts, {
      zoom: (factor) => this.zoom(factor),
      whole: () => this.setView(WHOLE),
      oneToOne: () => this.oneToOne(),
      mode: (mode) => this.setMode(mode),
      gain: (gain) => this.setGain(gain),
      all: (all) => this.setAll(all),
      compareWith: (reference) => this.compareWith(reference),
      hold: (down) => this.hold(down ? this.leading : null),
      large: () => this.setLarge(!this.large),
      help: () => this.help.showModal(),
    });
    this.about = new Facts({ take: (step) => this.stepTake(step) });
    this.hand = this.#hand();
    this.stage = new Frame(pictures, this.hand);
    /** @type {Frame[][]} */
    this.frames = [];
    /** @type {ResizeObserver | undefined} */
    this.sizes = undefined;
    /** @type {IntersectionObserver | undefined} */
    this.sight = undefined;
    this.#build();
    pictures.onchange = () => this.invalidate();
    this.show();
  }

  // What there is

  /** @param {number[]} place its row and column */
  cell([row, column] = this.active) {
    return this.facts.cells[row][column];
  }

  /** @param {number[]} place its row and column */
  takeIndex([row, column]) {
    const { takes } = this.facts.cells[row][column];
    const chosen = this.takes.get(`${row},${column}`) ?? takes.findIndex((take) => take.state === "done");
    return Math.min(Math.max(0, chosen), takes.length - 1);
  }

  take(place) {
    return this.cell(place).takes[this.takeIndex(place)];
  }

  pictureOf(frame) {
    return frame === this.original ? this.facts.original : this.take(this.placeOf(frame))?.picture;
  }

  placeOf(frame) {
    return frame === this.stage || frame === this.original ? this.active : frame.place;
  }

  get referencePicture() {
    if (this.reference === "original") return this.facts.original;
    return this.take(this.reference.split(",").map(Number))?.picture;
  }

  get referenceLabel() {
    return this.reference === "original" ? "Original" : this.cell(this.reference.split(",").map(Number)).label;
  }

  /** The picture with most pixels: 100 % means its pixels. */
  #largest() {
    const all = [this.facts.original, ...this.facts.cells.flat().flatMap((c) => c.takes.map((t) => t.picture))];
    return all.filter(Boolean).reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a), {
      width: 1,
      height: 1,
    });
  }

  get leading() {
    return this.large ? this.stage : this.frames[this.active[0]][this.active[1]];
  }

  // Building

  /** What gestures do; see Frame. */
  #hand() {
    return {
      zoom: (frame, factor, x, y) => this.zoom(factor, frame, x, y),
      pan: (frame, dx, dy) => this.pan(dx, dy, frame),
      split: (fraction) => this.setSplit(fraction),
      hold: (frame) => this.hold(frame),
      choose: (frame) => this.#choose(frame),
      open: (frame) => frame !== this.original && this.setLarge(!this.large),
      sliding: (frame) => !frame.divider.hidden,
      zoomed: () => this.view.zoom > 1,
      wheelZooms: () =>
        this.root.contains(/** @type {Document | ShadowRoot} */ (this.root.getRootNode()).activeElement),
    };
  }

  #build() {
    const hand = this.hand;
    this.stage.root.classList.add("foxc-stage");
    this.stage.root.tabIndex = 0;
    this.frames = this.facts.cells.map((row, r) => row.map((_, c) => this.#frame(hand, r, c)));
    const parts = [];
    if (this.facts.original) {
      this.original = new Frame(this.pictures, hand);
      this.original.root.setAttribute("role", "img");
      this.original.root.setAttribute("aria-label", "Original");
      const { full, width, height } = this.facts.original;
      const caption = element(
        "figcaption",
        {},
        element("strong", {}, "Original"),
        element("span", {}, `${full ?? `${width} x ${height}`} px`),
      );
      parts.push(element("figure", { class: "foxc-original" }, this.original.root, caption));
    }
    parts.push(element("div", { class: "foxc-scroll" }, this.#table()), this.stage.root);
    const area = element("div", { class: "foxc-area" }, ...parts);
    this.root.append(this.bar.root, area, this.about.root, this.status, this.help);
    this.#listen();
  }

  #frame(hand, row, column) {
    const frame = new Frame(this.pictures, hand);
    frame.place = [row, column];
    frame.cell = element("td", { role: "gridcell", tabindex: "-1" }, frame.root, frame.numbers);
    return frame;
  }

  #table() {
    const { rows, columns } = this.facts;
    const two = rows.name !== "";
    const corner = two
      ? [element("th", { class: "foxc-corner" }, `${rows.name} ↓`, element("br"), `${columns.name} →`)]
      : [];
    const heads = columns.labels.map((label) =>
      element("th", { scope: "col" }, two ? label : `${columns.name} ${label}`.trim()),
    );
    const lines = this.frames.map((line, r) => {
      const head = two ? [element("th", { scope: "row" }, rows.labels[r])] : [];
      return element("tr", {}, ...head, ...line.map((frame) => frame.cell ?? ""));
    });
    const table = element(
      "table",
      { role: "grid", "aria-label": this.facts.title },
      element("thead", {}, element("tr", {}, ...corner, ...heads)),
      element("tbody", {}, ...lines),
    );
    table.style.setProperty("--fox-columns", String(columns.labels.length));
    return table;
  }

  #listen() {
    const { signal } = this.listening;
    this.root.addEventListener("keydown", (event) => keyDown(this, event), { signal });
    this.root.addEventListener("keyup", (event) => keyUp(this, event), { signal });
    this.root.addEventListener("focusin", (event) => this.#focused(event), { signal });
    this.root.addEventListener(
      "focusout",
      (event) => this.root.contains(/** @type {Node | null} */ (event.relatedTarget)) || this.hold(null),
      { signal },
    );
    const frames = this.everyFrame();
    const byRoot = new Map(frames.map((frame) => [/** @type {Element} */ (frame.root), frame]));
    this.sizes = new ResizeObserver(() => this.invalidate());
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) /** @type {Frame} */ (byRoot.get(entry.target)).seen = entry.isIntersecting;
      this.invalidate();
    });
    for (const frame of frames) {
      this.sizes.observe(frame.root);
      this.sight.observe(frame.root);
    }
  }

  everyFrame() {
    return [this.original, this.stage, ...this.frames.flat()].filter((frame) => frame !== undefined);
  }

  // Doing

  paneOf(frame) {
    frame.pane.measure();
    return frame.pane.size;
  }

  setView(view, pane = this.paneOf(this.leading)) {
    this.view = clamped(view, pane, this.largest);
    this.changed = performance.now();
    this.#showZoom();
    this.invalidate();
  }

  zoom(factor, frame = this.leading, x, y) {
    const pane = this.paneOf(frame);
    this.setView(
      zoomedAt(
        this.view,
        factor,
        x ?? pane.width / 2,
        y ?? pane.height / 2,
        pane,
        this.pictureOf(frame) ?? this.largest,
      ),
      pane,
    );
  }

  pan(dx, dy, frame = this.leading) {
    const pane = this.paneOf(frame);
    this.setView(panned(this.view, dx, dy, pane, this.pictureOf(frame) ?? this.largest), pane);
  }

  oneToOne() {
    const pane = this.paneOf(this.leading);
    this.setView({ ...this.view, zoom: zoomOneToOne(pane, this.largest) }, pane);
  }

  setMode(mode) {
    this.mode = mode;
    const what = { picture: "Picture", slider: "Divider", difference: `Difference, gain ${this.gain}` }[mode];
    this.say(mode === "picture" ? what : `${what}: ${this.cell().label} with ${this.referenceLabel}`);
    this.show();
  }

  setGain(gain) {
    this.gain = gain;
    this.say(`Gain ${gain}`);
    this.show();
  }

  setAll(all) {
    this.all = all;
    this.say(all ? "In all cells" : "In this cell only");
    this.show();
  }

  setSplit(fraction) {
    this.split = Math.min(1, Math.max(0, fraction));
    for (const frame of this.everyFrame()) if (!frame.divider.hidden) placeDivider(this, frame);
    this.invalidate();
  }

  compareWith(reference) {
    this.reference = reference;
    this.say(`Compared with ${this.referenceLabel}`);
    this.show();
  }

  hold(frame) {
    if (this.held === frame) return;
    this.held = frame;
    if (frame) this.say(this.referenceLabel);
    this.invalidate();
  }

  setLarge(large) {
    this.large = large;
    this.show();
    this.setView(this.view);
    this.focusActive();
  }

  stepTake(step) {
    const { takes } = this.cell();
    if (takes.length < 2) return;
    const index = (this.takeIndex(this.active) + step + takes.length) % takes.length;
    this.takes.set(this.active.join(), index);
    this.say(takeWords(this.cell(), index));
    this.show();
  }

  showTake([row, column], index) {
    this.takes.set(`${row},${column}`, index);
    this.goTo(row, column, { preventScroll: true });
  }

  goTo(row, column, { preventScroll = false } = {}) {
    const rows = this.facts.cells.length;
    const columns = this.facts.cells[0].length;
    this.active = [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];
    this.show();
    this.focusActive({ preventScroll });
  }

  focusActive({ preventScroll = false } = {}) {
    const target = this.large ? this.stage.root : this.frames[this.active[0]][this.active[1]].cell;
    target?.focus({ preventScroll });
  }

  /** A press on a frame: nothing may move under the finger. */
  #choose(frame) {
    if (frame.place) this.goTo(...frame.place, { preventScroll: true });
    else this.focusActive({ preventScroll: true });
  }

  #focused(event) {
    const frame = this.frames.flat().find((candidate) => candidate.cell === event.target);
    if (frame && frame.place.join() !== this.active.join()) {
      this.active = frame.place;
      this.show();
    }
  }

  say(words) {
    this.status.textContent = words;
  }

  /** Put new facts into one cell. */
  update(row, column, cell) {
    this.facts.cells[row][column] = cell;
    this.largest = this.#largest();
    this.takes.delete(`${row},${column}`);
    this.show();
  }

  toggleCode() {
    if (this.take(this.active)?.code || this.cell().code) this.about.details.open = !this.about.details.open;
  }

  /** One step back: from the large cell, then from divider or difference; false when there is nothing to leave. */
  escape() {
    if (this.large) this.setLarge(false);
    else if (this.mode !== "picture") this.setMode("picture");
    else return false;
    return true;
  }

  // Showing

  /** Bring words, buttons and dividers up to date, and have the panes drawn. */
  show() {
    const { mode, gain, all, reference, large } = this;
    this.bar.show({ mode, gain, all, reference, large });
    this.#showZoom();
    this.about.show(this.cell(), this.takeIndex(this.active), this.facts.explanations);
    this.root.classList.toggle("foxc-large", large);
    this.root.style.setProperty("--fox-shape", shape(this));
    for (const frame of this.frames.flat()) labelFrame(this, frame, frame.place);
    labelFrame(this, this.stage, this.active);
    this.invalidate();
  }

  #showZoom() {
    const pane = this.leading.pane.size;
    const scale = pane.width ? fitScale(pane, this.largest) * this.view.zoom : 0;
    this.bar.zoom.textContent = scale ? `${Math.round(100 * scale)} %` : "";
    this.root.classList.toggle("foxc-zoomed", this.view.zoom > 1);
  }

  /** Whether divider, difference or hold are at work in a frame. */
  compares(frame) {
    return frame !== this.original && (this.all || frame === this.leading);
  }

  invalidate() {
    this.painting ??= requestAnimationFrame(() => {
      this.painting = null;
      this.#paint();
      this.#showZoom();
    });
  }

  #paint() {
    const wanted = [];
    for (const frame of this.everyFrame()) {
      if (!frame.seen || !frame.pane.measure()) continue;
      wanted.push(frame.pane.draw(this.#look(frame)));
    }
    this.pictures.want(this.#inTurn(wanted));
    const busy = this.pictures.waiting > 0;
    this.root.setAttribute("aria-busy", String(busy));
    this.bar.busy.textContent = busy ? `fetching ${this.pictures.waiting}` : "";
    if (!busy && this.changed) {
      this.root.dataset.settledMs = (performance.now() - this.changed).toFixed(1);
      this.changed = null;
    }
  }

  #look(frame) {
    const { view, split, gain, mode, referencePicture: other } = this;
    const pixelated = fitScale(frame.pane.size, this.largest) * view.zoom > 1.001;
    const compares = this.compares(frame);
    const held = this.held && compares && (this.all || this.held === frame);
    if (held && other) return { picture: other, mode: "picture", view, pixelated };
    return { picture: this.pictureOf(frame), other, mode: compares ? mode : "picture", split, gain, view, pixelated };
  }

  /** The middle of every pane first, then outwards: lists of keys taken in turn, each key once. */
  #inTurn(lists) {
    const keys = new Set();
    const longest = Math.max(0, ...lists.map((list) => list.length));
    for (let i = 0; i < longest; i++) for (const list of lists) if (i < list.length) keys.add(list[i]);
    return [...keys];
  }

  close() {
    this.listening.abort();
    this.sizes?.disconnect();
    this.sight?.disconnect();
    if (this.painting) cancelAnimationFrame(this.painting);
    for (const frame of this.everyFrame()) frame.close();
    this.pictures.close();
  }
}
