// The press: gathers what the controls show in its own page and says it in one message; what is under way stands beside it.

import { guard, onPress, put, unique, write } from "./elements.js";
import { helpFor } from "./help.js";
import { live } from "./live.js";

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

// One for each model: what was pressed here is known to all its views.
export const press = () => {
  const rows = live();
  const views = new Set();
  let lines = [];
  return {
    initialize({ model }) {
      rows.initialize(model);
      model.on("msg:custom", (content) => {
        if (content.type === "error") lines = content.lines;
        for (const view of views) view(content.type);
      });
    },
    render({ model, el }) {
      const id = `fox-press-${unique()}`;
      const root = put("div", "fox-actions");
      const line = put("div", "fox-row");
      const button = put("button", "fox-press", { type: "button" }, { "aria-describedby": id });
      const note = put("span", "fox-note", { id });
      const status = put("p", "fox-status", {}, { role: "status" });
      const error = put("div", "fox-error", {}, { role: "alert" });
      guard(root);
      line.append(button, note);
      root.append(line, error, status);
      el.append(root);
      const end = rows.render({ model, line, root, status });
      let waiting = false;
      let timer = 0;
      let endHelp = () => {};
      controlsOf(model).then((controls) => (endHelp = helpFor(() => el.closest(PANEL), controls)));

      // It is never disabled: that would take the focus away from who works with the keyboard.
      function show() {
        const off = waiting || model.get("busy");
        const words = model.get("again") ? "Another variation" : model.get("description");
        write(button, off ? "Sending\u2026" : [words, model.get("price")].filter(Boolean).join(" \u00b7 "));
        button.setAttribute("aria-disabled", String(off || !!model.get("hint")));
        write(note, [model.get("note"), model.get("hint")].filter(Boolean).join(" "));
        if (error.dataset.shown === JSON.stringify(lines)) return;
        error.dataset.shown = JSON.stringify(lines);
        error.replaceChildren(...lines.map((textContent, at) => put("p", at ? "" : "fox-what", { textContent })));
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
        timer = setTimeout(() => write(status, BUSY), SILENT);
      }

      function onMessage(type) {
        if (type === "received") {
          clearTimeout(timer);
          waiting = false;
          rows.say();
        }
        if (type === "received" || type === "error") show();
        // what stood above is gone: whoever pressed sees what came of it
        if (type === "stay" && root.matches(":focus-within")) root.scrollIntoView({ block: "nearest" });
      }

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

      onPress(button, send);
      window.addEventListener("keydown", keys, true);
      views.add(onMessage);
      model.on("change", show);
      show();
      return () => {
        clearTimeout(timer);
        window.removeEventListener("keydown", keys, true);
        views.delete(onMessage);
        model.off("change", show);
        endHelp();
        end();
      };
    },
  };
};
