// What an own widget's state holds of its script: where to ask for it. The script itself comes with the first widget of a
// kernel, which nobody saves, and as a message, once a page.
const HASH = "@hash@";
const PART = "@part@";
const AGAIN = 2000;
const whenIdle = globalThis.requestIdleCallback ?? setTimeout;
const page = (globalThis.foxNb ??= { id: Math.random(), scripts: {} });
const known = (page.scripts[HASH] ??= awaited());

function awaited() {
  const one = {};
  one.promise = new Promise((resolve) => (one.resolve = resolve));
  return one;
}

async function start([script, style]) {
  known.came = true;
  const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  return module.mounter(module.parts, HASH, style);
}

// Every widget hears it, whichever asked: the one that did may be closed before the answer comes.
async function load(model) {
  const files = model.get("files");
  if (files) {
    model.set("files", null);
    if (!known.came) known.resolve(start(files));
  }
  if (known.came) return known.promise;
  const onMessage = ({ script }, buffers) => script === HASH && !known.came && known.resolve(start(buffers));
  const ask = () => model.send({ ask: "script", page: page.id });
  model.on("msg:custom", onMessage);
  ask();
  const timer = setInterval(ask, AGAIN);
  return known.promise.finally(() => {
    clearInterval(timer);
    model.off("msg:custom", onMessage);
  });
}

export default () => {
  let part;
  let begun;
  return {
    initialize({ model }) {
      begun = load(model).then((open) => {
        part = open(PART, model);
        // What the kernel says to that comes when the page has drawn what it has got.
        whenIdle(() => part && model.send({ type: "ready" }), { timeout: 500 });
      });
      return () => {
        part?.close();
        part = null;
      };
    },
    async render(view) {
      await begun;
      return part?.render(view);
    },
  };
};
