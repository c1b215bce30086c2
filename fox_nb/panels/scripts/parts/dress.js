// Dressing: the style that comes with a script.

/** Put the style of all parts into the page, once; into a shadow root, too: marimo and Bokeh show a widget in one. */
export function dress(hash, style, root = document) {
  const id = `fox-nb-${hash}`;
  if (root.getElementById(id)) return;
  const sheet = Object.assign(document.createElement("style"), { id, textContent: new TextDecoder().decode(style) });
  (root.head ?? root).append(sheet);
}
