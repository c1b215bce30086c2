// The linked view: which part of a picture is seen. Pure arithmetic, the same for every pane.
//
// All pictures lie in one frame: each is fitted into it, as large as it goes, in the middle. So a 1K original and its 4K
// enhancement show the same spot, and pictures of other shapes are laid over each other by a rule that can be said.
// A view is {x, y, zoom}: the point of the frame in the middle of the pane, in fractions of its width and height, and
// how much larger than "the whole frame fits" it is drawn. Panes and rectangles are in device pixels.

/** @typedef {{x: number, y: number, zoom: number}} View */

/** @type {Readonly<View>} */
export const WHOLE = Object.freeze({ x: 0.5, y: 0.5, zoom: 1 });

const LARGEST_PIXEL = 24; // device pixels along the side of one picture pixel at the largest zoom

/** The frame of that width for height in which the largest picture has its own pixels. */
export function frameAround(largest, shape) {
  const width = Math.max(largest.width, largest.height * shape);
  return { width, height: width / shape };
}

/** How much `inner` grows to fit `outer`. */
export function fitScale(outer, inner) {
  return Math.min(outer.width / inner.width, outer.height / inner.height);
}

/** The zoom at which one unit of the frame, a pixel of the largest picture, is one device pixel. */
export function zoomOneToOne(pane, frame) {
  return 1 / fitScale(pane, frame);
}

/** The view, brought back within the frame and the limits of the zoom. */
export function clamped(view, pane, frame) {
  const most = Math.max(1, LARGEST_PIXEL / fitScale(pane, frame));
  const zoom = Math.min(most, Math.max(1, view.zoom));
  const margin = 0.5 / zoom;
  const within = (value) => Math.min(1 - margin, Math.max(margin, value));
  return { x: within(view.x), y: within(view.y), zoom };
}

/** The view moved by a distance in device pixels. */
export function panned(view, dx, dy, pane, frame) {
  const scale = fitScale(pane, frame) * view.zoom;
  return clamped(
    { x: view.x - dx / (frame.width * scale), y: view.y - dy / (frame.height * scale), zoom: view.zoom },
    pane,
    frame,
  );
}

/** The view zoomed by a factor, with the point of the frame at (px, py) of the pane staying where it is. */
export function zoomedAt(view, factor, px, py, pane, frame) {
  const before = fitScale(pane, frame) * view.zoom;
  const zoom = clamped({ ...view, zoom: view.zoom * factor }, pane, frame).zoom;
  const after = fitScale(pane, frame) * zoom;
  const shift = 1 / before - 1 / after;
  return clamped(
    {
      x: view.x + ((px - pane.width / 2) * shift) / frame.width,
      y: view.y + ((py - pane.height / 2) * shift) / frame.height,
      zoom,
    },
    pane,
    frame,
  );
}

/** Where the whole picture lies in the pane's coordinates; most of it may lie outside. */
export function placed(view, pane, picture, frame = picture) {
  const unit = fitScale(pane, frame) * view.zoom;
  const scale = unit * fitScale(frame, picture);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const left = Math.round(pane.width / 2 - view.x * frame.width * unit + (frame.width * unit - width) / 2);
  const top = Math.round(pane.height / 2 - view.y * frame.height * unit + (frame.height * unit - height) / 2);
  return { left, top, width, height, scale };
}

/** Whether two pictures have one shape, so that their pixels lie over each other; as in metrics.py. */
export function sameShape(one, other) {
  return Math.abs((one.width * other.height) / (one.height * other.width) - 1) <= 0.02;
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
