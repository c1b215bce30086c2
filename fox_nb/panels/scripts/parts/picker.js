// The picker: takes files, scales what is too large, sends it in pieces, shows the list; links and paths can be typed.
import { button, fill, focused, onKeys, onPress, put, setSeen, unique, write } from "./elements.js";
import { amount, prepare } from "./scaling.js";
import { Job, key as newKey, send } from "./sending.js";
import { keepInStep } from "./tasks.js";

/** What a picker asks for, and the types that the browser offers then. */
export function asked({ one, accept, archives }) {
  const what = !accept.length ? "a ZIP" : one ? "a picture" : "pictures";
  const types = [...(accept.length ? ["image/*", ".heic", ".heif"] : []), ...(archives ? [".zip"] : [])];
  return { words: `Choose ${what}\u2026`, types: types.join() };
}

export const picker = (model, draw) => {
  /** @type {{items: any[], thumbs: Map<string, string>, errors: string[], error: string, job: Job | null, words: string, focus: any, offered: string[], taken: number}} */
  const state = {
    items: [],
    thumbs: new Map(),
    errors: [],
    error: "",
    job: null,
    words: "",
    focus: null,
    offered: [],
    taken: 0,
  };
  const queue = [];
  let working = false;
  let pressed = ""; // the last press that Python has not answered

  const keys = () => state.items.map(({ key }) => key);
  const say = (message, buffers) => model.send(message, undefined, buffers);

  /** Draw all views. What they show is what a press takes along; a file that is on its way is part of it. */
  function show() {
    setSeen(model, [...new Set([...keys(), state.job?.id ?? queue[0]?.batch].filter(Boolean))]);
    draw();
  }

  /** Do at once what was pressed; Python hears of it and answers with its list. */
  function change(type, key) {
    const at = state.items.findIndex((item) => item.key === key);
    const [entry] = state.items.splice(at, 1);
    if (type === "order") state.items.splice(at - 1, 0, entry);
    pressed = unique();
    say({ type, key, keys: keys(), by: pressed });
    show();
  }

  function setThumb(key, blob) {
    URL.revokeObjectURL(state.thumbs.get(key) ?? "");
    state.thumbs.set(key, URL.createObjectURL(blob));
  }

  async function sendOne(file, of, batch) {
    const job = new Job(file.name || "pasted picture", of);
    Object.assign(state, { job, words: `Adding ${of}: ${job.name}` });
    show();
    try {
      const can = {
        archives: model.get("accept_archives"),
        accept: model.get("accept"),
        longest: model.get("long_side"),
      };
      const ready = await prepare(file, can);
      const most = model.get("max_bytes");
      if (ready.blob.size > most)
        throw Error(`is too large: ${amount(ready.blob.size)}, and at most ${amount(most)} are taken.`);
      job.size = ready.blob.size;
      if (ready.thumb) setThumb(job.id, ready.thumb);
      show();
      await send(job, ready, batch, say, show);
      return 1;
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      if (message) state.errors.push(job.refused ? message : `${job.name} ${message}`);
      return 0;
    } finally {
      state.job = null;
    }
  }

  async function work() {
    if (working) return;
    working = true;
    while (queue.length) {
      const { files, batch } = queue.shift();
      let arrived = 0;
      for (const [at, file] of files.entries()) arrived += await sendOne(file, `${at + 1} of ${files.length}`, batch);
      say({ type: "batch", batch });
      state.words = `${arrived} of ${files.length} added.`;
      show();
    }
    working = false;
  }

  function choose(list) {
    const files = [...list];
    if (!files.length || model.get("disabled")) return;
    Object.assign(state, { errors: [], error: "" });
    say({ type: "choice" });
    const most = model.get("most");
    const waiting = queue.reduce((sum, one) => sum + one.files.length, state.job ? 1 : 0);
    const room = most === 1 ? 1 : Math.max(0, most - state.items.length - waiting);
    const left = files.splice(room).length;
    if (left) state.errors.push(`At most ${most} here: ${left === 1 ? "1 file was" : `${left} files were`} left out.`);
    if (files.length) queue.push({ files, batch: newKey() });
    show();
    work();
  }

  function takeList(items) {
    state.items = items;
    for (const [key, url] of state.thumbs)
      if (!keys().includes(key) && key !== state.job?.id && state.thumbs.delete(key)) URL.revokeObjectURL(url);
    const missing = items.filter(({ key, thumb }) => thumb && !state.thumbs.has(key));
    if (missing.length) say({ type: "thumbs", keys: missing.map(({ key }) => key) });
  }

  function hear(content, buffers) {
    const job = state.job?.id === content.id ? state.job : null;
    if (content.type === "list") {
      if (content.by === pressed) pressed = "";
      if (pressed) return; // made before Python heard that press, whose answer is on its way
      takeList(content.items);
    } else if (content.type === "error") state.error = content.words;
    else if (content.type === "taken") state.taken += 1;
    else if (content.type === "offer") state.offered = content.names;
    else if (content.type === "thumb") state.thumbs.has(content.key) || setThumb(content.key, new Blob(buffers));
    else if (job && content.type === "ack") {
      const received = Math.max(job.received, content.received);
      job.update({ received, asked: content.asked || job.asked, waiting: false });
    } else if (job) job.update({ refused: content.words ?? "", done: content.type === "done" });
    else return;
    show();
  }

  return {
    hear,
    close: () => state.thumbs.forEach((url) => URL.revokeObjectURL(url)),
    view: ({ el, signal }) => makeView({ model, el, signal, state, choose, change, say }),
  };
};

