"""A face: head, ears, eyes, brows, nose and mouth, glasses and beard."""

# ruff: noqa: PLR2004, RUF005
# (a drawing is made of numbers, and a pair that is added to points moves them)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb, saturated
from fox_nb.sandbox.art.curves import Points, ellipse, points, ribbon, round_box, smooth

if TYPE_CHECKING:
    from fox_nb.sandbox.art.sitter import Sitter


def outline(s: Sitter) -> Points:
    """Return the head's outline on the canvas."""
    f, w = s.figure, s.wide
    jaw = w * (0.83 - 0.1 * f.soft + 0.08 * (1 - f.jaw) * (1 - f.soft))
    chin = 0.98 + 0.05 * f.length - 0.05 * (f.age < 0.3)
    tip = 0.2 + 0.1 * (1 - f.soft) * (1 - f.jaw)
    return s.shape([
        (0, -1.0), (0.42, -0.94), (w * 0.92, -0.6), (w, -0.1), (w * 0.97, 0.25), (jaw, 0.62), (0.36, 0.88), (tip, chin),
        (0, chin + 0.025), (-tip, chin), (-0.36, 0.88), (-jaw, 0.62), (-w * 0.97, 0.25), (-w, -0.1),
        (-w * 0.92, -0.6), (-0.42, -0.94),
    ])  # fmt: skip


def ears(s: Sitter) -> None:
    """Draw the ears, where hair does not hide them."""
    for side in (-1, 1):
        x = side * (s.wide + 0.03 - 0.05 * abs(s.pose.turn) - 0.1 * max(0.0, side * s.pose.turn))
        s.fill(s.at(ellipse(x, 0.12, 0.12, 0.2)), s.lit_fade(s.skin, 0.08))
        s.stroke(s.at(smooth([(x - 0.02 * side, 0.0), (x + 0.05 * side, 0.05), (x + 0.02 * side, 0.2)], closed=False)),
                 0.025, s.shadow, alpha=0.8)  # fmt: skip
        if s.figure.earrings:
            s.fill(s.at(ellipse(x, 0.38, 0.05)), s.light.lit(rgb("#e8c15a")))
            s.fill(s.at(ellipse(x - 0.015, 0.365, 0.015)), rgb("#fff6dc"))


def head(s: Sitter, face: Points) -> None:
    """Draw the head with soft light and shade."""
    f, side = s.figure, s.pose.side
    s.fill(face, s.lit_fade(s.skin, 0.07))
    away = -side
    dim = [
        (away * 0.26, -0.8),
        (away * 0.42, -0.2),
        (away * 0.5, 0.3),
        (away * 0.3, 1.1),
        (away * 1.2, 1.1),
        (away * 1.2, -0.9),
    ]
    s.fill(s.shape(dim), s.shadow, alpha=0.42, blur=0.13, inside=face)
    s.fill(s.at(ellipse(0, 1.04, 0.5, 0.14)), s.shadow, alpha=0.35, blur=0.08, inside=face)
    s.fill(s.at(ellipse(side * 0.28, -0.45, 0.34, 0.26), 0.6), s.glint, alpha=0.4, blur=0.12, inside=face)
    s.fill(s.at(ellipse(side * 0.4, 0.3, 0.16, 0.12), 0.8), s.glint, alpha=0.4, blur=0.07, inside=face)
    blush = mix(saturated(s.skin, 1.5), rgb("#d9534a"), 0.38)
    for k in (-1, 1):
        s.fill(s.at(ellipse(k * 0.41, 0.37, 0.2, 0.15), 0.7), blush, alpha=0.2 + 0.16 * f.soft, blur=0.09, inside=face)
        s.fill(s.at(ellipse(k * 0.3, 0.02, 0.2, 0.13), 0.8), s.shadow, alpha=0.32, blur=0.05, inside=face)
    if f.freckles:
        rng = stream("freckles", f.id)
        spots = [
            s.at(ellipse(x, y, 0.012 + 0.01 * r, steps=8), 0.8)
            for x, y, r in zip(rng.normal(0, 0.3, 34), rng.normal(0.3, 0.07, 34), rng.random(34), strict=True)
        ]
        s.fill(spots, mix(s.shadow, rgb("#a3552e"), 0.5), alpha=0.5, inside=face)
    if f.age > 0.8:
        lines = [s.at(smooth([(k * 0.2, 0.44), (k * 0.3, 0.55), (k * 0.31, 0.66)], closed=False), 0.9) for k in (-1, 1)]
        lines += [
            s.at(smooth([(k * 0.52, 0.05), (k * 0.6, 0.08), (k * 0.62, 0.13)], closed=False), 0.6) for k in (-1, 1)
        ]
        lines += [s.at(smooth([(-0.25, y), (0, y - 0.02), (0.25, y)], closed=False), 0.6) for y in (-0.42, -0.5)]
        s.stroke(lines, 0.018, s.shadow, alpha=0.7, blur=0.008)


