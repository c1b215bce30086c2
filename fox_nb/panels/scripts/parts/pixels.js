// Pixels of a widget with task cards: taken from the page where they are, else asked for once; whole files in pieces.
import { unique } from "./elements.js";

// As in task_cards.py: no message is larger than the servers let through.
const PIECE = 900_000;
const WINDOW = 3;
/** Ms between looks for an output that keeps the same picture: it was sent before, and is drawn later. */
const RECORD_WAIT = [0, 60, 200, 600];
/** The same in a page that draws other outputs of the panel: of many results at once the last comes seconds later. */
const DRAWING_WAIT = [1000, 1000, 2000, 4000];

const place = (key, number) => `${key}/${number}`;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Pixels {
  /** @param {any} model @param {() => void} changed called when there is something new to show */
  constructor(model, changed) {
    this.model = model;
    this.changed = changed;
    /** Tells this page from others that show the same: what only it has asked for is not for them. */
    this.page = unique();
    /** What images show, by its name; undefined while it is fetched. */
    this.urls = new Map();
    this.saving = new Map();
  }

  /**
   * What an image shows, or undefined while it is fetched. Kinds: thumb, picture, large, before.
   * @param {string} kind
   * @param {string} key
   * @param {number} [number]
   * @param {boolean} [kept] whether an output keeps the same picture
   */
  get(kind, key, number = 0, kept = false) {
    const name = `${kind} ${place(key, number)}`;
    if (!this.urls.has(name)) {
      this.urls.set(name, undefined);
      this.fetch(kind, key, number, name, kept);
    }
    return this.urls.get(name);
  }

  async fetch(kind, key, number, name, kept) {
    const record = `[data-fox-record="${this.model.get("record")}"]`;
    for (const ms of kept ? [...RECORD_WAIT, ...DRAWING_WAIT] : []) {
      if (ms === DRAWING_WAIT[0] && !document.querySelector(record)) break;
      await wait(ms);
      const image = document.querySelector(`${record} img[data-fox="${place(key, number)}"]`);
      if (!(image instanceof HTMLImageElement)) continue;
      this.urls.set(name, image.src);
      return this.changed();
    }
    this.model.send({ type: "pixels", what: kind, key, number });
  }

  /** Take in what the kernel sent; false for a message of another kind. */
  onMessage(content, buffers) {
    const { type, what, key, number } = content;
    if (type === "piece") content.by === this.page && this.take(content, buffers);
    else if (type === "pixels") {
      const name = `${what} ${place(key, number)}`; // which another page may have asked for, too
      const url = () => (buffers?.length ? URL.createObjectURL(new Blob(buffers, { type: "image/webp" })) : "");
      if (!this.urls.get(name)) this.urls.set(name, url());
    } else return false;
    return true;
  }

  /** Have a whole file sent, a few pieces at a time, and give it to the browser's downloads. */
  save(key, number, what = { type: "piece" }) {
    if (this.saving.has(place(key, number))) return;
    const ask = { ...what, by: this.page };
    const saving = { ask, parts: [], asked: 0, received: 0, size: Number.POSITIVE_INFINITY };
    this.saving.set(place(key, number), saving);
    this.more(saving, key, number);
    this.changed();
  }

  /** A browser keeps what an address stands for until it is told that nobody needs it: of these items all is kept. */
  forget(items = []) {
    for (const [name, url] of this.urls)
      if (!items.some(({ key }) => name.includes(` ${key}/`))) {
        URL.revokeObjectURL(url ?? "");
        this.urls.delete(name);
      }
  }

  stop(key, number) {
    this.saving.delete(place(key, number));
  }

  percent(key, number) {
    const saving = this.saving.get(place(key, number));
    return saving && (saving.size === Number.POSITIVE_INFINITY ? 0 : Math.floor((100 * saving.received) / saving.size));
  }

  more(saving, key, number) {
    while (saving.asked < saving.size && saving.asked - saving.received < WINDOW * PIECE) {
      this.model.send({ ...saving.ask, key, number, at: saving.asked });
      saving.asked += PIECE;
      if (saving.size === Number.POSITIVE_INFINITY) return;
    }
  }

  take({ key, number, at, size, name, mime }, buffers) {
    const saving = this.saving.get(place(key, number));
    if (!saving) return;
    saving.size = size;
    saving.parts[at / PIECE] = buffers[0];
    saving.received += buffers[0].byteLength;
    if (saving.received < size) return this.more(saving, key, number);
    this.saving.delete(place(key, number));
    const href = URL.createObjectURL(new Blob(saving.parts, { type: mime }));
    const link = Object.assign(document.createElement("a"), { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }
}
