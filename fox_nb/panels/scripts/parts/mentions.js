// Mentions: below a prompt, who the [[profile_id]] in it are, a list to put one in at the cursor, and how long it may be.
import { button, fill, put, unique, write } from "./elements.js";

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
    hear: (content) => content.type === "names" && Object.assign(state, content),
    view({ el }) {
      const id = `fox-mentions-${unique()}`;
      const root = put("div", "fox-mentions");
      const people = put("ul", "fox-people", {}, { "aria-label": "Profiles in this prompt" });
      const puts = put("div", "fox-puts");
      const list = put("select", "fox-field", { id });
      const count = put("span", "fox-count");
      const aloud = put("span", "fox-aloud", {}, { role: "status" });
      const examples = put("div", "fox-examples", {}, { role: "group", "aria-label": "Examples to begin with" });
      for (const example of model.get("examples")) {
        const begin = button(example, "", () => type(example, 0));
        begin.title = "Begin with this";
        examples.append(begin);
      }
      puts.append(put("label", "", { htmlFor: id, textContent: "Profile" }), list);
      root.append(examples, people, puts, count, aloud);
      el.append(root);

      function person(one) {
        const known = Object.hasOwn(state.names, one);
        const item = put("li");
        const code = put("code", "", { textContent: `[[${one}]]` });
        if (known) item.append(put("bdi", "fox-name", { textContent: state.names[one] }), " ", code);
        else item.append("\u26a0 ", code, " is not among your profiles");
        return item;
      }

      function draw() {
        const text = prompt?.get("value") ?? "";
        const found = mentioned(text).map((one) => [one, state.names[one]]);
        examples.hidden = !!text.trim();
        people.hidden = !found.length;
        fill(people, found, ([one]) => person(one));
        const known = Object.entries(state.names).map(([one, name]) => [
          one,
          name === one ? one : `${name} (${one.slice(0, 12)})`,
        ]);
        const first = ["", known.length ? "Put a person into the prompt\u2026" : state.empty];
        fill(list, [first, ...known], ([value, textContent]) => put("option", "", { value, textContent }));
        puts.hidden = !model.get("puts");
        list.disabled = !known.length;
        const { figures, words } = lengthWords(text, model.get("limit"));
        write(count, figures);
        write(aloud, words);
      }

      /** Put words in place of a part of the text, as if they were typed. */
      function type(words, start, end = start) {
        const area = areaBeside(el);
        if (!area) return;
        area.setRangeText(words, start, end, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
        area.focus();
      }

      // By an arrow alone a closed list would put its first person in, and whoever has a keyboard could reach no other.
      list.addEventListener("keydown", (event) => {
        if (event.altKey || !/^Arrow(Down|Up)$/.test(event.key) || !list.showPicker) return;
        list.showPicker();
        event.preventDefault();
      });
      list.addEventListener("change", () => {
        const area = areaBeside(el);
        if (list.value && area) {
          const [start, end] = [area.selectionStart, area.selectionEnd];
          type(spaced(area.value, start, end, `[[${list.value}]]`), start, end);
        }
        // A list from which people are taken stands at its first line again.
        list.value = "";
      });
      return draw;
    },
  };
};
