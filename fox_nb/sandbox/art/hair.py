"""Hair: what falls behind the head, what lies on it, and the strands that catch the light."""

# ruff: noqa: PLR2004, RUF005
# (a drawing is made of numbers, and a pair that is added to points moves them)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import Colour, lighter, mix
from fox_nb.sandbox.art.curves import Points, ellipse, ribbon, smooth

if TYPE_CHECKING:
    from fox_nb.sandbox.art.sitter import Sitter

# right half of the outlines behind the head, from the crown down; the left half is its mirror with small changes
_BEHIND: dict[str, list[tuple[float, float]]] = {
    "long": [(0.5, -1.16), (0.9, -0.72), (1.0, 0.0), (1.05, 0.8), (1.16, 1.5), (1.08, 2.15), (0.7, 2.35)],
    "wavy": [(0.55, -1.18), (0.98, -0.7), (1.0, -0.1), (1.18, 0.5), (1.08, 1.0), (1.26, 1.5), (1.0, 1.95), (0.6, 1.9)],
    "curly": [(0.55, -1.25), (0.98, -0.9), (1.08, -0.2), (1.12, 0.45), (1.08, 1.0), (0.8, 1.36), (0.5, 1.3)],
    "bob": [(0.5, -1.16), (0.92, -0.72), (1.0, 0.0), (1.02, 0.6), (0.98, 1.06), (0.6, 1.12), (0.4, 0.9)],
}
_CAPS: dict[str, tuple[float, float]] = {  # how far the hair stands off the skull: above, at the sides
    "long": (0.2, 0.1), "wavy": (0.24, 0.14), "curly": (0.3, 0.18), "bob": (0.2, 0.14), "bun": (0.16, 0.04),
    "ponytail": (0.16, 0.05), "short": (0.17, 0.03), "side": (0.24, 0.05), "crop": (0.09, 0.01),
    "curls": (0.28, 0.14), "swept": (0.3, 0.06),
}  # fmt: skip


def back_outline(s: Sitter) -> Points | None:
    """Return the outline of the hair behind the head on the canvas, if it shows there at all."""
    style = s.figure.style
    if style in _BEHIND:
        half = np.array(_BEHIND[style])
        return s.at(smooth(np.concatenate([[(0, -1.2)], half, half[::-1] * (-1.0, 0.98)])))
    if style == "bun":
        return s.at(ellipse(0.05, -1.22, 0.42, 0.36))
    if style == "ponytail":
        tail = [
            (0.3, -1.02),
            (0.72, -1.06),
            (0.98, -0.8),
            (1.08, -0.1),
            (1.04, 0.7),
            (0.9, 1.35),
            (0.88, 0.5),
            (0.84, -0.2),
            (0.62, -0.7),
        ]
        return s.shape([(-x * s.pose.side, y) for x, y in tail])
    return None


def behind(s: Sitter) -> None:
    """Draw the hair that falls behind neck and shoulders, the bun or the tail."""
    style, outline = s.figure.style, back_outline(s)
    if outline is None:
        return
    s.fill(outline, s.lit_fade(mix(lighter(s.hair, -0.07), s.light.shade, 0.2), 0.06))
    if style == "curly":
        rim = np.concatenate([np.array(_BEHIND[style]), np.array(_BEHIND[style])[::-1] * (-1.0, 0.98)])
        _curls(s, smooth(rim, closed=False, steps=6)[::3], 0.17, lighter(s.hair, -0.05))
    elif style == "bun":
        s.stroke([s.at(ellipse(0.05, -1.22, 0.42 * k, 0.36 * k)) for k in (0.35, 0.6, 0.82)], 0.016,
                 lighter(s.hair, 0.1), alpha=0.5)  # fmt: skip
    elif style in _BEHIND:
        _falling(s, style, outline)


def _falling(s: Sitter, style: str, outline: Points) -> None:
    rng = stream("falling", s.figure.id)
    half = np.array(_BEHIND[style])
    light: list[Points] = []
    dark: list[Points] = []
    for k in range(44):
        t, sign = 0.5 + 0.5 * (k / 44), 1 if k % 2 else -1
        line = smooth(np.concatenate([[(0.1, -1.0)], half[1:-1]]) * (sign * t, 1), closed=False)
        wide = rng.uniform(0.008, 0.026)
        strand = ribbon(line + (rng.normal(0, 0.014), 0), (0.002, wide, wide, 0.003))
        (light if rng.random() < 0.4 else dark).append(s.at(strand))
    s.fill(dark, lighter(s.hair, -0.12), alpha=0.4, inside=outline)
    s.fill(light, mix(lighter(s.hair, 0.1), s.light.sun, 0.14), alpha=0.4, inside=outline)


def _curls(s: Sitter, spots: Points, size: float, colour: Colour) -> None:
    """Draw locks at the given places of the head."""
    rng = stream("curls", s.figure.id)
    s.fill([s.at(ellipse(x, y, size * rng.uniform(0.7, 1.1), steps=20), 0.2) for x, y in spots], colour)
    arcs: dict[bool, list[Points]] = {True: [], False: []}
    for x, y in spots:
        for _ in range(2):
            turn = rng.uniform(0, 6.28)
            a = np.linspace(turn, turn + 3.6, 10)
            r = size * rng.uniform(0.35, 0.85) * np.linspace(1, 0.6, 10)
            arcs[bool(rng.random() < 0.5)].append(s.at(np.stack([x + r * np.cos(a), y + r * np.sin(a)], 1), 0.2))
    s.stroke(arcs[True], 0.018, mix(lighter(s.hair, 0.1), s.light.sun, 0.12), alpha=0.45)
    s.stroke(arcs[False], 0.02, lighter(s.hair, -0.1), alpha=0.5)


