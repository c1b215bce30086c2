// The history: rows of the journal as a list or a grid, found by model, text and date; favourites; several to take along.
import { button, fill, put, unique, write } from "./elements.js";
import { short } from "./larger.js";
import { buttons, keepInStep, Tasks, thumb } from "./tasks.js";

const PAUSE = 350;
const QUICK = 3;
// Where a row has no picture; its state stands beside it in words.
const SIGNS = { pending: "\u2026", processing: "\u2026", failed: "\u2716", refused: "\u2716", unknown: "?" };
const EMPTY = "Nothing here. What you make will be listed, also after a restart.";
const NONE = "No results. Remove a filter.";

/** What a person asks for: model, text, dates, favourites, page. */
function makeFinder(tasks, model, id) {
  const form = put("div", "fox-finder", {}, { role: "search", "aria-label": "Find in the history" });
  const pager = put("div", "fox-pager");
  const field = (words, input) => {
    const label = put("label", "", { textContent: words });
    label.append(input);
    form.append(label);
    return input;
  };
  const kind = field("Model", put("select", "fox-field"));
  const text = field("Text", put("input", "fox-field", { type: "search", placeholder: "words of the prompt" }));
  const since = field("From", put("input", "fox-field", { type: "date" }));
  const until = field("To", put("input", "fox-field", { type: "date" }));
  const favourites = field("Favourites", put("input", "", { type: "checkbox" }));
  const newer = button("Newer", "", () => state.page > 0 && find(state.page - 1));
  const where = put("span", "fox-where", { id: `${id}-where` }, { role: "status" });
  const older = button("Older", "", () => (state.page + 1) * model.get("rows") < state.total && find(state.page + 1));
  const spent = put("span", "fox-spent");
  const state = { page: 0, total: 0 };
  let timer = 0;
  pager.append(newer, where, older, spent);

  function find(page = 0) {
    clearTimeout(timer);
    const dates = { since: since.value, until: until.value }; // days where the kernel runs, as in the rows
    const wanted = { model: kind.value, text: text.value, favourites: favourites.checked, ...dates };
    tasks.by = tasks.pixels.page;
    model.send({ type: "find", ...wanted, page, by: tasks.by });
  }

  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE);
  });
  for (const input of [kind, since, until, favourites]) input.addEventListener("change", () => find());

  function show() {
    const { items, page = 0, total = 0, models = [], spent: words = "" } = tasks.state;
    Object.assign(state, { page, total });
    const chosen = kind.value;
    fill(kind, [["all models", ""], ...models], ([textContent, value]) => put("option", "", { value, textContent }));
    kind.value = chosen;
    const first = page * model.get("rows") + 1;
    const last = first + items.length - 1;
    const [from, to, of] = [first, last, total].map((number) => number.toLocaleString("en"));
    write(where, items.length ? `${from} to ${to} of ${of}` : "");
    write(spent, words);
    newer.setAttribute("aria-disabled", String(page === 0));
    older.setAttribute("aria-disabled", String(last >= total));
    for (const one of [newer, where, older]) one.hidden = !items.length;
  }
  const asks = () => [kind, text, since, until].some(({ value }) => value) || favourites.checked;
  return { form, pager, show, asks, isTold: () => "total" in tasks.state };
}

