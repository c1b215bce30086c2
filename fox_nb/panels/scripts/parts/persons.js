// Persons: profiles by name, each with a tick. Names come as messages, and what is chosen goes as one: none of it is state.
import { html, repeat } from "./drawing.js";
import { setSeen, unique } from "./elements.js";

export const persons = (model, show) => {
  /** @type {{items: [string, string][], chosen: string[], empty: string}} */
  const state = { items: [], chosen: [], empty: "" };
  let pressed = ""; // the last choice that Python has not answered

  function choose(id, on) {
    state.chosen = state.items.map(([one]) => one).filter((one) => (one === id ? on : state.chosen.includes(one)));
    setSeen(model, state.chosen);
    pressed = unique();
    model.send({ type: "choose", ids: state.chosen, page: pressed });
    show();
  }

  return {
    choose,
    onMessage(content) {
      if (content.type !== "persons") return false;
      Object.assign(state, { items: content.items, empty: content.empty });
      if (content.by === pressed) pressed = "";
      if (!pressed) state.chosen = content.chosen; // else the kernel doesn't know yet what was chosen here
      setSeen(model, state.chosen);
      return true;
    },
    view() {
      const id = `fox-persons-${unique()}`;

      const choice = ([key, name]) => html`<label class="fox-choice">
        <input type="checkbox" value=${key} aria-describedby="${id}-help" .checked=${state.chosen.includes(key)}
          ?disabled=${model.get("disabled")} @change=${({ target }) => choose(key, target.checked)}>
        <bdi>${name}</bdi>
      </label>`;

      return (draw) =>
        draw(html`<div class="fox-persons" role="group" aria-labelledby=${id}>
          <span class="fox-label" id=${id}>${model.get("description")}</span>
          <div class="fox-choices">${repeat(state.items, ([key]) => key, choice)}</div>
          <div class="fox-help" id="${id}-help">${state.items.length ? model.get("tooltip") : state.empty}</div>
        </div>`);
    },
  };
};