function makeView({ model, el, signal, state, choose, change, say }) {
  const id = `fox-picker-${unique()}`;
  const root = put("div", "fox-picker", {}, { role: "group", "aria-labelledby": id });
  const label = put("div", "fox-label", { id });
  const [body, zone, way] = ["fox-body", "fox-zone", "fox-way"].map((name) => put("div", name));
  const opener = button("", "", () => input.click(), "fox-act fox-choose");
  const hint = put("span", "fox-hint", { id: `${id}-hint` });
  const input = put("input", "", { type: "file", hidden: true });
  const list = put("ol", "fox-list");
  const lines = new Map();
  const bar = put("progress", "fox-bar", {}, { "aria-label": "Sent" });
  const words = put("span", "fox-words");
  const cancel = button("Cancel", "", () => state.job?.update({ cancelled: true }));
  const aloud = put("div", "fox-aloud", {}, { role: "status" });
  const error = put("div", "fox-error", {}, { role: "alert" });
  const place = makePlace(model, state, say);
  opener.setAttribute("aria-describedby", hint.id);
  way.append(bar, words, cancel);
  zone.append(opener, hint, input);
  body.append(zone, place.root, list, way, error, aloud);
  root.append(label, body);
  el.append(root);

  function item(entry) {
    const { key, index } = entry;
    const li = put("li", "fox-item");
    const frame = put("div", "fox-frame", { textContent: "no preview" });
    const image = put("img", "fox-thumb", { alt: "" });
    const buttons = put("span", "fox-buttons");
    const act = (type, textContent, title, done) => {
      const one = put("button", `fox-act fox-${type}`, { type: "button", textContent, title });
      one.setAttribute("aria-label", `${title}: ${entry.name}`);
      onPress(one, () => {
        Object.assign(state, { focus: { root, key, type, index }, words: `${done}: ${entry.name}` });
        change(type, key);
      });
      buttons.append(one);
    };
    if (index > 0) act("order", "\u2190", "Move earlier", "Moved");
    act("remove", "\u00d7", "Remove", "Removed");
    const title = entry.name;
    const textContent = `${input.multiple ? `${index + 1}. ` : ""}${title}`;
    const note = put("span", "fox-note", { textContent: entry.note });
    li.append(frame, put("span", "fox-name", { textContent, title }), note, buttons);
    li.dataset.key = key;
    const fill = () => {
      for (const one of buttons.querySelectorAll("button")) one.disabled = model.get("disabled");
      const src = state.thumbs.get(key);
      if (!src || image.src === src) return;
      image.src = src;
      frame.replaceChildren(image);
    };
    return { node: li, fill };
  }

  /** Lines were drawn anew: who pressed a button in it stays where they were. */
  function keepFocus() {
    const { focus } = state;
    if (focus?.root !== root) return;
    state.focus = null;
    if (document.activeElement && document.activeElement !== document.body) return;
    const items = /** @type {HTMLElement[]} */ ([...list.children]);
    const at = items.find((one) => one.dataset.key === focus.key) ?? items[Math.min(focus.index, items.length - 1)];
    const target = at?.querySelector(`.fox-${focus.type}`) ?? at?.querySelector("button") ?? opener;
    /** @type {HTMLElement} */ (target).focus();
  }

  function showJob(job) {
    if (!job && way.contains(focused(way))) opener.focus();
    way.hidden = !job;
    if (!job) return;
    if (job.size) Object.assign(bar, { max: job.size, value: job.received });
    else bar.removeAttribute("value");
    words.textContent = job.waiting
      ? `${job.name}: waiting for the kernel. If it is busy, this goes on by itself; after a restart, run the cell again.`
      : `${job.of}: ${job.name}${job.size ? `, ${amount(job.received)} of ${amount(job.size)}` : ", being read\u2026"}`;
  }

  function show() {
    const [most, disabled] = [model.get("most"), model.get("disabled")];
    const one = most === 1;
    label.textContent = model.get("description");
    root.classList.toggle("fox-sheet", model.get("contact_sheet"));
    root.classList.toggle("fox-disabled", disabled);
    const asks = asked({ one, accept: model.get("accept"), archives: model.get("accept_archives") });
    Object.assign(opener, { textContent: asks.words, disabled });
    Object.assign(input, { multiple: !one, accept: asks.types });
    const limit = one ? "" : `At most ${most}. `;
    hint.textContent = `or drop ${one ? "it" : "them"} here, or paste. ${limit}${model.get("tooltip") ?? ""}`;
    list.hidden = !state.items.length;
    const numbered = state.items.map((entry, index) => ({ ...entry, index }));
    keepInStep(list, lines, numbered, item);
    keepFocus();
    showJob(state.job);
    place.show();
    // Said aloud when it changes, not whenever it is drawn.
    write(aloud, state.words);
    write(error, [...state.errors, state.error].filter(Boolean).join("\n"));
  }

  const drag = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    zone.classList.toggle("fox-over", /enter|over/.test(event.type) && !model.get("disabled"));
    if (event.type === "drop") choose(event.dataTransfer.files);
  };
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) root.addEventListener(name, drag);
  input.addEventListener("change", () => {
    choose(input.files);
    // So that the same file can be chosen again.
    input.value = "";
  });
  // The browser sends a paste to wherever the last selection was, so it is heard on the whole page.
  const paste = (event) => {
    if (!root.contains(document.activeElement) || !event.clipboardData?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    choose(event.clipboardData.files);
  };
  document.addEventListener("paste", paste, { capture: true, signal });
  return show;
}

