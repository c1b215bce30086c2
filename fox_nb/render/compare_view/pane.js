// One pane: a canvas that shows a picture at the linked view, alone, divided from another one, or as their difference.

import { Tiles } from "./pictures.js";
import { levelFor, placed, tilesSeen } from "./view.js";

/** @type {HTMLCanvasElement} */
let scratch; // one for all panes: they are painted one after the other

export class Pane {
  /**
   * @param {import("./pictures.js").Previews} pictures
   * @param {HTMLElement} host what it fills; its canvas is there while somebody sees it, so that a thousand take no memory
   */
  constructor(pictures, host) {
    this.pictures = pictures;
    this.host = host;
    /** @type {HTMLCanvasElement | null} */
    this.canvas = null;
    this.size = { width: 0, height: 0 };
  }

  wake() {
    if (this.canvas) return;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.host.prepend(this.canvas);
  }

  sleep() {
    if (!this.canvas) return;
    this.canvas.width = this.canvas.height = 0; // browsers give the memory back at once for that
    this.canvas.remove();
    this.canvas = null;
  }

  /** Learn the size of its place on the screen; true when there is something to draw on. */
  measure() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.host.clientWidth * ratio);
    const height = Math.round(this.host.clientHeight * ratio);
    // without a layout for a moment, as while a theme changes: what was drawn stays, for nobody says when it is over
    if (!width || !height) return false;
    if (width !== this.size.width || height !== this.size.height) this.size = { width, height };
    if (!this.canvas) return false;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, this.size);
    return true;
  }

  /**
   * Draw, and return the keys of the tiles that the picture needs at this view.
   *
   * `look` is {picture, other, mode, split, gain, view, frame, pixelated}: mode is "picture", "slider" (the other picture
   * left of `split`, a fraction of the pane) or "difference" (of the two, times `gain`).
   */
  draw(look) {
    const canvas = /** @type {HTMLCanvasElement} */ (this.canvas);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const { width, height } = this.size;
    context.clearRect(0, 0, width, height);
    if (!look.picture) return [];
    const subtracts = look.other && look.mode === "difference";
    const keys = this.#paint(context, look.picture, { ...look, onWhite: subtracts });
    if (!look.other || look.mode === "picture") return keys;
    if (look.mode === "slider") {
      context.save();
      context.beginPath();
      context.rect(0, 0, Math.round(look.split * width), height);
      context.clip();
      context.clearRect(0, 0, width, height);
      keys.push(...this.#paint(context, look.other, look));
      context.restore();
    } else {
      keys.push(...this.#subtract(context, look));
    }
    return keys;
  }

  /** `onWhite` is for differences, as numbers have it: what shines through twice would not be gone. */
  #paint(context, picture, { view, frame, pixelated, onWhite = false }) {
    const pane = this.size;
    const place = placed(view, pane, picture, frame);
    context.imageSmoothingEnabled = !pixelated;
    context.imageSmoothingQuality = "medium";
    const preview = this.pictures.preview(picture.id);
    if (onWhite) whiten(context, place);
    if (preview) context.drawImage(preview, place.left, place.top, place.width, place.height);
    const enough = preview && (preview.naturalWidth ?? preview.width) >= place.width;
    if (enough || !picture.levels) return [];
    const level = levelFor(place.scale, picture);
    const keys = [];
    const drawn = this.#layer(context, picture, place, level, onWhite, keys);
    if (!drawn) {
      // until all are here, the sharpest of what was fetched before stands in, the coarse below the fine
      for (let coarser = picture.levels - 1; coarser > level; coarser--) {
        this.#layer(context, picture, place, coarser, onWhite);
      }
      this.#layer(context, picture, place, level, onWhite);
    }
    return keys;
  }

  /** Draw those tiles of a level that are here; true when none is missing. */
  #layer(context, picture, place, level, onWhite, /** @type {string[] | undefined} */ keys = undefined) {
    let whole = true;
    for (const tile of tilesSeen(place, this.size, picture, level)) {
      keys?.push(Tiles.key(picture.id, level, tile.x, tile.y));
      const bitmap = this.pictures.tile(picture.id, level, tile.x, tile.y);
      if (bitmap) {
        if (onWhite) whiten(context, tile);
        else context.clearRect(tile.left, tile.top, tile.width, tile.height);
        context.drawImage(bitmap, tile.left, tile.top, tile.width, tile.height);
      } else {
        whole = false;
      }
    }
    return whole;
  }

  #subtract(context, look) {
    const { width, height } = this.size;
    scratch ??= document.createElement("canvas");
    scratch.width = width;
    scratch.height = height;
    // a smaller original is smoothed, or its blocks would be all that the difference shows
    const pixelated = look.pixelated && look.other.width === look.picture.width;
    const keys = this.#paint(scratch.getContext("2d"), look.other, { ...look, pixelated, onWhite: true });
    context.save();
    context.globalCompositeOperation = "difference";
    context.drawImage(scratch, 0, 0);
    // each pass adds the picture to itself: exact doubling in every browser, where filters are not
    context.globalCompositeOperation = "lighter";
    for (let gain = 1; gain < look.gain; gain *= 2)
      context.drawImage(/** @type {HTMLCanvasElement} */ (this.canvas), 0, 0);
    context.restore();
    return keys;
  }
}

function whiten(context, { left, top, width, height }) {
  context.fillStyle = "#fff";
  context.fillRect(left, top, width, height);
}
