// The larger view: one result as large as the page allows, its neighbours, zoom, before and after, its facts and its code.
import { sizeWords } from "../../../render/compare_view/size.js";
import { button, html, nothing, render, repeat } from "./drawing.js";
import { copy, focused, unique } from "./elements.js";
import { Zoom } from "./zoom.js";

export const short = (text, longest = 80) => (text.length > longest ? `${text.slice(0, longest - 1)}\u2026` : text);

/**
 * @param {{model: any, pixels: import("./pixels.js").Pixels, details: Map<string, any>, act: Function, items: () => any[]}} given
 */
export function largerView({ model, pixels, details, act, items }) {
  const id = `fox-larger-${unique()}`;
  const element = document.createElement("dialog");
  const find = (selector) => /** @type {HTMLElement} */ (element.querySelector(selector));
  const all = (selector) => /** @type {HTMLElement[]} */ ([...element.querySelectorAll(selector)]);
  /** @type {Zoom | undefined} */
  let zoom;
  let at = { key: "", number: 0 };
  let compared = false;
  let copied = "";
  /** What is told of it: of a task that has changed since, what was told before. @type {any} */
  let about;
  element.className = "fox-larger fox-guarded";
  element.setAttribute("aria-labelledby", id);

  const item = () => items().find(({ key }) => key === at.key);
  /** All pictures that are shown, in their order, to go through from here. */
  const places = () => items().flatMap(({ key, pictures }) => pictures.map(({ number }) => ({ key, number })));

  function turn(by) {
    const all = places();
    const index = all.findIndex(({ key, number }) => key === at.key && number === at.number);
    if (all.length > 1) show(all[(index + by + all.length) % all.length]);
  }

  function show(place) {
    at = place;
    compared = false;
    copied = "";
    about = undefined;
    zoom?.reset();
    if (!item()) return element.close();
    if (!details.has(at.key)) model.send({ type: "open", key: at.key });
    fill();
  }

  function compare() {
    compared = !compared;
    fill();
  }

  /** A button that copies a text. */
  const copier = (words, text) =>
    button(copied === words ? "Copied" : words, "", async () => {
      await copy(text, element);
      copied = words;
      fill();
    });

  function buttons(what) {
    const { key, number } = at;
    const percent = pixels.percent(key, number);
    const run = (name) => () => {
      element.close();
      act(name, what, number, element);
    };
    const turns = [button("\u2190 Previous", "", () => turn(-1)), button("Next \u2192", "", () => turn(1))];
    const beside = html`<button type="button" class="fox-act fox-compare" aria-pressed=${compared}
      @click=${compare}>Before / after</button>`;
    const save = button(percent === undefined ? "Save" : `Saving ${percent} %`, "", () => pixels.save(key, number));
    return html`<div class="fox-acts">
      ${places().length > 1 ? turns : nothing}
      ${what.before && number ? beside : nothing}
      ${repeat(what.actions, String, ([name, words]) => button(words, "", run(name)))}
      ${number ? save : nothing}
      ${what.prompt ? copier("Copy prompt", about?.text ?? what.prompt) : nothing}
      ${copier("Copy code", about?.code ?? "")}
    </div>`;
  }

  function facts(what, one) {
    if (!about) return nothing;
    const term = ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`;
    const size = one ? [term(["Picture", about.names[at.number] ?? ""]), term(["Size", sizeWords(one)])] : [];
    return [about.facts.map(term), size, what.words.map((words) => term(["", words]))];
  }

  /** Bring up to date what is open: pixels and facts come later. */
  function fill() {
    const what = element.open && item();
    if (!what) return;
    about = details.get(at.key) ?? about;
    const held = focused(element);
    const one = what.pictures.find(({ number }) => number === at.number);
    const src = one && (pixels.get("large", at.key, at.number) ?? pixels.urls.get(`picture ${at.key}/${at.number}`));
    const original = compared && pixels.get("before", at.key);
    element.classList.toggle("fox-beside", !!one && one.width < 1.2 * one.height);
    render(
      html`<div class="fox-top">
        <h3 class="fox-title" id=${id}>${what.title}</h3>
        ${button("Close", "", () => element.close())}
      </div>
      <div class="fox-stage" tabindex="0" role="group" aria-label="Picture: wheel or + and - zoom" ?hidden=${!one}>
        <img class="fox-large" draggable="false" alt=${what.title} src=${src || nothing}
          width=${one?.width ?? 0} height=${one?.height ?? 0}>
        <img class="fox-large fox-before" draggable="false" alt="The original" src=${original || nothing}
          ?hidden=${!original}>
      </div>
      <input class="fox-divider" type="range" min="0" max="100" value="50" ?hidden=${!original}
        aria-label="How much of the original is shown" @input=${fill}>
      ${buttons(what)}
      <dl class="fox-list">${facts(what, one)}</dl>
      <p class="fox-facts">The same from code, for free:</p>
      <pre class="fox-code" tabindex="0" aria-label="Code">${about?.code}</pre>`,
      element,
    );
    zoom ??= new Zoom(find(".fox-stage"), all(".fox-stage > img"));
    const shown = Number(/** @type {HTMLInputElement} */ (find(".fox-divider")).value);
    find(".fox-before").style.clipPath = `inset(0 ${100 - shown}% 0 0)`;
    // Whoever pressed a button that is gone goes on with the picture.
    if (held && !held.isConnected) find(".fox-stage").focus();
  }

  element.addEventListener("keydown", (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || /** @type {Element} */ (target).matches(".fox-code, .fox-divider")) return;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      if (!zoom?.pan(key)) turn(key === "ArrowLeft" ? -1 : 1);
    } else if (!zoom?.key(key)) return;
    event.preventDefault();
  });
  // A click beside the dialog closes it, as people expect.
  element.addEventListener("click", (event) => event.target === element && element.close());
  // What had opened it may have been drawn anew meanwhile.
  element.addEventListener("close", () => {
    const at = focused(element);
    if (!at || at === document.body || element.contains(at)) element.parentElement?.querySelector("button")?.focus();
  });
  return {
    element,
    fill,
    open(what, number) {
      element.showModal();
      show({ key: what.key, number });
      find(".fox-stage")?.focus();
    },
  };
}
