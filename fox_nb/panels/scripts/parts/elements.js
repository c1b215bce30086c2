// What the parts have in common beside their templates: keys that JupyterLab leaves to them, words for times, the clipboard.

/** What an element is called in which keys are kept from Jupyter, where it stands outside of a panel, too. */
export const GUARDED = "fox-guarded";

export const unique = () => Math.random().toString(36).slice(2);

/**
 * Write words only where they are others: a live region is read aloud whenever it is written.
 * @param {HTMLElement} element
 * @param {string} words
 */
export function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Say what a press takes along of a part whose value isn't synced; a notebook that is saved with its widgets has nothing of it.
 * @param {{get: (name: string) => any, set: (name: string, value: any) => void}} model
 * @param {unknown} value
 */
export function setSeen(model, value) {
  if (JSON.stringify(model.get("seen")?.value) !== JSON.stringify(value))
    model.set("seen", { value, toJSON: () => null });
}

// JupyterLab would take Enter, the arrows and letters (D D deletes the cell) for its cells; its keys with Ctrl stay, such as
// those for saving. It looks for this attribute at the very element that has the focus, when it hears a key; Notebook 7
// hears it before any element does.
globalThis.window?.addEventListener(
  "keydown",
  ({ target, key, ctrlKey, metaKey }) => {
    if (target instanceof Element && target.closest(`.fox-nb-panel, .fox-nb-studio, .${GUARDED}`))
      target.toggleAttribute("data-lm-suppress-shortcuts", key === "Enter" || !(ctrlKey || metaKey));
  },
  true,
);

/** What has the focus where an element is, in a shadow root, too. @param {Element} element */
export function focused(element) {
  const { activeElement } = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  return activeElement ?? null;
}

/**
 * Put a text on the clipboard; `beside` is an element in the same dialog or page.
 * @param {string} text
 * @param {Element} beside
 */
export async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages from plain http on another machine have no clipboard of their own.
    const before = focused(beside);
    const area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
    beside.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (whole < 3600) return whole < 600 && whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  return `${Math.floor(whole / 3600)} h ${minutes % 60} min`;
}
