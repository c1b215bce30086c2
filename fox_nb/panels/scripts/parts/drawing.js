// How the parts are drawn: lit's templates, which escape what they are given and keep each element that stays what it was.
import { html, nothing, render } from "../../../../.ci/node_modules/lit-html/lit-html.js";
import { focused } from "./elements.js";

export { live as kept } from "../../../../.ci/node_modules/lit-html/directives/live.js";
export { repeat } from "../../../../.ci/node_modules/lit-html/directives/repeat.js";
export { html, nothing, render };

const FIRST = "button, .fox-choice > input";

/**
 * Draw a template in an element, before another one. Whoever had the focus in a row that is gone goes on with the one that
 * stands there now.
 * @param {HTMLElement} el
 * @param {ReturnType<typeof html>} template
 * @param {Element} renderBefore
 */
export function drawInto(el, template, renderBefore) {
  const held = focused(el);
  const row = el.contains(held) ? held?.closest("li, .fox-choice") : null;
  const list = row?.parentElement;
  const at = list ? [...list.children].indexOf(row) : 0;
  render(template, el, { renderBefore });
  if (!list || held?.isConnected) return;
  requestAnimationFrame(() => {
    if (document.activeElement !== document.body) return;
    const next = list.children[Math.min(at, list.children.length - 1)]?.querySelector(FIRST);
    const beside = el.querySelector("summary") ?? el.closest(".fox-nb-panel")?.querySelector(".fox-press");
    /** @type {HTMLElement | null | undefined} */ (next ?? beside)?.focus();
  });
}

/**
 * A button; its title, where it has one, is its name for who hears it, too.
 * @param {unknown} words
 * @param {string} title
 * @param {(event: any) => void} run
 */
export const button = (words, title, run, className = "fox-act") =>
  html`<button type="button" class=${className} title=${title || nothing} aria-label=${title || nothing}
    @click=${run}>${words}</button>`;

/** The lines that say how something came out; the first is the main one. @param {string[]} lines */
export const sentences = (lines) => lines.map((words, at) => html`<p class=${at ? "" : "fox-what"}>${words}</p>`);

/**
 * What a button does at each press: the second half of a double click is none; nor is a key that is held, see `once`.
 * @param {(event: any) => void} run
 */
export const onPress = (run) => (event) => event.detail < 2 && run(event);

/** For the keydown of such a button. @param {KeyboardEvent} event */
export const once = (event) => event.repeat && event.key === "Enter" && event.preventDefault();

/**
 * Have keys of a line of text do something there; with Ctrl they are the panel's, or Jupyter's.
 * @param {Record<string, (event: any) => void>} does
 */
export const onKeys = (does) => (event) => {
  const { key, ctrlKey, metaKey, isComposing } = event;
  if (!Object.hasOwn(does, key) || ctrlKey || metaKey || isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  does[key](event);
};
