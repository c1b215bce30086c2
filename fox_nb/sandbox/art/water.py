"""Scenes at the water: sea, lake and beach, with what the water mirrors."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.chance import Floats, ridge
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, points, smooth
from fox_nb.sandbox.art.drawing import Spot, draw
from fox_nb.sandbox.art.land import grass, peaks, pines
from fox_nb.sandbox.art.light import Light
from fox_nb.sandbox.art.scene import Ask
from fox_nb.sandbox.art.sky import birds, paint_sky

_LENS = smooth(points((-1, 0), (-0.4, -0.5), (0.5, -0.4), (1, 0), (0.3, 0.45), (-0.5, 0.4)), steps=4)


def mirror(c: Canvas, rng: np.random.Generator, horizon: float, colour: Colour, share: float) -> None:
    """Mirror what stands above a line in the water below it, drawn apart by ripples."""
    row = round(horizon * c.unit)
    tall = c.size[1] - row
    if tall <= 0 or row <= 0:
        return
    source = c.image.crop((0, max(0, row - round(tall * 1.3)), c.size[0], row))
    flipped = source.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((c.size[0], tall), Image.Resampling.BILINEAR)
    pixels = np.asarray(flipped)
    down = np.arange(tall) / c.unit
    waves = sum(
        np.sin(np.sqrt(down) * f + p) * a
        for f, a, p in zip((190, 90, 45), (0.5, 0.8, 1.0), rng.uniform(0, 6, 3), strict=True)
    )
    shift = np.rint(waves * (0.0012 + 0.02 * down) * c.unit).astype(int)
    out = np.empty_like(pixels)
    for k in range(tall):
        out[k] = np.roll(pixels[k], shift[k], axis=0)
    water = Image.blend(Image.fromarray(out), Image.new("RGB", (c.size[0], tall), colour), 1 - share)
    c.image.paste(water, (0, row))


def ripples(c: Canvas, rng: np.random.Generator, top: float, bottom: float, colour: Colour, count: int, *,
            alpha: float = 0.35, x: float | None = None, spread: float = 0.1) -> None:  # fmt: skip
    """Scatter flat strokes over the water, larger as they come nearer; with `x` along the sun's road."""
    near = rng.random(count) ** 1.4
    strokes: list[Points] = []
    for t in near:
        y = top + (bottom - top) * t
        wide = (0.008 + 0.06 * t) * rng.uniform(0.5, 1.3)
        at = rng.random() * c.w if x is None else x + rng.normal(0, spread * (0.3 + t))
        strokes.append(_LENS * (wide, 0.0016 + 0.006 * t) + (at, y))
    c.fill(strokes, colour, alpha=alpha)


def _water_colours(light: Light, deep: Colour) -> tuple[Colour, Colour]:
    top = mix(light.low, mix(light.middle, light.lit(deep), 0.5), 0.5)
    return top, mix(mix(light.lit(deep), light.top, 0.3), light.shade, 0.25)


