// A level: a native range, a number and a button to unset. Nothing is sent while it is being dragged.
import { put, unique } from "./elements.js";

export const level = (model) => ({
  view({ el, signal }) {
    const id = `fox-level-${unique()}`;
    const root = put("div", "fox-level");
    const label = put("label", "fox-label", { htmlFor: id });
    const row = put("div", "fox-row");
    const range = put("input", "fox-range", { type: "range", id }, { "aria-describedby": `${id}-help` });
    const number = put("input", "fox-number fox-field", { type: "number", placeholder: "not set" });
    const clear = put("button", "fox-clear fox-act", { type: "button", textContent: "Clear" });
    const help = put("span", "fox-help", { id: `${id}-help` });
    row.append(range, number, clear);
    root.append(label, row, help);
    el.append(root);

    /** A model, but for hosts that know anywidgets alone; `control.style = {…}` makes another one.
     * @type {any} */
    let style;
    /** @param {number} x */
    const rounded = (x) => Math.round(x * 1e4) / 1e4;

    function show(value = model.get("value")) {
      const [min, max] = [model.get("min"), model.get("max")];
      const name = model.get("description");
      const unset = value === null || value === undefined;
      root.classList.toggle("fox-unset", unset);
      label.textContent = name;
      label.hidden = !name;
      if (style !== model.get("style")) {
        style?.off?.("change", draw);
        style = model.get("style");
        style?.on?.("change", draw);
      }
      label.style.width = style?.get?.("description_width") ?? "";
      for (const input of [range, number])
        Object.assign(input, { min, max, step: model.get("step"), disabled: model.get("disabled") });
      range.value = String(unset ? (min + max) / 2 : value);
      if (document.activeElement !== number || Number(number.value) !== value)
        number.value = unset ? "" : String(value);
      range.setAttribute("aria-valuetext", unset ? "not set" : String(value));
      range.style.setProperty("--fox-at", `${max > min ? ((Number(range.value) - min) / (max - min)) * 100 : 0}%`);
      number.setAttribute("aria-label", `${name}, as a number`);
      clear.setAttribute("aria-label", `Clear ${name}`);
      clear.disabled = unset || model.get("disabled");
      help.textContent = model.get("tooltip") ?? "";
      help.hidden = !help.textContent;
    }

    /** @param {number | null} value */
    function commit(value) {
      const next = value === null ? null : rounded(Math.min(model.get("max"), Math.max(model.get("min"), value)));
      if (next !== model.get("value")) {
        model.set("value", next);
        model.save_changes();
      }
      show();
    }

    range.addEventListener("input", () => show(rounded(Number(range.value))));
    range.addEventListener("change", () => commit(Number(range.value)));
    // A click on the very place where the unset thumb rests changes nothing in the browser's eyes.
    range.addEventListener("click", () => model.get("value") === null && commit(Number(range.value)));
    range.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") commit(null);
      else if ((event.key === "Enter" || event.key === " ") && model.get("value") === null) commit(Number(range.value));
      else return;
      event.preventDefault();
    });
    number.addEventListener("change", () => {
      const typed = number.value.trim();
      commit(typed === "" || !Number.isFinite(Number(typed)) ? null : Number(typed));
    });
    clear.addEventListener("click", () => {
      commit(null);
      range.focus();
    });
    const draw = () => show();
    signal.addEventListener("abort", () => style?.off?.("change", draw));
    return draw;
  },
});
