// The live viewer: the grid in a notebook, its pixels fetched from the kernel as messages, never as the widget's state.

import { element } from "../../render/compare_view/frame.js";
import { Grid } from "../../render/compare_view/grid.js";
import { keyDown } from "../../render/compare_view/keys.js";
import { Tiles } from "../../render/compare_view/pictures.js";

export { mounter } from "./parts/mount.js";

const KERNEL_SILENT_MS = 6000;
const OUTPUTS = ".jp-OutputArea, .output_container, .cell-output, .jp-Cell, .cell, .output-area";

let views = 0;

/** The output that an element stands in, be it inside of shadow roots. */
function outputOf(el) {
  const host = /** @type {ShadowRoot} */ (el.getRootNode()).host;
  return el.closest(OUTPUTS) ?? (host ? outputOf(host) : document.body);
}

class LiveView {
  constructor(model, el) {
    this.model = model;
    this.id = `v${Date.now().toString(36)}${views++}`;
    this.note = element("p", { class: "foxc-note", role: "status" }, "Loading the comparison…");
    // whoever clicks beside the grid has the focus in here all the same, so that no key reaches the notebook
    this.root = element("div", { class: "foxc-live", tabindex: "-1" }, this.note);
    this.root.addEventListener("keydown", (event) => this.#keys(event));
    el.append(this.root);
    this.around = outputOf(el);
    this.tiles = new Tiles(
      (change) => this.send({ type: "tiles", ...change }),
      (ids) => this.send({ type: "previews", ids }),
    );
    this.silence = setTimeout(() => {
      const saved = this.around.querySelector("[data-fox-comparison]")
        ? " Meanwhile the saved table shows the pictures."
        : "";
      this.note.textContent = `The viewer starts when the running cell has ended; after a restart, run this cell again.${saved}`;
    }, KERNEL_SILENT_MS);
    this.send({ type: "hello" });
  }

  send(message) {
    this.model.send({ view: this.id, ...message });
  }

  #keys(event) {
    const { grid } = this;
    if (grid && !grid.root.contains(event.target)) keyDown(grid, event);
    else if (event.key !== "Escape" && !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  }

  onMessage(message, buffers = []) {
    if (message.view && message.view !== this.id) return;
    if (message.type === "comparison") this.#start(message.facts, message.retry);
    if (message.type === "previews") this.#previews(message.ids, buffers);
    if (message.type === "cell") this.grid?.update(message.at, message.cell);
    if (message.type === "tiles") this.#tiles(message.keys, buffers);
    if (message.type === "lost") this.#lost(message);
  }

  #start(facts, canRetry) {
    clearTimeout(this.silence);
    this.grid?.close();
    const retry = canRetry ? (cell, take) => this.send({ type: "retry", cell, take }) : null;
    this.grid = new Grid(facts, this.tiles, { retry });
    this.root.replaceChildren(this.grid.root, this.note);
    this.#standIn(facts.id);
    this.note.textContent = "";
    this.grid.show();
  }

  /** Take the place of the saved table in the same output: its pictures are here already and needn't be sent again. */
  #standIn(id) {
    const marks = new Set((this.around.dataset.foxLive ?? "").split(" ").filter(Boolean));
    this.around.dataset.foxLive = [...marks.add(id)].join(" ");
    this.standsFor = id;
    this.hiding?.remove();
    this.hiding = element(
      "style",
      {},
      `[data-fox-live~="${id}"] :is([data-fox-comparison="${id}"],[data-fox-alive="${id}"]){display:none!important}`,
    );
    document.head.append(this.hiding);
    for (const image of this.around.querySelectorAll(`[data-fox-comparison="${id}"] img[data-fox-picture]`)) {
      image.loading = "eager";
      this.tiles.adopt(image.dataset.foxPicture, image);
    }
  }

  #previews(ids, buffers) {
    ids.forEach((id, i) => {
      const image = new Image();
      image.onload = image.onerror = () => {
        URL.revokeObjectURL(image.src);
        this.tiles.received(id, image);
      };
      image.src = URL.createObjectURL(new Blob([buffers[i]], { type: "image/webp" }));
    });
  }

  async #tiles(keys, buffers) {
    await this.tiles.arrived(keys, buffers);
    this.send({ type: "got", bytes: buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0) });
  }

  #lost({ id, reason }) {
    this.tiles.gone(id);
    this.note.textContent = reason;
  }

  close() {
    clearTimeout(this.silence);
    const marks = (this.around.dataset.foxLive ?? "").split(" ").filter((mark) => mark && mark !== this.standsFor);
    this.around.dataset.foxLive = marks.join(" ");
    this.hiding?.remove();
    this.grid?.close();
    this.send({ type: "bye" });
  }
}

export const parts = {
  viewer(model) {
    const views = new Set();
    return {
      onMessage: (content, buffers) => views.forEach((view) => view.onMessage(content, buffers)),
      view({ el, signal }) {
        const view = new LiveView(model, el);
        views.add(view);
        signal.addEventListener("abort", () => {
          views.delete(view);
          view.close();
        });
        return () => {};
      },
    };
  },
};
