"""The light of a picture: a handful of palettes an hour, each of which colours everything that stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import NAMED, TABLES, Colour, hued, lighter, mix, palette, rgb, times
from fox_nb.sandbox.art.vocabulary import Brief


@dataclass(frozen=True)
class Light:
    """What an hour and its weather do to colours.

    Attributes
    ----------
    hour : str
        The hour's name: ``day``, ``dawn``, ``golden``, ``sunset``, ``dusk``, ``night`` or ``grey``.
    top, middle, low : Colour
        The sky from the zenith to the horizon; `low` is also the haze that far things sink into.
    sun : Colour
        The colour of the sun or the moon.
    shade : Colour
        What near things in shadow look like.
    tint : tuple of float
        Factors of red, green and blue that a thing's own colour is seen under.
    accent : tuple of Colour
        Three colours that go well with it, for clothes, doors, boats.
    sun_height : float
        Where the sun stands: 0 at the horizon, 1 at the zenith.
    """

    hour: str
    top: Colour
    middle: Colour
    low: Colour
    sun: Colour
    shade: Colour
    tint: tuple[float, ...]
    accent: tuple[Colour, ...]
    sun_height: float
    haze: float = 1.0

    @property
    def dark(self) -> bool:
        """Whether lamps are lit and stars are out."""
        return self.hour in ("night", "dusk")

    @property
    def glowing(self) -> bool:
        """Whether the sun is low enough to set the sky on fire."""
        return self.hour in ("dawn", "golden", "sunset", "dusk")

    def lit(self, colour: Colour, far: float = 0.0) -> Colour:
        """Return a thing's colour in this light, `far` (0 near, 1 at the horizon) away."""
        seen = times(colour, self.tint)
        return mix(seen, self.low, min(0.94, far * self.haze))


def _light(hour: str, row: Mapping[str, Any]) -> Light:
    top, middle, low = palette(row["sky"])
    sun, shade, accents = rgb(row["sun"]), rgb(row["shade"]), palette(row["accents"])
    return Light(hour, top, middle, low, sun, shade, tuple(row["tint"]), accents, row["height"])


LIGHTS = {hour: [_light(hour, row) for row in rows] for hour, rows in TABLES["lights"].items()}
GRADES = {scene: palette(codes) for scene, codes in TABLES["grades"].items()}
"""The colours of a place, in a picture's shadows and in its lights."""


def light_for(brief: Brief, seed: object) -> Light:
    """Return the light of the prompt's hour, under its weather, moved towards the colours that it names."""
    rng = stream("light", brief.hour, seed)
    weather, colours = brief.weather, brief.tints
    wet = {"rain", "storm", "fog", "cloudy"} & set(weather)
    family = "grey" if wet and brief.hour == "day" else brief.hour
    choices = LIGHTS[family]
    light = choices[int(rng.integers(len(choices)))]
    if wet and family != "grey":
        light = _washed(light, mix(light.middle, rgb("#8b97a0"), 0.6), 0.4)
    if "storm" in weather:
        light = replace(light, top=lighter(light.top, -0.12), middle=lighter(light.middle, -0.12))
    if "fog" in weather:
        light = replace(light, haze=1.5)
    if "snow" in weather and not light.dark:
        light = _washed(light, rgb("#e9edf2"), 0.22)
    for name in colours:
        light = tinted(light, NAMED[name], 0.6 if len(colours) == 1 else 0.4)
    return light


def _washed(light: Light, colour: Colour, share: float) -> Light:
    return replace(
        light,
        top=mix(light.top, colour, share),
        middle=mix(light.middle, colour, share),
        low=mix(light.low, colour, share * 0.6),
    )


def tinted(light: Light, colour: Colour, share: float) -> Light:
    """Return the light with its whole palette moved towards one hue."""
    sky = [hued(c, colour, share) for c in (light.top, light.middle, light.low)]
    first, second, third = light.accent
    factors = tuple(0.75 * f + 0.25 * share * c / 128 + 0.25 * (1 - share) * f
                    for f, c in zip(light.tint, colour, strict=True))  # fmt: skip
    return replace(
        light,
        top=sky[0],
        middle=sky[1],
        low=sky[2],
        shade=hued(light.shade, colour, share * 0.8),
        tint=factors,
        accent=(mix(first, colour, 0.7), second, mix(third, colour, 0.3)),
    )


def portrait_light(light: Light) -> Light:
    """Return the light as it falls on what the picture is about: nearer to white, so that a skin stays a skin."""
    r, g, b = (0.5 + 0.5 * f if f < 1 else f for f in light.tint)
    if light.dark:  # some lamp is near
        r, b = r * 1.16, b * 0.92
    return replace(light, tint=(r, g, b))
