// What is under way: one row a task, whose seconds run here, so that the kernel sends nothing while nothing changes.
import { html, repeat } from "./drawing.js";
import { duration } from "./elements.js";

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
export function applyMessage(items, { type, key, item }) {
  if (type === "row") items.set(item.key, { ...item, arrived: performance.now() });
  else if (type === "gone") items.delete(key);
  else return false;
  return true;
}

/** Return the list of what is under way; the newest stands on top. */
export function live(model, items) {
  const about = "It can't be cancelled: it will still be made and charged, and comes into the history.";

  function row([key, item]) {
    const short = item.title.slice(0, 80);
    return html`<li class="fox-under-way">
      <progress class="fox-bar" max="100" .value=${share(item) * 100}
        aria-label="${short}: ${WORDS[item.status] ?? item.status}"></progress>
      <span class="fox-words">${[words(item), item.note].filter(Boolean).join(" \u00b7 ")}</span>
      <bdi class="fox-title">${item.title}</bdi>
      <button type="button" class="fox-act" title=${about} aria-label="Hide: ${short}"
        @click=${() => model.send({ type: "hide", key })}>Hide</button>
    </li>`;
  }

  const newest = [...items].reverse();
  return html`<ul class="fox-live" aria-label="In progress" ?hidden=${!newest.length}>
    ${repeat(newest, ([key]) => key, row)}
  </ul>`;
}
