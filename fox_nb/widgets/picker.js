// The picker's browser side: takes files, scales what is too large, sends pieces that Python acknowledges, shows the list.
// As in incoming.py.
const PIECE = 900_000;
// Pieces under way: enough for a slow link's delay, far from flooding the server.
const WINDOW = 4;
// Ms without a word from the kernel, then it is asked.
const PATIENCE = 12_000;
const THUMB = 200;
const QUALITY = 0.92;

const make = (tag, name, props = {}, attributes = {}) => {
  const element = Object.assign(document.createElement(tag), { className: `fox-${name}`, ...props });
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const amount = (n) => (n < 99_500 ? `${Math.max(1, Math.round(n / 1000))} kB` : `${(n / 1e6).toFixed(1)} MB`);
const hex = (bytes) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
const unique = () => hex(crypto.getRandomValues(new Uint8Array(12)));

function draw(bitmap, longest, type, quality) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = make("canvas", "canvas", { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (type === "image/jpeg") {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(bitmap, 0, 0, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve({ blob, size: `${width} × ${height}` }) : reject(Error("is too large to be scaled here."))), type, quality),
  );
}

/** What is to be sent of a file: its own bytes, or a smaller or readable picture made of it. Throws words for the person. */
async function prepare(file, model) {
  if (/^application\/(x-)?zip/.test(file.type) || /\.zip$/i.test(file.name)) {
    if (model.get("accept_archives")) return { blob: file, mime: "application/zip", note: `ZIP, ${amount(file.size)}` };
    throw Error("is a ZIP archive, and only pictures are taken here.");
  }
  const accepted = model.get("accept").includes(file.type);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    // What browsers don't show (TIFF), Python may still read.
    if (accepted && !/jpeg|png|webp|gif/.test(file.type)) return { blob: file, mime: file.type, note: amount(file.size) };
    if (/hei[cf]/i.test(file.type + file.name)) throw Error("is a HEIC photo, which this browser cannot open. Save it as JPEG first.");
    throw Error(accepted ? "cannot be read as a picture; the file may be damaged." : "is not a picture that can be used here.");
  }
  try {
    const limit = model.get("long_side") || Infinity;
    const { width, height } = bitmap;
    const thumb = (await draw(bitmap, THUMB, "image/jpeg", 0.8)).blob;
    const own = `${width} × ${height}`;
    if (accepted && Math.max(width, height) <= limit)
      return { blob: file, mime: file.type, thumb, note: `${own}, ${amount(file.size)}` };
    const kept = { "image/png": "image/png", "image/gif": "image/png", "image/webp": "image/webp" }[file.type];
    const { blob, size } = await draw(bitmap, limit, kept ?? "image/jpeg", QUALITY);
    return { blob, mime: blob.type, thumb, note: size === own ? `${own}, converted` : `${size}, scaled from ${own}` };
  } finally {
    bitmap.close();
  }
}

