// Words between controls: HTML that was made and escaped in the kernel, like every output.
export default {
  render({ model, el }) {
    const root = put("div", "fox-html");
    const show = () => (root.innerHTML = model.get("html"));
    model.on("change:html", show);
    show();
    el.append(root);
  },
};
