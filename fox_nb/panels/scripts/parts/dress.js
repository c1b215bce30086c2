// Dressing: the parts of a script, with the style that comes with them.

/** Return what gives a part by its name; the style stands in the page once, and in a shadow root, as marimo and Bokeh have them. */
export function dressed(parts, hash, style) {
  const id = `fox-nb-${hash}`;
  const dress = (root) => {
    if (root.getElementById(id)) return;
    const sheet = Object.assign(document.createElement("style"), { id, textContent: new TextDecoder().decode(style) });
    (root.head ?? root).append(sheet);
  };
  dress(document);
  return (name) => {
    const part = typeof parts[name] === "function" ? parts[name]() : parts[name];
    return {
      initialize: (given) => part.initialize?.(given),
      render(view) {
        // Only what has been put into the page and has a size knows in which root it stands.
        new ResizeObserver((_, seen) => {
          seen.disconnect();
          dress(view.el.getRootNode());
        }).observe(view.el);
        return part.render(view);
      },
    };
  };
}
