// A level: a native range, a number and a button to unset. Nothing is sent while it is being dragged.
import { html, kept } from "./drawing.js";
import { focused, unique } from "./elements.js";

export const level = (model, show) => ({
  view({ el, signal }) {
    const id = `fox-level-${unique()}`;
    const find = (selector) => /** @type {HTMLInputElement} */ (el.querySelector(selector));
    /** A model, but for hosts that know anywidgets alone; `control.style = {…}` makes another one.
     * @type {any} */
    let style;
    /** Where it is dragged to. @type {number | undefined} */
    let dragged;
    /** @param {number} x */
    const rounded = (x) => Math.round(x * 1e4) / 1e4;

    /** @param {number | null} value */
    function commit(value) {
      const next = value === null ? null : rounded(Math.min(model.get("max"), Math.max(model.get("min"), value)));
      if (next !== model.get("value")) {
        model.set("value", next);
        model.save_changes();
      }
      show();
    }

    const drag = ({ target }) => {
      dragged = rounded(Number(target.value));
      show();
      dragged = undefined;
    };
    const drop = ({ target }) => commit(Number(target.value));
    // A click on the very place where the unset thumb rests changes nothing in the browser's eyes.
    const click = (event) => model.get("value") === null && drop(event);
    const press = (event) => {
      if (event.key === "Delete" || event.key === "Backspace") commit(null);
      else if ((event.key === "Enter" || event.key === " ") && model.get("value") === null) drop(event);
      else return;
      event.preventDefault();
    };
    const type = ({ target }) => {
      const typed = target.value.trim();
      commit(typed === "" || !Number.isFinite(Number(typed)) ? null : Number(typed));
    };
    const clear = () => {
      commit(null);
      find(".fox-range").focus();
    };

    signal.addEventListener("abort", () => style?.off?.("change", show));
    return (draw) => {
      const [min, max, step, disabled] = ["min", "max", "step", "disabled"].map((trait) => model.get(trait));
      const [name, help] = [model.get("description"), model.get("tooltip")];
      const value = dragged ?? model.get("value");
      const unset = value === null || value === undefined;
      if (style !== model.get("style")) {
        style?.off?.("change", show);
        style = model.get("style");
        style?.on?.("change", show);
      }
      const number = find(".fox-number");
      const isTyped = number && number === focused(el) && Number(number.value) === value;
      draw(html`<div class="fox-level ${unset ? "fox-unset" : ""}">
        <label class="fox-label" for=${id} ?hidden=${!name}>${name}</label>
        <div class="fox-row">
          <input class="fox-range" type="range" id=${id} aria-describedby="${id}-help"
            aria-valuetext=${unset ? "not set" : value} ?disabled=${disabled} min=${min} max=${max} step=${step}
            .value=${kept(String(unset ? (min + max) / 2 : value))}
            @input=${drag} @change=${drop} @click=${click} @keydown=${press}>
          <input class="fox-number fox-field" type="number" placeholder="not set" aria-label="${name}, as a number"
            min=${min} max=${max} step=${step} .value=${kept(isTyped ? number.value : unset ? "" : String(value))}
            ?disabled=${disabled} @change=${type}>
          <button type="button" class="fox-clear fox-act" aria-label="Clear ${name}" ?disabled=${unset || disabled}
            @click=${clear}>Clear</button>
        </div>
        <span class="fox-help" id="${id}-help" ?hidden=${!help}>${help}</span>
      </div>`);
      const at = max > min ? (Number(find(".fox-range").value) - min) / (max - min) : 0;
      find(".fox-range").style.setProperty("--fox-at", `${at * 100}%`);
      find(".fox-label").style.width = style?.get?.("description_width") ?? "";
    };
  },
});