def cap_lines(s: Sitter) -> tuple[Points, Points]:
    """Return the hair's outer edge and the hairline, from ear to ear, in heads."""
    f = s.figure
    up, out = _CAPS[f.style]
    w = s.wide
    low = 0.05 if f.style in _BEHIND else -0.08
    outer = np.array(
        [
            (-w - out * 0.8, low),
            (-w - out, -0.4),
            (-w * 0.82 - out * 0.7, -0.86),
            (-0.3, -1.0 - up * 0.95),
            (0.12, -1.0 - up),
            (0.45, -0.97 - up * 0.8),
            (w * 0.86 + out * 0.7, -0.82),
            (w + out, -0.38),
            (w + out * 0.8, low),
        ]
    )
    inner = _hairline(s, low)
    inner[:, 0] += 0.1 * s.pose.turn * np.cos(np.linspace(-1.57, 1.57, len(inner)))
    if f.style == "swept":
        outer[3:6, 1] -= (0.1, 0.1, 0.0)
    return tuple(_even(smooth(line, closed=False, steps=8), 60) for line in (outer, inner))  # type: ignore[return-value]  # two lines give two


def on_top(s: Sitter) -> None:
    """Draw the hair on the head, with its hairline and strands."""
    f = s.figure
    if f.style == "bald":
        s.stroke(s.at([(-0.3, -0.88), (-0.12, -0.95), (0.1, -0.94)]), 0.05, s.glint, alpha=0.5, blur=0.03)
        return
    o, i = cap_lines(s)
    shape = np.concatenate([o, i[::-1]])
    s.fill(s.at(shape + (0, 0.05), 0.4), s.shadow, alpha=0.35, blur=0.035)
    s.fill(s.at(shape, 0.25), s.lit_fade(s.hair, 0.1))
    if f.style in ("curly", "curls"):
        rows = [o[4:56:3] * (1 - t) + i[4:56:3] * t for t in (0.05, 0.36, 0.68)]
        _curls(s, np.concatenate(rows[::-1]), 0.13, s.hair)
        return
    _strands(s, o, i)


def _hairline(s: Sitter, low: float) -> Points:
    f, w = s.figure, s.wide
    if f.style in _BEHIND and f.fringe:
        return np.array([(-w + 0.02, low), (-w + 0.06, -0.2), (-0.4, -0.26), (-0.05, -0.3), (0.34, -0.27),
                         (w - 0.06, -0.2), (w - 0.02, low)])  # fmt: skip
    if f.style in ("long", "wavy", "bob", "curly"):
        part = -0.18 if f.gap < 0.5 else 0.16
        return np.array([(-w + 0.03, low), (-w + 0.09, -0.3), (-0.42, -0.52), (part, -0.86), (0.4, -0.54),
                         (w - 0.09, -0.3), (w - 0.03, low)])  # fmt: skip
    if f.style == "side" or (f.fringe and f.style in ("short", "swept")):
        return np.array([(-w + 0.06, low), (-w + 0.07, -0.32), (-0.5, -0.5), (-0.1, -0.46), (0.3, -0.5),
                         (0.52, -0.66), (w - 0.08, -0.36), (w - 0.06, low)])  # fmt: skip
    back = 0.1 * f.brow + 0.12 * (f.age > 0.8)
    return np.array([(-w + 0.06, low), (-w + 0.06, -0.3), (-0.54, -0.58), (-0.26, -0.68 - back), (0.1, -0.66 - back),
                     (0.5, -0.6), (w - 0.07, -0.32), (w - 0.06, low)])  # fmt: skip


def _even(line: Points, count: int) -> Points:
    """Return the line as `count` points, evenly spread over its length."""
    step = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, step[-1], count)
    return np.stack([np.interp(at, step, line[:, 0]), np.interp(at, step, line[:, 1])], 1)


def _strands(s: Sitter, outer: Points, inner: Points) -> None:
    rng = stream("strands", s.figure.id)
    light: list[Points] = []
    dark: list[Points] = []
    falls = s.figure.fringe and s.figure.style in _BEHIND
    for _ in range(84):
        depth = rng.uniform(0.06, 0.94)
        first = int(rng.integers(0, 30))
        last = first + int(rng.integers(14, 29))
        if falls and depth > 0.3:  # a fringe hangs from the crown to the brows
            k = int(rng.integers(12, 48))
            t = np.linspace(0.1, 0.97, 12)[:, None]
            line = (
                outer[k] * (1 - t)
                + inner[k] * t
                + np.concatenate([0.05 * np.sin(t * 3) * (k - 30) / 18, 0 * t], axis=1)
            )
        else:
            bend = depth + np.linspace(-0.1, 0.1, last - first) * rng.uniform(-1, 1)
            bend = np.clip(bend, 0.02, 0.98)[:, None]
            line = outer[first:last] * (1 - bend) + inner[first:last] * bend
        wide = rng.uniform(0.006, 0.02)
        (light if rng.random() < 0.45 else dark).append(s.at(ribbon(line, (0.002, wide, wide * 0.8, 0.002)), 0.25))
    s.fill(dark, lighter(s.hair, -0.1), alpha=0.4)
    s.fill(light, mix(lighter(s.hair, 0.12), s.light.sun, 0.18), alpha=0.42)
    span = slice(32, 46) if s.pose.side > 0 else slice(14, 28)
    sheen = outer[span] * 0.62 + inner[span] * 0.38
    s.stroke(s.at(sheen, 0.25), 0.11, mix(lighter(s.hair, 0.2), s.light.sun, 0.35), alpha=0.35, blur=0.05)
