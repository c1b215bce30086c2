// What an own widget's state holds of its script: where to ask for it. The script itself comes as a message, once a page.
const HASH = "@hash@";
const PART = "@part@";
const AGAIN = 2000;
const pages = (globalThis.foxNb ??= { id: Math.random().toString(36).slice(2), scripts: {} });
let settle;
const known = (pages.scripts[HASH] ??= { module: new Promise((resolve) => (settle = resolve)), settle, asked: false });

async function start([script, style]) {
  const id = `fox-nb-${HASH}`;
  if (!document.getElementById(id))
    document.head.append(
      Object.assign(document.createElement("style"), { id, textContent: new TextDecoder().decode(style) }),
    );
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return import(/* @vite-ignore */ url).finally(() => URL.revokeObjectURL(url));
}

// Every widget hears it, whichever asked: the one that did may be closed before the answer comes.
async function load(model) {
  const hear = (content, buffers) => content.script === HASH && known.settle(start(buffers));
  const ask = () => model.send({ ask: "script", page: pages.id });
  model.on("msg:custom", hear);
  if (!known.asked) ask();
  known.asked = true;
  const timer = setInterval(ask, AGAIN);
  const module = await known.module;
  clearInterval(timer);
  model.off("msg:custom", hear);
  return module.parts[PART];
}

export default () => {
  let part;
  let begun;
  return {
    initialize({ model }) {
      begun = load(model).then((found) => {
        part = typeof found === "function" ? found() : found;
        part.initialize?.({ model });
        model.send({ type: "ready" });
      });
    },
    async render({ model, el }) {
      await begun;
      return part.render({ model, el });
    },
  };
};
