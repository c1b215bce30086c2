"""Learning a figure from photos: the colours of face, hair and clothes, and how long the hair is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.colour import Colour, lightness
from fox_nb.sandbox.art.figure import LONG, SHORT, Figure, figure_from_id, invented
from fox_nb.sandbox.art.files import as_rgb

_SIDE = 128
_LIGHT_SHARE = 0.5  # the share of a photo's light on the face that is taken out of the skin's colour


def figure_from_photos(images: Iterable[Image.Image], profile_id: str) -> Figure:
    """Return the figure that photos of one person show.

    Parameters
    ----------
    images : iterable of Image
        The photos, in any mode; one that can't be read as a picture of a face counts little.
    profile_id : str
        The profile's id; what photos don't tell (the shape of the nose, the earrings) comes from it.
    """
    seen = [found for image in images if (found := _look(image)) is not None]
    if not seen:
        return figure_from_id(profile_id)
    skin, hair, clothes = (_middle([s[k] for s in seen]) for k in range(3))
    sides = float(np.median([s[3] for s in seen]))
    long_hair = sides > 0.3  # noqa: PLR2004 (share of hair colour beside the neck)
    base = invented(profile_id, soft=0.85 if long_hair else 0.2)
    styles = LONG[:4] if long_hair else SHORT[:4]
    return replace(
        base,
        skin=skin,
        hair=hair,
        clothes=clothes,
        style=styles[digest("style", profile_id) % 4],
        age=1.0 if lightness(hair) > 0.66 and _grey(hair) else 0.4,  # noqa: PLR2004
    )


def _grey(colour: Colour) -> bool:
    return max(colour) - min(colour) < 36  # noqa: PLR2004


def _middle(colours: list[Colour]) -> Colour:
    r, g, b = (int(v) for v in np.median(np.array(colours), axis=0))
    return r, g, b


def _look(image: Image.Image) -> tuple[Colour, Colour, Colour, float] | None:
    """Return skin, hair and clothes colour, and how much hair hangs beside the neck."""
    small = ImageOps.fit(as_rgb(image), (_SIDE, _SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    skin = _skin(pixels)
    middle = skin[20:90, 34:94]
    if middle.mean() < 0.06:  # noqa: PLR2004 (no face where a face would be)
        return None
    ys, xs = np.nonzero(skin[10:96, 24:104])
    ys, xs = ys + 10, xs + 24
    top, bottom = (int(v) for v in np.percentile(ys, (5, 92)))
    left, right = (int(v) for v in np.percentile(xs, (6, 94)))
    face = pixels[ys, xs]
    tone = np.percentile(face, 55, axis=0)
    above = pixels[max(0, top - 14) : max(1, top - 2), left + 4 : max(left + 5, right - 4)].reshape(-1, 3)
    hair = _dominant(above)
    foot = pixels[112:128, 40:88].reshape(-1, 3)
    clothes = _dominant(foot)
    low, high = min(127, bottom - 10), min(128, bottom + 8)
    beside = np.concatenate([pixels[low:high, max(0, left - 12) : left], pixels[low:high, right : right + 12]], axis=1)
    near = np.abs(beside.reshape(-1, 3) - np.array(hair)).max(1) < 42 if beside.size else np.zeros(1)  # noqa: PLR2004
    return _as_colour(tone), hair, clothes, float(near.mean())


def _skin(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return where a pixel has a skin's hue, from very fair to very dark."""
    r, g, b = (pixels[..., k] for k in range(3))
    cb = 128 - 0.169 * r - 0.331 * g + 0.5 * b
    cr = 128 + 0.5 * r - 0.419 * g - 0.081 * b
    return (cr > 134) & (cr < 180) & (cb > 76) & (cb < 128) & (r > 45) & (r > b)  # noqa: PLR2004


def _dominant(pixels: npt.NDArray[np.float32]) -> Colour:
    """Return the colour that most pixels are near to."""
    if len(pixels) == 0:
        return 90, 70, 60
    bins = (pixels // 32).astype(int) @ np.array((64, 8, 1))
    best = np.bincount(bins).argmax()
    return _as_colour(np.median(pixels[bins == best], axis=0))


def _as_colour(values: npt.NDArray[np.floating]) -> Colour:
    r, g, b = (int(v) for v in values)
    return r, g, b
