"""Finding the subject: a soft mask of what stands in front, guessed from colours, sharpness and place."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from fox_nb.sandbox.art.fields import Field, averaged

_SIDE = 176  # the guess is made at this many pixels, then drawn along the picture's own edges at a finer size
_FINE = 512
_CLUSTERS = 32


def subject_mask(image: Image.Image) -> Image.Image:
    """Return a mask (``L``, the picture's size) that is white where the picture's subject is."""
    small = _fitted(image, _SIDE)
    rgb = np.asarray(np.asarray(small) / 255, np.float32)
    rows, columns = rgb.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    u, v = (x + 0.5) / columns * 2 - 1, (y + 0.5) / rows
    # a sitter's place: a head in the upper middle, shoulders that fill the foot
    head = 1.1 - np.hypot(u / 0.42, (v - 0.44) / 0.42)
    shoulders = 1.05 - np.hypot(u / 0.86, (v - 1.12) / 0.45)
    place = np.clip(np.maximum(head, shoulders), -1.3, 0.9)
    border = (np.minimum(x, columns - 1 - x) < 0.09 * columns) & (v < 0.78) | (v < 0.08)
    label = _clusters(rgb)
    sharp = 0.35 * _sharpness(small, border)
    inside = place > 0.35  # the sitter's very place
    score = place
    for _ in range(4):  # what was found in one look tells the next which colours belong to whom
        score = averaged(0.9 * place + 1.4 * _ratio(label, border, inside) + sharp, 1)
        inside, border = score > 0.3, border | (score < -0.5)
    score = np.where(_joined(score > 0, place > 0.6), score, -1.0)  # what hangs together with the middle
    guide = _grey(small)
    rough = np.clip(_guided(guide, np.clip(score * 0.5 + 0.5, 0, 1), 5, 0.002), 0, 1)
    fine = _fitted(image, _FINE)
    wide = Image.fromarray((rough * 255).astype(np.uint8), "L").resize(fine.size, Image.Resampling.BICUBIC)
    edge = _guided(_grey(fine), np.asarray(np.asarray(wide) / 255, np.float32), 6, 0.0006)
    mask = np.clip((edge - 0.5) * 4.5 + 0.5, 0, 1)
    out = Image.fromarray((mask * 255).astype(np.uint8), "L").filter(ImageFilter.MedianFilter(5))
    return out.resize(image.size, Image.Resampling.BICUBIC)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    share = min(1.0, side / max(image.size))
    size = (max(8, round(image.width * share)), max(8, round(image.height * share)))
    return image.resize(size, Image.Resampling.BOX)


def _grey(image: Image.Image) -> Field:
    return np.asarray(np.asarray(image.convert("L")) / 255, np.float32)


def _clusters(rgb: Field) -> npt.NDArray[np.intp]:
    """Return for each pixel which of the picture's main colours it is nearest to (k-means, from fixed starts)."""
    flat = rgb.reshape(-1, 3)
    sample = flat[::7]
    order = np.argsort(sample @ np.array((0.3, 0.6, 0.1), np.float32), kind="stable")
    centres = sample[order[np.linspace(0, len(order) - 1, _CLUSTERS).astype(int)]].copy()
    for _ in range(7):
        near = _nearest(sample, centres)
        for k in range(_CLUSTERS):
            if (near == k).any():
                centres[k] = sample[near == k].mean(0)
    return _nearest(flat, centres).reshape(rgb.shape[:2])


def _nearest(flat: Field, centres: Field) -> npt.NDArray[np.intp]:
    far: Field = (centres**2).sum(1)[None, :] - 2 * flat @ centres.T
    return np.asarray(far.argmin(axis=1), np.intp)


def _ratio(label: npt.NDArray[np.intp], border: npt.NDArray[np.bool_], core: npt.NDArray[np.bool_]) -> Field:
    """Return how much more often a pixel's colour is met in the core than along the border."""
    inner = np.bincount(label[core], minlength=_CLUSTERS) / max(1, core.sum())
    outer = np.bincount(label[border], minlength=_CLUSTERS) / max(1, border.sum())
    ratio = np.log((inner + 0.008) / (outer + 0.008))
    return np.asarray(np.clip(ratio / 1.6, -1.2, 1.2)[label], np.float32)


def _joined(mask: npt.NDArray[np.bool_], seed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the parts of the mask that touch the seed, however roundabout."""
    found = mask & seed
    while True:
        wider = found.copy()
        wider[1:] |= found[:-1]
        wider[:-1] |= found[1:]
        wider[:, 1:] |= wider[:, :-1]
        wider[:, :-1] |= wider[:, 1:]
        wider &= mask
        if (wider == found).all():
            return found
        found = wider


def _sharpness(small: Image.Image, border: npt.NDArray[np.bool_]) -> Field:
    """Return where the picture is sharper than at its border, for what is out of focus lies behind."""
    grey = _grey(small)
    fine = np.abs(grey - averaged(grey, 1))
    level = np.sqrt(averaged(fine * fine, 6))
    return np.asarray(np.clip((level - np.median(level[border])) / (level.std() + 1e-4), -1, 1), np.float32)


def _guided(guide: Field, field: Field, radius: int, keep: float) -> Field:
    """Return the field smoothed, except across edges of the guide (He's guided filter)."""
    mean_g, mean_f = averaged(guide, radius), averaged(field, radius)
    slope = (averaged(guide * field, radius) - mean_g * mean_f) / (averaged(guide * guide, radius) - mean_g**2 + keep)
    return averaged(slope, radius) * guide + averaged(mean_f - slope * mean_g, radius)
