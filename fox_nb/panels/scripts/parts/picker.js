// The picker: takes files, scales what is too large, sends it in pieces, shows the list; links and paths can be typed.
import { button, html, nothing, once, onKeys, onPress, repeat } from "./drawing.js";
import { focused, setSeen, unique } from "./elements.js";
import { amount, prepare } from "./scaling.js";
import { Job, key as newKey, send } from "./sending.js";

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

  function onMessage(content, buffers) {
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
    onMessage,
    close: () => state.thumbs.forEach((url) => URL.revokeObjectURL(url)),
    view: ({ el, signal }) => makeView({ model, el, signal, state, choose, change, say }),
  };
};

function makeView({ model, el, signal, state, choose, change, say }) {
  const id = `fox-picker-${unique()}`;
  const place = makePlace(model, el, state, say);
  const find = (selector) => /** @type {HTMLElement} */ (el.querySelector(selector));
  const opener = () => find(".fox-choose");

  function item(entry, index) {
    const { key, name, note } = entry;
    const act = (type, sign, title, done) => {
      const run = () => {
        Object.assign(state, { focus: { el, key, type, index }, words: `${done}: ${name}` });
        change(type, key);
      };
      return html`<button type="button" class="fox-act fox-${type}" title=${title} aria-label="${title}: ${name}"
        ?disabled=${model.get("disabled")} @keydown=${once} @click=${onPress(run)}>${sign}</button>`;
    };
    const src = state.thumbs.get(key);
    const number = model.get("most") === 1 ? "" : `${index + 1}. `;
    return html`<li class="fox-item" data-key=${key}>
      <div class="fox-frame">${src ? html`<img class="fox-thumb" alt="" src=${src}>` : "no preview"}</div>
      <span class="fox-name" title=${name}>${number}${name}</span>
      <span class="fox-note">${note}</span>
      <span class="fox-buttons">
        ${index > 0 ? act("order", "\u2190", "Move earlier", "Moved") : nothing}
        ${act("remove", "\u00d7", "Remove", "Removed")}
      </span>
    </li>`;
  }

  /** Whoever pressed a button in a line that is gone, or stands elsewhere, stays where they were. */
  function keepFocus() {
    const { focus } = state;
    if (focus?.el !== el) return;
    state.focus = null;
    if (document.activeElement && document.activeElement !== document.body) return;
    const items = /** @type {HTMLElement[]} */ ([...el.querySelectorAll(".fox-item")]);
    const at = items.find((one) => one.dataset.key === focus.key) ?? items[Math.min(focus.index, items.length - 1)];
    const target = at?.querySelector(`.fox-${focus.type}`) ?? at?.querySelector("button") ?? opener();
    /** @type {HTMLElement} */ (target).focus();
  }

  function way(job) {
    const words = job.waiting
      ? `${job.name}: waiting for the kernel. If it is busy, this goes on by itself; after a restart, run the cell again.`
      : `${job.of}: ${job.name}${job.size ? `, ${amount(job.received)} of ${amount(job.size)}` : ", being read\u2026"}`;
    return html`<div class="fox-way">
      <progress class="fox-bar" aria-label="Sent" max=${job.size || nothing}
        value=${job.size ? job.received : nothing}></progress>
      <span class="fox-words">${words}</span>
      ${button("Cancel", "", () => job.update({ cancelled: true }))}
    </div>`;
  }

  const drag = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    find(".fox-zone").classList.toggle("fox-over", /enter|over/.test(event.type) && !model.get("disabled"));
    if (event.type === "drop") choose(event.dataTransfer.files);
  };
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) el.addEventListener(name, drag, { signal });
  // The browser sends a paste to wherever the last selection was, so it is heard on the whole page.
  const paste = (event) => {
    if (!el.contains(document.activeElement) || !event.clipboardData?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    choose(event.clipboardData.files);
  };
  document.addEventListener("paste", paste, { capture: true, signal });
  const chosen = ({ target }) => {
    choose(target.files);
    // So that the same file can be chosen again.
    target.value = "";
  };

  return (draw) => {
    const [most, disabled] = [model.get("most"), model.get("disabled")];
    const one = most === 1;
    const asks = asked({ one, accept: model.get("accept"), archives: model.get("accept_archives") });
    const limit = one ? "" : `At most ${most}. `;
    const hint = `or drop ${one ? "it" : "them"} here, or paste. ${limit}${model.get("tooltip") ?? ""}`;
    if (!state.job && find(".fox-way")?.contains(focused(el))) opener().focus();
    const kind = model.get("contact_sheet") ? "fox-sheet" : "";
    draw(html`<div class="fox-picker ${kind}" role="group" aria-labelledby=${id}>
      <div class="fox-label" id=${id}>${model.get("description")}</div>
      <div class="fox-body">
        <div class="fox-zone">
          <button type="button" class="fox-act fox-choose" aria-describedby="${id}-hint" ?disabled=${disabled}
            @click=${() => find("input[type=file]").click()}>${asks.words}</button>
          <span class="fox-hint" id="${id}-hint">${hint}</span>
          <input type="file" hidden ?multiple=${!one} accept=${asks.types} @change=${chosen}>
        </div>
        ${place.template()}
        <ol class="fox-list" ?hidden=${!state.items.length}>${repeat(state.items, ({ key }) => key, item)}</ol>
        ${state.job ? way(state.job) : nothing}
        <div class="fox-error" role="alert">${[...state.errors, state.error].filter(Boolean).join("\n")}</div>
        <div class="fox-aloud" role="status">${state.words}</div>
      </div>
    </div>`);
    place.drawn();
    keepFocus();
  };
}

/** The line for links and paths. What is typed goes in a message: it is no part of the widget's state. */
function makePlace(model, el, state, say) {
  const id = `fox-place-${unique()}`;
  const input = () => /** @type {HTMLInputElement} */ (el.querySelector(`#${id}`));
  let handed = "";
  let { taken } = state;

  function hand() {
    handed = input().value.trim();
    if (handed) say({ type: "place", text: handed });
    else input().focus();
  }
  return {
    template() {
      const [words, disabled] = [model.get("place"), model.get("disabled")];
      return html`<div class="fox-place" ?hidden=${!words}>
        <label for=${id}>${words}</label>
        <input class="fox-field" type="text" id=${id} list="${id}-known" autocomplete="off" spellcheck="false"
          placeholder=${model.get("place_hint")} ?disabled=${disabled}
          @focus=${() => say({ type: "ask" })} @keydown=${onKeys({ Enter: hand })}>
        <datalist id="${id}-known">${state.offered.map((value) => html`<option value=${value}></option>`)}</datalist>
        <button type="button" class="fox-act" aria-label="Add ${words}" ?disabled=${disabled}
          @click=${hand}>Add</button>
      </div>`;
    },
    drawn() {
      if (taken !== state.taken && input().value.trim() === handed) input().value = ""; // what was typed since stays
      ({ taken } = state);
    },
  };
}