def eyes(s: Sitter) -> None:
    """Draw eyes, lids, lashes and brows."""
    f = s.figure
    apart = 0.29 + 0.05 * f.gap
    young = f.age < 0.3
    wide, tall = (
        0.15 + 0.02 * f.soft + 0.02 * young,
        (0.082 + 0.022 * f.soft + 0.025 * young) * (1 - 0.22 * s.pose.smile),
    )
    line = mix(lighter(f.hair, -0.25), rgb("#20151a"), 0.6)
    white = mix(s.light.lit(rgb("#fbf5ee")), rgb("#ffffff"), 0.3)
    for k in (-1, 1):
        near = 1 - 0.1 * s.pose.turn * k
        x, y, w = k * apart, 0.06, wide * near
        slant = 0.02 * k
        lids = smooth([(x - w, y + 0.02 + slant), (x - w * 0.45, y - tall * 0.82), (x + w * 0.2, y - tall),
                       (x + w * 0.8, y - tall * 0.5), (x + w, y + 0.01 - slant), (x + w * 0.4, y + tall * 0.72),
                       (x - w * 0.4, y + tall * 0.74)])  # fmt: skip
        eye = s.at(lids, 0.85)
        s.fill(eye, white)
        look = 0.03 * s.pose.turn
        r = 0.088 + 0.012 * f.soft + 0.012 * young
        iris = s.at(ellipse(x + look, y - 0.008, r), 0.85)
        colour = s.light.lit(f.eyes)
        s.fill(iris, lighter(colour, -0.12), inside=eye)
        s.fill(s.at(ellipse(x + look, y + 0.015, r * 0.74), 0.85), lighter(colour, 0.1), inside=eye, blur=0.015)
        rays = _iris_rays(x + look, y - 0.008, r)
        s.stroke([s.at(ray, 0.85) for ray in rays[::2]], 0.005, lighter(colour, 0.16), alpha=0.5, inside=eye)
        s.stroke([s.at(ray, 0.85) for ray in rays[1::2]], 0.005, lighter(colour, -0.14), alpha=0.5, inside=eye)
        s.fill(s.at(ellipse(x + look, y - 0.006, r * 0.46), 0.85), rgb("#120d10"), inside=eye)
        s.fill(
            s.at(
                points(
                    (x - w, y - tall * 1.3), (x + w, y - tall * 1.3), (x + w, y - tall * 0.42), (x - w, y - tall * 0.42)
                ),
                0.85,
            ),
            s.shadow,
            alpha=0.5,
            blur=0.02,
            inside=eye,
        )
        gx = x + look + 0.034 * s.pose.side
        s.fill(
            [s.at(ellipse(gx, y - 0.04, 0.024), 0.85), s.at(ellipse(gx - 0.05 * s.pose.side, y + 0.03, 0.011), 0.85)],
            rgb("#ffffff"),
            alpha=0.95,
        )
        upper = smooth([(x - w, y + 0.02 + slant), (x - w * 0.45, y - tall * 0.85), (x + w * 0.2, y - tall * 1.03),
                        (x + w * 0.8, y - tall * 0.52), (x + w * 1.04, y - slant)], closed=False)  # fmt: skip
        thick = 0.02 + 0.02 * f.soft
        taper = (thick * 0.5, thick, thick * 1.2) if k > 0 else (thick * 1.2, thick, thick * 0.5)
        s.fill(s.at(ribbon(upper, taper), 0.85), line)
        fold = upper[3:-3] + (0, -0.045)
        s.stroke(s.at(fold, 0.85), 0.013, s.shadow, alpha=0.8)
        if f.soft > 0.6:
            tip = upper[-1] if k > 0 else upper[0]
            flick = smooth([tip, tip + (0.03 * k, -0.015), tip + (0.075 * k, -0.055)], closed=False)
            s.fill(s.at(ribbon(flick, (thick, thick * 0.6, 0.004)), 0.85), line)
        lower = smooth([(x - w * 0.8, y + 0.05), (x, y + tall * 0.78), (x + w * 0.8, y + 0.045)], closed=False)
        s.stroke(s.at(lower, 0.85), 0.01, s.shadow, alpha=0.7)
        _brow(s, k, apart, y)


def _iris_rays(x: float, y: float, r: float) -> list[Points]:
    """Return the fine lines of an iris."""
    a = np.arange(40) * (2 * np.pi / 40)
    inner, outer = r * (0.5 + 0.1 * np.sin(a * 7)), r * (0.86 + 0.08 * np.sin(a * 11))
    ends = np.stack([x + inner * np.cos(a), y + inner * np.sin(a), x + outer * np.cos(a), y + outer * np.sin(a)], 1)
    return list(ends.reshape(-1, 2, 2))


