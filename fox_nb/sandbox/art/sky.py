"""Skies: gradient and clouds, sun and moon, stars, aurora, and the weather that falls in front of everything."""

from __future__ import annotations

import math

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.chance import Floats, clouds, smoothstep
from fox_nb.sandbox.art.colour import lighter, mix, ramp, rgb
from fox_nb.sandbox.art.curves import ellipse, points
from fox_nb.sandbox.art.drawing import Spot, draw
from fox_nb.sandbox.art.light import Light

_ROWS = 220  # a sky is soft: this many rows carry it at any size


def paint_sky(c: Canvas, light: Light, rng: np.random.Generator, horizon: float, *, weather: tuple[str, ...] = (),
              cover: float | None = None) -> tuple[float, float]:  # fmt: skip
    """Paint the sky down to a horizon (units from the top) and return where sun or moon stand."""
    x = c.w * float(rng.choice((0.26, 0.34, 0.62, 0.72)) + rng.uniform(-0.05, 0.05))
    height = light.sun_height * (0.75 if not light.dark else 0.9) + rng.uniform(-0.02, 0.04)
    y = horizon * (1 - np.clip(height, 0.02, 0.8))
    amount = float(rng.uniform(0.15, 0.5)) if cover is None else cover
    amount = {"clear": 0.0, "cloudy": 0.75, "storm": 0.9, "rain": 0.8, "fog": 0.2}.get(next(iter(weather), ""), amount)
    hidden = "storm" in weather or "rain" in weather
    field = _field(c, light, rng, horizon, (x, y), amount, hidden)
    if "aurora" in weather:
        field = aurora(c, rng, horizon, field)
    c.soft(field)
    if light.hour == "night" or (light.hour == "dusk" and "clear" in weather):
        stars(c, rng, horizon, 260 if light.hour == "night" else 90)
    if light.hour == "night" and not hidden:
        draw(c, light, "moon", Spot(x, y, 0.05))
    elif not hidden:
        size = 0.042 if light.sun_height > 0.4 else 0.062  # a low sun looks larger
        c.fill(ellipse(x, y, size), mix(light.sun, rgb("#ffffff"), 0.35), blur=0.0015)
    return x, y


def _field(c: Canvas, light: Light, rng: np.random.Generator, horizon: float, sun: tuple[float, float],
           cover: float, hidden: bool) -> Floats:  # fmt: skip
    rows, columns = _ROWS, max(40, round(_ROWS * c.w / c.h))
    ys = np.linspace(0, c.h, rows)
    up = np.clip(1 - ys / horizon, 0, 1)
    table = ramp([(0, light.low), (0.45, light.middle), (1, light.top)], 512)
    field = np.repeat(table[(up * 511).astype(int)][:, None, :], columns, axis=1).astype(np.float64)
    xs = np.linspace(0, c.w, columns)
    far = np.hypot((xs[None, :] - sun[0]) * 0.8, ys[:, None] - sun[1])
    warm = np.array(light.sun, float)
    glow = np.exp(-((far / 0.42) ** 2)) * (0.55 if light.glowing else 0.25) + np.exp(-far / 0.11) * 0.35
    round_far = np.hypot(xs[None, :] - sun[0], ys[:, None] - sun[1])
    halo = np.clip(1 - round_far / 0.5, 0, 1) ** 3 * 0.5
    if light.hour == "night":
        glow = np.exp(-far / 0.2) * 0.3
        warm = np.array(mix(light.sun, light.low, 0.5), float)
        halo = np.clip(1 - round_far / 0.42, 0, 1) ** 2.5 * 0.5
    if hidden:
        glow, halo = glow * 0.4, halo * 0.0
    field += (warm - field) * np.clip(glow + halo * (1 - glow), 0, 0.95)[..., None]
    if cover <= 0:
        return field
    # clouds: long and thin towards the horizon, their sun's side lit
    tall = max(24, round(rows * horizon / c.h))
    noise = clouds(rng, columns, rows * 2, cells=6, octaves=5)
    depth = 0.45 * np.clip(1 - up[:tall], 0, 1) + 0.55 * np.clip(1 - up[:tall], 0, 1) ** 2.2
    pick = np.clip((depth * (rows * 2 - 1)).astype(int), 0, rows * 2 - 1)
    body = noise[pick]
    edge = 0.68 - 0.34 * cover
    share = smoothstep(np.clip((body - edge) / 0.22, 0, 1))
    share *= np.clip(up[:tall, None] * 9, 0, 1) * np.clip((1.04 - up[:tall, None]) * 5, 0, 1)
    lit = np.clip((body - np.roll(body, 3, 0)) * 7 + 0.55, 0, 1)[..., None]
    bright = np.array(mix(lighter(light.low, 0.05), light.sun, 0.55), float)
    dull = np.array(mix(light.middle, light.shade, 0.32 if light.dark else 0.2), float)
    if light.glowing:
        dull = np.array(mix(light.middle, light.top, 0.45), float)
    if light.hour == "night":
        bright, dull = np.array(lighter(light.middle, 0.1), float), np.array(lighter(light.top, 0.03), float)
    cloud = dull + (bright - dull) * lit
    field[:tall] += (cloud - field[:tall]) * (share * 0.82)[..., None]
    return field


