// What every control needs of the page: elements, and keys that JupyterLab leaves to them.
const put = (tag, className, props = {}, attributes = {}) => {
  const element = Object.assign(document.createElement(tag), { className, ...props });
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
// JupyterLab would take Enter and the arrow keys for its cells; it looks at the very element that has the focus.
const guard = (root) => root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