def _brow(s: Sitter, k: int, apart: float, y: float) -> None:
    f = s.figure
    high = y - 0.24 - 0.03 * f.brow
    thick = 0.05 + 0.035 * (1 - f.soft) + 0.015 * f.brow
    lift = 0.03 * s.pose.smile
    arch = smooth(
        [
            (k * (apart - 0.15), high + 0.045),
            (k * (apart - 0.02), high - 0.005 - lift),
            (k * (apart + 0.1), high - 0.012 - lift),
            (k * (apart + 0.21), high + 0.05),
        ],
        closed=False,
    )
    colour = mix(lighter(s.hair, -0.06), s.shadow, 0.2) if f.style != "bald" else mix(s.hair, s.shadow, 0.3)
    brow = s.at(ribbon(arch, (thick * 0.45, thick, thick * 0.8, thick * 0.15)), 0.85)
    s.fill(brow, colour, alpha=0.9)
    hairs = [np.stack([p + (0, thick * 0.4), p + (k * 0.035, -thick * 0.5)]) for p in arch[1:-3]]
    s.stroke([s.at(line, 0.85) for line in hairs], 0.007, lighter(colour, -0.08), alpha=0.5, inside=brow)


def nose(s: Sitter) -> None:
    """Draw the nose: a side in shade, two wings and a light on the tip."""
    f, away = s.figure, -s.pose.side
    w, end = 0.095 + 0.04 * f.nose - 0.015 * f.soft, 0.4 + 0.05 * f.nose + 0.02 * f.length
    bridge = smooth([(away * 0.07, -0.08), (away * 0.055, 0.12), (away * (w - 0.02), end - 0.06), (away * w, end),
                     (away * 0.01, end + 0.03), (0, end - 0.1), (away * 0.02, 0.1)])  # fmt: skip
    s.fill(s.at(bridge, 1.15), s.shadow, alpha=0.5, blur=0.022)
    for k in (-1, 1):
        wing = smooth([(k * w * 0.45, end + 0.03), (k * w * 0.85, end + 0.03), (k * w * 1.08, end - 0.02),
                       (k * w * 0.95, end - 0.08)], closed=False)  # fmt: skip
        s.fill(s.at(ribbon(wing, (0.03, 0.022, 0.012, 0.004)), 1.15), lighter(s.shadow, -0.08), alpha=0.75)
    under = smooth([(-w * 0.5, end + 0.035), (0, end + 0.06), (w * 0.5, end + 0.035)], closed=False)
    s.stroke(s.at(under, 1.15), 0.016, s.shadow, alpha=0.7, blur=0.008)
    s.fill(s.at(ellipse(s.pose.side * 0.02, end - 0.06, 0.04, 0.045), 1.25), s.glint, alpha=0.6, blur=0.022)
    s.fill(s.at(ellipse(s.pose.side * 0.015, 0.12, 0.025, 0.14), 1.15), s.glint, alpha=0.35, blur=0.022)


def mouth(s: Sitter) -> None:
    """Draw the lips, as far open as the smile is wide."""
    f, smile = s.figure, s.pose.smile
    y, w = 0.655 + 0.02 * f.length, 0.2 + 0.05 * smile + 0.02 * f.lips
    full = 0.045 + 0.03 * f.lips + 0.02 * f.soft
    up = 0.055 * smile
    lip = _lip_colour(s)
    gape = max(0.0, smile - 0.62) * 0.2
    left, right = (-w, y - up), (w, y - up)
    top = smooth(
        [
            left,
            (-w * 0.5, y - full * 0.62 - up * 0.2),
            (-0.05, y - full),
            (0, y - full * 0.78),
            (0.05, y - full),
            (w * 0.5, y - full * 0.62 - up * 0.2),
            right,
        ],
        closed=False,
    )
    seam = smooth(
        [right, (w * 0.5, y + up * 0.12), (0.0, y + up * 0.35 + 0.004), (-w * 0.5, y + up * 0.12), left], closed=False
    )
    low = smooth([left, (-w * 0.55, y + full * 0.75 + gape), (0, y + full * 1.25 + gape + up * 0.25),
                  (w * 0.55, y + full * 0.75 + gape), right], closed=False)  # fmt: skip
    base = smooth(
        [
            right,
            (w * 0.5, y + up * 0.12 + gape),
            (0, y + up * 0.35 + gape * 1.3),
            (-w * 0.5, y + up * 0.12 + gape),
            left,
        ],
        closed=False,
    )
    if gape > 0:
        s.fill(s.at(np.concatenate([seam[::-1], base]), 0.95), s.light.lit(rgb("#fff8f0")))
    s.fill(s.at(np.concatenate([low, base]), 0.95), lighter(lip, 0.03))
    s.fill(s.at(np.concatenate([top, seam]), 0.95), lighter(lip, -0.06))
    s.stroke(s.at(seam, 0.95), 0.016, lighter(lip, -0.22), alpha=0.85)
    s.fill(s.at(ellipse(s.pose.side * 0.05, y + full * 0.75 + gape, 0.07, 0.016), 0.95), mix(lip, rgb("#ffffff"), 0.6),
           alpha=0.5, blur=0.015)  # fmt: skip
    s.fill(s.at(ellipse(0, y + full * 1.25 + gape + 0.065, 0.13, 0.025), 0.9), s.shadow, alpha=0.5, blur=0.025)
    ends = [s.at(ellipse(k * (w + 0.012), y - up, 0.022), 0.95) for k in (-1, 1)]
    s.fill(ends, s.shadow, alpha=0.6, blur=0.012)


