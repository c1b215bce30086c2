// A person's name: a line of text that goes as a message and is no part of the widget's state.
import { guard, put, setSeen, unique, write } from "./elements.js";

// One for each model; its views share it.
export const name = () => {
  const page = unique();
  const views = new Set();
  let typed = "";
  let model;

  function take(text, source) {
    typed = text;
    setSeen(model, text);
    for (const view of views) if (view !== source) view();
  }

  return {
    initialize(context) {
      model = context.model;
      model.on("msg:custom", (content) => {
        if (content.type === "name" && content.by !== page) take(content.name, null);
      });
    },
    render({ model, el }) {
      const id = `fox-name-${unique()}`;
      const root = put("div", "fox-person-name");
      const label = put("label", "fox-label", { htmlFor: id });
      const input = put("input", "", { type: "text", id, maxLength: 60, autocomplete: "off", spellcheck: false });
      const help = put("span", "fox-help", { id: `${id}-help` });
      input.setAttribute("aria-describedby", help.id);
      guard(root);
      root.append(label, input, help);
      el.append(root);

      function view() {
        if (input.value !== typed) input.value = typed;
        Object.assign(input, { placeholder: model.get("placeholder"), disabled: model.get("disabled") });
        write(label, model.get("description"));
        write(help, model.get("tooltip") ?? "");
      }

      input.addEventListener("input", () => {
        take(input.value, view);
        model.send({ type: "typed", name: input.value, page });
      });
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
