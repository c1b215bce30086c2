// What an own widget's state holds of its script: where to ask for it. The script itself comes as a message, once a page.
const HASH = "@hash@";
const PART = "@part@";
const AGAIN = 2000;
const page = (globalThis.foxNb ??= { id: Math.random(), scripts: {} });
const known = (page.scripts[HASH] ??= awaited());

function awaited() {
  const one = {};
  one.promise = new Promise((resolve) => (one.resolve = resolve));
  return one;
}

async function start([script, style]) {
  const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  known.dress = (root) => module.dress(HASH, style, root);
  known.dress();
  known.parts = module.parts;
  return module.parts;
}

// Every widget hears it, whichever asked: the one that did may be closed before the answer comes.
async function load(model) {
  if (known.parts) return known.parts;
  const hear = ({ script }, buffers) => script === HASH && known.resolve(start(buffers));
  const ask = () => model.send({ ask: "script", page: page.id });
  model.on("msg:custom", hear);
  ask();
  const timer = setInterval(ask, AGAIN);
  await known.promise;
  clearInterval(timer);
  model.off("msg:custom", hear);
  return known.promise;
}

export default () => {
  let part;
  let begun;
  return {
    initialize({ model }) {
      begun = load(model).then((parts) => {
        part = typeof parts[PART] === "function" ? parts[PART]() : parts[PART];
        part.initialize?.({ model });
        model.send({ type: "ready" });
      });
    },
    async render(view) {
      await begun;
      // Only what has been put into the page and has a size knows in which root it stands.
      new ResizeObserver((_, seen) => {
        seen.disconnect();
        known.dress(view.el.getRootNode());
      }).observe(view.el);
      return part.render(view);
    },
  };
};