def stars(c: Canvas, rng: np.random.Generator, bottom: float, count: int) -> None:
    """Scatter stars above a height, a few of them with a glint."""
    x, y = rng.random(count) * c.w, rng.random(count) ** 1.3 * bottom * 0.95
    size = 0.0006 + 0.0016 * rng.random(count) ** 5
    tone = rng.random(count)
    for low, high, colour, alpha in ((0, 0.5, "#cfdcff", 0.6), (0.5, 0.8, "#ffffff", 0.9), (0.8, 1, "#ffe9c8", 0.9)):
        pick = [k for k in range(count) if low <= tone[k] < high]
        c.fill([ellipse(x[k], y[k], size[k], steps=10) for k in pick], rgb(colour), alpha=alpha)
    for k in np.argsort(size)[-7:]:
        r = size[k] * 5
        cross = [points((x[k] - r, y[k]), (x[k] + r, y[k])), points((x[k], y[k] - r), (x[k], y[k] + r))]
        c.fill(cross, rgb("#ffffff"), line=0.0008, alpha=0.55)
        c.glow(x[k], y[k], r * 2.4, rgb("#bcd0ff"), alpha=0.45)


def aurora(c: Canvas, rng: np.random.Generator, horizon: float, field: Floats) -> Floats:
    """Return a sky's field with curtains of northern lights hung into it."""
    rows, columns = field.shape[:2]
    ys = np.linspace(0, c.h, rows)[:, None]
    xs = np.linspace(0, 1, columns)
    for code, base, power in (("#3dffb0", 0.72, 0.9), ("#59e8d8", 0.52, 0.6), ("#b069ff", 0.36, 0.5)):
        phase, waves = rng.uniform(0, 6, 2), rng.uniform(1.2, 3.4, 2)
        line = horizon * (
            base
            + 0.14 * np.sin(xs * math.pi * waves[0] + phase[0])
            + 0.05 * np.sin(xs * 2 * math.pi * waves[1] + phase[1])
        )
        rays = 0.25 * clouds(rng, columns, 2, cells=1, octaves=1)[0] + 0.08 * rng.random(columns)
        rays += 0.75 * clouds(rng, columns, 2, cells=2, octaves=5)[0]
        above = line[None, :] - ys
        curtain = np.where(above > 0, np.exp(-above / (0.1 + 0.16 * rays[None, :])), np.exp(above / 0.03))
        strength = curtain * (0.2 + 0.8 * rays[None, :]) * power
        field = 255 - (255 - field) * (1 - strength[..., None] * np.array(rgb(code)) / 255)
    return field


def birds(c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, count: int = 7) -> None:
    """Draw a flight of far birds."""
    for _ in range(count):
        spot = Spot(x + rng.normal(0, 0.07), y + rng.normal(0, 0.03), rng.uniform(0.008, 0.018))
        draw(c, light, "gull", spot, flip=bool(rng.random() < 0.5))


def falling(c: Canvas, light: Light, rng: np.random.Generator, weather: tuple[str, ...]) -> None:
    """Draw what falls or drifts in front of the picture: rain, snow, fog, lightning is part of a storm."""
    if "storm" in weather:
        spot = Spot(c.w * rng.uniform(0.25, 0.75), 0.58 * c.h, 0.6 * c.h)
        draw(c, light, "lightning", spot, flip=bool(rng.random() < 0.5))
    if "rain" in weather or "storm" in weather:
        for count, length, width, alpha in ((420, 0.03, 0.0009, 0.3), (150, 0.06, 0.0016, 0.28)):
            drops = rng.uniform((0, -0.05, 0.6 * length), (1.1 * c.w, 1.1 * c.h, 1.4 * length), (count, 3))
            lines = [points((a, b), (a - s * 0.22, b + s)) for a, b, s in drops.tolist()]
            c.fill(lines, mix(light.low, rgb("#ffffff"), 0.5), line=width, alpha=alpha)
    if "snow" in weather:
        for count, size, alpha, blur in ((380, 0.0022, 0.75, 0), (120, 0.0042, 0.85, 0.0008), (26, 0.011, 0.5, 0.004)):
            flakes = rng.uniform((0, 0, 0.5 * size), (c.w, c.h, 1.3 * size), (count, 3))
            c.fill([ellipse(a, b, s, steps=12) for a, b, s in flakes.tolist()], rgb("#ffffff"), alpha=alpha, blur=blur)
    if "fog" in weather:
        mist = clouds(rng, 120, 120, cells=3, octaves=4)
        low = np.linspace(0.15, 1, 120)[:, None] ** 0.8
        c.veil(np.clip(mist * 0.75 * low, 0, 0.8), mix(light.low, rgb("#ffffff"), 0.2))
