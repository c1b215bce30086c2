// Where pixels come from: previews that the page has already, and tiles that are asked for as they are needed.

const MOST_TILES = 900; // decoded tiles of 256 px kept in the browser: 230 MB at the most
const MOST_PREVIEWS = 400; // fetched ones, from the one that was longest not drawn to the latest

/** Pictures of which only a preview is known. */
export class Previews {
  constructor() {
    this.previews = new Map();
    this.onchange = () => {};
    /** Previews that were fetched and can be fetched again. */
    this.fetched = new Set();
  }

  /** Take an <img> of the page as the preview of a picture. */
  adopt(id, image) {
    this.previews.set(id, image);
    if (!image.complete) {
      for (const end of ["load", "error"]) image.addEventListener(end, () => this.onchange(), { once: true });
    }
    this.onchange();
  }

  /** Something that can be drawn, or undefined while there is nothing yet. */
  preview(id) {
    const image = this.previews.get(id);
    return image instanceof HTMLImageElement && !(image.complete && image.naturalWidth) ? undefined : image;
  }

  /** @returns {ImageBitmap | undefined} */
  tile(_id, _level, _x, _y) {
    return undefined;
  }

  want(_keys) {}

  /** Have the previews sent that the page doesn't have. */
  look(_ids) {}

  get waiting() {
    return 0;
  }

  close() {
    this.previews.clear();
  }
}

/** Pictures whose tiles are fetched: `send` takes {add, drop}, lists of keys, and answers come to `arrived`. */
export class Tiles extends Previews {
  /**
   * @param {(change: {add: string[], drop: string[]}) => void} send
   * @param {(ids: string[]) => void} ask has previews sent; they come to `received`, those that can't be read broken
   */
  constructor(send, ask = () => {}) {
    super();
    this.send = send;
    this.ask = ask;
    this.awaited = new Set();
    this.looked = [];
    /** @type {Map<string, ImageBitmap>} */
    this.tiles = new Map(); // from the one that was longest not drawn to the latest
    this.asked = new Set();
    this.lost = new Set();
  }

  static key(id, level, x, y) {
    return `${id}/${level}/${x}/${y}`;
  }

  tile(id, level, x, y) {
    const key = Tiles.key(id, level, x, y);
    const tile = this.tiles.get(key);
    if (tile) {
      this.tiles.delete(key);
      this.tiles.set(key, tile);
    }
    return tile;
  }

  /** Say what the screen needs now, the most urgent first: what is new is asked for, what is over is called off. */
  want(keys) {
    // until a preview is here nobody knows whether it is enough
    const needed = new Set(keys.filter((key) => !this.#isComing(key.split("/", 1)[0])));
    const drop = [...this.asked].filter((key) => !needed.has(key));
    const add = [...needed].filter(
      (key) => !this.tiles.has(key) && !this.asked.has(key) && !this.lost.has(key.split("/", 1)[0]),
    );
    for (const key of drop) this.asked.delete(key);
    for (const key of add) this.asked.add(key);
    if (add.length || drop.length) this.send({ add, drop });
  }

  #isComing(id) {
    return this.awaited.has(id) || this.previews.get(id)?.complete === false;
  }

  look(ids) {
    this.looked = [...new Set(ids)];
    for (const id of ids) if (this.fetched.delete(id)) this.fetched.add(id); // drawn just now
    const missing = this.looked.filter((id) => !this.previews.has(id) && !this.awaited.has(id));
    for (const id of missing) this.awaited.add(id);
    if (missing.length) this.ask(missing);
  }

  /** Take in a preview that was sent, once it is decoded or can't be. */
  received(id, image) {
    this.awaited.delete(id);
    this.fetched.add(id);
    this.adopt(id, image);
    while (this.fetched.size > MOST_PREVIEWS) {
      const [oldest] = this.fetched;
      this.fetched.delete(oldest);
      this.previews.delete(oldest);
    }
  }

  get waiting() {
    return this.asked.size + this.looked.filter((id) => this.awaited.has(id)).length;
  }

  async arrived(keys, buffers) {
    await Promise.all(keys.map((key, i) => this.#decode(key, buffers[i])));
    this.onchange();
  }

  /** The full pixels of a picture can't be had: its preview is all there is. */
  gone(id) {
    this.lost.add(id);
    for (const key of this.asked) if (key.startsWith(`${id}/`)) this.asked.delete(key);
    this.onchange();
  }

  async #decode(key, buffer) {
    let tile;
    try {
      tile = await createImageBitmap(new Blob([buffer]));
    } catch {
      this.gone(key.split("/", 1)[0]);
      return;
    }
    this.tiles.get(key)?.close();
    this.tiles.set(key, tile);
    this.asked.delete(key);
    while (this.tiles.size > MOST_TILES) {
      const [oldest] = this.tiles.keys();
      this.tiles.get(oldest)?.close();
      this.tiles.delete(oldest);
    }
  }

  close() {
    for (const bitmap of this.tiles.values()) bitmap.close();
    this.tiles.clear();
    if (this.asked.size) this.send({ add: [], drop: [...this.asked] });
    this.asked.clear();
    super.close();
  }
}