def _lip_colour(s: Sitter) -> Colour:
    f = s.figure
    rose = mix(saturated(lighter(s.skin, -0.1), 1.35), s.light.lit(rgb("#b8383f")), 0.28 + 0.3 * f.soft)
    return mix(rose, s.skin, 0.25 * (1 - f.soft))


def beard(s: Sitter, face: Points) -> None:
    """Draw beard and moustache."""
    f, w = s.figure, s.wide
    if not f.beard:
        return
    colour = mix(s.hair, s.shadow, 0.12)
    if f.beard in ("short", "full"):
        down = 1.04 if f.beard == "short" else 1.24
        jaw = w * 0.95
        shape = smooth(
            [
                (-jaw, 0.1),
                (-jaw * 0.94, 0.6),
                (-0.4, down - 0.1),
                (0, down),
                (0.4, down - 0.1),
                (jaw * 0.94, 0.6),
                (jaw, 0.1),
                (jaw * 0.9, 0.34),
                (0.38, 0.5),
                (0.2, 0.53),
                (0, 0.51),
                (-0.2, 0.53),
                (-0.38, 0.5),
                (-jaw * 0.9, 0.34),
            ]
        )
        thin = f.beard == "short"
        s.fill(s.at(shape, 0.5), s.lit_fade(colour, 0.07), alpha=0.72 if thin else 0.97, blur=0.02 if thin else 0.006,
               inside=face if thin else None)  # fmt: skip
        _whiskers(s, shape)
    else:
        shape = smooth(
            [(-0.27, 0.62), (-0.14, 0.54), (0, 0.52), (0.14, 0.54), (0.27, 0.62), (0.12, 0.6), (0, 0.585), (-0.12, 0.6)]
        )
        s.fill(s.at(shape, 1.0), colour)


def _whiskers(s: Sitter, shape: Points) -> None:
    rng = stream("whiskers", s.figure.id)
    lines = []
    for _ in range(110):
        x, y = shape[int(rng.integers(len(shape)))] * rng.uniform(0.86, 1.0)
        if y > 0.6:  # below the mouth
            lines.append(s.at([(x, y - 0.05), (x * 1.02, y + 0.06)], 0.5))
    s.stroke(lines, 0.012, lighter(s.hair, 0.12), alpha=0.35)


def glasses(s: Sitter) -> None:
    """Draw the glasses, with a reflection."""
    f = s.figure
    if not f.glasses:
        return
    apart = 0.3 + 0.05 * f.gap
    frame = s.light.lit(mix(f.second, rgb("#241c1a"), 0.72))
    rings = []
    for k in (-1, 1):
        x = k * apart
        ring = (
            ellipse(x, 0.07, 0.235, 0.215)
            if f.glasses == "round"
            else round_box(x - 0.235, -0.1, x + 0.235, 0.24, 0.09)
        )
        ring = s.at(ring, 1.0)
        s.fill(ring, rgb("#ffffff"), alpha=0.08)
        shine = s.at([(x - 0.06, -0.2), (x + 0.04, -0.2), (x - 0.08, 0.3), (x - 0.18, 0.3)], 1.0)
        s.fill(shine, rgb("#ffffff"), alpha=0.16, inside=ring)
        rings.append(np.concatenate([ring, ring[:2]]))
    bridge = smooth([(-apart + 0.23, 0.03), (0, -0.02), (apart - 0.23, 0.03)], closed=False)
    arms = [s.at([(k * (apart + 0.22), 0.0), (k * (s.wide + 0.02), -0.02)], 0.8) for k in (-1, 1)]
    s.stroke([*rings, s.at(bridge, 1.0), *arms], 0.038, frame)
