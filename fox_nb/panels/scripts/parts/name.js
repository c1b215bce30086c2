// A person's name: a line of text that goes as a message and is no part of the widget's state.
import { put, setSeen, unique, write } from "./elements.js";

export const name = (model, show) => {
  const page = unique();
  let typed = "";

  function take(text) {
    typed = text;
    setSeen(model, text);
    show();
  }

  return {
    hear: (content) => content.type === "name" && content.by !== page && take(content.name),
    view({ el }) {
      const id = `fox-name-${unique()}`;
      const root = put("div", "fox-person-name");
      const label = put("label", "fox-label", { htmlFor: id });
      const input = put("input", "fox-field", {
        type: "text",
        id,
        maxLength: 60,
        autocomplete: "off",
        spellcheck: false,
      });
      const help = put("span", "fox-help", { id: `${id}-help` });
      input.setAttribute("aria-describedby", help.id);
      root.append(label, input, help);
      el.append(root);
      input.addEventListener("input", () => {
        take(input.value);
        model.send({ type: "typed", name: input.value, page });
      });
      return () => {
        if (input.value !== typed) input.value = typed;
        Object.assign(input, { placeholder: model.get("placeholder"), disabled: model.get("disabled") });
        write(label, model.get("description"));
        write(help, model.get("tooltip") ?? "");
      };
    },
  };
};
