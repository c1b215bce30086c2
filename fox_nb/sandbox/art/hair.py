"""Hair: what falls behind the head, what lies on it, and the strands that catch the light."""

from __future__ import annotations

import numpy as np

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import lighter, mix
from fox_nb.sandbox.art.curves import Points, ellipse, smooth
from fox_nb.sandbox.art.sitter import Sitter

# right half of the outlines behind the head, from the crown down; the left half is its mirror with small changes
_BEHIND: dict[str, list[tuple[float, float]]] = {
    "long": [(0.5, -1.16), (0.9, -0.72), (1.0, 0.0), (1.05, 0.8), (1.16, 1.5), (1.08, 2.15), (0.7, 2.35)],
    "wavy": [(0.55, -1.18), (0.98, -0.7), (1.0, -0.1), (1.18, 0.5), (1.08, 1.0), (1.26, 1.5), (1.0, 1.95), (0.6, 1.9)],
    "curly": [(0.6, -1.3), (1.12, -0.9), (1.3, -0.2), (1.32, 0.5), (1.22, 1.1), (0.85, 1.42), (0.5, 1.3)],
    "bob": [(0.5, -1.16), (0.92, -0.72), (1.0, 0.0), (1.02, 0.6), (0.98, 1.06), (0.6, 1.12), (0.4, 0.9)],
}
_CAPS: dict[str, tuple[float, float]] = {  # how far the hair stands off the skull: above, at the sides
    "long": (0.2, 0.1), "wavy": (0.24, 0.14), "curly": (0.34, 0.3), "bob": (0.2, 0.14), "bun": (0.16, 0.04),
    "ponytail": (0.16, 0.05), "short": (0.17, 0.03), "side": (0.24, 0.05), "crop": (0.09, 0.01),
    "curls": (0.28, 0.14), "swept": (0.3, 0.06),
}  # fmt: skip


def behind(s: Sitter) -> None:
    """Draw the hair that falls behind neck and shoulders, the bun or the tail."""
    style = s.figure.style
    dark = s.lit_fade(mix(lighter(s.hair, -0.07), s.light.shade, 0.2), 0.06)
    if style in _BEHIND:
        half = np.array(_BEHIND[style])
        outline = np.concatenate([[(0, -1.2)], half, half[::-1] * (-1.0, 0.98)])
        s.fill(s.at(smooth(outline)), dark)
        if style == "curly":
            _curls(s, outline, 0.2, lighter(s.hair, -0.04))
        else:
            _falling(s, style)
    elif style == "bun":
        s.fill(s.at(ellipse(0.05, -1.22, 0.42, 0.36)), s.lit_fade(s.hair))
        s.stroke([s.at(ellipse(0.05, -1.22, 0.42 * k, 0.36 * k)) for k in (0.35, 0.6, 0.82)], 0.016,
                 lighter(s.hair, 0.1), alpha=0.5)  # fmt: skip
    elif style == "ponytail":
        side = -s.pose.side
        tail = [(0.3, -0.9), (0.95, -0.75), (1.2, -0.1), (1.22, 0.8), (1.02, 1.5), (0.9, 0.7), (0.85, 0.0)]
        s.fill(s.shape([(x * side, y) for x, y in tail]), dark)


def _falling(s: Sitter, style: str) -> None:
    rng = stream("falling", s.figure.id)
    half = np.array(_BEHIND[style])
    light, dark = [], []
    for k in range(26):
        t, sign = 0.55 + 0.45 * (k / 26), 1 if k % 2 else -1
        line = smooth(np.concatenate([[(0.1, -1.0)], half[1:-1]]) * (sign * t, 1), closed=False)
        (light if rng.random() < 0.4 else dark).append(s.at(line + (rng.normal(0, 0.012), 0)))  # noqa: PLR2004
    s.stroke(dark, 0.022, lighter(s.hair, -0.12), alpha=0.4)
    s.stroke(light, 0.014, mix(lighter(s.hair, 0.12), s.light.sun, 0.15), alpha=0.4)


