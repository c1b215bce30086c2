// The profiles that the store knows, and what is done with them.
import { button, html, nothing, onKeys, repeat, sentences } from "./drawing.js";
import { copy, focused, unique } from "./elements.js";

export const known = (model, show) => {
  /** @type {{items: any[], said: string[], wrong: string[], plans: Map<string, string[]>, added: number}} */
  const state = { items: [], said: [], wrong: [], plans: new Map(), added: 0 };
  return {
    onMessage(content) {
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
  const act = (name, key, text = "") => model.send({ type: "act", act: name, key, text });
  /** The keys of those whose name is being changed. */
  const renamed = new Set();
  let handed = ["", ""];
  let { added } = state;

  const rowOf = (element) => element?.closest("li");
  const inputs = () => /** @type {HTMLInputElement[]} */ ([...el.querySelectorAll(".fox-adding input")]);

  /** Close what is open in the row of this element, and go back to the button that opens it. */
  function close(element, key, name) {
    const row = rowOf(element);
    renamed.delete(key);
    state.plans.delete(key);
    show();
    row.querySelector(`[data-act="${name}"]`)?.focus();
  }

  const opener = (name, words, title, run) =>
    html`<button type="button" class="fox-act" data-act=${name} title=${title} aria-label=${title}
      @click=${run}>${words}</button>`;

  function buttons({ key, id: profile, name, actions }) {
    if (!profile)
      return actions.map(([one, words]) =>
        opener(one === "plan" ? "forget" : one, words, `${words} ${name}`, () => act(one, key)),
      );
    const copyId = async ({ target }) => {
      await copy(profile, rowOf(target));
      Object.assign(state, { said: [`Copied: ${profile}`], wrong: [] });
      show();
    };
    const rename = ({ target }) => {
      if (renamed.has(key) && !state.plans.has(key)) return close(target, key, "rename");
      renamed.add(key);
      state.plans.delete(key);
      show();
      const input = rowOf(target).querySelector("input");
      input.focus(); // which `select` does in Chromium alone
      input.select();
    };
    return [
      opener("copy", "Copy id", `Copy the id of ${name}`, copyId),
      opener("rename", "Rename", `Rename ${name}`, rename),
      opener("forget", "Forget\u2026", `Forget ${name}`, () => act("plan", key)),
    ];
  }

  function nameForm({ key, name }) {
    const cancel = ({ target }) => close(target, key, "rename");
    const save = ({ target }) => {
      const typed = rowOf(target).querySelector("input").value;
      close(target, key, "rename");
      if (typed.trim() && typed.trim() !== name) act("rename", key, typed);
    };
    return html`<div class="fox-form">
      <label for="${id}-${key}">New name</label>
      <input class="fox-field" type="text" id="${id}-${key}" maxlength="60" value=${name}
        @keydown=${onKeys({ Enter: save, Escape: cancel })}>
      ${button("Save", "", save)}${button("Cancel", "", cancel)}
    </div>`;
  }

  function plan({ key, name }) {
    const forget = ({ target }) => {
      close(target, key, "forget");
      act("forget", key);
    };
    return html`<div class="fox-plan" role="group" aria-label="Forget ${name}?">
      ${sentences(state.plans.get(key))}
      <div class="fox-form">
        ${button("Forget for good", `Forget ${name} for good`, forget, "fox-act fox-grave")}
        ${button("Keep", `Keep ${name}`, ({ target }) => close(target, key, "forget"), "fox-act fox-keep")}
      </div>
    </div>`;
  }

  function row(item) {
    const more = state.plans.has(item.key) ? plan(item) : renamed.has(item.key) ? nameForm(item) : nothing;
    return html`<li class="fox-row">
      <div class="fox-text">
        <bdi class="fox-name">${item.name}</bdi>
        <code class="fox-id" ?hidden=${!item.id}>[[${item.id}]]</code>
        <span class="fox-since">${item.state || item.since}</span>
      </div>
      <span class="fox-buttons">${buttons(item)}</span>
      <div class="fox-more">${more}</div>
    </li>`;
  }

  function add() {
    const empty = inputs().find(({ value }) => !value.trim());
    if (empty) return empty.focus();
    handed = inputs().map(({ value }) => value);
    act("add", ...handed);
  }

  const named = (name, label, most) => html`<span class="fox-named">
    <label for="${id}-${name}">${label}</label>
    <input class="fox-field" type="text" id="${id}-${name}" autocomplete="off" maxlength=${most}
      @keydown=${onKeys({ Enter: add })}>
  </span>`;

  return (draw) => {
    const { items } = state;
    const keepButton = () => rowOf(focused(el))?.querySelector(".fox-keep");
    const before = keepButton();
    draw(html`<section class="fox-known" aria-labelledby=${id}>
      <p class="fox-head" id=${id}>${items.length ? "Known profiles" : "Known profiles: none yet"}</p>
      <ul class="fox-rows" aria-labelledby=${id} ?hidden=${!items.length}>${repeat(items, ({ key }) => key, row)}</ul>
      <div class="fox-said" role="status">${sentences(state.said)}</div>
      <div class="fox-error" role="alert">${sentences(state.wrong)}</div>
      <details class="fox-adding">
        <summary>Add a profile by its id</summary>
        <div class="fox-form">
          ${named("id", "Id", 220)}${named("name", "Name", 60)}${button("Add", "Add the profile", add)}
        </div>
      </details>
    </section>`);
    // what was typed since stays
    if (added !== state.added && inputs().every(({ value }, at) => value === handed[at]))
      for (const input of inputs()) input.value = "";
    ({ added } = state);
    // The answer may come late: who works elsewhere by now stays there, and nobody is led to what can't be undone.
    const keep = keepButton();
    if (keep && keep !== before) keep.focus();
  };
}
