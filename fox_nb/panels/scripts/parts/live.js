// What is under way: one row a task, whose seconds run here, so that the kernel sends nothing while nothing changes.
import { button, duration, put } from "./elements.js";
import { keepInStep } from "./tasks.js";

const WORDS = { pending: "waiting for its turn", processing: "being made" };

export const gone = (item, now = performance.now()) => item.gone + (now - item.arrived) / 1000;

export function share(item, now = performance.now()) {
  const known = item.percent > 0 && item.percent < 100;
  return Math.min(0.97, Math.max(0, known ? item.percent / 100 : gone(item, now) / (item.estimated || Infinity)));
}

export function words(item, now = performance.now()) {
  const percent = item.percent > 0 && item.percent < 100 ? `, ${item.percent} %` : "";
  const left = item.estimated - gone(item, now);
  const [sofar, usual] = [duration(gone(item, now)), duration(item.estimated)];
  const late = left < 0 && sofar !== usual ? `${sofar}, longer than the usual ${usual}` : "nearly there";
  const rest = !item.estimated ? sofar : left >= 1 ? `about ${duration(left)} left` : late;
  return `${WORDS[item.status] ?? item.status}${percent}, ${rest}`;
}

/** Take in a message of what is under way, into the items by their keys; false for another one. */
export function hearOf(items, { type, key, item }) {
  if (type === "row") items.set(item.key, { ...item, arrived: performance.now() });
  else if (type === "gone") items.delete(key);
  else return false;
  return true;
}

/** Return a list of what is under way, and what draws it; the newest stands on top. */
export function live(model, items) {
  const list = put("ul", "fox-live", {}, { "aria-label": "In progress" });
  const rows = new Map();

  function row({ key }) {
    const node = put("li", "fox-under-way");
    const title = put("bdi", "fox-title");
    const bar = put("progress", "fox-bar", { max: 100 });
    const how = put("span", "fox-words");
    const hide = button("Hide", "", () => model.send({ type: "hide", key }));
    hide.title = "It can't be cancelled: it will still be made and charged, and comes into the history.";
    node.append(bar, how, title, hide);

    function fill() {
      const item = items.get(key);
      const short = item.title.slice(0, 80);
      title.textContent = item.title;
      how.textContent = [words(item), item.note].filter(Boolean).join(" \u00b7 ");
      bar.value = share(item) * 100;
      bar.setAttribute("aria-label", `${short}: ${WORDS[item.status] ?? item.status}`);
      hide.setAttribute("aria-label", `Hide: ${short}`);
    }
    return { node, fill };
  }

  function draw() {
    const newest = [...items.keys()].reverse().map((key) => ({ key }));
    keepInStep(list, rows, newest, row);
    list.hidden = !newest.length;
  }
  return { list, draw };
}
