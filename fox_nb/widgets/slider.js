// The slider's browser side: a native range, a number and a button to unset. Nothing is sent while it is being dragged.
let ids = 0;

export default {
  render({ model, el }) {
    const id = `fox-slider-${++ids}-${Math.random().toString(36).slice(2)}`;
    const root = put("div", "fox-slider");
    const label = put("label", "fox-label", { htmlFor: id });
    const body = put("div", "fox-body");
    const row = put("div", "fox-row");
    const range = put("input", "fox-range", { type: "range", id });
    const number = put("input", "fox-number", { type: "number", placeholder: "not set" });
    const clear = put("button", "fox-clear", { type: "button", textContent: "Clear" });
    const help = put("div", "fox-help", { id: `${id}-help` });
    range.setAttribute("aria-describedby", help.id);
    // JupyterLab would move to another cell on the arrow keys.
    range.setAttribute("data-lm-suppress-shortcuts", "true");
    row.append(range, number, clear);
    body.append(row, help);
    root.append(label, body);
    el.append(root);

    const bounds = () => [model.get("min"), model.get("max")];
    const rounded = (x) => Math.round(x * 1e4) / 1e4;

    function show(value = model.get("value")) {
      const [min, max] = bounds();
      const name = model.get("label");
      const unset = value === null || value === undefined;
      root.classList.toggle("fox-unset", unset);
      label.textContent = name;
      label.hidden = !name;
      for (const input of [range, number]) Object.assign(input, { min, max, step: model.get("step") });
      range.value = unset ? (min + max) / 2 : value;
      if (document.activeElement !== number || Number(number.value) !== value) number.value = unset ? "" : value;
      range.setAttribute("aria-valuetext", unset ? "not set" : String(value));
      range.style.setProperty("--fox-at", `${max > min ? ((range.value - min) / (max - min)) * 100 : 0}%`);
      number.setAttribute("aria-label", `${name}, as a number`);
      clear.setAttribute("aria-label", `Clear ${name}`);
      clear.disabled = unset;
      help.textContent = [unset ? model.get("unset_words") : "", model.get("help")].filter(Boolean).join(" ");
      help.hidden = !help.textContent;
    }

    function commit(value) {
      const [min, max] = bounds();
      const next = value === null ? null : rounded(Math.min(max, Math.max(min, value)));
      if (next === model.get("value")) return show();
      model.set("value", next);
      model.send({ type: "value", value: next });
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
    for (const name of ["value", "min", "max", "step", "label", "help", "unset_words"])
      model.on(`change:${name}`, () => show());
    show();
  },
};