// One for each model; its views share it.
export default () => {
  const state = { items: [], thumbs: new Map(), errors: [], job: null, words: "", focus: null };
  const queue = [];
  const views = new Set();
  let model;
  let working = false;

  const keys = () => state.items.map(({ key }) => key);

  /** Draw all views. What they show is the value, which a press takes along; a file that is on its way is part of it. */
  function show() {
    model.set("value", [...new Set([...keys(), state.job?.id ?? queue[0]?.batch].filter(Boolean))]);
    views.forEach((view) => view());
  }

  /** Do at once what was pressed; Python hears of it and answers with its list. */
  function change(type, key) {
    const at = state.items.findIndex((item) => item.key === key);
    const [entry] = state.items.splice(at, 1);
    if (type === "order") state.items.splice(at - 1, 0, entry);
    model.send({ type, key, keys: keys() });
    show();
  }

  function setThumb(key, blob) {
    URL.revokeObjectURL(state.thumbs.get(key));
    state.thumbs.set(key, URL.createObjectURL(blob));
  }

  function wake(job, facts = {}) {
    Object.assign(job, facts, { heard: true });
    job.wake?.();
  }

  /** Wait for a word about a job; false when none comes. */
  async function heard(job) {
    let timer;
    if (!job.heard)
      await new Promise((resolve) => {
        job.wake = resolve;
        timer = setTimeout(resolve, PATIENCE);
      });
    clearTimeout(timer);
    const any = job.heard;
    job.heard = false;
    return any;
  }

  /** Send one file; resolves when Python has all of it, throws words for the person. */
  async function send(job, { blob, mime, thumb, note }, batch) {
    const { id, name } = job;
    const sha256 = crypto.subtle ? hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer())) : "";
    let [at, number, ended] = [0, 0, false];
    model.send({ type: "begin", id, name, mime, size: blob.size }, thumb ? [await thumb.arrayBuffer()] : []);
    while (!job.done) {
      if (job.refused) throw Error(job.refused);
      if (job.cancelled) {
        model.send({ type: "drop", id });
        throw Error("");
      }
      while (at < blob.size && at - job.received < WINDOW * PIECE) {
        const piece = await blob.slice(at, at + PIECE).arrayBuffer();
        model.send({ type: "piece", id, at }, [piece]);
        at += piece.byteLength;
      }
      if (!ended && job.received === blob.size) {
        ended = true;
        model.send({ type: "end", id, batch, sha256, note });
      }
      if (!(await heard(job))) {
        job.waiting = true;
        model.send({ type: "ask", id, number: ++number });
        show();
      } else if (job.asked && job.asked === number) {
        // What lay between was lost, for example with the connection.
        at = job.received;
        job.asked = 0;
      }
    }
  }

  async function work() {
    if (working) return;
    working = true;
    while (queue.length) {
      const { files, batch } = queue.shift();
      let arrived = 0;
      for (const [index, file] of files.entries()) {
        const job = { id: unique(), name: file.name || "pasted picture", received: 0, of: `${index + 1} of ${files.length}` };
        Object.assign(state, { job, words: `Adding ${job.of}: ${job.name}` });
        show();
        try {
          const ready = await prepare(file, model);
          job.size = ready.blob.size;
          if (ready.thumb) setThumb(job.id, ready.thumb);
          show();
          await send(job, ready, batch);
          arrived += 1;
        } catch ({ message }) {
          if (message) state.errors.push(job.refused ? message : `${job.name} ${message}`);
        }
        state.job = null;
      }
      model.send({ type: "batch", batch });
      state.words = `${arrived} of ${files.length} added.`;
      show();
    }
    working = false;
  }

  function take(list) {
    const files = [...list];
    if (!files.length) return;
    state.errors = [];
    model.send({ type: "choice" });
    const most = model.get("max_files");
    const waiting = queue.reduce((sum, one) => sum + one.files.length, state.job ? 1 : 0);
    const room = most === 1 ? 1 : Math.max(0, most - state.items.length - waiting);
    const left = files.splice(room).length;
    if (left) state.errors.push(`At most ${most} here: ${left === 1 ? "1 file was" : `${left} files were`} left out.`);
    if (files.length) queue.push({ files, batch: unique() });
    show();
    work();
  }

  function hear(content, buffers) {
    const job = state.job?.id === content.id ? state.job : null;
    if (content.type === "list") {
      state.items = content.items;
      for (const [key, url] of state.thumbs)
        if (!keys().includes(key) && key !== state.job?.id && state.thumbs.delete(key)) URL.revokeObjectURL(url);
      const missing = state.items.filter(({ key, thumb }) => thumb && !state.thumbs.has(key));
      if (missing.length) model.send({ type: "thumbs", keys: missing.map(({ key }) => key) });
    } else if (content.type === "thumb") {
      if (!state.thumbs.has(content.key)) setThumb(content.key, new Blob(buffers));
    } else if (job && content.type === "ack") {
      wake(job, { received: Math.max(job.received, content.received), asked: content.asked || job.asked, waiting: false });
    } else if (job) wake(job, { refused: content.words, done: content.type === "done" });
    show();
  }

  return {
    initialize(context) {
      model = context.model;
      model.on("msg:custom", hear);
    },
    render({ model, el }) {
      const view = makeView({ model, el, state, take, wake, change });
      views.add(view.show);
      return () => {
        views.delete(view.show);
        view.close();
      };
    },
  };
};

