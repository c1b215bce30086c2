"""Least: how near to the goals any placing of looks at all can come, when the estimate may be right, or wrong by twice."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from bench.made_up import SIGMA

EARLY = 2
"""Looks that are made before any task of usual length is done."""
GETS, SHARE = 13, 0.05

_X = np.linspace(-3, 3, 601)
"""Logarithm of the time waited, as a part of the estimate."""
_STEP = _X[1] - _X[0]
_ESTIMATES = (0.0, -math.log(2), math.log(2))


def least_of_all() -> float:
    """Return the least that the worst of GETs and delays, for the three estimates, can be, as a multiple of the goals.

    Looks are a density over the logarithm of time: GETs are its integral under the curve of those still under way, the
    delay is half its inverse under the curve of those that end. For any weights of the six figures the best density is
    known (the root of the quotient of both curves), so what is left is to look for the weights.
    """
    ends = [np.exp(-(((_X - middle) / SIGMA) ** 2) / 2) / (SIGMA * math.sqrt(2 * math.pi)) for middle in _ESTIMATES]
    under_way = [1 - np.clip(np.cumsum(curve) * _STEP, 0, 1) for curve in ends]

    def worst(weights: NDArray[np.float64]) -> float:
        late = sum(weight * curve for weight, curve in zip(weights[:3], ends, strict=True))
        asked = sum(weight * curve for weight, curve in zip(weights[3:], under_way, strict=True))
        pause = np.clip(np.sqrt(np.maximum(asked, 1e-6) / np.maximum(late, 1e-12)), 0.01, 1.5)
        gets = [EARLY + float(np.sum(curve / np.log1p(pause)) * _STEP) for curve in under_way]
        delays = [float(np.sum(curve * pause / (2 + pause)) * _STEP) for curve in ends]
        return max(*(found / GETS for found in gets), *(found / SHARE for found in delays))

    starts = [np.array([4.0, 4.0, 4.0, 0.0, 0.0, 0.0]) + np.random.default_rng(n).normal(0, 1, 6) for n in range(6)]
    options = {"maxfev": 4000, "xatol": 1e-4, "fatol": 1e-5}
    found = [
        optimize.minimize(lambda logs: worst(np.exp(logs)), start, method="Nelder-Mead", options=options)
        for start in starts
    ]
    return min(float(one.fun) for one in found)
