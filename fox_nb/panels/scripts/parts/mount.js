// Dressing: the parts of a script, with the style that comes with them, and words for a kernel that hears no more.
import { GUARDED, write } from "./elements.js";

const ENDED = "This notebook's kernel was restarted or has ended: run the cell again. Nothing was sent.";

/**
 * Return what makes a model's part by its name; the style stands in the page once, and in a shadow root, as marimo and Bokeh
 * have them.
 *
 * A part is a function of the model and of what draws all its views anew. It gives `view`, which begins one in an element and
 * returns what draws it, handed what draws a template there; a signal says when that view is gone. Where the kernel sends
 * messages there is `onMessage`, which takes one in and returns whether something is to be drawn; where the model's end matters,
 * `close`.
 * @param {Record<string, Function>} parts
 * @param {string} hash
 * @param {ArrayBuffer} style
 * @param {Function} [drawInto] draws a template in an element, before another one
 */
export function mounter(parts, hash, style, drawInto) {
  const id = `fox-nb-${hash}`;
  const addStyle = (root) => {
    if (root.getElementById(id)) return;
    const sheet = Object.assign(document.createElement("style"), { id, textContent: new TextDecoder().decode(style) });
    (root.head ?? root).append(sheet);
  };
  addStyle(document);
  return (name, given) => {
    const views = new Set();
    const alerts = new Set();
    const show = () => views.forEach((draw) => draw());

    /** Tells whether it could: JupyterLab's throws for a kernel that has ended. */
    function send(...message) {
      let sent = true;
      try {
        given.send(...message);
      } catch {
        sent = false;
      }
      for (const alert of alerts) write(alert, sent ? "" : ENDED);
      return sent;
    }
    const get = (_, key) => (key === "send" ? send : (given[key]?.bind?.(given) ?? given[key]));
    const model = new Proxy(given, { get });
    const part = parts[name](model, show);
    model.on("msg:custom", (content, buffers) => part.onMessage?.(content, buffers) && show());
    model.on("change", show);

    return {
      close: () => part.close?.(),
      render({ el }) {
        const end = new AbortController();
        const alert = Object.assign(document.createElement("div"), { className: "fox-error" });
        alert.setAttribute("role", "alert");
        // Only what has been put into the page and has a size knows in which root it stands.
        new ResizeObserver((_, seen) => {
          seen.disconnect();
          addStyle(el.getRootNode());
        }).observe(el);
        el.classList.add(GUARDED);
        const view = part.view({ el, signal: end.signal });
        const draw = () => view((template) => drawInto?.(el, template, alert));
        el.append(alert);
        alerts.add(alert);
        views.add(draw);
        draw();
        return () => {
          alerts.delete(alert);
          views.delete(draw);
          end.abort();
        };
      },
    };
  };
}
