// Name, consent, Train. The press carries the name and the tick, so that nothing typed before it can be late.
const PATIENCE = 1500;
let ids = 0;

// One for each model; its views share it.
export default () => {
  const filled = { name: "", agreed: false };
  const views = new Set();
  let waiting = false;

  return {
    initialize({ model }) {
      model.on("msg:custom", ({ type, name, agreed }) => {
        if (type === "filled") Object.assign(filled, { name, agreed });
        if (type === "heard") waiting = false;
        views.forEach((view) => view(type === "filled"));
      });
    },

    render({ model, el }) {
      const id = `fox-training-${++ids}-${Math.random().toString(36).slice(2)}`;
      const root = put("div", "fox-training");
      const line = (label, ...parts) => {
        const row = put("div", "fox-line");
        const body = put("div", "fox-body");
        body.append(...parts);
        row.append(label, body);
        return row;
      };
      const name = put("input", "fox-text", { type: "text", id: `${id}-name`, maxLength: 60, autocomplete: "off", placeholder: "Ada" });
      const tick = put("input", "fox-tick", { type: "checkbox", id: `${id}-agreed` }, { "aria-describedby": `${id}-help` });
      const sentence = put("label", "fox-sentence", { htmlFor: tick.id, textContent: model.get("consent") });
      const agree = put("div", "fox-agree");
      agree.append(tick, sentence);
      const help = put("div", "fox-help", { id: `${id}-help`, textContent: model.get("help") });
      const button = put("button", "fox-press", { type: "button" }, { "aria-describedby": `${id}-cost ${id}-off` });
      const cost = put("span", "fox-cost", { id: `${id}-cost` });
      const off = put("p", "fox-off", { id: `${id}-off` });
      const status = put("p", "fox-status", {}, { role: "status" });
      const error = put("div", "fox-error", {}, { role: "alert" });
      const row = put("div", "fox-row");
      row.append(button, cost);
      root.append(
        line(put("label", "fox-label", { htmlFor: name.id, textContent: "Name" }), name),
        line(put("span", "fox-label", { textContent: "Consent" }), agree, help),
        row, off, status, error,
      );
      // JupyterLab would take keys that are typed here for its own.
      root.setAttribute("data-lm-suppress-shortcuts", "true");
      el.append(root);
      let timer;

      const lacks = () => [model.get("lacking"), !filled.name.trim() && "a name", !filled.agreed && "the person's consent"].filter(Boolean);

      function show(anew) {
        if (anew) {
          name.value = filled.name;
          tick.checked = filled.agreed;
        }
        if (!waiting) clearTimeout(timer);
        const busy = waiting || model.get("busy");
        const missing = lacks();
        button.textContent = busy ? "Working\u2026" : "Train";
        // Not disabled: that would take the focus away from who works with the keyboard.
        button.setAttribute("aria-disabled", String(busy || missing.length > 0));
        button.classList.toggle("fox-busy", busy);
        off.textContent = busy || !missing.length ? "" : `Train is off: it needs ${missing.join(", ")}.`;
        cost.replaceChildren(put("b", "", { textContent: model.get("cost") }), ` ${model.get("cost_note")}`);
        say(model.get("said"));
        error.replaceChildren(...model.get("error").map((text, at) => put("p", at ? "" : "fox-what", { textContent: text })));
      }

      function say(text) {
        if (status.textContent !== text) status.textContent = text;
      }

      function fill() {
        Object.assign(filled, { name: name.value, agreed: tick.checked });
        model.send({ type: "fill", ...filled });
        views.forEach((view) => view(view !== show));
      }

      function press() {
        if (waiting || model.get("busy")) return;
        if (lacks().length) return say(off.textContent);
        waiting = true;
        model.send({ type: "press", ...filled, values: model.valuesOf(model.get("fields")) });
        show();
        timer = setTimeout(() => say("The kernel is busy with a cell. This is sent as soon as it is free."), PATIENCE);
      }

      name.addEventListener("input", fill);
      tick.addEventListener("change", fill);
      button.addEventListener("click", press);
      const changed = () => show();
      for (const trait of ["cost", "cost_note", "lacking", "busy", "said", "error"]) model.on(`change:${trait}`, changed);
      views.add(show);
      show(true);
      return () => {
        clearTimeout(timer);
        views.delete(show);
      };
    },
  };
};
