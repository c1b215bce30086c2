// Help: what each control is for stands below it, and is read aloud with it; ipywidgets keep it for those who hover.
import { unique, write } from "./elements.js";

const FIELDS = "textarea, input, select, button";

/**
 * Write the help of ipywidgets' own controls into their views in a panel, wherever and whenever these are drawn.
 * @param {() => Element | null} panel the panel's element, once it is in the page
 * @param {[string, any][]} controls names and models
 */
export function helpFor(panel, controls) {
  const plain = controls.filter(([, model]) => model.get("_model_module") !== "anywidget");
  const watcher = new MutationObserver(show);

  function show() {
    const root = panel();
    if (!root) return;
    for (const [name, model] of plain)
      for (const view of root.querySelectorAll(`.fox-for-${name}`)) describe(view, model.get("tooltip") ?? "");
  }

  function describe(view, words) {
    let help = view.querySelector(":scope > .fox-help");
    if (!help) {
      help = Object.assign(document.createElement("span"), { className: "fox-help", id: `fox-help-${unique()}` });
      view.append(help);
    }
    write(help, words);
    for (const field of view.querySelectorAll(FIELDS))
      if (field.getAttribute("aria-describedby") !== help.id) field.setAttribute("aria-describedby", help.id);
  }

  for (const [, model] of plain) model.on("change:tooltip", show);
  requestAnimationFrame(() => {
    const root = panel();
    if (root) watcher.observe(root, { childList: true });
    show();
  });
  // Views are drawn one after the other, and each comes to the page as it is ready.
  const timers = [50, 300, 1000].map((ms) => setTimeout(show, ms));
  return () => {
    timers.forEach(clearTimeout);
    watcher.disconnect();
    for (const [, model] of plain) model.off("change:tooltip", show);
  };
}
