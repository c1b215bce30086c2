// What widgets with task cards share: the state of one model, its messages, and the buttons of a task.
import { button, html, nothing } from "./drawing.js";
import { largerView, short } from "./larger.js";
import { Pixels } from "./pixels.js";

/** One model's tasks as the kernel told them last; its views share them. */
export class Tasks {
  /** @param {any} model @param {() => void} show */
  constructor(model, show) {
    this.model = model;
    this.show = show;
    this.state = { items: /** @type {any[]} */ ([]), wrong: /** @type {string[]} */ ([]), earlier: 0 };
    this.details = new Map();
    this.pixels = new Pixels(model, show);
    /** Whose lists are taken: those for everybody, or those that were asked for here. */
    this.by = "";
  }

  onMessage(content, buffers) {
    const { type, key, number } = content;
    if (type === "list" && (content.by ?? "") !== this.by) return false;
    if (type === "list") {
      Object.assign(this.state, content);
      this.pixels.forget(content.items);
    } else if (type === "item") {
      const items = this.state.items.some((item) => item.key === content.item.key)
        ? this.state.items.map((item) => (item.key === content.item.key ? content.item : item))
        : [content.item, ...this.state.items].slice(0, content.most);
      Object.assign(this.state, { items, earlier: content.earlier });
      this.pixels.forget(items);
      this.details.delete(content.item.key);
    } else if (type === "detail") this.details.set(key, content);
    else if (type === "wrong") {
      this.state.wrong = content.lines;
      if (key && (content.by ?? this.pixels.page) === this.pixels.page) this.pixels.stop(key, number);
    } else return this.pixels.onMessage(content, buffers);
    return true;
  }

  /** Send what somebody has pressed: what went wrong before is history then. */
  send(message) {
    this.state.wrong = [];
    this.show();
    this.model.send(message);
  }

  /** @param {Element | null} [from] the button that was pressed */
  act(name, item, number, from) {
    this.send({ type: "act", name, key: item.key, number });
    const studio = from?.closest(".fox-nb-studio");
    if (studio && name !== "retry") goAlong(studio);
  }

  larger() {
    const { model, pixels, details } = this;
    return largerView({ model, pixels, details, act: this.act.bind(this), items: () => this.state.items });
  }
}

const TAB = "[role=tab][aria-selected=true]";

/** Whoever hands a result to another tab goes along, however late the kernel opens it: the focus would be left unseen. */
export function goAlong(studio) {
  const before = studio.querySelector(TAB);
  const watcher = new MutationObserver(() => {
    const now = studio.querySelector(TAB);
    if (!now || now === before) return;
    watcher.disconnect();
    const at = document.activeElement;
    if (at === document.body || !at?.checkVisibility()) now.focus(); // else they went elsewhere meanwhile
  });
  watcher.observe(studio, { subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
}

/** The buttons of a task for one of its pictures. */
export function buttons(tasks, item, number, most = Number.POSITIVE_INFINITY) {
  const one = ([name, words]) =>
    button(words, `${words}: ${short(item.title)}`, ({ target }) => tasks.act(name, item, number, target));
  return html`<div class="fox-acts">${item.actions.slice(0, most).map(one)}</div>`;
}

/** A picture that opens the larger view; its pixels are asked for, and stand there once they have come. */
export function thumb(tasks, dialog, item, { number, width, height }, kind) {
  const about = `${short(item.title)}${item.pictures.length > 1 ? `, picture ${number}` : ""}`;
  const src = tasks.pixels.get(kind, item.key, number, item.kept);
  const image = html`<img alt="" width=${width} height=${height} src=${src || nothing}>`;
  return button(image, `Larger view: ${about}`, () => dialog.open(item, number), "fox-thumb");
}

/** What became of a task that has no pictures: what went wrong, or which profile was trained. */
export const inWords = (item) =>
  html`<div class=${item.status === "completed" ? "fox-about" : "fox-failed"}>
    <b>${item.status}: </b><bdi>${short(item.title, 120)}</bdi>
    ${item.words.map((words) => html`<p>${words}</p>`)}
  </div>`;
