// The prompt box's browser side. The text goes in messages of their own, which keep their order before a button's click.
const MENTION = /\[\[([^\[\]\n]+)\]\]/g;
const PAUSE = 300;
let ids = 0;

export default {
  render({ model, el }) {
    const id = `fox-prompt-${++ids}-${Math.random().toString(36).slice(2)}`;
    const root = put("div", "fox-prompt");
    const label = put("label", "fox-label", { htmlFor: id });
    const body = put("div", "fox-body");
    const area = put("textarea", "fox-area", { id });
    const people = put("ul", "fox-people");
    const foot = put("div", "fox-foot");
    const help = put("span", "fox-help", { id: `${id}-help` });
    const count = put("span", "fox-count", { id: `${id}-count` });
    const aloud = put("span", "fox-aloud");
    area.setAttribute("aria-describedby", `${help.id} ${count.id}`);
    people.setAttribute("aria-label", "Profiles in this prompt");
    aloud.setAttribute("role", "status");
    foot.append(help, count);
    body.append(area, people, foot, aloud);
    root.append(label, body);
    el.append(root);

    // Python counts characters, JavaScript counts UTF-16 units.
    const cursor = () => [area.selectionStart, area.selectionEnd].map((at) => [...area.value.slice(0, at)].length);
    let sent = "";
    let timer;

    function flush(type = "text") {
      clearTimeout(timer);
      const at = cursor();
      const state = JSON.stringify([area.value, at]);
      if (type === "text" && state === sent) return;
      sent = state;
      model.send({ type, value: area.value, at, page: model.page });
    }

    function grow() {
      if (CSS.supports("field-sizing", "content")) return;
      area.style.height = "auto";
      if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`;
    }

    function showPeople() {
      const names = model.get("names");
      const found = [...new Set([...area.value.matchAll(MENTION)].map((match) => match[1]))];
      const key = JSON.stringify(found.map((one) => [one, names[one]]));
      if (people.dataset.key === key) return;
      people.dataset.key = key;
      people.hidden = !found.length;
      people.replaceChildren(
        ...found.map((one) => {
          const known = Object.hasOwn(names, one);
          const item = put("li", known ? "fox-known" : "fox-unknown");
          const code = put("code", "", { textContent: `[[${one}]]` });
          if (known) item.append(put("strong", "", { textContent: names[one] }), " ", code);
          else item.append("\u26a0 ", code, " is not among your profiles");
          return item;
        }),
      );
    }

    function showCount() {
      const limit = model.get("limit");
      const length = [...area.value].length;
      const near = limit > 0 && length >= limit * 0.8;
      const over = limit > 0 && length > limit;
      const figures = `${length.toLocaleString("en")} of ${limit.toLocaleString("en")} characters`;
      count.textContent = !near ? "" : over ? `${figures}: the service may refuse so long a prompt` : figures;
      count.classList.toggle("fox-over", over);
      // Said when a line is crossed, not at every key.
      const words = over ? "The prompt is longer than the service may take." : near ? "The prompt comes near its limit." : "";
      if (aloud.textContent !== words) aloud.textContent = words;
    }

    function showValue() {
      if (area.value !== model.get("value")) area.value = model.get("value");
      showText();
    }

    // Leaves the text alone: what was just typed may not be in the model yet.
    function showRest() {
      label.textContent = model.get("label");
      label.hidden = !label.textContent;
      help.textContent = model.get("help");
      Object.assign(area, { placeholder: model.get("placeholder"), rows: model.get("rows") });
      area.style.minHeight = `calc(${model.get("rows")} * 1.45em + 12px)`;
      showText();
    }

    function showText() {
      grow();
      showPeople();
      showCount();
    }

    area.addEventListener("input", () => {
      // In the browser at once, for whatever takes it along; the kernel hears of it when there is a pause.
      model.set("value", area.value);
      showText();
      clearTimeout(timer);
      timer = setTimeout(flush, PAUSE);
    });
    // JupyterLab would take Shift+Enter and Ctrl+Enter for its cells; its other keys, such as those for saving, go on.
    const keep = (event) => area.toggleAttribute("data-lm-suppress-shortcuts", event.key === "Enter");
    const release = () => window.removeEventListener("keydown", keep, true);
    area.addEventListener("focus", () => window.addEventListener("keydown", keep, true));
    area.addEventListener("blur", () => {
      release();
      flush();
    });
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      flush("submit");
    });
    // What the notebook does with keys below its cells is not meant for text; ipywidgets' own text areas do the same.
    for (const name of ["keydown", "keypress"]) area.addEventListener(name, (event) => event.stopPropagation());
    model.on("msg:custom", (content) => {
      if (content.type !== "put") return;
      clearTimeout(timer);
      model.set("value", content.value);
      showValue();
      const at = [...content.value].slice(0, content.at).join("").length;
      area.setSelectionRange(at, at);
      sent = JSON.stringify([area.value, cursor()]);
    });
    model.on("change:value", showValue);
    for (const name of ["label", "help", "placeholder", "names", "limit", "rows"])
      model.on(`change:${name}`, showRest);
    // In a tab that is not shown yet nothing has a height.
    const watcher = new ResizeObserver(grow);
    watcher.observe(root);
    showRest();
    showValue();
    return () => {
      clearTimeout(timer);
      release();
      watcher.disconnect();
    };
  },
};
