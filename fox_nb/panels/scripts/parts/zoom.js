// Zoom and pan of what stands in a stage: by wheel, by keys, by dragging; images in it move together.
const MOST = 16;
const STEP = 1.25;
const PAN = 60;
// As in the comparison: a wheel's notch of 100 px is a quarter more, and a trackpad's small steps add up to the same.
const WHEEL = 0.0022;

const bounded = (x, least, most) => Math.min(most, Math.max(least, x));

export class Zoom {
  /**
   * @param {HTMLElement} stage
   * @param {HTMLElement[]} images
   */
  constructor(stage, images) {
    Object.assign(this, { stage, images });
    this.stage = stage;
    this.images = images;
    this.reset();
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("dblclick", () => (this.scale > 1 ? this.reset() : this.by(4)));
    stage.addEventListener("pointerdown", (event) => {
      if (this.scale === 1) return;
      stage.setPointerCapture(event.pointerId);
      this.#hand = { x: event.clientX - this.x, y: event.clientY - this.y };
    });
    stage.addEventListener("pointermove", (event) => {
      if (!this.#hand) return;
      this.to(this.scale, event.clientX - this.#hand.x, event.clientY - this.#hand.y);
    });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (this.#hand = null));
  }

  /** @type {{x: number, y: number} | null} */
  #hand = null;
  scale = 1;
  x = 0;
  y = 0;

  reset() {
    this.to(1, 0, 0);
  }

  /** Multiply the scale, with a point of the stage (from its middle) staying where it is. */
  by(factor, px = 0, py = 0) {
    const scale = bounded(this.scale * factor, 1, MOST);
    const real = scale / this.scale;
    this.to(scale, px - (px - this.x) * real, py - (py - this.y) * real);
  }

  to(scale, x, y) {
    const { width, height } = this.stage.getBoundingClientRect();
    const [most, high] = [(width * (scale - 1)) / 2, (height * (scale - 1)) / 2];
    Object.assign(this, { scale, x: bounded(x, -most, most), y: bounded(y, -high, high) });
    for (const image of this.images)
      image.style.transform = scale === 1 ? "" : `translate(${this.x}px,${this.y}px) scale(${scale})`;
    this.stage.classList.toggle("fox-zoomed", scale > 1);
  }

  /** Take a key; false for one that is not the zoom's. */
  key(key) {
    if (key === "+" || key === "=") this.by(STEP);
    else if (key === "-") this.by(1 / STEP);
    else if (key === "0") this.reset();
    else return this.pan(key);
    return true;
  }

  pan(key) {
    const move = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] }[key];
    if (!move || this.scale === 1) return false;
    this.to(this.scale, this.x + move[0], this.y + move[1]);
    return true;
  }

  #wheel(event) {
    event.preventDefault();
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.by(
      Math.exp(-event.deltaY * lines * WHEEL),
      event.clientX - left - width / 2,
      event.clientY - top - height / 2,
    );
  }
}
