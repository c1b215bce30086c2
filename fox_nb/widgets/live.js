// What is under way: one row a task, whose seconds run here, so that the kernel sends nothing while nothing changes.
const TICK = 500;
const WORDS = { pending: "waiting for its turn", processing: "being made" };

const gone = (item) => item.gone + (performance.now() - item.heard) / 1000;

function share(item) {
  const said = item.percent > 0 && item.percent < 100 ? item.percent / 100 : gone(item) / (item.estimated || Infinity);
  return Math.min(0.97, Math.max(0, said));
}

function words(item) {
  const percent = item.percent > 0 && item.percent < 100 ? `, ${item.percent} %` : "";
  const late = gone(item) > item.estimated;
  const usual = !item.estimated ? "" : late ? `, longer than the usual ${duration(item.estimated)}` : ` of about ${duration(item.estimated)}`;
  return `${WORDS[item.status] ?? item.status}${percent}, ${duration(gone(item))}${usual}`;
}

// One for each model; its views share it.
export default () => {
  const items = new Map();
  const views = new Set();
  let said = "";

  function hear(content) {
    const heard = performance.now();
    if (content.type === "list") {
      items.clear();
      for (const item of content.items) items.set(item.key, { ...item, heard });
    } else if (content.type === "item") items.set(content.item.key, { ...content.item, heard });
    else if (content.type === "gone") items.delete(content.key);
    if (content.said) said = content.said;
    views.forEach((view) => view());
  }

  return {
    initialize({ model }) {
      model.on("msg:custom", hear);
    },
    render({ model, el }) {
      const root = put("div", "fox-live");
      const list = put("ul", "fox-rows", {}, { "aria-label": "Under way" });
      const status = put("p", "fox-status", {}, { role: "status" });
      const rows = new Map();
      guard(root);
      root.append(list, status);
      el.append(root);

      function make({ key }) {
        const row = { item: put("li", "fox-row"), title: put("bdi", "fox-title"), words: put("span", "fox-words"), note: put("span", "fox-note") };
        row.bar = put("progress", "fox-bar", { max: 100 });
        row.stop = put("button", "fox-stop", { type: "button", textContent: "Stop watching" });
        row.stop.title = "The gateway has no cancel: it is made and paid for, and will be in the history when it is ready.";
        row.stop.addEventListener("click", () => model.send({ type: "stop", key }));
        const text = put("div", "fox-what");
        text.append(row.title, row.words, row.bar, row.note);
        row.item.append(text, row.stop);
        return row;
      }

      function update(row, item) {
        row.title.textContent = item.title;
        row.words.textContent = words(item);
        row.note.textContent = item.note;
        row.note.hidden = !item.note;
        row.bar.value = share(item) * 100;
        row.bar.setAttribute("aria-label", `${item.title.slice(0, 80)}: ${WORDS[item.status] ?? item.status}`);
        row.stop.setAttribute("aria-label", `Stop watching: ${item.title.slice(0, 80)}`);
      }

      function tick() {
        for (const [key, row] of rows) if (items.has(key)) update(row, items.get(key));
      }

      function show() {
        for (const [key, row] of rows)
          if (!items.has(key)) {
            row.item.remove();
            rows.delete(key);
          }
        for (const [key, item] of items) {
          if (!rows.has(key)) {
            rows.set(key, make(item));
            list.prepend(rows.get(key).item);
          }
          update(rows.get(key), item);
        }
        list.hidden = !rows.size;
        if (status.textContent !== said) status.textContent = said;
      }

      const timer = setInterval(tick, TICK);
      views.add(show);
      show();
      return () => {
        clearInterval(timer);
        views.delete(show);
      };
    },
  };
};
