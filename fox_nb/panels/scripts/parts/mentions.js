// Mentions: below a prompt, who the [[profile_id]] in it are, a list to put one in at the cursor, and how long it may be.
import { html } from "./drawing.js";
import { unique } from "./elements.js";

const MENTION = /\[\[\s*([^[\]\n]+?)\s*\]\]/g;

/** @param {string} text */
export const mentioned = (text) => [...new Set([...text.matchAll(MENTION)].map((match) => match[1]))];

/**
 * A word with the blanks that it needs between its neighbours, to be put in place of a part of a text.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {string} word
 */
export function spaced(text, start, end, word) {
  const before = start > 0 && !/\s/.test(text[start - 1]) ? " " : "";
  const after = end < text.length && /[\s.,;:!?)]/.test(text[end]) ? "" : " ";
  return before + word + after;
}

/**
 * What is said of a text's length: nothing until it comes near the limit. Python counts characters, JavaScript UTF-16 units.
 * @param {string} text
 * @param {number} limit
 */
export function lengthWords(text, limit) {
  const length = [...text].length;
  if (!limit || length < limit * 0.8) return { figures: "", words: "" };
  const figures = `${length.toLocaleString("en")} of ${limit.toLocaleString("en")} characters`;
  if (length <= limit) return { figures, words: "The prompt comes near its limit." };
  return {
    figures: `${figures}: the service may refuse so long a prompt`,
    words: "The prompt is longer than the service may take.",
  };
}

/** The text area that stands in the same box. */
function areaBeside(el) {
  for (let at = el; at; at = at.parentElement) {
    const area = at.querySelector("textarea");
    if (area) return area;
  }
  return null;
}

export const mentions = (model, show) => {
  const state = { names: {}, empty: "" };
  let prompt;
  model.widget_manager.get_model(model.get("prompt").slice("IPY_MODEL_".length)).then((found) => {
    prompt = found;
    prompt.on("change:value", show);
    show();
  });

  return {
    onMessage: (content) => content.type === "names" && Object.assign(state, content),
    view({ el }) {
      const id = `fox-mentions-${unique()}`;

      /** Put words in place of a part of the text, as if they were typed. */
      function type(words, start, end = start) {
        const area = areaBeside(el);
        if (!area) return;
        area.setRangeText(words, start, end, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
        area.focus();
      }

      // By an arrow alone a closed list would put its first person in, and whoever has a keyboard could reach no other.
      function unfold(event) {
        const { target, altKey, key } = event;
        if (altKey || !/^Arrow(Down|Up)$/.test(key) || !target.showPicker) return;
        target.showPicker();
        event.preventDefault();
      }

      function putIn({ target }) {
        const area = areaBeside(el);
        if (target.value && area) {
          const [start, end] = [area.selectionStart, area.selectionEnd];
          type(spaced(area.value, start, end, `[[${target.value}]]`), start, end);
        }
        // A list from which people are taken stands at its first line again.
        target.value = "";
      }

      function person(one) {
        const code = html`<code>[[${one}]]</code>`;
        return Object.hasOwn(state.names, one)
          ? html`<li><bdi class="fox-name">${state.names[one]}</bdi> ${code}</li>`
          : html`<li>\u26a0 ${code} is not among your profiles</li>`;
      }

      const example = (words) =>
        html`<button type="button" class="fox-act" title="Begin with this"
          @click=${() => type(words, 0)}>${words}</button>`;

      return (draw) => {
        const text = prompt?.get("value") ?? "";
        const found = mentioned(text);
        const names = Object.entries(state.names);
        const first = names.length ? "Put a person into the prompt\u2026" : state.empty;
        const { figures, words } = lengthWords(text, model.get("limit"));
        const option = ([one, name]) =>
          html`<option value=${one}>${name === one ? one : `${name} (${one.slice(0, 12)})`}</option>`;
        draw(html`<div class="fox-mentions">
          <div class="fox-examples" role="group" aria-label="Examples to begin with"
            ?hidden=${text.trim()}>${model.get("examples").map(example)}</div>
          <ul class="fox-people" aria-label="Profiles in this prompt" ?hidden=${!found.length}>${found.map(person)}</ul>
          <div class="fox-puts" ?hidden=${!model.get("puts")}>
            <label for=${id}>Profile</label>
            <select class="fox-field" id=${id} ?disabled=${!names.length} @keydown=${unfold} @change=${putIn}>
              <option value="">${first}</option>${names.map(option)}
            </select>
          </div>
          <span class="fox-count">${figures}</span>
          <span class="fox-aloud" role="status">${words}</span>
        </div>`);
      };
    },
  };
};
