"""PNG colours: the ICC profile that a PNG's cICP, gAMA and cHRM chunks stand for, which browsers show it by."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_USUAL = 0.45455
"""The gAMA of nearly all PNGs: with the usual primaries it means sRGB, whose curve is not quite that power."""
_SLIGHTLY = 0.005
_SANE = 0.1, 10.0
_SRGB = 0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06
"""White, red, green and blue, each as x and y."""
_D65 = _SRGB[:2]
_PRIMARIES = {
    1: _SRGB,
    5: (*_D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    12: (*_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
"""By their numbers in H.273: sRGB's, PAL's, NTSC's, Rec. 2020's and Display P3's."""
_CURVES = {1: 1 / 2.4, 4: 1 / 2.2, 5: 1 / 2.8, 6: 1 / 2.4, 8: 1.0, 13: _USUAL, 14: 1 / 2.4, 15: 1 / 2.4}
"""As powers, by the same: those of television go by the power of its screens, as in browsers; PQ and HLG are none."""
_D50 = 0.9642, 1.0, 0.8249
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


CICP = "cicp"
"""Under which an image's `info` holds that chunk: numbers of H.273 for primaries, curve, matrix and range."""


def icc_of(image: Image.Image) -> bytes | None:
    """Return the ICC profile of an image in memory, by which alone Pillow shows it in a notebook."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


def profile_of(image: Image.Image) -> bytes | None:
    """Return the ICC profile that a picture's file brings, or that its chunks stand for; None means sRGB.

    As in browsers cICP counts first, then an ICC profile, then the chunk that says sRGB, then gAMA; cHRM alone counts
    for nothing. Pillow puts a PNG's texts among these, by whatever name they have.
    """
    info, profile = image.info, icc_of(image)
    gamma, places, cicp = info.get("gamma"), info.get("chromaticity"), info.get(CICP)
    if isinstance(cicp, bytes) and cicp[0] in _PRIMARIES and cicp[1] in _CURVES:
        gamma, places = _CURVES[cicp[1]], _PRIMARIES[cicp[0]]
    elif profile:
        return profile
    elif not isinstance(gamma, float) or not gamma or isinstance(info.get("srgb"), int):
        return None
    places = _checked(places)
    is_usual = abs(gamma - _USUAL) < _SLIGHTLY and np.allclose(places, _SRGB, atol=_SLIGHTLY)
    return None if is_usual or not _SANE[0] <= 1 / gamma <= _SANE[1] else _made(gamma, places)


def _checked(places: Any) -> tuple[float, ...]:
    """Return the places of white and of the primaries; sRGB's where there are none, or none that can be."""
    if not isinstance(places, tuple) or min(places[1::2]) <= 0:
        return _SRGB
    return tuple(places) if abs(np.linalg.det(_xyz(places[2:]))) > _SLIGHTLY else _SRGB


def _xyz(places: Any) -> Any:
    """Return the XYZ of one or more colours of Y 1, as columns."""
    return np.array([(x / y, 1, (1 - x - y) / y) for x, y in zip(places[::2], places[1::2], strict=True)]).T


@cache
def _made(gamma: float, places: tuple[float, ...]) -> bytes:
    """Make a profile of three primaries and one power, as version 2 of ICC's specification has them."""
    white, primaries = _xyz(places[:2])[:, 0], _xyz(places[2:])
    columns = primaries * np.linalg.solve(primaries, white)
    to_d50 = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white)) @ _BRADFORD
    red, green, blue = (to_d50 @ columns).T
    name = b"PNG\0"
    curve = struct.pack(">4s4xIH2x", b"curv", 1, round(256 / gamma))
    tags = {
        b"desc": struct.pack(">4s4xI", b"desc", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0" + name,
        b"wtpt": _number(_D50),
        b"rXYZ": _number(red),
        b"gXYZ": _number(green),
        b"bXYZ": _number(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for sign, data in tags.items():
        table += struct.pack(">4sII", sign, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x3i48x", start + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp", *_fixed(_D50)
    )
    return head + table + body


def _number(xyz: Any) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *_fixed(xyz))


def _fixed(numbers: Any) -> list[int]:
    return [round(float(number) * 65_536) for number in numbers]
