"""Small fields of numbers: averaging them over squares, which is what most looking at pictures needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]


def averaged(field: npt.ArrayLike, radius: int) -> Field:
    """Return the field averaged over squares that reach `radius` cells from their middle."""
    padded = np.pad(np.asarray(field, np.float64), radius + 1, mode="edge").cumsum(0).cumsum(1)
    n = 2 * radius + 1
    total = padded[n:-1, n:-1] - padded[: -n - 1, n:-1] - padded[n:-1, : -n - 1] + padded[: -n - 1, : -n - 1]
    return np.asarray(total / (n * n), np.float32)
