// What the controls have in common: elements, keys that JupyterLab leaves to them, words for how long something takes.
const put = (tag, className, props = {}, attributes = {}) => {
  const element = Object.assign(document.createElement(tag), { className, ...props });
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
// JupyterLab would take Enter and the arrow keys for its cells; it looks at the very element that has the focus.
const guard = (root) => root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole < 600 && whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
