// A stack: controls below each other.
export default {
  render({ model, el }) {
    const root = put("div", `fox-stack ${model.get("kind")}`);
    for (const id of model.children) model.draw(id, root);
    el.append(root);
  },
};
