// Dressing: the style that comes with a script.

/** Put the style of all parts into the page, once. */
export function dress(hash, style) {
  const id = `fox-nb-${hash}`;
  if (document.getElementById(id)) return;
  document.head.append(
    Object.assign(document.createElement("style"), { id, textContent: new TextDecoder().decode(style) }),
  );
}
