"""Animals of the air, the water and the wood's edge: deer, owl, bird, fish, whale, butterfly."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.colour import lighter, mix, rgb
from fox_nb.sandbox.art.curves import ellipse, leaf, moved, points, ribbon, smooth
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.things import Kit

if TYPE_CHECKING:
    from fox_nb.sandbox.art.canvas import Canvas
    from fox_nb.sandbox.art.light import Light

_INK = rgb("#1a1214")
_HALF = 0.5


def _flip(ask: Ask, name: str) -> bool:
    return bool(ask.rng(name).random() < _HALF)


def deer(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a stag from the side, its head turned up."""
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.05), flip=_flip(ask, "deer"))
    fur, pale = rgb("#a8693c"), rgb("#f0dcc0")
    k.shadow(0.5, 0.05)
    legs = [((-0.26, -0.4), (-0.3, -0.2), (-0.27, 0.0)), ((0.16, -0.38), (0.18, -0.18), (0.16, 0.0)),
            ((-0.2, -0.4), (-0.17, -0.2), (-0.19, 0.01)), ((0.22, -0.42), (0.25, -0.2), (0.23, 0.01))]  # fmt: skip
    for n, leg in enumerate(legs):
        k.part(
            ribbon(smooth(np.array(leg), closed=False), (0.11, 0.05, 0.038)),
            lighter(fur, -0.13 if n < 2 else -0.03),
            to=lighter(fur, -0.2),
        )  # the far pair is darker
    body = smooth(
        points(
            (-0.34, -0.44),
            (-0.3, -0.58),
            (-0.05, -0.6),
            (0.18, -0.62),
            (0.3, -0.86),
            (0.4, -0.84),
            (0.38, -0.6),
            (0.3, -0.4),
            (0.05, -0.34),
            (-0.25, -0.33),
        )
    )
    k.part(body, lighter(fur, 0.03), to=lighter(fur, -0.09))
    k.part(
        smooth(points((0.26, -0.7), (0.36, -0.66), (0.32, -0.42), (0.24, -0.46))),
        pale,
        alpha=0.55,
        blur=0.03,
        inside=body,
    )
    k.part(ellipse(-0.35, -0.5, 0.045, 0.07, turn=0.5), pale)
    k.part([ellipse(-0.22 + 0.07 * j, -0.53 + 0.02 * (j % 3), 0.012) for j in range(6)], pale, alpha=0.7)
    head = smooth(
        points((0.26, -0.98), (0.36, -1.02), (0.46, -0.96), (0.58, -0.88), (0.57, -0.83), (0.44, -0.83), (0.32, -0.84))
    )
    k.part(
        [
            smooth(points((0.28, -0.97), (0.14, -1.02), (0.1, -0.96), (0.24, -0.91))),
            smooth(points((0.36, -1.0), (0.3, -1.12), (0.25, -1.09), (0.28, -0.96))),
        ],
        lighter(fur, -0.06),
    )
    k.part(head, lighter(fur, 0.04))
    k.part(ellipse(0.565, -0.862, 0.026, 0.02), _INK)
    k.part(ellipse(0.42, -0.935, 0.016), _INK)
    k.part(ellipse(0.425, -0.94, 0.005), rgb("#ffffff"))
    for lean in (-0.05, 0.06):
        beam = smooth(
            points((0.34, -1.0), (0.24 + lean, -1.2), (0.3 + lean, -1.42), (0.42 + lean, -1.52)), closed=False
        )
        tines = [beam] + [
            smooth(np.array([beam[j], beam[j] + (0.1, -0.03), beam[j] + (0.15, -0.12)]), closed=False)
            for j in (8, 15, 22)
        ]
        k.part([ribbon(t, (0.032, 0.02, 0.006)) for t in tines], rgb("#e2cba4"), to=rgb("#8a6a44"))


