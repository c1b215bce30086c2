// The larger view: one result as large as the page allows, its neighbours, zoom, before and after, its facts and its code.
import { sizeWords } from "../../../render/compare_view/size.js";
import { button, copy, focused, put, unique, write } from "./elements.js";
import { Zoom } from "./zoom.js";

export const short = (text, longest = 80) => (text.length > longest ? `${text.slice(0, longest - 1)}\u2026` : text);

/**
 * @param {{model: any, pixels: import("./pixels.js").Pixels, details: Map<string, any>, act: Function, items: () => any[]}} given
 */
export function largerView({ model, pixels, details, act, items }) {
  const id = `fox-larger-${unique()}`;
  const element = put("dialog", "fox-larger fox-guarded", {}, { "aria-labelledby": id });
  const title = put("h3", "fox-title", { id });
  const stage = put(
    "div",
    "fox-stage",
    { tabIndex: 0, autofocus: true },
    { role: "group", "aria-label": "Picture: wheel or + and - zoom" },
  );
  const image = put("img", "fox-large", { alt: "", draggable: false });
  const earlier = put("img", "fox-large fox-before", { alt: "The original", draggable: false });
  const divider = put("input", "fox-divider", { type: "range", min: "0", max: "100", value: "50" });
  const bar = put("div", "fox-acts");
  const facts = put("dl", "fox-list");
  const code = put("pre", "fox-code", { tabIndex: 0 }, { "aria-label": "Code" });
  const close = button("Close", "", () => element.close());
  const zoom = new Zoom(stage, [image, earlier]);
  let at = { key: "", number: 0 };
  let compared = false;
  divider.setAttribute("aria-label", "How much of the original is shown");
  stage.append(image, earlier);
  const note = put("p", "fox-facts", { textContent: "The same from code, for free:" });
  const top = put("div", "fox-top");
  top.append(title, close);
  element.append(top, stage, divider, bar, facts, note, code);

  const item = () => items().find(({ key }) => key === at.key);
  /** All pictures that are shown, in their order, to go through from here. */
  const all = () => items().flatMap(({ key, pictures }) => pictures.map(({ number }) => ({ key, number })));

  function turn(by) {
    const places = all();
    const index = places.findIndex(({ key, number }) => key === at.key && number === at.number);
    if (places.length > 1) show(places[(index + by + places.length) % places.length]);
  }

  function press(words, run, name = "") {
    const made = button(words, "", () => run(made), `fox-act ${name}`);
    bar.append(made);
    return made;
  }

  function compare(button) {
    compared = !compared;
    button.setAttribute("aria-pressed", String(compared));
    fill();
  }

  function fillBar(what) {
    const held = focused(bar);
    const words = held && bar.contains(held) ? held.textContent : null;
    bar.replaceChildren();
    if (all().length > 1) {
      press("\u2190 Previous", () => turn(-1));
      press("Next \u2192", () => turn(1));
    }
    if (what.before && at.number)
      press("Before / after", compare, "fox-compare").setAttribute("aria-pressed", String(compared));
    for (const [name, words] of what.actions)
      press(words, () => {
        element.close();
        act(name, what, at.number, element);
      });
    if (at.number) press("Save", () => pixels.save(at.key, at.number), "fox-save");
    const copied = (text) => async (button) => {
      await copy(text() ?? "", element);
      write(button, "Copied");
    };
    if (what.prompt)
      press(
        "Copy prompt",
        copied(() => details.get(at.key)?.text ?? what.prompt),
      );
    press(
      "Copy code",
      copied(() => code.textContent),
    );
    // It was made anew: who pressed a button of it stays where they were.
    const same = [...bar.querySelectorAll("button")].find((button) => button.textContent === words);
    if (words !== null) (same ?? stage).focus();
  }

  function show(place) {
    at = place;
    compared = false;
    zoom.reset();
    const what = item();
    if (!what) return element.close();
    title.textContent = what.title;
    facts.replaceChildren();
    code.textContent = "";
    image.removeAttribute("src");
    fillBar(what);
    if (!details.has(at.key)) model.send({ type: "open", key: at.key });
    fill();
  }

  /** Bring up to date what is open: pixels and facts come later. */
  function fill() {
    const what = element.open && item();
    if (!what) return;
    const one = what.pictures.find(({ number }) => number === at.number);
    stage.hidden = !one;
    element.classList.toggle("fox-beside", !!one && one.width < 1.2 * one.height);
    if (one) {
      Object.assign(image, { width: one.width, height: one.height, alt: what.title });
      const src = pixels.get("large", at.key, at.number) ?? pixels.urls.get(`picture ${at.key}/${at.number}`) ?? "";
      if (image.getAttribute("src") !== src) image.setAttribute("src", src);
    }
    const original = compared ? pixels.get("before", at.key) : "";
    earlier.hidden = divider.hidden = !original;
    if (original && earlier.getAttribute("src") !== original) earlier.setAttribute("src", original);
    earlier.style.clipPath = `inset(0 ${100 - Number(divider.value)}% 0 0)`;
    const percent = pixels.percent(at.key, at.number);
    const saver = bar.querySelector(".fox-save");
    if (saver instanceof HTMLElement) write(saver, percent === undefined ? "Save" : `Saving ${percent} %`);
    const about = details.get(at.key);
    if (!about) return;
    const size = one
      ? [
          ["Picture", about.names[at.number] ?? ""],
          ["Size", sizeWords(one)],
        ]
      : [];
    const lines = [...about.facts, ...size, ...what.words.map((words) => ["", words])];
    const terms = ([name, value]) => [put("dt", "", { textContent: name }), put("dd", "", { textContent: value })];
    facts.replaceChildren(...lines.flatMap(terms));
    write(code, about.code);
  }

  element.addEventListener("keydown", (event) => {
    if (event.target === code || event.target === divider || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (!zoom.pan(event.key)) turn(event.key === "ArrowLeft" ? -1 : 1);
    } else if (!zoom.key(event.key)) return;
    event.preventDefault();
  });
  divider.addEventListener("input", fill);
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
    },
  };
}
