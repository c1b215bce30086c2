// A panel's last line: the button, what a press costs, what became of it. Its live regions stay while their words change.
// Ms without a word from the kernel, then the person is told why.
const PATIENCE = 1500;
let ids = 0;

export default {
  render({ model, el }) {
    const id = `fox-actions-${++ids}`;
    const root = put("div", "fox-actions");
    const row = put("div", "fox-row");
    const button = put("button", "fox-press", { type: "button" }, { "aria-describedby": id });
    const cost = put("span", "fox-cost", { id });
    const status = put("p", "fox-status", {}, { role: "status" });
    const error = put("div", "fox-error", {}, { role: "alert" });
    guard(root);
    row.append(button, cost);
    root.append(row, status, error);
    el.append(root);
    let timer;
    let waiting = false;

    // It is never disabled: that would take the focus away from who works with the keyboard.
    function showButton() {
      const off = waiting || model.get("busy");
      button.textContent = off ? model.get("busy_words") : model.get("words");
      button.setAttribute("aria-disabled", String(off));
    }

    function say(text) {
      if (status.textContent !== text) status.textContent = text;
    }

    function heard() {
      clearTimeout(timer);
      waiting = false;
      say(model.get("said"));
      showButton();
    }

    function showError() {
      const lines = model.get("error");
      error.replaceChildren(...lines.map((text, at) => put("p", at ? "" : "fox-what", { textContent: text })));
    }

    function press() {
      if (waiting || model.get("busy")) return;
      waiting = true;
      showButton();
      model.send({ type: "press", values: model.valuesOf(model.get("fields")) });
      timer = setTimeout(() => say("The kernel is busy with a cell. This is sent as soon as it is free."), PATIENCE);
    }

    // The browser knows best what a double click is: its second half is no press.
    button.addEventListener("click", ({ detail }) => detail < 2 && press());
    model.on("msg:custom", ({ type, page }) => {
      if (type === "heard") heard();
      else if (type === "press" && page === model.page) press();
    });
    model.on("change:busy", showButton);
    model.on("change:words", showButton);
    model.on("change:said", () => say(model.get("said")));
    model.on("change:error", showError);
    const showCost = () => cost.replaceChildren(put("b", "", { textContent: model.get("cost") }), ` ${model.get("cost_note")}`);
    model.on("change:cost", showCost);
    model.on("change:cost_note", showCost);
    showButton();
    showCost();
    showError();
    say(model.get("said"));
    return () => clearTimeout(timer);
  },
};
