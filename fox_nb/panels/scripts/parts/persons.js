// Persons: profiles by name, each with a tick. Names come as messages, and what is chosen goes as one: none of it is state.
import { focused, guard, put, setSeen, unique } from "./elements.js";

// One for each model; its views share it.
export const persons = () => {
  const page = unique();
  /** @type {{items: [string, string][], chosen: string[], empty: string}} */
  const state = { items: [], chosen: [], empty: "" };
  const views = new Set();
  let unanswered = 0;
  const show = () => views.forEach((view) => view());
  let model;

  function onMessage(content) {
    if (content.type !== "persons") return;
    Object.assign(state, { items: content.items, empty: content.empty });
    if (content.by === page) unanswered = Math.max(0, unanswered - 1);
    if (!unanswered) state.chosen = content.chosen; // else the kernel doesn't know yet what was chosen here
    setSeen(model, state.chosen);
    show();
  }

  function choose(id, on) {
    state.chosen = state.items.map(([one]) => one).filter((one) => (one === id ? on : state.chosen.includes(one)));
    setSeen(model, state.chosen);
    unanswered += 1;
    model.send({ type: "choose", ids: state.chosen, page });
    show();
  }

  return {
    choose,
    initialize(context) {
      model = context.model;
      model.on("msg:custom", onMessage);
    },
    render({ model, el }) {
      const id = `fox-persons-${unique()}`;
      const root = put("div", "fox-persons", {}, { role: "group", "aria-labelledby": id });
      const label = put("span", "fox-label", { id });
      const choices = put("div", "fox-choices");
      const help = put("div", "fox-help", { id: `${id}-help` });
      guard(root);
      root.append(label, choices, help);
      el.append(root);

      function choice([value, text]) {
        const box = put("label", "fox-choice");
        const tick = put("input", "", { type: "checkbox", value }, { "aria-describedby": help.id });
        tick.addEventListener("change", () => choose(value, tick.checked));
        box.append(tick, put("bdi", "", { textContent: text }));
        return box;
      }

      function view() {
        const shown = JSON.stringify(state.items);
        if (choices.dataset.shown !== shown) {
          choices.dataset.shown = shown;
          const held = focused(choices);
          const at = [...choices.querySelectorAll("input")].findIndex((tick) => tick === held);
          choices.replaceChildren(...state.items.map(choice));
          const ticks = at < 0 ? [] : [...choices.querySelectorAll("input")];
          (ticks.find(({ value }) => value === /** @type {any} */ (held).value) ?? ticks[at] ?? ticks.at(-1))?.focus();
        }
        for (const tick of choices.querySelectorAll("input")) {
          tick.checked = state.chosen.includes(tick.value);
          tick.disabled = model.get("disabled");
        }
        label.textContent = model.get("description");
        help.textContent = state.items.length ? (model.get("tooltip") ?? "") : state.empty;
      }

      views.add(view);
      model.on("change", view);
      view();
      return () => {
        views.delete(view);
        model.off("change", view);
      };
    },
  };
};
