"""Learning a figure from photos: the colours of face, hair and clothes, how long the hair is, beard and glasses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.colour import Colour, to_lab
from fox_nb.sandbox.art.encoding import as_rgb
from fox_nb.sandbox.art.figure import LONG, SHORT, Figure, invented

_SIDE = 192
_MOST = 60  # photos that are looked at; more would teach nothing new
_NEAR = 46.0  # how far apart two colours may be to count as one, under changing light
Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Look:
    """What one photo shows."""

    skin: Pixels
    hair: list[tuple[Pixels, float]]
    clothes: list[tuple[Pixels, float]]
    beside: Pixels
    below: Pixels
    glasses: bool


def figure_from_photos(images: Iterable[Image.Image], profile_id: str) -> Figure:
    """Return the figure that photos of one person show.

    Parameters
    ----------
    images : iterable of Image
        The photos, in any mode; those without a face count for nothing.
    profile_id : str
        The profile's id; what photos don't tell (the shape of the nose, the earrings) comes from it.
    """
    looks = [look for _, image in zip(range(_MOST), images, strict=False) if (look := _look(image)) is not None]
    if not looks:
        return invented(profile_id)
    skin = np.median([look.skin for look in looks], axis=0)
    # a high forehead must not be taken for fair hair, nor the background for either
    unlike = 0.14 * float(skin.max())
    hair = _common([[(c, n) for c, n in look.hair if np.abs(c - skin).max() > unlike] for look in looks])
    clothes = _common([look.clothes for look in looks])
    hangs = np.median([_share(look.beside, hair, skin) for look in looks])
    bearded = np.median([_share(look.below, hair, skin) for look in looks])
    long_hair = bool(hangs > 0.3 and bearded < 0.3)  # shares of hair's colour beside the neck, below the mouth
    base = invented(
        profile_id, soft=0.85 if long_hair or (bearded < 0.1 and digest("soft", profile_id) % 3 == 0) else 0.2
    )
    styles = LONG[:4] if long_hair else SHORT[:5] if base.soft < 0.5 else ("bun", "ponytail", "crop")
    tone = _colour(hair)
    pale = to_lab(tone)[0] > 0.66 and max(tone) - min(tone) < 36  # grey and white hair
    return replace(
        base,
        skin=_colour(skin),
        hair=tone,
        clothes=_colour(clothes),
        style=styles[digest("style", profile_id) % len(styles)],
        beard=("full" if bearded > 0.55 else "short") if bearded > 0.3 else "",
        glasses=(base.glasses or "round") if np.mean([look.glasses for look in looks]) > 0.5 else "",
        age=1.0 if pale else 0.4,
    )


def _colour(values: npt.NDArray[np.floating]) -> Colour:
    """Return a colour as it would be in full light, which photos seldom have."""
    r, g, b = (min(255, int(v * 1.06)) for v in values)
    return r, g, b


def _look(image: Image.Image) -> _Look | None:
    """Return what a photo shows, or None if there is no face about its middle."""
    rgb = as_rgb(image)
    rows = round(_SIDE * min(1.5, max(1.0, rgb.height / rgb.width)))
    pixels = np.asarray(ImageOps.fit(rgb, (_SIDE, rows), Image.Resampling.BOX, centering=(0.5, 0.4)), np.float32)
    place = _face(pixels)
    if place is None:
        return None
    x, y, half = place
    skin = np.percentile(_part(pixels, (x - half * 0.55, y - half * 0.1, x + half * 0.55, y + half * 0.5)), 55, axis=0)
    crown = _part(pixels, (x - half * 0.55, y - half * 1.4, x + half * 0.55, y - half))  # above most foreheads
    chest = _part(pixels, (x - half * 2.0, rows * 0.9, x + half * 2.0, rows))  # wider than any scarf
    sides = [(x - half * 1.5, x - half * 1.1), (x + half * 1.1, x + half * 1.5)]
    beside = np.concatenate([_part(pixels, (a, y + half * 0.75, b, y + half * 1.5)) for a, b in sides])
    below = _part(pixels, (x - half * 0.45, y + half * 0.98, x + half * 0.45, y + half * 1.2))
    eyes = _part(pixels, (x - half * 0.14, y - half * 0.5, x + half * 0.14, y + half * 0.1), flat=False)
    bridge = float(eyes.mean(axis=2).min(axis=0).max()) if eyes.size else 255.0
    return _Look(skin, _dominant(crown), _dominant(chest), beside, below, bridge < 0.7 * float(skin.mean()))


def _part(pixels: Pixels, area: tuple[float, float, float, float], *, flat: bool = True) -> Pixels:
    """Return the pixels of an area, cut to the picture, as a list unless not `flat`."""
    rows, columns = pixels.shape[:2]
    x0, x1 = (round(min(max(v, 0), columns)) for v in area[::2])
    y0, y1 = (round(min(max(v, 0), rows)) for v in area[1::2])
    part = pixels[min(y0, rows - 1) : max(y1, y0 + 1), min(x0, columns - 1) : max(x1, x0 + 1)]
    return part.reshape(-1, 3) if flat else part


def _face(pixels: Pixels) -> tuple[float, float, float] | None:
    """Return the face's middle and half its width, in pixels."""
    r, g, b = (pixels[..., k] for k in range(3))
    cb = 128 - 0.169 * r - 0.331 * g + 0.5 * b
    cr = 128 + 0.5 * r - 0.419 * g - 0.081 * b
    hue = (cr > 133) & (cr < 182) & (cb > 74) & (cb < 130) & (r > 38) & (r > b)  # skins, very fair to very dark
    rows = len(pixels)
    v, u = np.mgrid[0:rows, 0:_SIDE]
    v, u = v / rows, u / _SIDE
    weight = hue * np.exp(-(((u - 0.5) / 0.16) ** 2) - ((v - 0.5) / 0.16) ** 2)
    total = float(weight.sum())
    if total < 60:  # pixels' worth of skin
        return None
    x, y = float((weight * u).sum() / total) * _SIDE, float((weight * v).sum() / total) * rows
    tone = np.median(_part(pixels, (x - 9, y + 2, x + 9, y + 16)), axis=0)
    same = np.abs(pixels - tone).max(axis=2) < 0.28 * float(tone.max())
    across = same[max(0, round(y) - 4) : round(y) + 14].sum(axis=1)
    return x, y, float(np.clip(np.median(across) / 2, _SIDE * 0.07, _SIDE * 0.24))


