// What is under way: one row a task, whose seconds run here, so that the kernel sends nothing while nothing changes.
import { duration, focused, put, write } from "./elements.js";

const TICK = 500;
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

export function live() {
  const items = new Map();
  const views = new Set();
  let said = "";
  const show = () => views.forEach((view) => view());

  function onMessage(content) {
    const arrived = performance.now();
    if (content.type === "rows") {
      items.clear();
      for (const item of content.items) items.set(item.key, { ...item, arrived });
    } else if (content.type === "row") items.set(content.item.key, { ...content.item, arrived });
    else if (content.type === "gone") items.delete(content.key);
    else if (content.type !== "said") return;
    said = content.said ?? said;
    show();
  }

  function makeRow(model, { key }) {
    const row = {
      item: put("li", "fox-under-way"),
      title: put("bdi", "fox-title"),
      bar: put("progress", "fox-bar", { max: 100 }),
      words: put("span", "fox-words"),
      hide: put("button", "fox-act", { type: "button", textContent: "Hide" }),
    };
    row.hide.title = "It can't be cancelled: it will still be made and charged, and comes into the history.";
    row.hide.addEventListener("click", () => model.send({ type: "hide", key }));
    row.item.append(row.bar, row.words, row.title, row.hide);
    return row;
  }

  function fill(row, item) {
    const short = item.title.slice(0, 80);
    row.title.textContent = item.title;
    row.words.textContent = [words(item), item.note].filter(Boolean).join(" \u00b7 ");
    row.bar.value = share(item) * 100;
    row.bar.setAttribute("aria-label", `${short}: ${WORDS[item.status] ?? item.status}`);
    row.hide.setAttribute("aria-label", `Hide: ${short}`);
  }

  return {
    initialize: (model) => model.on("msg:custom", onMessage),
    say: show,
    render({ model, line, root, status }) {
      const list = put("ul", "fox-live", {}, { "aria-label": "In progress" });
      const rows = new Map();
      line.append(list);

      function view() {
        for (const [key, row] of rows)
          if (!items.has(key)) {
            const held = row.item.contains(focused(row.item));
            row.item.remove();
            rows.delete(key);
            if (held) /** @type {HTMLElement} */ (root.querySelector(".fox-under-way button, .fox-press"))?.focus();
          }
        for (const [key, item] of items) {
          if (!rows.has(key)) {
            rows.set(key, makeRow(model, item));
            list.prepend(rows.get(key).item);
          }
          fill(rows.get(key), item);
        }
        list.hidden = !rows.size;
        root.classList.toggle("fox-several", rows.size > 1);
        write(status, said);
      }

      const timer = setInterval(() => rows.forEach((row, key) => fill(row, items.get(key))), TICK);
      views.add(view);
      view();
      return () => {
        clearInterval(timer);
        views.delete(view);
      };
    },
  };
}