function makeView({ model, el, state, take, wake, change }) {
  const id = `fox-picker-${unique()}`;
  const root = make("div", "picker", {}, { role: "group", "aria-labelledby": id });
  const label = make("div", "label", { id });
  const [body, zone, way] = ["body", "zone", "way"].map((name) => make("div", name));
  const choose = make("button", "choose", { type: "button" }, { "aria-describedby": `${id}-hint` });
  const hint = make("span", "hint", { id: `${id}-hint` });
  const input = make("input", "input", { type: "file", hidden: true });
  const list = make("ol", "list");
  const bar = make("progress", "bar", {}, { "aria-label": "Sent" });
  const words = make("span", "words");
  const cancel = make("button", "cancel", { type: "button", textContent: "Cancel" });
  const aloud = make("div", "aloud", {}, { role: "status" });
  const error = make("div", "error", {}, { role: "alert" });
  way.append(bar, words, cancel);
  zone.append(choose, hint, input);
  body.append(zone, list, way, error, aloud);
  root.append(label, body);
  el.append(root);

  function item(entry, index) {
    const li = make("li", "item");
    const frame = make("div", "frame");
    const src = state.thumbs.get(entry.key);
    frame.append(src ? make("img", "thumb", { src, alt: "" }) : "no preview");
    const buttons = make("span", "buttons");
    const { key } = entry;
    const act = (type, textContent, title, done) => {
      const name = `${title}: ${entry.name}`;
      const button = make("button", type, { type: "button", textContent, title }, { "aria-label": name });
      button.addEventListener("click", () => {
        Object.assign(state, { focus: { root, key, type, index }, words: `${done}: ${entry.name}` });
        change(type, key);
      });
      buttons.append(button);
    };
    if (index > 0) act("order", "\u2190", "Move earlier", "Moved");
    act("remove", "\u00d7", "Remove", "Removed");
    const name = make("span", "name", { textContent: `${input.multiple ? `${index + 1}. ` : ""}${entry.name}`, title: entry.name });
    li.append(frame, name, make("span", "note", { textContent: entry.note }), buttons);
    li.dataset.key = key;
    return li;
  }

  /** The list was drawn anew: who pressed a button in it stays where they were. */
  function keepFocus() {
    const { focus } = state;
    if (focus?.root !== root) return;
    state.focus = null;
    if (document.activeElement && document.activeElement !== document.body) return;
    const items = [...list.children];
    const at = items.find((one) => one.dataset.key === focus.key) ?? items[Math.min(focus.index, items.length - 1)];
    (at?.querySelector(`.fox-${focus.type}`) ?? at?.querySelector("button") ?? choose).focus();
  }

  function showJob(job) {
    way.hidden = !job;
    if (!job) return;
    if (job.size) Object.assign(bar, { max: job.size, value: job.received });
    else bar.removeAttribute("value");
    words.textContent = job.waiting
      ? `${job.name}: waiting for the kernel. If it is busy, this goes on by itself; after a restart, run the cell again.`
      : `${job.of}: ${job.name}${job.size ? `, ${amount(job.received)} of ${amount(job.size)}` : ", being read\u2026"}`;
  }

  function show() {
    const one = model.get("max_files") === 1;
    label.textContent = model.get("label") || "Pictures";
    choose.textContent = one ? "Choose a picture\u2026" : "Choose pictures\u2026";
    input.multiple = !one;
    input.accept = `image/*,.heic,.heif${model.get("accept_archives") ? ",.zip" : ""}`;
    hint.textContent = `or drop ${one ? "it" : "them"} here, or paste. ${one ? "" : `At most ${model.get("max_files")}. `}${model.get("help")}`;
    const key = JSON.stringify(state.items.map((entry) => [entry, state.thumbs.get(entry.key)]));
    if (list.dataset.shown !== key) {
      list.dataset.shown = key;
      list.hidden = !state.items.length;
      list.replaceChildren(...state.items.map(item));
      keepFocus();
    }
    showJob(state.job);
    const wrong = [...state.errors, model.get("error")].filter(Boolean).join("\n");
    // Said aloud when it changes, not whenever it is drawn.
    if (aloud.textContent !== state.words) aloud.textContent = state.words;
    if (error.textContent !== wrong) error.textContent = wrong;
  }

  const drag = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    zone.classList.toggle("fox-over", /enter|over/.test(event.type));
    if (event.type === "drop") take(event.dataTransfer.files);
  };
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) root.addEventListener(name, drag);
  choose.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take(input.files);
    // So that the same file can be chosen again.
    input.value = "";
  });
  cancel.addEventListener("click", () => state.job && wake(state.job, { cancelled: true }));
  // The browser sends a paste to wherever the last selection was, so it is heard on the whole page.
  const paste = (event) => {
    if (!root.contains(document.activeElement) || !event.clipboardData?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    take(event.clipboardData.files);
  };
  document.addEventListener("paste", paste, true);
  model.on("change", show);
  show();
  return { show, close: () => document.removeEventListener("paste", paste, true) };
}
