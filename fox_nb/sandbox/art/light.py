"""The light of a picture: a handful of palettes an hour, each of which colours everything that stands in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import NAMED, Colour, hued, lighter, mix, rgb, saturated, times, to_lab


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
    tint: tuple[float, float, float]
    accent: tuple[Colour, Colour, Colour]
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


def _light(hour: str, sky: str, sun: str, shade: str, tint: tuple[float, float, float], accents: str,
           height: float) -> Light:  # fmt: skip
    top, middle, low = (rgb(code) for code in sky.split())
    a, b, c = (rgb(code) for code in accents.split())
    return Light(hour, top, middle, low, rgb(sun), rgb(shade), tint, (a, b, c), height)


# sky from the zenith down, sun, shade, the tint of things, accents, the sun's height
_Row = tuple[str, str, str, tuple[float, float, float], str, float]
_ROWS: dict[str, list[_Row]] = {
    "day": [
        ("#2b78b8 #7dbde0 #eaf1e4", "#fff8dc", "#1d3f47", (1, 1, 0.98), "#e2583e #f2b632 #2d6a9f", 0.72),
        ("#1f6f86 #6db9b3 #f7ecd0", "#fff4d0", "#16424a", (1, 0.99, 0.92), "#e8743b #f4c95d #c8553d", 0.6),
        ("#6fa3d4 #b5d5ea #fdf1de", "#fffbe8", "#34526a", (1, 0.99, 0.97), "#e07a5f #f2cc8f #3d8b84", 0.66),
    ],
    "dawn": [
        ("#47588f #d3a3b5 #fde2c4", "#fff3d8", "#2a3152", (0.92, 0.84, 0.86), "#e58a6f #f7d08a #6a78b0", 0.1),
        ("#6f93bd #eec1bd #fff0d6", "#fff8e6", "#3d4d68", (0.97, 0.9, 0.9), "#d9736b #f5c77e #5d8aa8", 0.16),
    ],
    "golden": [
        ("#5f8fae #efc68a #ffedc0", "#fffbe0", "#4a3524", (1.03, 0.93, 0.74), "#c8502f #f3b33d #3f7f7a", 0.22),
        ("#8a9a8c #f0b96b #ffe6a8", "#fff6d2", "#47301f", (1.05, 0.9, 0.66), "#b8432f #f7c45a #2f6f73", 0.18),
    ],
    "sunset": [
        ("#2c2b5e #c2527a #ffb765", "#fff3c4", "#281a3c", (0.86, 0.62, 0.66), "#ff7f50 #ffd27a #7d4fa0", 0.07),
        ("#383c78 #e0747c #fdd590", "#fff6d0", "#332547", (0.92, 0.7, 0.7), "#ff8c61 #ffe29a #5e7fc0", 0.1),
        ("#155067 #ef8a5f #ffe2a0", "#fff8d8", "#17323e", (0.95, 0.76, 0.66), "#f25f4c #ffd166 #2a9d8f", 0.09),
    ],
    "dusk": [
        ("#131e4a #5a5c9f #f2a48c", "#ffe9c8", "#10122b", (0.5, 0.48, 0.68), "#ff9f6b #ffd98e #7f8ae0", -0.02),
        ("#10304a #3f7f94 #f5c69a", "#fff0cf", "#0b1c2a", (0.48, 0.55, 0.66), "#ff8f5e #ffdf95 #5fc0c0", -0.02),
    ],
    "night": [
        ("#060c22 #13264f #41618f", "#f8f4de", "#050916", (0.36, 0.44, 0.66), "#ffb45c #ffe0a0 #6fa8ff", 0.6),
        ("#0a0a20 #2a2056 #70508c", "#fdf2e0", "#0a0718", (0.42, 0.38, 0.64), "#ff9e6d #ffe2a8 #b48cff", 0.55),
        ("#031820 #0d3d4b #45898a", "#f4fbe8", "#03100f", (0.32, 0.5, 0.58), "#ffc066 #ffedb0 #5fe0d0", 0.62),
    ],
    "grey": [
        ("#5c6c79 #96a6ad #dadfdb", "#f6f6ee", "#26343c", (0.8, 0.84, 0.88), "#d0604a #e3b75e #47768c", 0.6),
        ("#6e7a86 #a9b0b6 #e6e2da", "#fbf6ea", "#2c323c", (0.84, 0.85, 0.88), "#c65d52 #dcae62 #56808a", 0.6),
    ],
}  # fmt: skip
LIGHTS = {hour: [_light(hour, *row) for row in rows] for hour, rows in _ROWS.items()}


def light_for(hour: str, weather: tuple[str, ...], colours: tuple[str, ...], seed: object) -> Light:
    """Return the light of an hour, under a weather, moved towards the colours that the prompt names."""
    rng = stream("light", hour, seed)
    wet = {"rain", "storm", "fog", "cloudy"} & set(weather)
    family = "grey" if wet and hour == "day" else hour
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
    level, a, b = to_lab(colour)
    chroma = (a * a + b * b) ** 0.5
    if chroma < 0.03:  # black, white and greys have no hue to give: they lighten or darken
        move = (level - 0.5) * 0.28 * share
        sky = [lighter(saturated(c, 1 - 0.7 * share), move) for c in (light.top, light.middle, light.low)]
    else:
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
        tint=(factors[0], factors[1], factors[2]),
        accent=(mix(first, colour, 0.7), second, mix(third, colour, 0.3)),
    )


def portrait_light(light: Light) -> Light:
    """Return the light as it falls on what the picture is about: nearer to white, so that a skin stays a skin."""
    r, g, b = (0.5 + 0.5 * f if f < 1 else f for f in light.tint)
    if light.dark:  # some lamp is near
        r, b = r * 1.16, b * 0.92
    return replace(light, tint=(r, g, b))
