"""Drawings: reads the SVG files beside this one, and paints them in the light of a picture.

A file is ordinary SVG that any editor opens. What SVG can't say stands in ``data-`` attributes: ``data-paint`` is a
colour that depends on the light or the person (``accent0``, ``main``, ``skin``; ``accent0*0.5 #ffffff`` is half way
between the two, ``skin-0.1`` is darker; ``a | b`` fades from top to bottom), ``data-when`` is ``day`` or ``dark``,
``data-blur`` softens an edge, ``data-depth`` says how far a part of a face moves when the head turns. A thing's foot
stands at (0, 0), its height is about 1.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade, Paint
from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, moved, points, ribbon
from fox_nb.sandbox.art.light import Light

_FOLDER = Path(__file__).with_name("drawings")
_SVG = "{http://www.w3.org/2000/svg}"
_SUBPATH = re.compile(r"M([^MZ]*)")
_TONE = re.compile(r"(?P<name>#?\w+)(?P<lighter>[+-][\d.]+)?(?:\*(?P<share>[\d.]+) (?P<other>#\w+))?")
_UNLIT = frozenset(("low", "middle", "top", "sun", "shade", "window"))
"""Tones that belong to the light itself."""


@dataclass(frozen=True)
class Spot:
    """Where a thing stands: its foot's middle, and its size, in canvas units."""

    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Part:
    """One element of a file: its outlines, how it is painted, and when."""

    kind: str
    shapes: tuple[Points, ...]
    paint: tuple[str, ...]
    inside: Points | None
    more: Mapping[str, str]

    def number(self, name: str, default: float = 0) -> float:
        """Return one of its numbers."""
        return float(self.more.get(name, default))

    @cached_property
    def hairs(self) -> Points:
        """The outlines of short hairs over its shape: (hairs, points, 2)."""
        rng = stream("fur", len(self.shapes[0]))
        low, high = self.shapes[0].min(axis=0), self.shapes[0].max(axis=0)
        hairs = []
        for _ in range(300):
            x, y = rng.uniform(low, high)
            lean = x * 0.18 + rng.normal(0, 0.015)
            hair = points((x, y), (x + lean * 0.5, y + 0.03), (x + lean, y + 0.055))
            hairs.append(ribbon(hair, (0.001, 0.0055, 0.0005)))
        return np.array(hairs)


@lru_cache(maxsize=64)
def read_drawing(name: str) -> dict[str, tuple[Part, ...]]:
    """Return the parts of each group of a file, those at the back first; what stands in no group is in ``""``."""
    root = ET.parse(_FOLDER / f"{name}.svg").getroot()  # noqa: S314 - a file of our own
    clips = {f"url(#{clip.get('id')})": _shapes(clip[0])[0] for clip in root.iter(f"{_SVG}clipPath")}
    groups = {str(group.get("id")): group for group in root.iter(f"{_SVG}g")}
    return {key: _parts(group, clips) for key, group in {"": root, **groups}.items()}


def _parts(group: ET.Element, clips: Mapping[str, Points]) -> tuple[Part, ...]:
    out = []
    for element in group:
        if element.tag in {f"{_SVG}path", f"{_SVG}circle"}:
            given = element.attrib
            kind = given.get("class") or ("line" if given.get("stroke") else "fill")
            paint = given.get("data-paint") or given.get("stroke") or given["fill"]
            inside = clips.get(given.get("clip-path", ""))
            out.append(Part(kind, _shapes(element), tuple(paint.split(" | ")), inside, given))
    return tuple(out)


def _shapes(element: ET.Element) -> tuple[Points, ...]:
    given = element.attrib
    if "cx" in given:
        return (points((float(given["cx"]), float(given["cy"]))),)
    lines = _SUBPATH.findall(given["d"])
    return tuple(np.array([pair.split(",") for pair in line.split("L")], np.float64) for line in lines)


def draw(c: Canvas, light: Light, name: str, spot: Spot, *, flip: bool = False, main: Colour = (128, 96, 72)) -> None:
    """Draw a file's picture.

    Parameters
    ----------
    c : Canvas
        What to draw on.
    light : Light
        What its colours are seen in.
    name : str
        The file's name without its ending.
    spot : Spot
        Where it stands, and how large a unit of the file is.
    flip : bool
        Whether it looks the other way.
    main : Colour
        The colour of an animal's fur.
    """

    def place(shape: Points, part: Part) -> Points:  # noqa: ARG001 - a thing stands still
        return moved(shape, spot.x, spot.y, size=spot.size, flip=flip)

    paint_parts(c, light, read_drawing(name)[""], {"main": main}, place, spot.size)


def paint_parts(c: Canvas, light: Light, parts: Sequence[Part], tones: Mapping[str, Colour],
                place: Callable[[Points, Part], Points], size: float) -> None:  # fmt: skip
    """Paint parts, each put into its place, with these tones and those of the light."""
    tones = {**tones, **{f"accent{k}": colour for k, colour in enumerate(light.accent)}}
    tones |= {"low": light.low, "middle": light.middle, "top": light.top, "sun": light.sun, "shade": light.shade}
    tones |= {"window": rgb("#ffd588") if light.dark else mix(light.middle, light.shade, 0.5)}
    for part in parts:
        if part.more.get("data-when", "") in {"", "dark" if light.dark else "day"}:
            shapes = [place(shape, part) for shape in part.shapes]
            own = [_tone(tone, tones, light, lit=part.kind != "glow") for tone in part.paint]
            if part.kind == "glow":
                x, y = shapes[0][0].tolist()
                c.glow(x, y, part.number("r") * size, own[0], alpha=part.number("opacity", 1))
            elif part.kind == "fur":
                _fur(c, part, shapes[0], own[0], place)
            else:
                c.fill(
                    shapes,
                    _faded(own, shapes, part),
                    line=part.number("stroke-width") * size if part.kind == "line" else 0,
                    alpha=part.number("opacity", 1),
                    blur=part.number("data-blur") * size,
                    mode=part.more.get("data-mode", ""),
                    inside=None if part.inside is None else place(part.inside, part),
                )


def _tone(text: str, tones: Mapping[str, Colour], light: Light, *, lit: bool) -> Colour:
    """Return a colour of a file as it is seen in the light."""
    found = _TONE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no colour of a drawing")
    colour = tones[found["name"]] if found["name"] in tones else rgb(found["name"])
    if found["lighter"]:
        colour = lighter(colour, float(found["lighter"]))
    if found["share"]:
        colour = mix(rgb(found["other"]), colour, float(found["share"]))
    return light.lit(colour) if lit and (found["name"] not in _UNLIT or found["share"]) else colour


def _faded(own: list[Colour], shapes: list[Points], part: Part) -> Paint:
    if len(own) == 1:
        return own[0]
    across = "data-across" in part.more
    ends = np.concatenate(shapes)[:, 0 if across else 1]
    return Fade(own[0], own[1], float(ends.min()), float(ends.max()), across=across)


def _fur(c: Canvas, part: Part, shape: Points, fur: Colour, place: Callable[[Points, Part], Points]) -> None:
    hairs = place(part.hairs.reshape(-1, 2), part).reshape(part.hairs.shape)
    c.fill(list(hairs[::2]), lighter(fur, 0.08), alpha=0.45, inside=shape)
    c.fill(list(hairs[1::2]), lighter(fur, -0.1), alpha=0.4, inside=shape)
