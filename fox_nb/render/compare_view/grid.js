// The grid: every cell a frame with the same view, parameter values on its axes, the original beside it.

import { Bar } from "./bar.js";
import { Choosers } from "./choosers.js";
import { Facts, takeWords } from "./facts.js";
import { element, Frame } from "./frame.js";
import { help } from "./key_help.js";
import { keyDown, keyUp } from "./keys.js";
import { labelFrame, placeDivider } from "./labels.js";
import { Places } from "./places.js";
import { sizeWords } from "./size.js";
import { build, keepRoom, originalBeside } from "./table.js";
import { clamped, fitScale, frameAround, panned, WHOLE, zoomedAt, zoomOneToOne } from "./view.js";

const NOTHING = { label: "", numbers: [], takes: [{ number: 1, state: "none", numbers: [] }] };
const NUMBERS = 4; // that each cell has once it is measured

export class Grid {
  /**
   * @param {any} facts the comparison as JSON
   * @param {import("./pictures.js").Previews} pictures what gives the pixels
   * @param {{retry?: ((cell: string, take: number) => void) | null}} [can] what tries a cell again
   */
  constructor(facts, pictures, { retry = null } = {}) {
    this.facts = facts;
    this.pictures = pictures;
    this.retry = retry;
    this.places = new Places(facts.axes);
    /** @type {import("./view.js").View} */
    this.view = WHOLE;
    /** @type {number[]} row and column */
    this.active = [0, 0];
    this.takes = new Map();
    this.mode = "picture";
    this.all = false;
    this.gain = 4;
    this.split = 0.5;
    this.reference = facts.original ? "original" : facts.reference || this.places.keyAt(this.active);
    this.held = null;
    this.large = false;
    this.listening = new AbortController();
    this.largest = this.#largest();
    this.shape = this.#shape();
    this.help = help(facts.axes.length);
    this.status = element("div", { class: "foxc-status", role: "status" });
    // whoever clicks on anything in it has the focus in it, so that no key reaches the notebook
    this.root = element("div", { class: "foxc-compare", role: "group", tabindex: "-1", "aria-label": facts.title });
    this.bar = new Bar(this);
    this.choosers = new Choosers(this);
    this.about = new Facts(this);
    this.stage = new Frame(this);
    this.stage.root.classList.add("foxc-stage");
    this.stage.root.tabIndex = 0;
    /** @type {Frame[][]} */
    this.frames = [];
    this.scroll = element("div", { class: "foxc-scroll" });
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sight = new IntersectionObserver((entries) => this.#sighted(entries));
    /** @type {Map<Element, Frame>} */
    this.byRoot = new Map();
    this.#build();
    pictures.onchange = () => this.invalidate();
    this.show();
  }

  // What there is

  /** The name of the cell at a place. */
  key(place = this.active) {
    return this.places.keyAt(place);
  }

  /** @param {number[]} place its row and column */
  cell(place = this.active) {
    return this.facts.cells[this.key(place)] ?? NOTHING;
  }

  takeOf(key) {
    const { takes } = this.facts.cells[key] ?? NOTHING;
    const chosen = this.takes.get(key) ?? takes.findIndex((take) => take.state === "done");
    return Math.min(Math.max(0, chosen), takes.length - 1);
  }

  takeIndex(place) {
    return this.takeOf(this.key(place));
  }

  take(place) {
    return this.cell(place).takes[this.takeIndex(place)];
  }

  pictureOf(frame) {
    return frame === this.original ? this.originalOf() : this.take(this.placeOf(frame))?.picture;
  }

  /** What a cell was made from: its own original, or the one of all cells. */
  originalOf(place = this.active) {
    return this.cell(place).original ?? (this.facts.own ? undefined : this.facts.original);
  }

  placeOf(frame) {
    return frame === this.stage || frame === this.original ? this.active : frame.place;
  }

  /** The cell that another one is compared with. */
  #other(key) {
    return this.facts.cells[Places.meant(this.reference, key)];
  }

  /** The picture that the cell at a place is compared with: of several the chosen one, else the one of its number. */
  otherOf(place) {
    if (this.reference === "original") return this.originalOf(place);
    const key = Places.meant(this.reference, this.key(place));
    const { takes } = this.facts.cells[key] ?? NOTHING;
    const same = this.takes.has(key) ? undefined : takes[this.takeIndex(place)]?.picture;
    return same ?? takes[this.takeOf(key)]?.picture;
  }

  otherLabel(place = this.active) {
    if (this.reference === "original") return "Original";
    return this.#other(this.key(place))?.label ?? "nothing";
  }

