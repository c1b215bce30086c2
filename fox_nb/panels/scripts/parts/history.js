// The history: rows of the journal as a list or a grid, found by model, text and date; favourites; several to take along.
import { button, html, nothing, repeat } from "./drawing.js";
import { short } from "./larger.js";
import { buttons, Tasks, thumb } from "./tasks.js";

const PAUSE = 350;
const QUICK = 3;
// Where a row has no picture; its state stands beside it in words.
const SIGNS = { pending: "\u2026", processing: "\u2026", failed: "\u2716", refused: "\u2716", unknown: "?" };
const EMPTY = "Nothing here. What you make will be listed, also after a restart.";
const NONE = "No results. Remove a filter.";

/** What a person asks for: model, text, dates, favourites, page. */
function makeFinder(tasks, model) {
  // days where the kernel runs, as in the rows
  const wanted = { model: "", text: "", since: "", until: "", favourites: false };
  let timer = 0;

  function find(page = 0) {
    clearTimeout(timer);
    tasks.by = tasks.pixels.page;
    model.send({ type: "find", ...wanted, page, by: tasks.by });
  }

  const take = (name) => (event) => {
    const { type, target } = event;
    wanted[name] = target.type === "checkbox" ? target.checked : target.value;
    clearTimeout(timer);
    if (type === "input") timer = setTimeout(find, PAUSE);
    else find();
  };

  function form() {
    const models = [["all models", ""], ...(tasks.state.models ?? [])];
    const option = ([words, value]) =>
      html`<option value=${value} .selected=${value === wanted.model}>${words}</option>`;
    return html`<div class="fox-finder" role="search" aria-label="Find in the history">
      <label>Model
        <select class="fox-field" @change=${take("model")}>${models.map(option)}</select></label>
      <label>Text
        <input class="fox-field" type="search" placeholder="words of the prompt" @input=${take("text")}></label>
      <label>From <input class="fox-field" type="date" @change=${take("since")}></label>
      <label>To <input class="fox-field" type="date" @change=${take("until")}></label>
      <label>Favourites <input type="checkbox" @change=${take("favourites")}></label>
    </div>`;
  }

  function pager() {
    const { items, page = 0, total = 0, spent = "" } = tasks.state;
    const first = page * model.get("rows") + 1;
    const last = first + items.length - 1;
    const [from, to, of] = [first, last, total].map((number) => number.toLocaleString("en"));
    const turn = (words, by, isEnd) =>
      html`<button type="button" class="fox-act" aria-disabled=${isEnd} ?hidden=${!items.length}
        @click=${() => isEnd || find(page + by)}>${words}</button>`;
    return html`<div class="fox-pager">
      ${turn("Newer", -1, page === 0)}
      <span class="fox-where" role="status"
        ?hidden=${!items.length}>${items.length ? `${from} to ${to} of ${of}` : ""}</span>
      ${turn("Older", 1, last >= total)}
      <span class="fox-spent">${spent}</span>
    </div>`;
  }
  return { form, pager, asks: () => Object.values(wanted).some(Boolean), isTold: () => "total" in tasks.state };
}

export const history = (model, show) => {
  const tasks = new Tasks(model, show);
  const chosen = new Set();
  return {
    onMessage: (content, buffers) => tasks.onMessage(content, buffers),
    close: () => tasks.pixels.forget(),
    view({ el }) {
      const finder = makeFinder(tasks, model);
      const dialog = tasks.larger();
      let isGrid = false;

      function choose({ target }) {
        if (target.checked) chosen.add(target.value);
        else chosen.delete(target.value);
        show();
      }

      function row(item) {
        const first = item.pictures[0];
        const title = short(item.title);
        const facts = item.facts.map(([name, value]) => `${name} ${value}`.trim()).join(" \u00b7 ");
        const more = item.pictures.length > 1 ? `${item.pictures.length} pictures` : "";
        const state = [item.status, more].filter(Boolean).join(", ");
        const open = () => dialog.open(item, first?.number ?? 0);
        const star = () => model.send({ type: "favourite", key: item.key, on: !item.favourite });
        const sign = html`<span class="fox-sign" aria-hidden="true">${SIGNS[item.status] ?? "\u2013"}</span>`;
        return html`<li class="fox-line">
          <div class="fox-pick">
            <input class="fox-choose" type="checkbox" value=${item.key} aria-label="Choose: ${title}"
              .checked=${chosen.has(item.key)} @change=${choose}>
            <button type="button" class="fox-act fox-star" title="Favourite: ${title}" aria-label="Favourite: ${title}"
              aria-pressed=${item.favourite} @click=${star}>${item.favourite ? "\u2605" : "\u2606"}</button>
          </div>
          <div class="fox-frame">${first ? thumb(tasks, dialog, item, first, "thumb") : sign}</div>
          <div class="fox-text">
            ${button(item.title, `Details: ${title}`, open, "fox-title")}
            <p class="fox-facts">${facts}</p>
            <p class="fox-facts">${item.when} \u00b7 ${state}</p>
            <span class="fox-count">${first ? more : item.status}</span>
          </div>
          ${buttons(tasks, item, first?.number ?? 0, first && QUICK)}
        </li>`;
      }

      function bar(items) {
        const keys = [...chosen];
        // a single edit has what it was made from beside it, and several pictures have each other
        const alone = items.some((item) => chosen.has(item.key) && (item.before || item.pictures.length > 1));
        const percent = tasks.pixels.percent("archive", 0);
        const archive = percent === undefined ? "Download as ZIP" : `Packing ${percent} %`;
        const toggle = () => {
          isGrid = !isGrid;
          show();
        };
        const none = () => {
          chosen.clear();
          show();
          el.querySelector(".fox-chosen button").focus(); // this button is gone
        };
        const whenAny = (words, run) => (keys.length ? button(words, "", run) : nothing);
        return html`<div class="fox-chosen">
          <button type="button" class="fox-act" aria-pressed=${isGrid} @click=${toggle}>Grid</button>
          <span class="fox-note">${keys.length ? `${keys.length} chosen` : ""}</span>
          ${keys.length > 1 || alone ? button("Compare", "", () => tasks.send({ type: "compare", keys })) : nothing}
          ${whenAny(archive, () => tasks.pixels.save("archive", 0, { type: "archive", keys }))}
          ${whenAny("Choose none", none)}
        </div>`;
      }

      return (draw) => {
        const { items, wrong } = tasks.state;
        const note = items.length || !finder.isTold() ? "" : finder.asks() ? NONE : EMPTY;
        draw(html`<section class="fox-history ${isGrid ? "fox-grid" : ""}" aria-label="History">
          ${finder.form()}${bar(items)}
          <ul class="fox-rows" aria-label="History"
            ?hidden=${!items.length}>${repeat(items, ({ key }) => key, row)}</ul>
          <p class="fox-note" role="status">${note}</p>
          ${finder.pager()}
          <div class="fox-error" role="alert">${wrong.join("\n")}</div>
          ${dialog.element}
        </section>`);
        dialog.fill();
      };
    },
  };
};