def _curls(s: Sitter, outline: Points, size: float, colour: tuple[int, int, int]) -> None:
    rng = stream("curls", s.figure.id)
    edge = smooth(outline, steps=6)
    spots = edge[:: max(1, len(edge) // 34)]
    balls = [s.at(ellipse(x, y, size * rng.uniform(0.7, 1.15), steps=20)) for x, y in spots]
    s.fill(balls, colour)
    arcs = []
    for x, y in spots:
        turn = rng.uniform(0, 6.28)
        a = np.linspace(turn, turn + 3.6, 10)
        r = size * rng.uniform(0.4, 0.8) * np.linspace(1, 0.6, 10)
        arcs.append(s.at(np.stack([x + r * np.cos(a), y + r * np.sin(a)], 1)))
    s.stroke(arcs, 0.02, mix(lighter(s.hair, 0.12), s.light.sun, 0.12), alpha=0.5)


def on_top(s: Sitter) -> None:
    """Draw the hair on the head, with its hairline and strands."""
    f = s.figure
    if f.style == "bald":
        s.stroke(s.at([(-0.3, -0.88), (-0.12, -0.95), (0.1, -0.94)]), 0.05, s.glint, alpha=0.5, blur=0.03)
        return
    up, out = _CAPS[f.style]
    w = s.wide
    low = 0.05 if f.style in _BEHIND else -0.08
    lean = 0.12 * s.pose.turn
    outer = np.array([
        (-w - out * 0.8, low), (-w - out, -0.4), (-w * 0.82 - out * 0.7, -0.86), (-0.3, -1.0 - up * 0.95),
        (0.12, -1.0 - up), (0.45, -0.97 - up * 0.8), (w * 0.86 + out * 0.7, -0.82), (w + out, -0.38), (w + out * 0.8, low),
    ])  # fmt: skip
    inner = _hairline(s, low)
    inner[:, 0] += lean * np.cos(np.linspace(-1.2, 1.2, len(inner)))
    if f.style == "swept":
        outer[3:6, 1] -= (0.16, 0.2, 0.08)
    o, i = smooth(outer, closed=False, steps=8), smooth(inner, closed=False, steps=8)
    o, i = _even(o, 60), _even(i, 60)
    shape = np.concatenate([o, i[::-1]])
    s.fill(s.at(shape + (0, 0.05), 0.4), s.shadow, alpha=0.35, blur=0.035)
    s.fill(s.at(shape, 0.25), s.lit_fade(s.hair, 0.1))
    if f.style in ("curly", "curls"):
        _curls(s, np.concatenate([o[6:54:4], (o[8:52:6] + i[8:52:6]) / 2]), 0.17, s.hair)
        return
    _strands(s, o, i)


def _hairline(s: Sitter, low: float) -> Points:
    f, w = s.figure, s.wide
    if f.style in _BEHIND and f.fringe:
        return np.array([(-w + 0.02, low), (-w + 0.06, -0.2), (-0.4, -0.26), (-0.05, -0.3), (0.34, -0.27),
                         (w - 0.06, -0.2), (w - 0.02, low)])  # fmt: skip
    if f.style in ("long", "wavy", "bob", "curly"):
        part = -0.18 if f.gap < 0.5 else 0.16  # noqa: PLR2004
        return np.array([(-w + 0.03, low), (-w + 0.09, -0.3), (-0.42, -0.52), (part, -0.86), (0.4, -0.54),
                         (w - 0.09, -0.3), (w - 0.03, low)])  # fmt: skip
    if f.style == "side" or (f.fringe and f.style in ("short", "swept")):
        return np.array([(-w + 0.01, low), (-w + 0.07, -0.32), (-0.5, -0.5), (-0.1, -0.46), (0.3, -0.5),
                         (0.52, -0.66), (w - 0.08, -0.36), (w - 0.01, low)])  # fmt: skip
    back = 0.1 * f.brow + 0.12 * (f.age > 0.8)  # noqa: PLR2004
    return np.array([(-w + 0.01, low), (-w + 0.06, -0.3), (-0.54, -0.58), (-0.26, -0.68 - back), (0.1, -0.66 - back),
                     (0.5, -0.6), (w - 0.07, -0.32), (w - 0.01, low)])  # fmt: skip


def _even(line: Points, count: int) -> Points:
    """Return the line as `count` points, evenly spread over its length."""
    step = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, step[-1], count)
    return np.stack([np.interp(at, step, line[:, 0]), np.interp(at, step, line[:, 1])], 1)


def _strands(s: Sitter, outer: Points, inner: Points) -> None:
    rng = stream("strands", s.figure.id)
    light, dark = [], []
    for _ in range(46):
        depth = rng.uniform(0.06, 0.94)
        first = int(rng.integers(0, 30))
        last = first + int(rng.integers(14, 29))
        bend = depth + np.linspace(-0.1, 0.1, last - first) * rng.uniform(-1, 1)
        bend = np.clip(bend, 0.02, 0.98)[:, None]
        line = s.at(outer[first:last] * (1 - bend) + inner[first:last] * bend, 0.25)
        (light if rng.random() < 0.45 else dark).append(line)  # noqa: PLR2004
    s.stroke(dark, 0.016, lighter(s.hair, -0.11), alpha=0.4)
    s.stroke(light, 0.012, mix(lighter(s.hair, 0.14), s.light.sun, 0.2), alpha=0.45)
    span = slice(32, 46) if s.pose.side > 0 else slice(14, 28)
    sheen = outer[span] * 0.62 + inner[span] * 0.38
    s.stroke(s.at(sheen, 0.25), 0.11, mix(lighter(s.hair, 0.2), s.light.sun, 0.35), alpha=0.35, blur=0.05)
