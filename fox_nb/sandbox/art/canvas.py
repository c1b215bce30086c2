"""The canvas: fills smooth-edged shapes at the picture's real size, however large that is.

Places are given in units in which the picture's area is 1, so that a drawing keeps its composition when only the
number of pixels changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fox_nb.sandbox.art.chance import Floats
from fox_nb.sandbox.art.colour import Array, Colour, ramp
from fox_nb.sandbox.art.curves import Points

_BAND = 512  # pixels: no more rows than this are held several times as large with all of their colours
_FINE = 1600  # above this many pixels a side, two samples a pixel are enough; below it, three
_GLOW = Image.radial_gradient("L").point([round(255 * max(0, 1 - v / 180) ** 2) for v in range(256)])
"""A light's strength, round: Pillow's gradient is 180 in the middle of each side."""


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

    def fill(self, shapes: Points | Sequence[Points], paint: Paint, *, line: float = 0, alpha: float = 1,
             blur: float = 0, mode: str = "", inside: Points | None = None) -> None:  # fmt: skip
        """Fill shapes (lists of points in units) with paint.

        Parameters
        ----------
        shapes : array or list of arrays
            One shape, or several that share the paint; they don't darken each other where they overlap.
        paint : Colour or Fade
            What to fill with.
        line : float
            Above 0 the shapes are lines of this width, in units.
        alpha : float
            Opacity, 0..1.
        blur : float
            Softness of the edge, in units.
        mode : str
            ``"screen"`` adds light; empty covers.
        inside : array, optional
            A shape that nothing is painted outside of.
        """
        group = [shapes] if isinstance(shapes, np.ndarray) else list(shapes)
        if not group or alpha <= 0:
            return
        soft = blur * self.unit >= 1
        reach = (2.5 * blur if soft else 0) + line + 1 / self.unit
        first, last = _corners(group)
        first, last = first - reach, last + reach
        if inside is not None:
            first, last = np.maximum(first, inside.min(axis=0)), np.minimum(last, inside.max(axis=0))
        area = self._box(*first, *last)
        if area is None:
            return
        mask = self._blurred(group, area, blur, line) if soft else self._raster(group, area, line)
        if inside is not None:
            mask = ImageChops.multiply(mask, self._raster([inside], area, 0))
        self._lay(mask.point([round(v * alpha) for v in range(256)]) if alpha < 1 else mask, area, paint, mode)

    def patches(self, shapes: Sequence[Points], colours: Sequence[Colour]) -> None:
        """Fill many shapes, each with a colour of its own, one over the other: quicker than one after the other."""
        area, fine = self._box(*np.concatenate(_corners(shapes))) or (0, 0, 0, 0), self._fine
        for top in range(area[1], area[3], _BAND):
            band = (area[0], top, area[2], min(top + _BAND, area[3]))
            size = ((band[2] - band[0]) * fine, (band[3] - band[1]) * fine)
            layer = self.image.crop(band).resize(size, Image.Resampling.NEAREST)
            _draw(layer, shapes, self.unit * fine, np.array(band[:2]) * fine, colours)
            self.image.paste(layer.reduce(fine), band)

    def ground(self, heights: Floats, paint: Paint, *, bottom: float | None = None, alpha: float = 1) -> None:
        """Fill everything below a skyline given as heights (units from the top) spread evenly over the width."""
        end = self.h if bottom is None else bottom
        xs = np.linspace(-0.002, self.w + 0.002, len(heights))
        self.fill(np.concatenate([np.stack([xs, heights], 1), [(xs[-1], end), (xs[0], end)]]), paint, alpha=alpha)

    # -- light and soft things ------------------------------------------------------------------------------------

    def soft(self, picture: Array | Floats) -> None:
        """Cover the whole canvas with a small picture (rows, columns, 3; values 0..255), enlarged smoothly."""
        small = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), "RGB")
        self.image = small.resize(self.size, Image.Resampling.BICUBIC)

    def veil(self, strength: Floats | Array, colour: Colour) -> None:
        """Lay a colour over the canvas, as strong (0..1) as a small field says at each place."""
        small = Image.fromarray(np.clip(np.asarray(strength) * 255, 0, 255).astype(np.uint8), "L")
        mask = small.resize(self.size, Image.Resampling.BICUBIC)
        self._lay(mask, (0, 0, *self.size), colour, "")

    def glow(self, x: float, y: float, radius: float, colour: Colour, *, alpha: float = 1) -> None:
        """Add a round glow that fades out towards `radius` units."""
        area = self._box(x - radius, y - radius, x + radius, y + radius)
        if area is None:
            return
        corner, scale = np.array((x - radius, y - radius)), _GLOW.width / (2 * radius)
        window = np.clip((np.reshape(area, (2, 2)) / self.unit - corner) * scale, 0, _GLOW.width)
        size = (area[2] - area[0], area[3] - area[1])
        mask = _GLOW.resize(size, Image.Resampling.BICUBIC, box=tuple(window.ravel().tolist()))
        self._lay(mask.point([round(v * alpha) for v in range(256)]), area, colour, "screen")

    # -- how it is done -------------------------------------------------------------------------------------------

    def _box(self, x0: float, y0: float, x1: float, y1: float) -> Box | None:
        u, (w, h) = self.unit, self.size
        left, top = max(0, math.floor(x0 * u)), max(0, math.floor(y0 * u))
        right, bottom = min(w, math.ceil(x1 * u) + 1), min(h, math.ceil(y1 * u) + 1)
        return None if right <= left or bottom <= top else (left, top, right, bottom)

    def _raster(self, shapes: Sequence[Points], area: Box, line: float) -> Image.Image:
        """Return the mask of shapes in an area, several samples averaged for each pixel."""
        fine = self._fine
        mask = Image.new("L", ((area[2] - area[0]) * fine, (area[3] - area[1]) * fine))
        _draw(mask, shapes, self.unit * fine, np.array(area[:2]) * fine, [255] * len(shapes), line)
        return mask.reduce(fine)

    def _blurred(self, shapes: Sequence[Points], area: Box, blur: float, line: float) -> Image.Image:
        """Return the blurred mask of shapes in an area, drawn small: it needs no more pixels than its softness."""
        scale = 3 / (blur * self.unit)
        rim = math.ceil(2.5 * blur * self.unit)
        wide, tall = area[2] - area[0], area[3] - area[1]
        mask = Image.new("L", (math.ceil((wide + 2 * rim) * scale), math.ceil((tall + 2 * rim) * scale)))
        _draw(mask, shapes, self.unit * scale, (np.array(area[:2]) - rim) * scale, [255] * len(shapes), line)
        window = (rim * scale, rim * scale, (rim + wide) * scale, (rim + tall) * scale)
        return mask.filter(ImageFilter.GaussianBlur(3)).resize((wide, tall), Image.Resampling.BILINEAR, box=window)

    def _colours(self, paint: Paint, area: Box) -> Image.Image:
        w, h = area[2] - area[0], area[3] - area[1]
        if not isinstance(paint, Fade):
            return Image.new("RGB", (w, h), paint)
        first, last = (area[0], area[2]) if paint.across else (area[1], area[3])
        places = (np.arange(first, last) / self.unit - paint.start) / (paint.end - paint.start or 1e-9)
        row = _steps(paint.first, paint.last)[(np.clip(places, 0, 1) * 1023).astype(int)]
        strip = Image.fromarray(row[None, :, :] if paint.across else row[:, None, :], "RGB")
        return strip.resize((w, h), Image.Resampling.NEAREST)

    def _lay(self, mask: Image.Image, area: Box, paint: Paint, mode: str) -> None:
        if not mode and not isinstance(paint, Fade):
            self.image.paste(paint, area, mask)
            return
        layer = self._colours(paint, area)
        if mode:
            layer = ImageChops.screen(self.image.crop(area), layer)
        self.image.paste(layer, area, mask)


def _corners(shapes: Sequence[Points]) -> tuple[Points, Points]:
    """Return the upper left and the lower right corner of the box around shapes."""
    every = np.concatenate(shapes)
    return every.min(axis=0), every.max(axis=0)


def _draw(image: Image.Image, shapes: Sequence[Points], scale: float, corner: Floats, inks: Sequence[int | Colour],
          line: float = 0) -> None:  # fmt: skip
    """Draw shapes (in units of `scale` samples) into an image whose upper left corner is at `corner`, in samples."""
    draw = ImageDraw.Draw(image)
    thick = max(1, round(line * scale))
    every, end = (np.concatenate(shapes) * scale - corner - 0.5).ravel().tolist(), 0
    for shape, ink in zip(shapes, inks, strict=True):
        flat = every[end : (end := end + 2 * len(shape))]
        if line:
            # corners need rounding only where they are sharp, and gaps only show in thick lines
            joint = "curve" if thick > 2 and (len(shape) < 9 or thick > 24) else None
            draw.line(flat, fill=ink, width=thick, joint=joint)
        else:
            draw.polygon(flat, fill=ink)


@lru_cache(maxsize=256)
def _steps(first: Colour, last: Colour) -> npt.NDArray[np.uint8]:
    """Return 1024 steps from one colour to another."""
    return np.rint(ramp([(0, first), (1, last)], 1024)).astype(np.uint8)
