// Dressing: the parts of a script, with the style that comes with them, and words for a kernel that hears no more.
import { put, write } from "./elements.js";

const ENDED = "This notebook's kernel was restarted or has ended: run the cell again. Nothing was sent.";

/** Return what gives a part by its name; the style stands in the page once, and in a shadow root, as marimo and Bokeh have them. */
export function dressed(parts, hash, style) {
  const id = `fox-nb-${hash}`;
  const dress = (root) => {
    if (root.getElementById(id)) return;
    const sheet = Object.assign(document.createElement("style"), { id, textContent: new TextDecoder().decode(style) });
    (root.head ?? root).append(sheet);
  };
  dress(document);
  return (name) => {
    const part = typeof parts[name] === "function" ? parts[name]() : parts[name];
    const said = new Map();

    /** A model whose `send` tells whether it could: JupyterLab's throws for a kernel that has ended. */
    function telling(model) {
      const send = (...message) => {
        let sent = true;
        try {
          model.send(...message);
        } catch {
          sent = false;
        }
        for (const words of said.values()) write(words, sent ? "" : ENDED);
        return sent;
      };
      const get = (_, key) => (key === "send" ? send : (model[key]?.bind?.(model) ?? model[key]));
      return new Proxy(model, { get });
    }

    return {
      initialize: (given) => part.initialize?.({ ...given, model: telling(given.model) }),
      render(view) {
        // Only what has been put into the page and has a size knows in which root it stands.
        new ResizeObserver((_, seen) => {
          seen.disconnect();
          dress(view.el.getRootNode());
        }).observe(view.el);
        const close = part.render({ ...view, model: telling(view.model) });
        said.set(view, put("div", "fox-guarded fox-error", {}, { role: "alert" }));
        view.el.append(said.get(view));
        return () => {
          said.delete(view);
          close?.();
        };
      },
    };
  };
}
