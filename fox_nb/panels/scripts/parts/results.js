// Results: the newest at reading size, the dozen before it small. While they are on the screen the outputs that keep the
// same are hidden, and the pictures are taken from there.
import { put, unique, write } from "./elements.js";
import { buttons, inWords, keepInStep, Tasks, thumb } from "./tasks.js";

const QUICK = 2;

export const results = (model, draw) => {
  const tasks = new Tasks(model, draw);
  return {
    hear: (content, buffers) => tasks.hear(content, buffers),
    close: () => tasks.pixels.forget(),
    view({ el }) {
      const id = `fox-results-${unique()}`;
      const root = put("section", "fox-results", { id }, { "aria-label": "Results" });
      const list = put("ul", "fox-cards");
      const earlier = put("p", "fox-note");
      const wrong = put("div", "fox-error", {}, { role: "alert" });
      const hiding = put("style");
      const record = model.get("record");
      const dialog = tasks.larger();
      const shown = new Map();
      if (record) hiding.textContent = `[data-fox-record="${record}"]{display:none!important}`;
      root.append(hiding, list, earlier, wrong, dialog.element);
      el.append(root);

      function card(item, index) {
        const node = put("li", `fox-card${index ? "" : " fox-newest"}`);
        const fills = item.pictures.map((one) => {
          const figure = put("figure", "fox-figure");
          const { open, fill } = thumb(tasks, dialog, item, one, "picture");
          figure.append(open);
          if (!index) figure.append(buttons(tasks, item, one.number, QUICK));
          node.append(figure);
          return fill;
        });
        if (!fills.length) node.append(inWords(item), buttons(tasks, item, 0));
        else if (!index) {
          const facts = item.facts.map(([name, value]) => `${name} ${value}`.trim());
          const about = put("div", "fox-about");
          about.append(put("bdi", "fox-title", { textContent: item.title }));
          about.append(put("p", "fox-facts", { textContent: [...facts, item.when].join(" \u00b7 ") }));
          node.append(about);
        }
        return { node, fill: () => fills.forEach((fill) => fill()) };
      }

      function show() {
        const { items, wrong: lines, earlier: count } = tasks.state;
        keepInStep(list, shown, items, card);
        root.hidden = !items.length && !lines.length;
        write(
          earlier,
          count
            ? `${count} earlier result${count > 1 ? "s" : ""}${record ? ": see History in fox.studio(), or fox.tasks()" : ""}.`
            : "",
        );
        write(wrong, lines.join("\n"));
        dialog.fill();
      }

      return show;
    },
  };
};
