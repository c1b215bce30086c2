// The press: gathers what the controls show in its own page and says it in one message; what is under way stands beside it.

import { html, once, onPress, sentences } from "./drawing.js";
import { unique } from "./elements.js";
import { helpFor } from "./help.js";
import { applyMessage, live } from "./live.js";

const TICK = 500;
const SILENT = 1500;
const BUSY = "The kernel is busy with a cell. This is sent as soon as it is free; after a restart, run the cell again.";
const PANEL = ".fox-nb-panel";

/** What a control shows here: the kernel may hear of it after the press. */
function shown(other) {
  const found = ["seen", "value", "index"].map((name) => other.get(name)).find((value) => value !== undefined);
  return found?.toJSON ? found.value : found;
}

/** The controls that are here; of one that was closed Python knows what it had. @returns {Promise<[string, any][]>} */
async function controlsOf(model) {
  const find = async (reference) => {
    try {
      return await model.widget_manager.get_model(reference.slice("IPY_MODEL_".length));
    } catch {
      return null;
    }
  };
  const controls = Object.entries(model.get("controls"));
  const models = await Promise.all(controls.map(([, reference]) => find(reference)));
  return controls.map(([name], at) => /** @type {[string, any]} */ ([name, models[at]])).filter(([, other]) => other);
}

export const press = (model, show) => {
  const items = new Map();
  let said = "";
  let lines = [];
  let waiting = false;
  let isSilent = false;
  let stays = false;
  let timer = 0;

  function heard() {
    clearTimeout(timer);
    waiting = isSilent = false;
  }

  async function send() {
    if (waiting || model.get("busy")) return;
    waiting = true;
    show();
    // What is typed into a number counts for ipywidgets when the field is left; a press by key or voice doesn't leave it.
    // A slider has said its changes itself, and one that is not set has none.
    const field = document.activeElement;
    if (!field?.matches("input[type=range]")) field?.dispatchEvent(new Event("change", { bubbles: true }));
    const values = Object.fromEntries((await controlsOf(model)).map(([name, other]) => [name, shown(other)]));
    waiting = model.send({ type: "press", values });
    if (!waiting) return show();
    timer = setTimeout(() => {
      isSilent = true;
      show();
    }, SILENT);
  }

  return {
    onMessage(content) {
      applyMessage(items, content);
      said = content.said ?? said;
      if (content.type === "error") lines = content.lines;
      if (content.type === "received") heard();
      stays = content.type === "stay";
      show();
      stays = false;
    },
    close: heard,
    view({ el, signal }) {
      const id = `fox-press-${unique()}`;
      const ticking = setInterval(() => items.size && show(), TICK);
      const help = controlsOf(model).then((controls) => helpFor(() => el.closest(PANEL), controls));
      signal.addEventListener("abort", () => {
        clearInterval(ticking);
        help.then((end) => end());
      });

      /** Ctrl+Enter in a field of the panel presses the button that stands beside it; Jupyter would run the cell. */
      function keys(event) {
        const panel = el.closest(PANEL);
        const { target } = event;
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
        if (!panel || !(target instanceof Element) || target.closest(PANEL) !== panel) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (!event.repeat) send(); // a key that is held is one press
      }

      window.addEventListener("keydown", keys, { capture: true, signal });

      return (draw) => {
        const off = waiting || model.get("busy");
        const words = model.get("again") ? "Another variation" : model.get("description");
        const priced = [words, model.get("price")].filter(Boolean).join(" \u00b7 ");
        // It is never disabled: that would take the focus away from who works with the keyboard.
        draw(html`<div class="fox-actions ${items.size > 1 ? "fox-several" : ""}">
          <div class="fox-row">
            <button type="button" class="fox-press" aria-describedby=${id} aria-disabled=${off || !!model.get("hint")}
              @keydown=${once} @click=${onPress(send)}>${off ? "Sending\u2026" : priced}</button>
            <span class="fox-note" id=${id}>${[model.get("note"), model.get("hint")].filter(Boolean).join(" ")}</span>
            ${live(model, items)}
          </div>
          <div class="fox-error" role="alert">${sentences(lines)}</div>
          <p class="fox-status" role="status">${isSilent ? BUSY : said}</p>
        </div>`);
        // what stood above is gone: whoever pressed sees what came of it
        if (stays && el.matches(":focus-within")) el.scrollIntoView({ block: "nearest" });
      };
    },
  };
};
