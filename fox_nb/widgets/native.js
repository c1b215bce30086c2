// Lists, buttons, ticks, numbers and places: the browser's own controls, with label, help and an order of messages.
const NONE = "\u0000none";
let ids = 0;

export default {
  render({ model, el }) {
    const id = `fox-native-${++ids}-${Math.random().toString(36).slice(2)}`;
    const kind = model.get("kind");
    const grouped = kind === "buttons" || kind === "ticks";
    const root = put("div", `fox-native fox-${kind}`);
    const label = put(grouped ? "span" : "label", "fox-label", grouped ? { id: `${id}-label` } : { htmlFor: id });
    const body = put("div", "fox-body");
    const help = put("div", "fox-help", { id: `${id}-help` });
    const control = MAKERS[kind]({ model, id, help, commit });
    if (grouped) {
      body.setAttribute("role", kind === "buttons" ? "radiogroup" : "group");
      body.setAttribute("aria-labelledby", label.id);
    }
    guard(root);
    body.append(control.element, help);
    root.append(label, body);
    el.append(root);

    function commit(value) {
      if (JSON.stringify(value) === JSON.stringify(model.get("value"))) return;
      model.set("value", value);
      model.send({ type: "value", value });
    }

    function show() {
      const away = model.get("away");
      label.textContent = model.get("label");
      label.hidden = !label.textContent;
      root.classList.toggle("fox-away", !!away);
      control.show(!!away);
      help.textContent = away || model.get("help");
      help.hidden = !help.textContent;
    }

    for (const name of ["label", "help", "value", "options", "away", "min", "max", "empty"])
      model.on(`change:${name}`, show);
    show();
  },
};

const options = (model) => model.get("options").map(([text, value]) => ({ text, value, key: value ?? NONE }));

function list({ model, id, help, commit }) {
  const element = put("select", "fox-select", { id }, { "aria-describedby": help.id });
  element.addEventListener("change", () => {
    if (!model.get("takes")) return commit(element.value === NONE ? null : element.value);
    // A list from which things are taken stands at its first line again.
    const { value } = element;
    element.value = options(model)[0].key;
    model.send({ type: "value", value, text: model.valueHere(model.get("beside")) ?? null });
  });
  function show(away) {
    const all = options(model);
    const shown = JSON.stringify(all);
    if (element.dataset.shown !== shown) {
      element.dataset.shown = shown;
      element.replaceChildren(...all.map(({ text, key }) => put("option", "", { value: key, textContent: text })));
    }
    element.value = model.get("takes") ? all[0].key : (model.get("value") ?? NONE);
    element.disabled = away || all.length < 2;
    element.classList.toggle("fox-unset", model.get("value") === null);
  }
  return { element, show };
}

/** Radio buttons or check boxes that look like buttons. */
function several({ model, id, help, commit }) {
  const radio = model.get("kind") === "buttons";
  const element = put("div", "fox-choices");
  const inputs = () => [...element.querySelectorAll("input")];
  function choice({ text, key, value }) {
    const box = put("label", "fox-choice");
    const props = { type: radio ? "radio" : "checkbox", name: id, value: key };
    const input = put("input", "", props, { "aria-describedby": help.id });
    input.addEventListener("change", () =>
      commit(radio ? value : inputs().filter((one) => one.checked).map((one) => one.value)),
    );
    box.append(input, put("span", "", { textContent: text }));
    return box;
  }
  function show(away) {
    const all = options(model);
    const shown = JSON.stringify(all);
    if (element.dataset.shown !== shown) {
      element.dataset.shown = shown;
      element.replaceChildren(...(all.length ? all.map(choice) : [put("span", "fox-empty", { textContent: model.get("empty") })]));
    }
    const value = model.get("value");
    for (const input of inputs()) {
      input.checked = radio ? input.value === (value ?? NONE) : value.includes(input.value);
      input.disabled = away;
    }
  }
  return { element, show };
}

function number({ model, id, help, commit }) {
  const element = put("div", "fox-stepper");
  const input = put("input", "fox-number", { type: "number", id, step: 1 }, { "aria-describedby": help.id });
  const bounded = (x) => Math.min(model.get("max"), Math.max(model.get("min"), x));
  const typed = () => (/^\s*\d+\s*$/.test(input.value) ? bounded(Number(input.value)) : model.get("value"));
  const step = (by, textContent, title) => {
    // The arrow keys do the same in the field, so these are for the hand alone.
    const button = put("button", "fox-step", { type: "button", textContent, title, tabIndex: -1 }, { "aria-hidden": "true" });
    button.addEventListener("click", () => {
      commit(bounded(typed() + by));
      input.value = model.get("value");
    });
    return button;
  };
  const [less, more] = [step(-1, "\u2212", "One less"), step(1, "+", "One more")];
  element.append(less, input, more);
  input.addEventListener("input", () => input.value !== "" && commit(typed()));
  input.addEventListener("change", () => {
    commit(typed());
    input.value = model.get("value");
  });
  function show(away) {
    const value = model.get("value");
    Object.assign(input, { min: model.get("min"), max: model.get("max"), disabled: away });
    if (document.activeElement !== input || Number(input.value) !== value) input.value = value;
    less.disabled = away || value <= model.get("min");
    more.disabled = away || value >= model.get("max");
  }
  return { element, show };
}

/** A line of text with suggestions, and a button that hands it over. */
function place({ model, id, help }) {
  const element = put("div", "fox-place");
  const input = put("input", "fox-text", { type: "text", id, autocomplete: "off", spellcheck: false }, { "aria-describedby": help.id });
  const known = put("datalist", "", { id: `${id}-known` });
  const add = put("button", "fox-button", { type: "button", textContent: "Add" });
  input.setAttribute("list", known.id);
  const hand = () => {
    const value = input.value.trim();
    if (value) model.send({ type: "add", value });
    else input.focus();
  };
  add.addEventListener("click", hand);
  input.addEventListener("focus", () => model.send({ type: "ask" }));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    hand();
  });
  model.on("msg:custom", ({ type }) => {
    if (type === "added") input.value = "";
  });
  element.append(input, known, add);
  function show(away) {
    known.replaceChildren(...options(model).map(({ text, value }) => put("option", "", { value, label: text })));
    input.placeholder = model.get("empty");
    input.disabled = add.disabled = away;
    add.setAttribute("aria-label", `Add ${model.get("label")}`);
  }
  return { element, show };
}

const MAKERS = { list, buttons: several, ticks: several, number, place };