  #pictures() {
    const cells = Object.values(this.facts.cells).flatMap((cell) => [
      cell.original,
      ...cell.takes.map((take) => take.picture),
    ]);
    return [this.facts.original, ...cells].filter(Boolean);
  }

  /** The picture with most pixels: 100 % means its pixels. Null while there is none. */
  #largest() {
    return this.#pictures().reduce((a, b) => (a && a.width * a.height >= b.width * b.height ? a : b), null);
  }

  /** Width for height of every frame, the same from the first moment on, so that nothing jumps when pictures land. */
  #shape() {
    const first = this.facts.original ?? (this.facts.shape ? null : this.#pictures()[0]);
    return first ? first.width / first.height : this.facts.shape || 1;
  }

  /** The frame that all pictures are fitted into. */
  get frame() {
    return frameAround(this.largest ?? { width: this.shape, height: 1 }, this.shape);
  }

  get leading() {
    return this.large ? this.stage : this.frames[this.active[0]][this.active[1]];
  }

  /** Whether keys and the wheel are the comparison's, and not the page's. */
  get hasFocus() {
    return this.root.contains(/** @type {Document | ShadowRoot} */ (this.root.getRootNode()).activeElement);
  }

  // Building

  #build() {
    const parts = [];
    if (this.facts.original) {
      const { frame, figure, size } = originalBeside(this);
      this.original = frame;
      this.originalSize = size;
      parts.push(figure);
    }
    const area = element("div", { class: "foxc-area" }, ...parts, this.scroll, this.stage.root);
    this.root.append(this.bar.root, this.choosers.root, area, this.about.root, this.status, this.help);
    this.#layOut();
    this.#listen();
  }

  /** Lay the table out for the axes that are shown. */
  #layOut() {
    for (const frame of this.frames.flat()) this.#forget(frame);
    const { table, frames } = build(this);
    this.frames = frames;
    this.scroll.replaceChildren(table);
    for (const frame of this.everyFrame()) {
      this.byRoot.set(frame.root, frame);
      this.sizes.observe(frame.root);
      this.sight.observe(frame.root);
    }
    for (const frame of frames.flat()) labelFrame(this, frame, frame.place);
  }

  #forget(frame) {
    this.sizes.unobserve(frame.root);
    this.sight.unobserve(frame.root);
    this.byRoot.delete(frame.root);
    frame.close();
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
    document.addEventListener("fullscreenchange", () => this.show(), { signal });
  }

  #sighted(entries) {
    for (const entry of entries) {
      const frame = this.byRoot.get(entry.target);
      frame?.see(entry.isIntersecting);
      if (frame?.seen && frame.stale) labelFrame(this, frame, frame.place);
    }
    this.invalidate();
  }

  #resized() {
    const measured = Math.max(0, ...Object.values(this.facts.cells).map((cell) => cell.numbers?.length ?? 0));
    const expected = this.facts.original || this.facts.reference ? NUMBERS : 0;
    keepRoom(this.scroll, this.places.columns, Math.max(measured, expected));
    this.invalidate();
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
    this.view = pane.width ? clamped(view, pane, this.frame) : WHOLE;
    this.changed = performance.now();
    this.#showZoom();
    this.invalidate();
  }

  zoom(factor, frame = this.leading, x, y) {
    const pane = this.paneOf(frame);
    this.setView(zoomedAt(this.view, factor, x ?? pane.width / 2, y ?? pane.height / 2, pane, this.frame), pane);
  }

  pan(dx, dy, frame = this.leading) {
    const pane = this.paneOf(frame);
    this.setView(panned(this.view, dx, dy, pane, this.frame), pane);
  }

  oneToOne() {
    const pane = this.paneOf(this.leading);
    this.setView({ ...this.view, zoom: zoomOneToOne(pane, this.frame) }, pane);
  }

  setMode(mode) {
    this.mode = mode;
    const what = { picture: "Picture", slider: "Divider", difference: `Difference, gain ${this.gain}` }[mode];
    this.say(mode === "picture" ? what : `${what}: ${this.cell().label} with ${this.otherLabel()}`);
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
    this.say(`Compared with ${this.otherLabel()}`);
    this.show();
  }

  hold(frame) {
    if (this.held === frame) return;
    this.held = frame;
    if (frame) this.say(this.otherLabel(this.placeOf(frame)));
    this.invalidate();
  }

  setLarge(large) {
    this.large = large;
    this.show();
    this.setView(this.view);
    this.focusActive();
  }

  /** A double press on a frame. */
  open(frame) {
    if (frame !== this.original) this.setLarge(!this.large);
  }

  async setFull() {
    try {
      if (document.fullscreenElement === this.root) await document.exitFullscreen();
      else await this.root.requestFullscreen();
    } catch {
      this.say("The browser doesn't allow a full screen here.");
    }
  }

  /** Show other axes: change `places`, and lay the table out anew with the active cell in sight. */
  rearrange(change) {
    const key = this.key();
    const root = /** @type {Document | ShadowRoot} */ (this.scroll.getRootNode());
    const inside = this.scroll.contains(root.activeElement);
    change(this.places, key);
    this.#layOut();
    this.active = this.places.placeOf(key);
    this.#resized();
    this.show();
    this.frames[this.active[0]][this.active[1]].cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (inside) this.focusActive({ preventScroll: true });
  }

  /** Let a further axis stand at another value: the same table, other pictures. */
  choose(axis, value) {
    this.places.choose(axis, value);
    this.say(this.places.words(axis, this.places.chosen[axis]));
    this.show();
  }

  /** Go on to the next combination of the further axes' values, or back. */
  step(by) {
    const { places } = this;
    places.step(by);
    this.say(places.further.map((axis) => places.words(axis, places.chosen[axis])).join(", "));
    this.show();
  }

  stepTake(step) {
    const { takes } = this.cell();
    if (takes.length < 2) return;
    const index = (this.takeIndex(this.active) + step + takes.length) % takes.length;
    this.takes.set(this.key(), index);
    this.say(takeWords(this.cell(), index));
    this.show();
  }

  showTake(place, index) {
    this.takes.set(this.key(place), index);
    this.goTo(place[0], place[1], { preventScroll: true });
  }

  goTo(row, column, { preventScroll = false } = {}) {
    const { rows, columns } = this.places;
    const place = [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];
    if (!this.key(place)) return;
    this.active = place;
    this.show();
    this.focusActive({ preventScroll });
  }

  focusActive({ preventScroll = false } = {}) {
    const target = this.large ? this.stage.root : this.frames[this.active[0]][this.active[1]].cell;
    target?.focus({ preventScroll });
  }

  /** A press on a frame: nothing may move under the finger. */
  press(frame) {
    if (frame.place) this.goTo(...frame.place, { preventScroll: true });
    else this.focusActive({ preventScroll: true });
  }

  #focused(event) {
    const frame = this.frames.flat().find((candidate) => candidate.cell === event.target);
    if (frame && this.key(frame.place) && frame.place.join() !== this.active.join()) {
      this.active = frame.place;
      this.show();
    }
  }

  say(words) {
    this.status.textContent = words;
  }

  /** Put new facts into one cell. */
  update(key, cell) {
    this.facts.cells[key] = cell;
    this.largest = this.#largest();
    this.show();
  }

  toggleCode() {
    if (this.take(this.active)?.code) this.about.details.open = !this.about.details.open;
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
    this.bar.show();
    this.choosers.show();
    this.#showZoom();
    this.about.show();
    const original = this.originalOf();
    if (this.originalSize) this.originalSize.textContent = original ? `${sizeWords(original)} px` : "";
    this.root.classList.toggle("foxc-large", this.large);
    this.root.style.setProperty("--fox-shape", String(Math.min(2.4, Math.max(0.42, this.shape))));
    for (const frame of this.frames.flat()) {
      frame.stale = !frame.seen && frame.place.join() !== this.active.join();
      if (frame.stale) frame.root.dataset.state = this.take(frame.place)?.state ?? "none";
      else labelFrame(this, frame, frame.place);
    }
    labelFrame(this, this.stage, this.active);
    this.invalidate();
  }

  #showZoom() {
    const pane = this.leading.pane.size;
    const scale = pane.width && this.largest ? fitScale(pane, this.frame) * this.view.zoom : 0;
    this.bar.zoom.textContent = scale ? `${Math.round(100 * scale)} %` : "–";
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
    const drawn = [];
    for (const frame of this.everyFrame()) {
      if (!frame.seen || !frame.pane.measure()) continue;
      const look = this.#look(frame);
      for (const picture of [look.picture, look.other]) if (picture) drawn.push(picture.id);
      wanted.push(frame.pane.draw(look));
    }
    this.pictures.look(drawn);
    this.pictures.want(this.#inTurn(wanted));
    const busy = this.pictures.waiting > 0;
    this.root.setAttribute("aria-busy", String(busy));
    this.bar.busy.textContent = busy ? `fetching ${this.pictures.waiting}` : "";
    if (!busy && this.changed) {
      this.root.dataset.settledMs = (performance.now() - this.changed).toFixed(1);
      this.changed = null;
    }
  }

  /** What a pane draws of a frame; see Pane. @returns {any} */
  #look(frame) {
    const { view, split, gain, mode } = this;
    const pixelated = fitScale(frame.pane.size, this.frame) * view.zoom > 1.001;
    const compares = this.compares(frame);
    const shown = { view, frame: this.frame, pixelated };
    const held = this.held && compares && (this.all || this.held === frame);
    const other = held || (compares && mode !== "picture") ? this.otherOf(this.placeOf(frame)) : undefined;
    if (held && other) return { picture: other, mode: "picture", ...shown };
    return { picture: this.pictureOf(frame), other, mode: compares ? mode : "picture", split, gain, ...shown };
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
    this.sizes.disconnect();
    this.sight.disconnect();
    if (this.painting) cancelAnimationFrame(this.painting);
    for (const frame of this.everyFrame()) frame.close();
    this.pictures.close();
  }
}
