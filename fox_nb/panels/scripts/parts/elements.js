// What the parts have in common: elements, keys that JupyterLab leaves to them, words for times and for who is where.

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @param {Record<string, any>} props
 * @param {Record<string, string>} attributes
 */
export function put(tag, className = "", props = {}, attributes = {}) {
  const element = Object.assign(document.createElement(tag), { className, ...props });
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

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

/**
 * Make a button; its title, where it has one, is its name for who hears it, too.
 * @param {string} textContent
 * @param {string} title
 * @param {(event: Event) => void} run
 */
export function button(textContent, title, run, className = "fox-act") {
  const made = put("button", className, { type: "button", textContent, title }, title ? { "aria-label": title } : {});
  made.addEventListener("click", run);
  return made;
}

/**
 * Have keys of a line of text do something there; with Ctrl they are the panel's, or Jupyter's.
 * @param {HTMLElement} line
 * @param {Record<string, () => void>} does
 */
export function onKeys(line, does) {
  line.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, isComposing } = event;
    if (!Object.hasOwn(does, key) || ctrlKey || metaKey || isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    does[key]();
  });
}

/**
 * Give a place what is made of these items, unless it has it: what is drawn anew loses the focus, and is read aloud again.
 * @template T
 * @param {HTMLElement} place
 * @param {T[]} items
 * @param {(item: T, at: number) => Node} make
 */
export function fill(place, items, make) {
  const shown = JSON.stringify(items);
  if (place.dataset.shown === shown) return;
  place.dataset.shown = shown;
  place.replaceChildren(...items.map(make));
}

/** One of the lines that say how something came out; the first is the main one. @param {string} textContent */
export const sentence = (textContent, at = 0) => put("p", at ? "" : "fox-what", { textContent });

/**
 * Run at each press of a button: the second half of a double click is none, nor is a key that is held.
 * @param {HTMLElement} button
 * @param {() => void} run
 */
export function onPress(button, run) {
  button.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault());
  button.addEventListener("click", ({ detail }) => detail < 2 && run());
}

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
    const area = put("textarea", "fox-copied", { value: text, readOnly: true });
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
