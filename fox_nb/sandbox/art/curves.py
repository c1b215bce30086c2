"""Shapes as arrays of points: smooth outlines, ellipses, strokes, and moving them about."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


def points(*pairs: tuple[float, float]) -> Points:
    """Return the pairs as one array."""
    return np.array(pairs, np.float64)


def smooth(knots: Points | Sequence[tuple[float, float]], *, closed: bool = True, steps: int = 10) -> Points:
    """Return a smooth line (Catmull-Rom) through all the knots."""
    k = np.asarray(knots, np.float64)
    ends = (k[-1:], k[:2]) if closed else (2 * k[:1] - k[1:2], 2 * k[-1:] - k[-2:-1])
    k = np.concatenate([ends[0], k, ends[1]])
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (k[i : len(k) - 3 + i, None, :] for i in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, k[-2:-1]])


def ellipse(x: float, y: float, rx: float, ry: float | None = None, *, steps: int = 48) -> Points:
    """Return an ellipse around (x, y)."""
    angle = np.linspace(0, 2 * math.pi, steps, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + (rx if ry is None else ry) * np.sin(angle)], axis=1)


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Return a rectangle."""
    return points((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def moved(shape: Points, x: float = 0, y: float = 0, *, size: float = 1, turn: float = 0, flip: bool = False) -> Points:
    """Return the shape scaled, mirrored, turned (radians) and then moved to (x, y)."""
    out = np.asarray(shape, np.float64) * ((-size, size) if flip else size)
    if turn:
        c, s = math.cos(turn), math.sin(turn)
        out = out @ np.array(((c, s), (-s, c)))
    return out + (x, y)


def ribbon(line: Points, widths: float | Sequence[float] | Points) -> Points:
    """Return the outline of a brush stroke along a line; the widths are spread along it."""
    line = np.asarray(line, np.float64)
    half = np.atleast_1d(np.asarray(widths, np.float64)) / 2
    half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(half)), half)
    along = np.concatenate([line[1:2] - line[:1], (line[2:] - line[:-2]) / 2, line[-1:] - line[-2:-1]])
    along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-12
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * half[:, None]
    return np.concatenate([line + side, (line - side)[::-1]])
