// The linked view: which part of a picture is seen. Pure arithmetic, the same for every pane.
//
// A view is {x, y, zoom}: the point of the picture in the middle of the pane, in fractions of its width and height,
// and how much larger than "the whole picture fits" it is drawn. Fractions, so that a 1K original and its 4K
// enhancement show the same spot. Panes and rectangles are in device pixels.

/** @typedef {{x: number, y: number, zoom: number}} View */

/** @type {Readonly<View>} */
export const WHOLE = Object.freeze({ x: 0.5, y: 0.5, zoom: 1 });

const LARGEST_PIXEL = 24; // device pixels along the side of one picture pixel at the largest zoom

/** Device pixels for one pixel of the picture when the whole picture fits the pane. */
export function fitScale(pane, picture) {
  return Math.min(pane.width / picture.width, pane.height / picture.height);
}

/** The zoom at which one pixel of the picture is one device pixel. */
export function zoomOneToOne(pane, picture) {
  return 1 / fitScale(pane, picture);
}

/** The view, brought back within the picture and the limits of the zoom. */
export function clamped(view, pane, picture) {
  const most = Math.max(1, LARGEST_PIXEL / fitScale(pane, picture));
  const zoom = Math.min(most, Math.max(1, view.zoom));
  const margin = 0.5 / zoom;
  const within = (value) => Math.min(1 - margin, Math.max(margin, value));
  return { x: within(view.x), y: within(view.y), zoom };
}

/** The view moved by a distance in device pixels. */
export function panned(view, dx, dy, pane, picture) {
  const scale = fitScale(pane, picture) * view.zoom;
  return clamped(
    { x: view.x - dx / (picture.width * scale), y: view.y - dy / (picture.height * scale), zoom: view.zoom },
    pane,
    picture,
  );
}

/** The view zoomed by a factor, with the point of the picture at (px, py) of the pane staying where it is. */
export function zoomedAt(view, factor, px, py, pane, picture) {
  const before = fitScale(pane, picture) * view.zoom;
  const zoom = clamped({ ...view, zoom: view.zoom * factor }, pane, picture).zoom;
  const after = fitScale(pane, picture) * zoom;
  const shift = 1 / before - 1 / after;
  return clamped(
    {
      x: view.x + ((px - pane.width / 2) * shift) / picture.width,
      y: view.y + ((py - pane.height / 2) * shift) / picture.height,
      zoom,
    },
    pane,
    picture,
  );
}

/** Where the whole picture lies in the pane's coordinates; most of it may lie outside. */
export function placed(view, pane, picture) {
  const scale = fitScale(pane, picture) * view.zoom;
  const left = Math.round(pane.width / 2 - view.x * picture.width * scale);
  const top = Math.round(pane.height / 2 - view.y * picture.height * scale);
  return { left, top, width: picture.width * scale, height: picture.height * scale, scale };
}

/** The coarsest level that still has about a pixel for every device pixel. */
export function levelFor(scale, picture) {
  return Math.min(picture.levels - 1, Math.max(0, Math.round(-Math.log2(scale))));
}

/** The tiles of a level that a pane shows: [{x, y, left, top, width, height}], nearest to the middle first. */
export function tilesSeen(place, pane, picture, level) {
  const across = Math.ceil(picture.width / 2 ** level);
  const down = Math.ceil(picture.height / 2 ** level);
  // edges of the level's pixels on the screen; rounded once for both neighbours, so no seam shows between tiles
  const screenX = (x) => Math.round(place.left + (Math.min(x * picture.tile, across) / across) * place.width);
  const screenY = (y) => Math.round(place.top + (Math.min(y * picture.tile, down) / down) * place.height);
  const range = (start, length, pixels, size) => {
    const last = Math.ceil(pixels / picture.tile) - 1;
    const at = (position) => Math.floor((((position - start) / length) * pixels) / picture.tile);
    return [Math.max(0, at(0)), Math.min(last, at(size - 1))];
  };
  const [x0, x1] = range(place.left, place.width, across, pane.width);
  const [y0, y1] = range(place.top, place.height, down, pane.height);
  const tiles = [];
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const left = screenX(x);
      const top = screenY(y);
      tiles.push({ x, y, left, top, width: screenX(x + 1) - left, height: screenY(y + 1) - top });
    }
  }
  const away = (tile) =>
    Math.hypot(tile.left + tile.width / 2 - pane.width / 2, tile.top + tile.height / 2 - pane.height / 2);
  return tiles.sort((a, b) => away(a) - away(b));
}
