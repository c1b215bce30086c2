// Words between controls: HTML that was made and escaped in the kernel, like every output.
export default {
  render({ model, el }) {
    const root = put("div", "fox-html");
    root.innerHTML = model.get("html");
    el.append(root);
  },
};