def sea(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw open sea with the sun's road on it, headlands and a sail."""
    rng = ask.rng("sea")
    horizon = c.h * float(rng.uniform(0.46, 0.56))
    sun = paint_sky(c, light, rng, horizon, weather=ask.brief.weather)
    for k in range(2):
        x = 0.0 if rng.random() < 0.5 else c.w
        _headland(c, light, rng, x, horizon, 0.72 - 0.25 * k)
    top, deep = _water_colours(light, rgb("#1f6d84"))
    c.ground(np.full(4, horizon), Fade(top, deep, horizon, c.h))
    ripples(c, rng, horizon + 0.004, c.h, lighter(deep, -0.05), 260, alpha=0.3)
    ripples(c, rng, horizon + 0.004, c.h, mix(top, light.low, 0.4), 220, alpha=0.4)
    ripples(c, rng, horizon + 0.002, c.h, light.sun, 210, alpha=0.75, x=sun[0], spread=0.085)
    if not ask.brief.subjects and "boat" not in ask.brief.without:
        x = c.w * (0.3 if sun[0] > c.w / 2 else 0.7)
        draw(c, light, "boat", Spot(x, horizon + 0.09 * (c.h - horizon), 0.085))
        draw(c, light, "boat", Spot(c.w - x * 0.75, horizon + 0.012, 0.03), flip=True)
    birds(c, light, rng, c.w * 0.6, horizon * 0.5)
    return Spot(c.w * 0.5, horizon + 0.42 * (c.h - horizon), 0.3)


def _headland(c: Canvas, light: Light, rng: np.random.Generator, x: float, horizon: float, far: float) -> None:
    xs = np.linspace(0, c.w, 240)
    away = np.abs(xs - x)
    reach = c.w * rng.uniform(0.25, 0.5)
    tall = rng.uniform(0.07, 0.15)
    slope = tall * np.clip(1 - away / reach, 0, 1) ** 0.7
    line = horizon + 0.003 - slope * (1 + 0.25 * ridge(rng, 240, detail=6, start=3))
    colour = light.lit(rgb("#5d6f74"), far)
    c.ground(line, Fade(colour, mix(colour, light.low, 0.5), horizon - tall, horizon), bottom=horizon + 0.004)


def lake(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw a still lake that mirrors mountains and woods."""
    rng = ask.rng("lake")
    horizon = c.h * float(rng.uniform(0.54, 0.6))
    sun = paint_sky(c, light, rng, horizon, weather=ask.brief.weather)
    rock = mix(rgb("#6d7486"), light.accent[2], 0.2)
    peaks(c, light, rng, horizon, c.h * 0.36, 2 + int(c.w > 1.1), rock, sun=sun[0], far=0.5)
    wood = mix(rgb("#4b7558"), light.accent[2], 0.1)
    for k in range(2):
        shore = horizon - 0.012 + 0.01 * k - np.clip(ridge(rng, 240, detail=4, start=2), 0, 1) * (0.07 - 0.035 * k)
        shore = np.minimum(shore, horizon)
        colour = light.lit(lighter(wood, -0.06 * k), 0.4 - 0.25 * k)
        pines(c, rng, shore, colour, count=80, size=0.03 + 0.03 * k)
        c.ground(shore, Fade(colour, mix(colour, light.low, 0.35), horizon - 0.08, horizon), bottom=horizon)
    _, deep = _water_colours(light, rgb("#2a6474"))
    mirror(c, rng, horizon, deep, 0.62)
    c.fill(box(0, horizon - 0.002, c.w, horizon + 0.006), light.low, alpha=0.45, blur=0.004)
    ripples(c, rng, horizon + 0.01, c.h, mix(light.low, light.sun, 0.4), 120, alpha=0.28)
    ripples(c, rng, horizon + 0.006, c.h, light.sun, 60, alpha=0.6, x=sun[0], spread=0.06)
    if not ask.brief.subjects and "boat" not in ask.brief.without:
        draw(c, light, "rowing_boat", Spot(c.w * float(rng.uniform(0.3, 0.7)), horizon + 0.2 * (c.h - horizon), 0.07))
    _reeds(c, light, rng)
    return Spot(c.w * 0.5, horizon + 0.5 * (c.h - horizon), 0.28)


def _reeds(c: Canvas, light: Light, rng: np.random.Generator) -> None:
    dark = mix(light.lit(rgb("#33492f")), light.shade, 0.35)
    left = rng.random() < 0.5
    xs = np.linspace(0, c.w, 200)
    away = xs if left else c.w - xs
    bank = c.h * 1.02 - 0.11 * np.clip(1 - away / (0.6 * c.w), 0, 1) ** 1.5 + ridge(rng, 200, detail=5, start=4) * 0.006
    c.ground(bank, dark)
    grass(c, light, rng, c.h * 1.0, 0.12, lighter(dark, 0.03), count=130)


def beach(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw a curved beach with palms, surf and a parasol."""
    rng = ask.rng("beach")
    horizon = c.h * float(rng.uniform(0.42, 0.5))
    sun = paint_sky(c, light, rng, horizon, weather=ask.brief.weather)
    _headland(c, light, rng, 0.0 if rng.random() < 0.5 else c.w, horizon, 0.6)
    top, _ = _water_colours(light, rgb("#1d7f93"))
    shallow = mix(light.lit(rgb("#58c4bd")), light.low, 0.2)
    c.ground(np.full(4, horizon), Fade(mix(top, light.lit(rgb("#2583a0")), 0.45), shallow, horizon, c.h * 0.8))
    ripples(c, rng, horizon + 0.003, c.h * 0.8, lighter(shallow, -0.1), 160, alpha=0.22)
    ripples(c, rng, horizon + 0.002, c.h * 0.75, light.sun, 130, alpha=0.7, x=sun[0], spread=0.08)
    side = 1 if rng.random() < 0.5 else -1
    sand = light.lit(rgb("#f0d6a8"))
    _surf(c, light, rng, side, horizon, sand, shallow)
    near = c.w * (0.5 + 0.42 * side)
    if not ask.brief.people:
        draw(c, light, "parasol", Spot(c.w * (0.5 + 0.16 * side), c.h * 0.9, 0.2))
    draw(c, light, "palm", Spot(near, c.h * 0.93, 0.52), flip=side < 0)
    draw(c, light, "palm", Spot(near - 0.1 * side, c.h * 0.97, 0.38), flip=side < 0)
    if not ask.brief.subjects and "boat" not in ask.brief.without:
        draw(c, light, "boat", Spot(c.w * (0.5 - 0.25 * side), horizon + 0.02, 0.05))
    birds(c, light, rng, c.w * (0.5 - 0.2 * side), horizon * 0.5)
    return Spot(c.w * (0.5 - 0.1 * side), c.h * 0.94, 0.3)


def _surf(
    c: Canvas, light: Light, rng: np.random.Generator, side: int, horizon: float, sand: Colour, shallow: Colour
) -> None:
    """Lay sand, wet sand and three lines of foam along one curve."""
    xs = np.linspace(0, c.w, 240)
    across = xs / c.w if side > 0 else 1 - xs / c.w
    curve = c.h * 0.97 - (c.h - horizon) * (0.5 * across**1.6 + 0.05 * np.sin(across * 9 + rng.uniform(0, 6)))
    white = mix(light.lit(rgb("#ffffff")), light.sun, 0.35)
    for k in range(3):
        lift = 0.075 - 0.035 * k
        edge = curve - lift + ridge(rng, 240, detail=5, start=6) * 0.008
        foot = edge + 0.006 + 0.007 * k + 0.004 * ridge(rng, 240, start=20)
        foam = np.concatenate([np.stack([xs, edge], 1), np.stack([xs, foot], 1)[::-1]])
        c.fill(foam, white, alpha=0.5 + 0.15 * k)
    wet: Floats = curve - 0.004
    c.ground(wet, mix(sand, shallow, 0.4), alpha=0.75)
    dry = curve + 0.022 + 0.005 * ridge(rng, 240, detail=5, start=5)
    c.ground(dry, Fade(sand, lighter(sand, -0.06), float(dry.min()), c.h))
    grains = rng.uniform((0, c.h * 0.7, 0.0006), (c.w, c.h, 0.002), (260, 3))
    dots = [ellipse(x, y, r, r * 0.5, steps=8) for x, y, r in grains.tolist()]
    land = np.concatenate([np.stack([xs, dry], 1), [(c.w, c.h), (0, c.h)]])
    c.fill(dots, lighter(sand, -0.14), alpha=0.55, inside=land)
