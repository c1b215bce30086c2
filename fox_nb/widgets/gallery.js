// Results as a strip or as the rows of the history; a larger view of each with its facts, its code and the whole file.
const put = (tag, name, props = {}, attributes = {}) => {
  const element = Object.assign(document.createElement(tag), { className: name && `fox-${name}`, ...props });
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
// As in gallery.py: no message is larger than the servers let through.
const PIECE = 900_000;
const WINDOW = 3;
const PAUSE = 350;
// Where a row has no picture; its state stands beside it in words.
const SIGNS = { pending: "\u2026", processing: "\u2026", failed: "\u2716", refused: "\u2716", unknown: "?" };
const short = (text, longest = 80) => (text.length > longest ? `${text.slice(0, longest - 1)}\u2026` : text);
const place = (key, number) => `${key}/${number}`;

// One for each model; its views share it.
export default () => {
  const state = { items: [], total: 0, page: 0, wrong: [], asked: 0, told: -1, models: [] };
  const urls = new Map();
  const details = new Map();
  const savings = new Map();
  const requested = new Set();
  const views = new Set();
  const show = () => views.forEach((view) => view());
  let model;

  function want(type, key, number) {
    const name = `${type} ${place(key, number)}`;
    if (!requested.has(name)) {
      requested.add(name);
      model.send({ type, key, number });
    }
    return urls.get(name);
  }

  function keep(content, buffers) {
    const name = `${content.type} ${place(content.key, content.number)}`;
    if (!urls.has(name)) urls.set(name, URL.createObjectURL(new Blob(buffers, { type: "image/webp" })));
  }

  /** Have the whole file sent, a few pieces at a time, and give it to the browser's downloads. */
  function save(key, number) {
    if (savings.has(place(key, number))) return;
    const saving = { parts: [], asked: 0, received: 0, size: Infinity };
    savings.set(place(key, number), saving);
    ask(saving, key, number);
    show();
  }

  function ask(saving, key, number) {
    while (saving.asked < saving.size && saving.asked - saving.received < WINDOW * PIECE) {
      model.send({ type: "piece", key, number, at: saving.asked });
      saving.asked += PIECE;
      if (saving.size === Infinity) return;
    }
  }

  function take({ key, number, at, size, name, mime }, buffers) {
    const saving = savings.get(place(key, number));
    if (!saving) return;
    saving.size = size;
    saving.parts[at / PIECE] = buffers[0];
    saving.received += buffers[0].byteLength;
    if (saving.received < size) return ask(saving, key, number);
    savings.delete(place(key, number));
    const href = URL.createObjectURL(new Blob(saving.parts, { type: mime }));
    const link = put("a", "", { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  function hear(content, buffers) {
    const { type } = content;
    if (type === "list") {
      if (content.asked !== undefined && content.asked < state.asked) return;
      Object.assign(state, { told: content.asked ?? 0, wrong: [] });
      for (const name of ["items", "total", "page", "models"]) if (content[name] !== undefined) state[name] = content[name];
    } else if (type === "item") {
      state.wrong = [];
      state.items = [content.item, ...state.items.filter((one) => one.key !== content.item.key)].slice(0, content.most);
      details.delete(content.item.key);
    } else if (type === "detail") details.set(content.key, content);
    else if (type === "thumb" || type === "preview") keep(content, buffers);
    else if (type === "piece") take(content, buffers);
    else if (type === "wrong") {
      state.wrong = content.lines;
      if (content.key) savings.delete(place(content.key, content.number));
    }
    show();
  }

  return {
    initialize(context) {
      model = context.model;
      model.on("msg:custom", hear);
    },
    render({ model, el }) {
      const view = makeView({ model, el, state, want, save, savings, details });
      views.add(view);
      return () => views.delete(view);
    },
  };
};

function makeView({ model, el, state, want, save, savings, details }) {
  const table = model.get("mode") === "table";
  const id = `fox-gallery-${Math.random().toString(36).slice(2)}`;
  const root = put("section", "gallery", { id }, { "aria-labelledby": `${id}-head` });
  guard(root);
  const head = put("h3", "head", { id: `${id}-head`, textContent: model.get("label") });
  const list = put("ul", table ? "rows" : "strip", {}, { "aria-labelledby": head.id });
  const note = put("p", "note", {}, { role: "status" });
  const wrong = put("div", "error", {}, { role: "alert" });
  const dialog = makeDialog({ model, want, save, savings, details, act });
  const finder = table ? makeFinder({ model, state, id }) : null;
  root.append(head, ...(finder ? [finder.form] : []), list, note, ...(finder ? [finder.pager] : []), wrong, dialog.element);
  el.append(root);

  function act(name, item, number) {
    model.send({ type: "act", name, key: item.key, number });
  }

  function button(words, title, run, name = "act") {
    const made = put("button", name, { type: "button", textContent: words, title }, { "aria-label": title });
    made.addEventListener("click", run);
    return made;
  }

  function buttons(item, number, about) {
    const box = put("div", "acts");
    // Where there is a picture, the others stand in its larger view.
    const shown = item.pictures.length ? item.actions.slice(0, model.get("quick")) : item.actions;
    for (const [name, words] of shown) box.append(button(words, `${words}: ${about}`, () => act(name, item, number)));
    return box;
  }

  function picture(item, { number, width, height }) {
    const about = `${short(item.title)}${item.pictures.length > 1 ? `, picture ${number}` : ""}`;
    const open = button("", `Larger view: ${about}`, () => dialog.open(item, number), "thumb");
    const image = put("img", "", { alt: "", width, height });
    open.append(image);
    open.fill = () => {
      const src = want("thumb", item.key, number);
      if (src && image.src !== src) image.src = src;
    };
    return { open, about };
  }

  function failed(item) {
    const box = put("div", "failed");
    box.append(put("b", "", { textContent: `${item.status}: ` }), put("bdi", "", { textContent: short(item.title, 120) }));
    for (const words of item.words) box.append(put("p", "", { textContent: words }));
    return box;
  }

  function cards(item) {
    const made = item.pictures.map((one) => {
      const card = put("li", "card");
      const { open, about } = picture(item, one);
      card.append(open, buttons(item, one.number, about));
      card.fill = open.fill;
      return card;
    });
    if (made.length) return made;
    const card = put("li", "card fox-wide");
    card.append(item.words.length ? failed(item) : put("bdi", "what", { textContent: item.title }), buttons(item, 0, short(item.title)));
    return [card];
  }

  function row(item) {
    const li = put("li", "line");
    const frame = put("div", "frame");
    const text = put("div", "text");
    const first = item.pictures[0];
    if (first) {
      const { open } = picture(item, first);
      frame.append(open);
      li.fill = open.fill;
    } else frame.append(put("span", "sign", { textContent: SIGNS[item.status] ?? "\u2013" }, { "aria-hidden": "true" }));
    const title = button(item.title, `Details: ${short(item.title)}`, () => dialog.open(item, first?.number ?? 0), "title");
    text.append(title, put("p", "facts", { textContent: item.facts.map(([name, value]) => `${name} ${value}`.trim()).join(" \u00b7 ") }));
    const more = item.pictures.length > 1 ? `, ${item.pictures.length} pictures` : "";
    text.append(put("p", "facts", { textContent: `${item.when} \u00b7 ${item.status}${more}` }));
    li.append(frame, text, buttons(item, first?.number ?? 0, short(item.title)));
    return [li];
  }

  const shown = new Map();

  function show() {
    for (const [key, { nodes }] of shown)
      if (!state.items.some((item) => item.key === key)) {
        nodes.forEach((node) => node.remove());
        shown.delete(key);
      }
    let before = null;
    for (const item of [...state.items].reverse()) {
      const text = JSON.stringify(item);
      let one = shown.get(item.key);
      if (one?.text !== text) {
        const focused = one?.nodes.some((node) => node.contains(document.activeElement));
        one?.nodes.forEach((node) => node.remove());
        one = { text, nodes: table ? row(item) : cards(item) };
        shown.set(item.key, one);
        if (focused) requestAnimationFrame(() => one.nodes[0].querySelector("button")?.focus());
      }
      for (const node of [...one.nodes].reverse()) {
        if (node.nextSibling !== before || node.parentNode !== list) list.insertBefore(node, before);
        before = node;
        node.fill?.();
      }
    }
    list.hidden = !state.items.length;
    root.hidden = !table && !state.items.length && !state.wrong.length;
    finder?.show();
    const words = table && !state.items.length && state.told >= 0 ? model.get(finder.asks() ? "none" : "empty") : "";
    if (note.textContent !== words) note.textContent = words;
    const lines = state.wrong.join("\n");
    if (wrong.textContent !== lines) wrong.textContent = lines;
    dialog.show();
  }

  model.on("change:label", () => (head.textContent = model.get("label")));
  show();
  return show;
}

/** The history's questions: model, text, dates, page. */
function makeFinder({ model, state, id }) {
  const form = put("div", "finder", {}, { role: "search", "aria-label": "Find in the history" });
  const pager = put("div", "pager");
  const field = (words, tag, props) => {
    const label = put("label", "", { textContent: words });
    const input = put(tag, "find", props);
    label.append(input);
    form.append(label);
    return input;
  };
  const kind = field("Model", "select", {});
  const text = field("Text", "input", { type: "search", placeholder: "words of the prompt" });
  const since = field("From", "input", { type: "date" });
  const until = field("To", "input", { type: "date" });
  const before = put("button", "act", { type: "button", textContent: "Newer" });
  const where = put("span", "where", { id: `${id}-where` }, { role: "status" });
  const after = put("button", "act", { type: "button", textContent: "Older" });
  pager.append(before, where, after);
  let timer;

  function find(page = 0) {
    clearTimeout(timer);
    state.asked += 1;
    const midnight = (value, days) => (value ? new Date(`${value}T00:00`).setDate(new Date(`${value}T00:00`).getDate() + days) / 1000 : null);
    const wanted = { model: kind.value, text: text.value, since: midnight(since.value, 0), until: midnight(until.value, 1) };
    model.send({ type: "find", ...wanted, page, asked: state.asked });
  }

  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE);
  });
  for (const input of [kind, since, until]) input.addEventListener("change", () => find());
  before.addEventListener("click", () => state.page > 0 && find(state.page - 1));
  after.addEventListener("click", () => (state.page + 1) * model.get("rows") < state.total && find(state.page + 1));

  function show() {
    const options = JSON.stringify(state.models);
    if (kind.dataset.shown !== options) {
      const chosen = kind.value;
      kind.dataset.shown = options;
      kind.replaceChildren(...[["all models", ""], ...state.models].map(([words, value]) => put("option", "", { value, textContent: words })));
      kind.value = chosen;
    }
    const first = state.page * model.get("rows") + 1;
    const last = first + state.items.length - 1;
    const words = state.items.length ? `${first.toLocaleString("en")} to ${last.toLocaleString("en")} of ${state.total.toLocaleString("en")}` : "";
    if (where.textContent !== words) where.textContent = words;
    pager.hidden = !state.items.length;
    before.setAttribute("aria-disabled", String(state.page === 0));
    after.setAttribute("aria-disabled", String(last >= state.total));
  }
  const asks = () => [kind, text, since, until].some(({ value }) => value);
  return { form, pager, show, asks };
}

/** One result, as large as the page allows. */
function makeDialog({ model, want, save, savings, details, act }) {
  const element = put("dialog", "dialog");
  const title = put("h3", "head", { id: `fox-dialog-${Math.random().toString(36).slice(2)}` });
  const stage = put("div", "stage");
  const image = put("img", "large", { alt: "" });
  const bar = put("div", "acts");
  const facts = put("dl", "list");
  const code = put("pre", "code", { tabIndex: 0 }, { "aria-label": "Code" });
  const close = put("button", "act", { type: "button", textContent: "Close" });
  element.setAttribute("aria-labelledby", title.id);
  stage.append(image);
  element.append(title, stage, bar, facts, put("p", "facts", { textContent: "The same from code, for free:" }), code, close);
  let item = null;
  let number = 0;

  const press = (words, run) => {
    const made = put("button", "act", { type: "button", textContent: words });
    made.addEventListener("click", run);
    bar.append(made);
    return made;
  };

  function turn(by) {
    const at = item.pictures.findIndex((one) => one.number === number);
    const next = item.pictures[(at + by + item.pictures.length) % item.pictures.length];
    number = next.number;
    show();
  }

  function fillBar() {
    bar.replaceChildren();
    if (item.pictures.length > 1) {
      press("\u2190 Previous", () => turn(-1));
      press("Next \u2192", () => turn(1));
    }
    for (const [name, words] of item.actions)
      press(words, () => {
        element.close();
        act(name, item, number);
      });
    if (item.pictures.length) press("Save", () => save(item.key, number)).classList.add("fox-save");
    const copy = press("Copy code", async () => {
      await navigator.clipboard?.writeText(code.textContent).then(() => (copy.textContent = "Copied"), () => getSelection().selectAllChildren(code));
    });
  }

  function show() {
    if (!item || !element.open) return;
    const about = details.get(item.key);
    const one = item.pictures.find((picture) => picture.number === number);
    stage.hidden = !one;
    element.classList.toggle("fox-beside", !!one && one.width < 1.2 * one.height);
    if (one) {
      Object.assign(image, { width: one.width, height: one.height, alt: item.title });
      const src = want("preview", item.key, number) ?? want("thumb", item.key, number) ?? "";
      if (image.getAttribute("src") !== src) image.setAttribute("src", src);
    }
    const saving = savings.get(place(item.key, number));
    const percent = saving && saving.size !== Infinity ? ` ${Math.floor((100 * saving.received) / saving.size)} %` : "";
    const saver = bar.querySelector(".fox-save");
    if (saver) saver.textContent = saving ? `Saving${percent}` : "Save";
    if (!about) return;
    const lines = [...about.facts, ...(one ? [["Picture", about.names[number] ?? ""], ["Size", `${one.width} \u00d7 ${one.height} px`]] : []), ...item.words.map((words) => ["", words])];
    facts.replaceChildren(...lines.flatMap(([name, value]) => [put("dt", "", { textContent: name }), put("dd", "", { textContent: value })]));
    code.textContent = about.code;
  }

  function open(what, which) {
    [item, number] = [what, which];
    title.textContent = item.title;
    facts.replaceChildren();
    code.textContent = "";
    image.removeAttribute("src");
    fillBar();
    if (!details.has(item.key)) model.send({ type: "open", key: item.key });
    element.showModal();
    show();
  }

  element.addEventListener("keydown", (event) => {
    if (item?.pictures.length > 1 && event.target !== code && /^Arrow(Left|Right)$/.test(event.key)) turn(event.key === "ArrowLeft" ? -1 : 1);
  });
  // A click beside the dialog closes it, as people expect.
  element.addEventListener("click", (event) => event.target === element && element.close());
  close.addEventListener("click", () => element.close());
  return { element, open, show };
}