def owl(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw an owl on a branch."""
    rng = ask.rng("owl")
    k = Kit(c, light, Spot(spot.x, spot.y - spot.size * 0.25, spot.size * 0.95), flip=_flip(ask, "owl-side"))
    fur, pale = rgb(("#8a6242", "#a5835c", "#6f6a6a")[int(rng.integers(3))]), rgb("#f6e8cf")
    k.part(
        ribbon(smooth(points((-1.0, 0.08), (-0.2, 0.03), (0.5, 0.06), (1.1, -0.04)), closed=False), (0.05, 0.08, 0.1)),
        rgb("#5a4030"),
    )
    twigs = [
        moved(leaf(0.16, 0.07), x, 0.03, turn=a) for x, a in ((-0.7, -0.6), (-0.62, 0.5), (0.66, 0.7), (0.78, -0.3))
    ]
    k.part(twigs, rgb("#5f8a4a"))
    body = smooth(
        points(
            (0, -0.92),
            (0.26, -0.84),
            (0.32, -0.5),
            (0.26, -0.15),
            (0, 0.03),
            (-0.26, -0.15),
            (-0.32, -0.5),
            (-0.26, -0.84),
        )
    )
    k.part(
        [points((0.1, -0.85), (0.25, -1.02), (0.29, -0.76)), points((-0.1, -0.85), (-0.25, -1.02), (-0.29, -0.76))],
        lighter(fur, -0.05),
    )
    k.part(body, fur, to=lighter(fur, -0.1))
    belly = smooth(points((0, -0.56), (0.2, -0.45), (0.18, -0.15), (0, -0.02), (-0.18, -0.15), (-0.2, -0.45)))
    k.part(belly, pale)
    scales = [
        moved(
            smooth(points((-0.5, -0.3), (0, 0.5), (0.5, -0.3)), closed=False),
            x * 0.075 + 0.037 * (row % 2),
            -0.46 + 0.075 * row,
            size=0.055,
        )
        for row in range(6)
        for x in range(-2, 3)
    ]
    k.c.stroke([k.at(s) for s in scales], 0.011 * k.spot.size, k.tone(fur), alpha=0.8)
    for side in (-1, 1):
        wing = smooth(
            points(
                (side * 0.24, -0.55), (side * 0.35, -0.45), (side * 0.33, -0.12), (side * 0.2, 0.05), (side * 0.2, -0.2)
            )
        )
        k.part(wing, lighter(fur, -0.08), to=lighter(fur, -0.16))
        k.part(ellipse(side * 0.13, -0.7, 0.135), pale)
        k.part(ellipse(side * 0.12, -0.7, 0.085), rgb("#f0b23a"))
        k.part(ellipse(side * 0.115, -0.7, 0.05), _INK)
        k.part(ellipse(side * 0.115 + 0.02, -0.725, 0.017), rgb("#ffffff"))
        k.part([ellipse(side * 0.1 + d, 0.02, 0.02, 0.04) for d in (-0.035, 0, 0.035)], rgb("#d99a3a"))
    k.part(smooth(points((-0.035, -0.65), (0.035, -0.65), (0, -0.54))), rgb("#e0963a"))


def bird(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a small bird on a blossoming twig."""
    k = Kit(c, light, Spot(spot.x, spot.y - spot.size * 0.3, spot.size * 0.85), flip=_flip(ask, "bird"))
    coat, breast = light.accent[2], light.accent[0]
    k.part(
        ribbon(smooth(points((-1.1, 0.16), (-0.3, 0.03), (0.4, 0.04), (1.2, -0.14)), closed=False), (0.07, 0.05, 0.03)),
        rgb("#5d4434"),
    )
    for x, y in ((-0.8, 0.08), (-0.55, 0.02), (0.7, -0.08), (0.95, -0.12), (0.45, 0.1)):
        k.part([moved(ellipse(0, -0.05, 0.04, 0.055), x, y, turn=a) for a in np.arange(5) * 1.257], rgb("#f7cdd8"))
        k.part(ellipse(x, y, 0.02), rgb("#e0a83a"))
    k.part(points((-0.3, -0.25), (-0.78, 0.02), (-0.7, 0.1), (-0.2, -0.1)), lighter(coat, -0.12))
    body = smooth(
        points(
            (0.3, -0.66),
            (0.42, -0.5),
            (0.36, -0.2),
            (0.1, -0.03),
            (-0.2, -0.08),
            (-0.34, -0.24),
            (-0.05, -0.42),
            (0.1, -0.62),
        )
    )
    k.part(body, lighter(coat, 0.03), to=lighter(coat, -0.06))
    k.part(
        smooth(points((0.36, -0.56), (0.44, -0.46), (0.38, -0.18), (0.12, -0.01), (0.02, -0.1), (0.2, -0.3))),
        breast,
        inside=body,
    )
    wing = smooth(points((0.12, -0.42), (0.16, -0.22), (-0.1, -0.1), (-0.5, -0.08), (-0.25, -0.26)))
    k.part(wing, lighter(coat, -0.09), to=lighter(coat, -0.17))
    k.line(
        [
            smooth(points((0.1, -0.3 + d), (-0.1, -0.17 + d * 0.6), (-0.4, -0.1 + d * 0.3)), closed=False)
            for d in (0, 0.05, 0.1)
        ],
        0.012,
        lighter(coat, 0.1),
        alpha=0.8,
    )
    k.part(points((0.42, -0.57), (0.56, -0.52), (0.42, -0.49)), rgb("#e8a53a"))
    k.part(ellipse(0.33, -0.56, 0.032), _INK)
    k.part(ellipse(0.342, -0.57, 0.01), rgb("#ffffff"))
    k.line([points((0.08, -0.05), (0.08, 0.04)), points((0.0, -0.06), (0.0, 0.04))], 0.016, rgb("#7a5a3a"))


def fish(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw one large fish with flowing fins."""
    k = Kit(c, light, Spot(spot.x, spot.y - spot.size * 0.4, spot.size), flip=_flip(ask, "fish"))
    coat = rgb("#ee7d31") if not ask.brief.colours else light.accent[0]
    fins = [smooth(points((-0.4, 0.0), (-0.7, -0.3), (-0.98, -0.4), (-0.84, -0.06), (-0.98, 0.34), (-0.7, 0.26))),
            smooth(points((-0.2, -0.22), (-0.1, -0.5), (0.2, -0.46), (0.26, -0.2))),
            smooth(points((-0.1, 0.2), (-0.2, 0.42), (0.02, 0.4), (0.14, 0.2)))]  # fmt: skip
    k.part(fins, lighter(coat, 0.08), to=lighter(coat, -0.06), alpha=0.9)
    k.line(
        [points((-0.45, 0.0), (-0.9, y)) for y in (-0.3, -0.18, -0.06, 0.08, 0.2, 0.3)],
        0.008,
        lighter(coat, -0.12),
        alpha=0.5,
    )
    body = smooth(points((-0.5, 0), (-0.2, -0.24), (0.2, -0.25), (0.5, -0.06), (0.52, 0.02), (0.2, 0.23), (-0.2, 0.2)))
    k.part(body, coat, to=lighter(coat, 0.12))
    k.part(
        [
            smooth(points((x, -0.3), (x + 0.1, -0.3), (x + 0.06, 0.0), (x + 0.1, 0.3), (x, 0.3), (x - 0.03, 0)))
            for x in (-0.27, 0.1)
        ],
        rgb("#fff6e6"),
        inside=body,
    )
    scales = [
        moved(smooth(points((0.4, -0.5), (-0.3, 0), (0.4, 0.5)), closed=False), x, y, size=0.07)
        for x in np.arange(-0.4, 0.25, 0.075)
        for y in np.arange(-0.16, 0.2, 0.075)
    ]
    k.c.stroke(
        [k.at(s) for s in scales], 0.007 * k.spot.size, k.tone(lighter(coat, -0.12)), alpha=0.5, inside=k.at(body)
    )
    k.part(ellipse(0.36, -0.06, 0.055), rgb("#fff6e6"))
    k.part(ellipse(0.37, -0.06, 0.034), _INK)
    k.part(ellipse(0.382, -0.072, 0.012), rgb("#ffffff"))
    k.line(smooth(points((0.51, 0.02), (0.45, 0.05), (0.42, 0.03)), closed=False), 0.012, lighter(coat, -0.2))


def whale(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a whale that breaks through the water, with its spout."""
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.35), flip=_flip(ask, "whale"))
    skin = rgb("#3f5f7f")
    k.part(
        smooth(
            points(
                (-0.62, 0.02),
                (-0.74, -0.2),
                (-0.95, -0.34),
                (-0.7, -0.36),
                (-0.6, -0.28),
                (-0.46, -0.38),
                (-0.38, -0.34),
                (-0.54, -0.18),
                (-0.5, 0.04),
            )
        ),
        skin,
        to=lighter(skin, -0.1),
    )
    body = smooth(
        points((-0.42, 0.05), (-0.3, -0.2), (0.0, -0.37), (0.38, -0.38), (0.64, -0.2), (0.68, 0.06), (0.1, 0.1))
    )
    k.part(body, lighter(skin, 0.07), to=lighter(skin, -0.08))
    k.part(smooth(points((0.1, 0.2), (0.3, -0.06), (0.66, -0.1), (0.8, 0.1), (0.4, 0.2))), rgb("#dfe6ea"), inside=body)
    k.line(
        [
            smooth(points((0.22, 0.06 - d), (0.45, -0.02 - d), (0.68, -0.02 - d)), closed=False)
            for d in (0.0, 0.03, 0.06)
        ],
        0.007,
        skin,
        alpha=0.6,
    )
    k.part(ellipse(0.46, -0.16, 0.02), _INK)
    k.part(ellipse(0.466, -0.166, 0.006), rgb("#ffffff"))
    k.part(smooth(points((0.1, -0.02), (0.2, -0.04), (0.16, 0.12), (0.02, 0.16))), lighter(skin, -0.12))
    for lean in (-0.2, -0.08, 0.06, 0.18):
        jet = smooth(points((0.26, -0.38), (0.26 + lean * 0.5, -0.66), (0.26 + lean * 1.3, -0.58)), closed=False)
        k.part(ribbon(jet, (0.016, 0.05, 0.02)), rgb("#f3fbff"), alpha=0.8)
    foam = [ellipse(x, 0.07 + 0.015 * math.sin(9 * x), 0.07, 0.022, steps=18) for x in np.arange(-0.75, 0.85, 0.09)]
    k.part(foam, rgb("#f6fbff"), alpha=0.9)