def _dominant(pixels: Pixels) -> list[tuple[Pixels, float]]:
    """Return up to four colours that many of the pixels are near to, each with its share."""
    if len(pixels) == 0:
        return []
    bins = (pixels // 28).astype(int) @ np.array((100, 10, 1))
    names, counts = np.unique(bins, return_counts=True)
    return [
        (np.median(pixels[bins == names[k]], axis=0).astype(np.float32), float(counts[k] / len(pixels)))
        for k in np.argsort(-counts, kind="stable")[:4]
    ]


def _common(seen: list[list[tuple[Pixels, float]]]) -> Pixels:
    """Return the colour that comes back in most photos, whatever stands behind the person."""
    best, best_score = np.array((90, 70, 60), np.float32), -1.0
    for candidate in (colour for photo in seen for colour, _ in photo):
        near = [[(c, s) for c, s in photo if np.abs(c - candidate).max() < _NEAR] for photo in seen]
        score = sum(min(0.5, sum(s for _, s in photo)) for photo in near)
        if score > best_score:
            together = [c * s for photo in near for c, s in photo]
            best_score = score
            best = (np.sum(together, axis=0) / sum(s for photo in near for _, s in photo)).astype(np.float32)
    return best


def _share(pixels: Pixels, colour: Pixels, other: Pixels) -> float:
    """Return the share of pixels that are near to a colour, and nearer to it than to another."""
    if not len(pixels):
        return 0.0
    far, far_other = (np.abs(pixels - c).max(axis=1) for c in (colour, other))
    return float(((far < _NEAR) & (far < far_other)).mean())
