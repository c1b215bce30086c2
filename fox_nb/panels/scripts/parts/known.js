// The profiles that the store knows. A row stays the same element while its facts change, so nobody loses their place.
import { button, copy, fill, focused, onKeys, put, sentence, unique } from "./elements.js";
import { keepInStep } from "./tasks.js";

export const known = (model, show) => {
  /** @type {{items: any[], said: string[], wrong: string[], plans: Map<string, string[]>, added: number}} */
  const state = { items: [], said: [], wrong: [], plans: new Map(), added: 0 };
  return {
    hear(content) {
      if (content.type === "list") state.items = content.items;
      if (content.type === "added") state.added += 1;
      if (content.type === "plan") state.plans.set(content.key, content.lines);
      if (content.type === "said") Object.assign(state, { said: content.lines, wrong: [] });
      if (content.type === "wrong") Object.assign(state, { wrong: content.lines, said: [] });
      const known = new Set(state.items.map((item) => item.key));
      for (const key of state.plans.keys()) if (!known.has(key)) state.plans.delete(key);
      return true;
    },
    view: ({ el }) => makeView(model, el, state, show),
  };
};

function makeView(model, el, state, show) {
  const id = `fox-known-${unique()}`;
  const root = put("section", "fox-known", {}, { "aria-labelledby": id });
  const head = put("p", "fox-head", { id });
  const list = put("ul", "fox-rows", {}, { "aria-labelledby": id });
  const said = put("div", "fox-said", {}, { role: "status" });
  const wrong = put("div", "fox-error", {}, { role: "alert" });
  const rows = new Map();
  const act = (name, key, text = "") => model.send({ type: "act", act: name, key, text });
  let empty = () => {};
  root.append(head, list, said, wrong, adding());
  el.append(root);

  function make({ key }) {
    const row = {
      item: put("li", "fox-row"),
      name: put("bdi", "fox-name"),
      id: put("code", "fox-id"),
      since: put("span", "fox-since"),
      buttons: put("span", "fox-buttons"),
      more: put("div", "fox-more"),
      open: "",
      close(focus = "") {
        row.open = "";
        row.more.replaceChildren();
        state.plans.delete(key);
        if (focus) /** @type {HTMLElement | null} */ (row.buttons.querySelector(`[data-act="${focus}"]`))?.focus();
      },
    };
    const text = put("div", "fox-text");
    text.append(row.name, row.id, row.since);
    row.item.append(text, row.buttons, row.more);
    return {
      node: row.item,
      fill: () =>
        update(
          row,
          state.items.find((item) => item.key === key),
        ),
    };
  }

  function buttons(row, { key, id: profile, name, actions }) {
    const named = (act, words, title, run) => {
      const made = button(words, title, run);
      made.dataset.act = act;
      return made;
    };
    if (!profile)
      return actions.map(([one, words]) =>
        named(one === "plan" ? "forget" : one, words, `${words} ${name}`, () => act(one, key)),
      );
    return [
      named("copy", "Copy id", `Copy the id of ${name}`, async () => {
        await copy(profile, root);
        Object.assign(state, { said: [`Copied: ${profile}`], wrong: [] });
        show();
      }),
      named("rename", "Rename", `Rename ${name}`, () =>
        row.open === "rename" ? row.close("rename") : rename(row, key, name),
      ),
      named("forget", "Forget\u2026", `Forget ${name}`, () => act("plan", key)),
    ];
  }

  function rename(row, key, name) {
    const input = put("input", "fox-field", { type: "text", value: name, maxLength: 60, id: `${id}-${key}` });
    const save = () => {
      row.close("rename");
      if (input.value.trim() && input.value.trim() !== name) act("rename", key, input.value);
    };
    onKeys(input, { Enter: save, Escape: () => row.close("rename") });
    row.close();
    row.open = "rename";
    const form = put("div", "fox-form");
    form.append(
      put("label", "", { htmlFor: input.id, textContent: "New name" }),
      input,
      button("Save", "", save),
      button("Cancel", "", () => row.close("rename")),
    );
    row.more.replaceChildren(form);
    input.focus(); // which `select` does in Chromium alone
    input.select();
  }

  function plan(row, { key, name }) {
    const words = state.plans.get(key);
    if (!words || row.open === "plan") return;
    row.open = "plan";
    const box = put("div", "fox-plan", {}, { role: "group", "aria-label": `Forget ${name}?` });
    const go = button(
      "Forget for good",
      `Forget ${name} for good`,
      () => {
        row.close("forget");
        act("forget", key);
      },
      "fox-act fox-grave",
    );
    const keep = button("Keep", `Keep ${name}`, () => row.close("forget"));
    const form = put("div", "fox-form");
    form.append(go, keep);
    box.append(...words.map(sentence), form);
    row.more.replaceChildren(box);
    // The answer may come late: who works elsewhere by now stays there, and nobody is led to what can't be undone.
    if (row.item.contains(focused(row.item))) keep.focus();
  }

  function update(row, item) {
    const shown = JSON.stringify(item);
    if (row.item.dataset.shown !== shown) {
      row.item.dataset.shown = shown;
      row.name.textContent = item.name;
      row.id.textContent = item.id && `[[${item.id}]]`;
      row.id.hidden = !item.id;
      row.since.textContent = item.state || item.since;
      const held = focused(row.buttons);
      const act = held instanceof HTMLElement && row.buttons.contains(held) ? held.dataset.act : "";
      row.buttons.replaceChildren(...buttons(row, item));
      if (act) /** @type {HTMLElement | null} */ (row.buttons.querySelector(`[data-act="${act}"]`))?.focus();
    }
    plan(row, item);
  }

  function adding() {
    const field = (name, label) => {
      const input = put("input", "fox-field", {
        type: "text",
        id: `${id}-${name}`,
        autocomplete: "off",
        maxLength: name === "name" ? 60 : 220,
      });
      const box = put("span", "fox-named");
      box.append(put("label", "", { htmlFor: input.id, textContent: label }), input);
      return { input, box };
    };
    const [profile, name] = [field("id", "Id"), field("name", "Name")];
    let handed = ["", ""];
    const add = () => {
      const empty = [profile, name].find(({ input }) => !input.value.trim());
      if (empty) return empty.input.focus();
      handed = [profile, name].map(({ input }) => input.value);
      act("add", profile.input.value, name.input.value);
    };
    for (const { input } of [profile, name]) onKeys(input, { Enter: add });
    let { added } = state;
    empty = () => {
      const inputs = [profile.input, name.input];
      // what was typed since stays
      if (added !== state.added && inputs.every(({ value }, at) => value === handed[at]))
        for (const input of inputs) input.value = "";
      ({ added } = state);
    };
    const box = put("details", "fox-adding");
    const form = put("div", "fox-form");
    form.append(profile.box, name.box, button("Add", "Add the profile", add));
    box.append(put("summary", "", { textContent: "Add a profile by its id" }), form);
    return box;
  }

  return () => {
    const { items } = state;
    empty();
    head.textContent = items.length ? "Known profiles" : "Known profiles: none yet";
    list.hidden = !items.length;
    keepInStep(
      list,
      rows,
      items.map(({ key }) => ({ key })),
      make,
      () => root.querySelector("summary"),
    );
    fill(said, state.said, sentence);
    fill(wrong, state.wrong, sentence);
  };
}
