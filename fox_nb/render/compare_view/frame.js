// One frame: a pane with its words, its divider, and what hand and mouse do on it.

import { Pane } from "./pane.js";

const HOLD_MS = 280; // a press this long, without moving, is a hold
const STILL_PX = 5;
const NEAR_PX = 22; // the divider can be taken this far from its line
const WHEEL_STEP = 0.0022;

/**
 * Make an element; attributes that start with "on" are listeners.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} attributes
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children); // strings become text, never markup
  return made;
}

/** Give a box these children, unless it has such: a button that is made anew loses a press that has begun, and the focus. */
export function fill(box, ...children) {
  const made = element("div", {}, ...children);
  const equal = (child, at) => child.isEqualNode(box.childNodes[at] ?? null);
  if (made.childNodes.length !== box.childNodes.length || ![...made.childNodes].every(equal))
    box.replaceChildren(...made.childNodes);
}

/** A button; its label is what a hover says, and its name where it has a sign in place of a word. */
export function button(text, label, onclick, extra = {}) {
  // a word is its own name, for eyes and ears alike; a sign needs one
  const name = /[a-z]{2}/i.test(text) ? undefined : label;
  return element("button", { type: "button", "aria-label": name, title: label, onclick, ...extra }, text);
}

export class Frame {
  /** @param {import("./grid.js").Grid} grid does what gestures ask for; positions are in device pixels */
  constructor(grid) {
    this.grid = grid;
    this.seen = false;
    /** Its words are to be written anew when somebody sees it. */
    this.stale = false;
    /** The row and column of a frame that stands in a table's cell, with that cell and its numbers. */
    this.place = /** @type {[number, number]} */ (/** @type {unknown} */ (null));
    this.cell = /** @type {HTMLElement | null} */ (null);
    this.numbers = element("div", { class: "foxc-numbers" });
    this.words = element("div", { class: "foxc-words" });
    this.before = element("span", { class: "foxc-before", "aria-hidden": "true" });
    this.after = element("span", { class: "foxc-after", "aria-hidden": "true" });
    this.divider = element("div", {
      class: "foxc-divider",
      role: "slider",
      tabindex: "-1",
      hidden: true,
      "aria-orientation": "horizontal",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      onkeydown: (event) => this.#keys(event),
    });
    this.root = element("div", { class: "foxc-frame" }, this.words, this.before, this.after, this.divider);
    this.pane = new Pane(grid.pictures, this.root);
    /** @type {Map<number, {x: number, y: number, ratio: number}>} */
    this.fingers = new Map();
    this.start = { x: 0, y: 0, ratio: 1 };
    this.root.addEventListener("pointerdown", (event) => this.#down(event));
    this.root.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.root.addEventListener(end, (event) => this.#up(event));
    }
    this.root.addEventListener("dblclick", () => grid.open(this));
    this.root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.root.addEventListener("contextmenu", (event) => {
      if (this.held || this.fingers.size) event.preventDefault();
    });
  }

  /** Put the divider: {split, label, value, reachable}. */
  slide(divider) {
    this.divider.style.left = `${divider.split * 100}%`;
    this.divider.tabIndex = divider.reachable ? 0 : -1;
    this.divider.setAttribute("aria-valuenow", String(Math.round(divider.split * 100)));
    this.divider.setAttribute("aria-valuetext", divider.value);
    this.divider.setAttribute("aria-label", divider.label);
  }

  #keys(event) {
    const step = event.shiftKey ? 0.1 : 0.02;
    const now = Number(this.divider.getAttribute("aria-valuenow")) / 100;
    const moves = {
      ArrowLeft: now - step,
      ArrowDown: now - step,
      ArrowRight: now + step,
      ArrowUp: now + step,
      PageDown: now - 0.1,
      PageUp: now + 0.1,
      Home: 0,
      End: 1,
    };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.grid.setSplit(moves[event.key]);
  }

  #at(event) {
    const box = this.root.getBoundingClientRect();
    const ratio = this.pane.size.width / box.width;
    return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio, ratio };
  }

  #wheel(event) {
    if (!(event.ctrlKey || event.metaKey || this.grid.hasFocus)) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const { x, y } = this.#at(event);
    this.grid.zoom(Math.exp(-event.deltaY * lines * WHEEL_STEP), this, x, y);
  }

  #down(event) {
    if (event.button !== 0) return;
    if (event.target !== this.divider && event.target.closest("button, a, summary")) return;
    this.grid.press(this);
    const at = this.#at(event);
    this.fingers.set(event.pointerId, at);
    this.root.setPointerCapture(event.pointerId);
    this.start = at;
    clearTimeout(this.holding);
    if (this.fingers.size > 1) {
      this.does = "pinch";
      this.#release();
      return;
    }
    const line = Number.parseFloat(this.divider.style.left) / 100;
    const near = Math.abs(at.x - line * this.pane.size.width) < NEAR_PX * at.ratio;
    this.does = !this.divider.hidden && (near || this.grid.view.zoom <= 1) ? "slide" : "wait";
    if (this.does === "slide") {
      if (near) this.divider.focus();
    } else {
      this.holding = setTimeout(() => {
        this.does = "hold";
        this.held = true;
        this.grid.hold(this);
      }, HOLD_MS);
    }
  }

  #move(event) {
    const last = this.fingers.get(event.pointerId);
    if (!last) return;
    const at = this.#at(event);
    if (this.fingers.size === 2) {
      this.#pinch(event.pointerId, last, at);
    } else if (this.does === "slide") {
      this.grid.setSplit(at.x / this.pane.size.width);
    } else if (this.does === "pan") {
      this.grid.pan(at.x - last.x, at.y - last.y, this);
    } else if (this.does === "wait" && Math.hypot(at.x - this.start.x, at.y - this.start.y) > STILL_PX * at.ratio) {
      clearTimeout(this.holding);
      this.does = "pan";
      this.grid.pan(at.x - this.start.x, at.y - this.start.y, this);
    }
    this.fingers.set(event.pointerId, at);
  }

  #pinch(moving, last, at) {
    const [resting] = [...this.fingers].filter(([id]) => id !== moving).map(([, finger]) => finger);
    const spread = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
    this.grid.pan((at.x - last.x) / 2, (at.y - last.y) / 2, this);
    const middle = { x: (at.x + resting.x) / 2, y: (at.y + resting.y) / 2 };
    this.grid.zoom(spread(at, resting) / spread(last, resting), this, middle.x, middle.y);
  }

  #up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    clearTimeout(this.holding);
    this.does = "nothing";
    this.#release();
  }

  #release() {
    if (!this.held) return;
    this.held = false;
    this.grid.hold(null);
  }

  /** Have a canvas while somebody sees it, and none else. */
  see(seen) {
    this.seen = seen;
    if (seen) this.pane.wake();
    else this.pane.sleep();
  }

  close() {
    clearTimeout(this.holding);
    this.pane.sleep();
  }
}