export const history = (model, draw) => {
  const tasks = new Tasks(model, draw);
  const chosen = new Set();
  return {
    hear: (content, buffers) => tasks.hear(content, buffers),
    close: () => tasks.pixels.forget(),
    view({ el }) {
      const id = `fox-history-${unique()}`;
      const root = put("section", "fox-history", { id }, { "aria-label": "History" });
      const list = put("ul", "fox-rows", {}, { "aria-label": "History" });
      const note = put("p", "fox-note", {}, { role: "status" });
      const wrong = put("div", "fox-error", {}, { role: "alert" });
      const finder = makeFinder(tasks, model, id);
      const dialog = tasks.larger();
      const shown = new Map();
      const bar = put("div", "fox-chosen");
      const count = put("span", "fox-note");
      const grid = button("Grid", "", () =>
        grid.setAttribute("aria-pressed", String(root.classList.toggle("fox-grid"))),
      );
      const compare = button("Compare", "", () => tasks.send({ type: "compare", keys: [...chosen] }));
      const archive = button("Download as ZIP", "", () =>
        tasks.pixels.save("archive", 0, { type: "archive", keys: [...chosen] }),
      );
      const none = button("Choose none", "", () => {
        chosen.clear();
        tasks.show();
        grid.focus(); // this button is gone
      });
      grid.setAttribute("aria-pressed", "false");
      bar.append(grid, count, compare, archive, none);
      root.append(finder.form, bar, list, note, finder.pager, wrong, dialog.element);
      el.append(root);

      function choose(item) {
        const box = put("input", "fox-choose", { type: "checkbox", value: item.key });
        box.setAttribute("aria-label", `Choose: ${short(item.title)}`);
        box.addEventListener("change", () => {
          if (box.checked) chosen.add(item.key);
          else chosen.delete(item.key);
          tasks.show();
        });
        return box;
      }

      function star(item) {
        const on = !item.favourite;
        const made = button(on ? "\u2606" : "\u2605", `Favourite: ${short(item.title)}`, () =>
          model.send({ type: "favourite", key: item.key, on }),
        );
        made.classList.add("fox-star");
        made.setAttribute("aria-pressed", String(item.favourite));
        return made;
      }

      function row(item) {
        const node = put("li", "fox-line");
        const frame = put("div", "fox-frame");
        const text = put("div", "fox-text");
        const first = item.pictures[0];
        let fill = () => {};
        if (first) {
          const made = thumb(tasks, dialog, item, first, "thumb");
          frame.append(made.open);
          fill = made.fill;
        } else
          frame.append(
            put("span", "fox-sign", { textContent: SIGNS[item.status] ?? "\u2013" }, { "aria-hidden": "true" }),
          );
        const open = () => dialog.open(item, first?.number ?? 0);
        const facts = item.facts.map(([name, value]) => `${name} ${value}`.trim()).join(" \u00b7 ");
        const more = item.pictures.length > 1 ? `${item.pictures.length} pictures` : "";
        const state = [item.status, more].filter(Boolean).join(", ");
        text.append(button(item.title, `Details: ${short(item.title)}`, open, "fox-title"));
        text.append(put("p", "fox-facts", { textContent: facts }));
        text.append(put("p", "fox-facts", { textContent: `${item.when} \u00b7 ${state}` }));
        text.append(put("span", "fox-count", { textContent: first ? more : item.status }));
        const pick = put("div", "fox-pick");
        pick.append(choose(item), star(item));
        const most = item.pictures.length ? QUICK : undefined;
        node.append(pick, frame, text, buttons(tasks, item, first?.number ?? 0, most));
        return { node, fill };
      }

      function show() {
        const { items, wrong: lines } = tasks.state;
        keepInStep(list, shown, items, row);
        for (const box of list.querySelectorAll("input")) box.checked = chosen.has(box.value);
        list.hidden = !items.length;
        finder.show();
        write(note, !items.length && finder.isTold() ? (finder.asks() ? NONE : EMPTY) : "");
        write(wrong, lines.join("\n"));
        write(count, chosen.size ? `${chosen.size} chosen` : "");
        for (const one of [compare, archive, none]) one.hidden = !chosen.size;
        // a single edit has what it was made from beside it, and several pictures have each other
        const alone = items.some((item) => chosen.has(item.key) && (item.before || item.pictures.length > 1));
        compare.hidden = chosen.size < 2 && !alone;
        const percent = tasks.pixels.percent("archive", 0);
        write(archive, percent === undefined ? "Download as ZIP" : `Packing ${percent} %`);
        dialog.fill();
      }

      return show;
    },
  };
};
