// Persons: profiles by name, each with a tick. Names come as messages, and what is chosen goes as one: none of it is state.
import { put, setSeen, unique } from "./elements.js";
import { keepInStep } from "./tasks.js";

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
    hear(content) {
      if (content.type !== "persons") return false;
      Object.assign(state, { items: content.items, empty: content.empty });
      if (content.by === pressed) pressed = "";
      if (!pressed) state.chosen = content.chosen; // else the kernel doesn't know yet what was chosen here
      setSeen(model, state.chosen);
      return true;
    },
    view({ el }) {
      const id = `fox-persons-${unique()}`;
      const root = put("div", "fox-persons", {}, { role: "group", "aria-labelledby": id });
      const label = put("span", "fox-label", { id });
      const choices = put("div", "fox-choices");
      const help = put("div", "fox-help", { id: `${id}-help` });
      const shown = new Map();
      root.append(label, choices, help);
      el.append(root);

      function choice({ key, name }) {
        const node = put("label", "fox-choice");
        const tick = put("input", "", { type: "checkbox", value: key }, { "aria-describedby": help.id });
        tick.addEventListener("change", () => choose(key, tick.checked));
        node.append(tick, put("bdi", "", { textContent: name }));
        const fill = () =>
          Object.assign(tick, { checked: state.chosen.includes(key), disabled: model.get("disabled") });
        return { node, fill };
      }

      return () => {
        const items = state.items.map(([key, name]) => ({ key, name }));
        keepInStep(choices, shown, items, choice);
        label.textContent = model.get("description");
        help.textContent = items.length ? (model.get("tooltip") ?? "") : state.empty;
      };
    },
  };
};
