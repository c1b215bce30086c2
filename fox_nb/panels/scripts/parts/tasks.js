// What widgets with task cards share: the state of one model, its messages, and the buttons of a task.
import { button, focused, put } from "./elements.js";
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

  hear(content, buffers) {
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
    } else return this.pixels.hear(content, buffers);
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
  const box = put("div", "fox-acts");
  const about = short(item.title);
  for (const [name, words] of item.actions.slice(0, most))
    box.append(button(words, `${words}: ${about}`, () => tasks.act(name, item, number, box)));
  return box;
}

/** A picture that opens the larger view; its `fill` shows the pixels once they are here. */
export function thumb(tasks, dialog, item, { number, width, height }, kind) {
  const about = `${short(item.title)}${item.pictures.length > 1 ? `, picture ${number}` : ""}`;
  const open = button("", `Larger view: ${about}`, () => dialog.open(item, number), "fox-thumb");
  const image = put("img", "", { alt: "", width, height });
  open.append(image);
  const fill = () => {
    const src = tasks.pixels.get(kind, item.key, number, item.kept);
    if (src && image.src !== src) image.src = src;
  };
  return { open, fill };
}

/** Say what became of a task that has no pictures: what went wrong, or which profile was trained. */
export function inWords(item) {
  const box = put("div", item.status === "completed" ? "fox-about" : "fox-failed");
  box.append(
    put("b", "", { textContent: `${item.status}: ` }),
    put("bdi", "", { textContent: short(item.title, 120) }),
  );
  for (const words of item.words) box.append(put("p", "", { textContent: words }));
  return box;
}

/**
 * Keep a list's elements in step with items: those that are the same stay, so that focus and pixels do, too.
 * @param {HTMLElement} list
 * @param {Map<string, any>} shown
 * @param {any[]} items
 * @param {(item: any, index: number) => {node: HTMLElement, fill: () => void}} make
 * @param {() => any} beside where whoever was in the list goes on when it is empty
 */
export function keepInStep(list, shown, items, make, beside = () => pressBeside(list)) {
  let left = -1;
  for (const [key, { node }] of shown)
    if (!items.some((item) => item.key === key)) {
      if (node.contains(focused(list))) left = [...list.children].indexOf(node);
      node.remove();
      shown.delete(key);
    }
  let before = null;
  for (const [index, item] of [...items.entries()].reverse()) {
    const text = JSON.stringify([item, make.length > 1 && index === 0]);
    let one = shown.get(item.key);
    if (one?.text !== text) {
      const held = one?.node.contains(focused(list));
      one?.node.remove();
      one = { text, ...make(item, index) };
      shown.set(item.key, one);
      if (held) requestAnimationFrame(() => one.node.querySelector(FIRST)?.focus());
    }
    if (one.node.nextSibling !== before || one.node.parentNode !== list) list.insertBefore(one.node, before);
    before = one.node;
    one.fill();
  }
  // Whoever pressed a button of what is gone goes on with what stands there now.
  if (left < 0) return;
  requestAnimationFrame(() => {
    const next = list.children[Math.min(left, list.children.length - 1)]?.querySelector(FIRST);
    if (document.activeElement === document.body) (next ?? beside())?.focus();
  });
}

const FIRST = "button, .fox-choice > input";
const pressBeside = (list) => list.closest(".fox-nb-panel")?.querySelector(".fox-press");
