"""Pictures: carries out one step of a task's plan, from the files it names to a picture on disk or a figure."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from fox_nb.atomic import write
from fox_nb.sandbox import art, recipes
from fox_nb.sandbox.archive import kind_of
from fox_nb.sandbox.problems import Unusable

MOST_PIXELS = 64_000_000
"""More is not decoded: neither a decompression bomb nor a picture that the kernel's machine has no memory for."""
LONGEST_SIDE = 4096

FEWEST_PHOTOS = 10
MOST_PHOTOS = 50
MOST_ENTRIES = 1000
MOST_BYTES_OF_A_PHOTO = 60_000_000
MOST_BYTES_OF_ALL = 400_000_000
PHOTO_SIDE = 384
"""A figure is learned from photos of this size; more shows nothing more."""

Step = dict[str, Any]


def carry_out(step: Step, folder: Path) -> dict[str, Any]:
    """Do one step: draw its picture, unless it is there already, or learn its figure.

    Returns
    -------
    dict
        What the task keeps: ``name``, ``media_type``, ``width`` and ``height``, or ``figure``.

    Raises
    ------
    Unusable
        If an input is not what it should be.
    """
    if step["work"] == "train":
        return {"figure": _train(step, folder)}
    path = folder / "pictures" / step["name"]
    if not path.exists():
        write(path, art.encode(_draw(step, folder), step["format"]), private=True)
    with Image.open(path) as picture:
        width, height = picture.size
    return {"name": step["name"], "media_type": art.mime(step["format"]), "width": width, "height": height}


def _draw(step: Step, folder: Path) -> Image.Image:
    seed = step["seed"]
    figures = [_figure(item) for item in step["figures"]]
    prompt = step.get("prompt", "")
    if step["work"] == "generate":
        size = art.size_of(step["model"], step["aspect_ratio"], step["resolution"])
        picture = art.generate(prompt, size, seed=seed, figures=figures)
        recipes.remember(picture, art.Drawn((prompt,), seed, tuple(figures)), folder)
        return picture
    images = [_open(source, folder) for source in step["sources"]]
    size = art.enhanced_size(images[0].size, step["resolution"])
    if step["work"] == "edit":
        drawn = recipes.find(images[0], folder)
        picture = art.edit(images, prompt, size, seed=seed, figures=figures, drawn=drawn)
        if drawn is not None:
            everyone = tuple(dict.fromkeys((*drawn.figures, *figures)))
            recipes.remember(picture, art.Drawn((*drawn.prompts, prompt), drawn.seed, everyone), folder)
        return picture
    if step["work"] == "enhance":
        levels = {name: step[name] for name in ("creativity", "resemblance")}
        return art.enhance(images[0], size, **levels, seed=seed, figures=figures)
    raise ValueError(f"no step draws {step['work']!r}")


def _figure(item: dict[str, Any]) -> art.Figure:
    return art.Figure.from_dict(item["figure"]) if item.get("figure") else art.invented(item["id"])


def _open(source: dict[str, str], folder: Path) -> Image.Image:
    if "url" in source:
        return art.stand_in(source["url"])
    try:
        data = (folder / source["file"]).read_bytes()
    except FileNotFoundError:
        raise Unusable("invalid_image_url", "The image was thrown out before it could be read.") from None
    return _decoded(data, LONGEST_SIDE)


def _decoded(data: bytes, longest_side: int) -> Image.Image:
    """Return a file's picture upright, in RGB, no larger than asked for."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            fits = picture.width * picture.height <= MOST_PIXELS
            picture.draft("RGB", (longest_side, longest_side))
            upright = art.as_rgb(picture) if fits else None
    except Exception as error:  # Pillow's decoders raise nearly everything on a broken file
        raise Unusable("invalid_image_url", "The image could not be decoded.") from error
    if upright is None:
        raise Unusable("invalid_image_url", "The image has too many pixels.")
    upright.thumbnail((longest_side, longest_side))
    return upright


def _train(step: Step, folder: Path) -> dict[str, Any]:
    (source,) = step["sources"]
    if "url" in source:
        return art.invented(step["profile_id"]).to_dict()
    unreadable = 0
    photos: list[Image.Image] = []
    for data in _entries(folder / source["file"]):
        if kind_of(data) in {"image/heic", "image/avif"}:
            unreadable += 1
            continue
        try:
            photos.append(_decoded(data, PHOTO_SIDE))
        except Unusable:
            continue
        if len(photos) == MOST_PHOTOS:
            break
    if len(photos) + unreadable < FEWEST_PHOTOS:
        found = len(photos) + unreadable
        raise Unusable(
            "not_enough_photos",
            f"The archive holds {found} usable photos; at least {FEWEST_PHOTOS} are needed (30 to 50 are best).",
        )
    return art.figure_from_photos(photos, step["profile_id"]).to_dict()


def _entries(path: Path) -> Iterator[bytes]:
    """Yield the files of an archive, whatever their names; what a bomb holds above all that is allowed is left."""
    left = MOST_BYTES_OF_ALL
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist()[:MOST_ENTRIES]:
                if entry.is_dir() or entry.flag_bits & 1 or re.search(r"(^|/)(__MACOSX/|\._)", entry.filename):
                    continue
                with archive.open(entry) as file:
                    data = file.read(min(MOST_BYTES_OF_A_PHOTO, left) + 1)
                left -= len(data)
                if left < 0:
                    break
                if len(data) <= MOST_BYTES_OF_A_PHOTO:
                    yield data
    except Exception as error:  # a broken archive raises as many kinds of errors as there are ways to break it
        raise Unusable("invalid_archive", "The archive could not be read as a ZIP.") from error
