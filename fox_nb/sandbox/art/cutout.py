"""Finding the subject: a soft mask of what stands in front, guessed from colours, sharpness and place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from fox_nb.sandbox.art.fields import Field, averaged

_SIDE = 176  # the guess is made at this many pixels, then drawn along the picture's own edges at a finer size
_FINE = 512
_CLUSTERS = 20


def subject_mask(image: Image.Image) -> Image.Image:
    """Return a mask (``L``, the picture's size) that is white where the picture's subject is."""
    small = _fitted(image, _SIDE)
    rgb = np.asarray(small, np.float32) / 255
    rows, columns = rgb.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    u, v = (x + 0.5) / columns * 2 - 1, (y + 0.5) / rows
    # a sitter's place: a head in the upper middle, shoulders that fill the foot
    head = 1.2 - np.hypot(u / 0.5, (v - 0.42) / 0.42)
    shoulders = 1.15 - np.hypot(u / 0.95, (v - 1.12) / 0.5)
    place = np.clip(np.maximum(head, shoulders), -1.2, 1.0)
    border = (np.minimum(x, columns - 1 - x) < 0.09 * columns) & (v < 0.62) | (v < 0.08)  # noqa: PLR2004
    sharp = 0.4 * _sharpness(small, border)
    inside = place > 0.35  # noqa: PLR2004 (the sitter's very place)
    for _ in range(3):  # what was found in one look tells the next which colours belong to whom
        score = 0.8 * place + 1.25 * _colour_score(rgb, border, inside) + sharp
        inside = averaged(score.astype(np.float32), 2) > 0.25  # noqa: PLR2004
        border = border | (averaged(score.astype(np.float32), 2) < -0.6)  # noqa: PLR2004
    guide = _grey(small)
    rough = np.clip(_guided(guide, np.clip(score * 0.5 + 0.5, 0, 1), 5, 0.002), 0, 1)
    fine = _fitted(image, _FINE)
    wide = Image.fromarray((rough * 255).astype(np.uint8), "L").resize(fine.size, Image.Resampling.BICUBIC)
    edge = _guided(_grey(fine), np.asarray(wide, np.float32) / 255, 6, 0.0006)
    mask = np.clip((edge - 0.5) * 4.5 + 0.5, 0, 1)
    out = Image.fromarray((mask * 255).astype(np.uint8), "L").filter(ImageFilter.MedianFilter(5))
    return out.resize(image.size, Image.Resampling.BICUBIC)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    share = min(1.0, side / max(image.size))
    size = (max(8, round(image.width * share)), max(8, round(image.height * share)))
    return image.resize(size, Image.Resampling.BOX)


def _grey(image: Image.Image) -> Field:
    return np.asarray(image.convert("L"), np.float32) / 255


def _colour_score(rgb: Field, border: npt.NDArray[np.bool_], core: npt.NDArray[np.bool_]) -> Field:
    """Return how much more often a pixel's colour is met in the middle than along the border."""
    flat = rgb.reshape(-1, 3)
    order = np.argsort(flat @ np.array((0.3, 0.6, 0.1), np.float32), kind="stable")
    centres = flat[order[np.linspace(0, len(order) - 1, _CLUSTERS).astype(int)]]
    label = np.zeros(len(flat), int)
    for _ in range(7):
        label = ((flat[:, None, :] - centres[None]) ** 2).sum(2).argmin(1)
        for k in range(_CLUSTERS):
            if (label == k).any():
                centres[k] = flat[label == k].mean(0)
    inner = np.bincount(label[core.ravel()], minlength=_CLUSTERS) / max(1, core.sum())
    outer = np.bincount(label[border.ravel()], minlength=_CLUSTERS) / max(1, border.sum())
    ratio = np.log((inner + 0.01) / (outer + 0.01))
    return np.clip(ratio / 1.8, -1.2, 1.2)[label].reshape(rgb.shape[:2]).astype(np.float32)


def _sharpness(small: Image.Image, border: npt.NDArray[np.bool_]) -> Field:
    """Return where the picture is sharper than at its border, for what is out of focus lies behind."""
    grey = _grey(small)
    fine = np.abs(grey - averaged(grey, 1))
    level = np.sqrt(averaged(fine * fine, 6))
    return np.clip((level - np.median(level[border])) / (level.std() + 1e-4), -1, 1)


def _guided(guide: Field, field: Field, radius: int, keep: float) -> Field:
    """Return the field smoothed, except across edges of the guide (He's guided filter)."""
    mean_g, mean_f = averaged(guide, radius), averaged(field, radius)
    slope = (averaged(guide * field, radius) - mean_g * mean_f) / (averaged(guide * guide, radius) - mean_g**2 + keep)
    return averaged(slope, radius) * guide + averaged(mean_f - slope * mean_g, radius)
