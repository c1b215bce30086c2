"""Portraits: the photos that tests and lessons hand over, of people who do not exist."""

from PIL import Image

from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.cast import Pose, draw_person
from fox_nb.sandbox.art.chance import digest, stream
from fox_nb.sandbox.art.figure import Figure, invented
from fox_nb.sandbox.art.finish import finished
from fox_nb.sandbox.art.light import Light, light_for
from fox_nb.sandbox.art.picture import backdrop
from fox_nb.sandbox.art.scene import Ask
from fox_nb.sandbox.art.vocabulary import read

__all__ = ["invented", "portrait"]


def portrait(figure: Figure, size: tuple[int, int], *, seed: int, scene: str = "") -> Image.Image:
    """Return a portrait of one figure, without a mark: the same person, in another pose, another light, elsewhere.

    Parameters
    ----------
    figure : Figure
        The person.
    size : tuple of int
        Width and height in pixels.
    seed : int
        Another seed is another angle, expression, light and background.
    scene : str
        Words for the background; if empty, the seed chooses.
    """
    hours = ("day", "golden", "day", "dawn", "day", "sunset")
    places = ("meadow", "city", "beach", "library", "room", "forest", "lake", "studio")
    brief = read(scene or f"{places[digest('place', seed) % 8]} {hours[digest('hour', seed) % 6]}")
    light = light_for(brief, ("portrait", seed))
    c = Canvas(size)
    c.image = backdrop(Ask(brief, seed), light, size)
    sit(c, light, figure, seed)
    return finished(c.image, brief.styles, seed)


def sit(c: Canvas, light: Light, figure: Figure, seed: int) -> None:
    """Draw one person for a portrait: another angle, expression and side of the light with each seed."""
    rng = stream("sit", figure.id, seed)
    small = 0.86 if figure.age < 0.3 else 1.0
    pose = Pose(
        x=c.w * (0.5 + float(rng.uniform(-0.05, 0.05))),
        y=c.h * 0.47 + float(rng.uniform(-0.02, 0.03)),
        size=min(0.255 * c.h, 0.3 * c.w) * small * float(rng.uniform(0.88, 1.1)),
        turn=float(rng.uniform(-1, 1)),
        tilt=float(rng.normal(0, 0.07)),
        smile=float(rng.uniform(0.05, 1.0)),
        side=1 if rng.random() < 0.5 else -1,
    )
    draw_person(c, light, figure, pose)
