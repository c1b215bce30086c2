// A person's name: a line of text that goes as a message and is no part of the widget's state.
import { html } from "./drawing.js";
import { setSeen, unique } from "./elements.js";

export const name = (model, show) => {
  const page = unique();
  let typed = "";

  function take(text) {
    typed = text;
    setSeen(model, text);
    show();
  }

  function type({ target }) {
    take(target.value);
    model.send({ type: "typed", name: target.value, page });
  }

  return {
    onMessage: (content) => content.type === "name" && content.by !== page && take(content.name),
    view() {
      const id = `fox-name-${unique()}`;
      return (draw) =>
        draw(html`<div class="fox-person-name">
          <label class="fox-label" for=${id}>${model.get("description")}</label>
          <input class="fox-field" type="text" id=${id} maxlength="60" autocomplete="off" spellcheck="false"
            aria-describedby="${id}-help" placeholder=${model.get("placeholder")} ?disabled=${model.get("disabled")}
            .value=${typed} @input=${type}>
          <span class="fox-help" id="${id}-help">${model.get("tooltip")}</span>
        </div>`);
    },
  };
};
