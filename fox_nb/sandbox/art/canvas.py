"""The canvas: fills smooth-edged shapes at the picture's real size, however large that is.

Places are given in units in which the picture's area is 1, so that a drawing keeps its composition when only the
number of pixels changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fox_nb.sandbox.art.chance import Floats
from fox_nb.sandbox.art.colour import Array, Colour, ramp
from fox_nb.sandbox.art.curves import Points

_FINE = 1600  # above this many pixels a side, two samples a pixel are enough; below it, three


@dataclass(frozen=True)
class Fade:
    """A gradient between two places: `first` up to `start`, `last` from `end` on.

    The places are units down the picture, or across it with `across`.
    """

    first: Colour
    last: Colour
    start: float
    end: float
    across: bool = False


Paint = Colour | Fade
Box = tuple[int, int, int, int]


class Canvas:
    """A picture in the making.

    Parameters
    ----------
    size : tuple of int
        Width and height in pixels.
    ground : Colour
        What the picture is filled with at first.

    Attributes
    ----------
    w, h : float
        Width and height in units (their product is 1).
    unit : float
        Pixels in a unit.
    """

    def __init__(self, size: tuple[int, int], ground: Colour = (0, 0, 0)) -> None:
        self.size = size
        self.unit = math.sqrt(size[0] * size[1])
        self.w, self.h = size[0] / self.unit, size[1] / self.unit
        self.image = Image.new("RGB", size, ground)
        self._fine = 2 if max(size) > _FINE else 3

    # -- shapes ---------------------------------------------------------------------------------------------------

    def fill(self, shapes: Points | Sequence[Points], paint: Paint, *, alpha: float = 1, blur: float = 0,
             mode: str = "", inside: Points | None = None) -> None:  # fmt: skip
        """Fill shapes (lists of points in units) with paint.

        Parameters
        ----------
        shapes : array or list of arrays
            One shape, or several that share the paint; they don't darken each other where they overlap.
        paint : Colour or Fade
            What to fill with.
        alpha : float
            Opacity, 0..1.
        blur : float
            Softness of the edge, in units.
        mode : str
            ``"screen"`` adds light, ``"multiply"`` takes it away; empty covers.
        inside : array, optional
            A shape that nothing is painted outside of.
        """
        self._paint(shapes, paint, alpha, blur, mode, inside, 0)

    def stroke(self, lines: Points | Sequence[Points], width: float, paint: Paint, *, alpha: float = 1,
               blur: float = 0, mode: str = "", inside: Points | None = None) -> None:  # fmt: skip
        """Draw lines of one width (units); the rest is as in `fill`."""
        self._paint(lines, paint, alpha, blur, mode, inside, width)

    def ground(self, heights: Floats, paint: Paint, *, bottom: float | None = None, alpha: float = 1) -> None:
        """Fill everything below a skyline given as heights (units from the top) spread evenly over the width."""
        low, high = float(np.min(heights)), float(np.max(heights))
        end = self.h if bottom is None else bottom
        xs = np.linspace(-0.002, self.w + 0.002, len(heights))
        split = min(end, high + 2 / self.unit)
        edge = np.concatenate([np.stack([xs, heights], 1), [(xs[-1], split), (xs[0], split)]])
        row = math.ceil(split * self.unit)
        window = np.array([(0, low - 0.01), (self.w, low - 0.01), (self.w, row / self.unit), (0, row / self.unit)])
        edge[-2:, 1] = row / self.unit
        self.fill(edge, paint, alpha=alpha, inside=window if low < 0 else None)
        last = min(self.size[1], round(end * self.unit))
        if last > row:
            area = (0, max(0, row), self.size[0], last)
            if alpha >= 1:
                self.image.paste(self._colours(paint, area), area)
            else:
                mask = Image.new("L", (area[2] - area[0], area[3] - area[1]), round(255 * alpha))
                self._lay(mask, area, paint, "")

    # -- light and soft things ------------------------------------------------------------------------------------

    def soft(self, picture: Array, mode: str = "") -> None:
        """Lay a small picture (rows, columns, 3; values 0..255) over the whole canvas, enlarged smoothly."""
        small = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), "RGB")
        layer = small.resize(self.size, Image.Resampling.BICUBIC)
        self.image = blend(self.image, layer, mode)

    def veil(self, strength: Floats | Array, colour: Colour, mode: str = "") -> None:
        """Lay a colour over the canvas, as strong (0..1) as a small field says at each place."""
        small = Image.fromarray(np.clip(np.asarray(strength) * 255, 0, 255).astype(np.uint8), "L")
        mask = small.resize(self.size, Image.Resampling.BICUBIC)
        self._lay(mask, (0, 0, *self.size), colour, mode)

    def glow(self, x: float, y: float, radius: float, colour: Colour, *, alpha: float = 1, mode: str = "screen",
             power: float = 2.0) -> None:  # fmt: skip
        """Add a round glow that fades out towards `radius` units."""
        area = self._box(x - radius, y - radius, x + radius, y + radius)
        if area is None:
            return
        side = 96
        px = (np.linspace(area[0], area[2], side) / self.unit - x) / radius
        py = (np.linspace(area[1], area[3], side) / self.unit - y) / radius
        far = np.sqrt(px[None, :] ** 2 + py[:, None] ** 2)
        strength = np.clip(1 - far, 0, 1) ** power * alpha
        small = Image.fromarray((strength * 255).astype(np.uint8), "L")
        mask = small.resize((area[2] - area[0], area[3] - area[1]), Image.Resampling.BICUBIC)
        self._lay(mask, area, colour, mode)

    def dim(self, strength: float, colour: Colour = (0, 0, 0)) -> None:
        """Cover the whole canvas with a thin veil of one colour."""
        self.image = Image.blend(self.image, Image.new("RGB", self.size, colour), strength)

    # -- how it is done -------------------------------------------------------------------------------------------

    def _paint(self, shapes: Points | Sequence[Points], paint: Paint, alpha: float, blur: float, mode: str,
               inside: Points | None, line: float) -> None:  # fmt: skip
        group = [shapes] if isinstance(shapes, np.ndarray) else list(shapes)
        if not group or alpha <= 0:
            return
        made = self._mask(group, blur, inside, line)
        if made is not None:
            mask, area = made
            if alpha < 1:
                mask = mask.point([round(v * alpha) for v in range(256)])
            self._lay(mask, area, paint, mode)

    def _box(self, x0: float, y0: float, x1: float, y1: float) -> Box | None:
        u, (w, h) = self.unit, self.size
        left, top = max(0, math.floor(x0 * u)), max(0, math.floor(y0 * u))
        right, bottom = min(w, math.ceil(x1 * u) + 1), min(h, math.ceil(y1 * u) + 1)
        return None if right <= left or bottom <= top else (left, top, right, bottom)

    def _mask(self, shapes: list[Points], blur: float, inside: Points | None,
              line: float) -> tuple[Image.Image, Box] | None:  # fmt: skip
        low = np.min([s.min(axis=0) for s in shapes], axis=0)
        high = np.max([s.max(axis=0) for s in shapes], axis=0)
        pad = 2.5 * blur + line + 1 / self.unit
        low, high = low - pad, high + pad
        if inside is not None:
            low, high = np.maximum(low, inside.min(axis=0)), np.minimum(high, inside.max(axis=0))
        area = self._box(low[0], low[1], high[0], high[1])
        if area is None:
            return None
        w, h = area[2] - area[0], area[3] - area[1]
        if blur * self.unit < 1:
            mask = self._raster(shapes, area, self._fine, line)
        else:
            # a blurred edge needs no more pixels than its own softness
            scale = min(1.0, 3 / (blur * self.unit))
            edge = math.ceil(2.5 * blur * self.unit)
            wide = (area[0] - edge, area[1] - edge, area[2] + edge, area[3] + edge)
            rough = self._raster(shapes, wide, scale, line)
            rough = rough.filter(ImageFilter.GaussianBlur(blur * self.unit * scale))
            sx, sy = rough.width / (w + 2 * edge), rough.height / (h + 2 * edge)
            window = (edge * sx, edge * sy, (edge + w) * sx, (edge + h) * sy)
            mask = rough.resize((w, h), Image.Resampling.BILINEAR, box=window)
        if inside is not None:
            mask = ImageChops.multiply(mask, self._raster([inside], area, self._fine, 0))
        return mask, area

    def _raster(self, shapes: list[Points], area: Box, scale: float, line: float) -> Image.Image:
        """Draw shapes in an area with `scale` samples a pixel; more than one are averaged."""
        w, h = area[2] - area[0], area[3] - area[1]
        mw, mh = max(1, round(w * scale)), max(1, round(h * scale))
        mask = Image.new("L", (mw, mh))
        draw = ImageDraw.Draw(mask)
        grow = np.array((mw / w, mh / h))
        thick = max(1, round(line * self.unit * grow[0]))
        for shape in shapes:
            flat = ((shape * self.unit - area[:2]) * grow - 0.5).ravel().tolist()
            if line:
                draw.line(flat, fill=255, width=thick, joint="curve" if thick > 2 else None)  # noqa: PLR2004
            else:
                draw.polygon(flat, fill=255)
        return mask.reduce(int(scale)) if scale > 1 else mask

    def _colours(self, paint: Paint, area: Box) -> Image.Image:
        w, h = area[2] - area[0], area[3] - area[1]
        if not isinstance(paint, Fade):
            return Image.new("RGB", (w, h), paint)
        first, last = (area[0], area[2]) if paint.across else (area[1], area[3])
        places = (np.arange(first, last) / self.unit - paint.start) / (paint.end - paint.start or 1e-9)
        table = ramp([(0, paint.first), (1, paint.last)], 1024)
        row = np.rint(table[(np.clip(places, 0, 1) * 1023).astype(int)]).astype(np.uint8)
        strip = Image.fromarray(row[None, :, :] if paint.across else row[:, None, :], "RGB")
        return strip.resize((w, h), Image.Resampling.NEAREST)

    def _lay(self, mask: Image.Image, area: Box, paint: Paint, mode: str) -> None:
        if not mode and not isinstance(paint, Fade):
            self.image.paste(paint, area, mask)
            return
        layer = self._colours(paint, area)
        if mode:
            layer = blend(self.image.crop(area), layer, mode)
        self.image.paste(layer, area, mask)


def blend(under: Image.Image, over: Image.Image, mode: str) -> Image.Image:
    """Return two pictures of one size laid on each other: covering, ``screen``, ``multiply`` or ``soft``."""
    if mode == "screen":
        return ImageChops.screen(under, over)
    if mode == "multiply":
        return ImageChops.multiply(under, over)
    if mode == "soft":
        return ImageChops.soft_light(under, over)
    return over
