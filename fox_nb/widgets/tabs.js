// Tabs: switched in the browser, so that they answer also while the kernel is busy; a page is drawn when it is first shown.

export default {
  render({ model, el }) {
    const id = `fox-tabs-${Math.random().toString(36).slice(2)}`;
    const root = put("div", "fox-tabs");
    const bar = put("div", "fox-bar", {}, { role: "tablist", "aria-label": model.get("label") });
    guard(bar);
    const drawn = new Set();
    const pages = [];
    const tabs = model.get("titles").map((textContent, index) => {
      const tab = put("button", "fox-tab", { type: "button", textContent, id: `${id}-${index}` }, { role: "tab", "aria-controls": `${id}-page-${index}` });
      pages.push(put("div", "fox-page", { id: `${id}-page-${index}` }, { role: "tabpanel", "aria-labelledby": tab.id }));
      tab.addEventListener("click", () => choose(index));
      return tab;
    });
    bar.append(...tabs);
    root.append(bar, ...pages);
    el.append(root);

    function draw(index) {
      if (drawn.has(index)) return;
      drawn.add(index);
      model.draw(model.children[index], pages[index]);
    }

    function show() {
      const selected = model.get("selected");
      tabs.forEach((tab, index) => {
        tab.setAttribute("aria-selected", String(index === selected));
        tab.tabIndex = index === selected ? 0 : -1;
        pages[index].hidden = index !== selected;
      });
      draw(selected);
    }

    function choose(index, focus = false) {
      if (index !== model.get("selected")) {
        model.set("selected", index);
        model.send({ type: "select", index });
      }
      if (focus) tabs[index].focus();
    }

    bar.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      choose((to + tabs.length) % tabs.length, true);
    });
    model.on("change:selected", show);
    // Who pressed 'Edit this' goes along to that tab.
    model.on("msg:custom", ({ type, index }) => type === "go" && choose(index, true));
    show();
  },
};
