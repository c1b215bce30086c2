// Results: the newest at reading size, the dozen before it small. While they are on the screen the outputs that keep the
// same are hidden, and the pictures are taken from there.
import { html, nothing, repeat } from "./drawing.js";
import { buttons, inWords, Tasks, thumb } from "./tasks.js";

const QUICK = 2;

export const results = (model, show) => {
  const tasks = new Tasks(model, show);
  return {
    onMessage: (content, buffers) => tasks.onMessage(content, buffers),
    close: () => tasks.pixels.forget(),
    view() {
      const record = model.get("record");
      const dialog = tasks.larger();
      const hiding = `[data-fox-record="${record}"]{display:none!important}`;

      const figure = (item, one, isNewest) => html`<figure class="fox-figure">
        ${thumb(tasks, dialog, item, one, "picture")}
        ${isNewest ? buttons(tasks, item, one.number, QUICK) : nothing}
      </figure>`;

      function about(item) {
        const facts = item.facts.map(([name, value]) => `${name} ${value}`.trim());
        return html`<div class="fox-about">
          <bdi class="fox-title">${item.title}</bdi>
          <p class="fox-facts">${[...facts, item.when].join(" \u00b7 ")}</p>
        </div>`;
      }

      function card(item, index) {
        const below = !item.pictures.length ? [inWords(item), buttons(tasks, item, 0)] : index ? nothing : about(item);
        return html`<li class="fox-card ${index ? "" : "fox-newest"}">
          ${item.pictures.map((one) => figure(item, one, !index))}${below}
        </li>`;
      }

      return (draw) => {
        const { items, wrong, earlier } = tasks.state;
        const where = record ? ": see History in fox.studio(), or fox.tasks()" : "";
        draw(html`<section class="fox-results" aria-label="Results" ?hidden=${!items.length && !wrong.length}>
          ${record ? html`<style>${hiding}</style>` : nothing}
          <ul class="fox-cards">${repeat(items, ({ key }) => key, card)}</ul>
          <p class="fox-note">${earlier ? `${earlier} earlier result${earlier > 1 ? "s" : ""}${where}.` : ""}</p>
          <div class="fox-error" role="alert">${wrong.join("\n")}</div>
          ${dialog.element}
        </section>`);
        dialog.fill();
      };
    },
  };
};