/** The line for links and paths. What is typed goes in a message: it is no part of the widget's state. */
function makePlace(model, state, say) {
  const id = `fox-place-${unique()}`;
  const root = put("div", "fox-place");
  const label = put("label", "", { htmlFor: id });
  const input = put("input", "fox-field", { type: "text", id, autocomplete: "off", spellcheck: false });
  const known = put("datalist", "", { id: `${id}-known` });
  const add = button("Add", "", hand);
  input.setAttribute("list", known.id);
  root.append(label, input, known, add);

  let handed = "";
  let { taken } = state;

  function hand() {
    handed = input.value.trim();
    if (handed) say({ type: "place", text: handed });
    else input.focus();
  }
  input.addEventListener("focus", () => say({ type: "ask" }));
  onKeys(input, { Enter: hand });
  return {
    root,
    show() {
      label.textContent = model.get("place");
      root.hidden = !label.textContent;
      input.placeholder = model.get("place_hint");
      input.disabled = add.disabled = model.get("disabled");
      add.setAttribute("aria-label", `Add ${model.get("place")}`);
      fill(known, state.offered, (value) => put("option", "", { value }));
      if (taken !== state.taken && input.value.trim() === handed) input.value = ""; // what was typed since stays
      ({ taken } = state);
    },
  };
}