def butterfly(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:  # noqa: ARG001 (all are called alike)
    """Draw a butterfly with open wings."""
    k = Kit(c, light, Spot(spot.x, spot.y - spot.size * 0.75, spot.size * 0.9))
    tone = light.accent[0]
    upper = smooth(points((0.02, -0.08), (0.2, -0.42), (0.55, -0.55), (0.62, -0.3), (0.4, -0.02), (0.05, 0.03)))
    lower = smooth(points((0.03, 0.02), (0.36, 0.04), (0.46, 0.26), (0.3, 0.46), (0.12, 0.28)))
    turn = 0.18
    for side in (1.0, -1.0):
        for wing, shade in ((lower, -0.05), (upper, 0.02)):
            shape = moved(wing * (side, 1), turn=turn)
            inner = moved(
                (wing - wing.mean(axis=0)) * 0.8 * (side, 1) + wing.mean(axis=0) * (side * 0.98, 1), turn=turn
            )
            k.part(shape, rgb("#2a1f26"))
            k.part(inner, lighter(tone, shade + 0.08), to=lighter(mix(tone, light.accent[1], 0.5), shade))
            rays = [moved(points((0.02 * side, 0), tuple(p)), turn=turn) for p in (wing * (side, 1))[4:-4:7]]
            k.c.stroke([k.at(r) for r in rays], 0.008 * k.spot.size, _INK, alpha=0.7, inside=k.at(shape))
        dots = [
            moved(ellipse(x * side, y, 0.022), turn=turn)
            for x, y in ((0.52, -0.46), (0.57, -0.34), (0.38, 0.3), (0.3, 0.38))
        ]
        k.part(dots, rgb("#fff4dc"))
    k.part(moved(ribbon(points((0, -0.16), (0, 0.05), (0, 0.26)), (0.035, 0.055, 0.015)), turn=turn), _INK)
    k.line(
        [
            moved(smooth(points((0, -0.15), (s * 0.06, -0.28), (s * 0.14, -0.36)), closed=False), turn=turn)
            for s in (-1, 1)
        ],
        0.01,
        _INK,
    )
