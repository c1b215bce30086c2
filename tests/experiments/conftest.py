"""Fixtures: a Fox on a sandbox of the test's own, and a small picture to enhance."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from artifacts import MARKED_KEY
from fox_nb import Fox
from fox_nb.settings import Polling

EAGER = Polling(first_looks=(0.05,), at_least=0.05, per_second=200)


@pytest.fixture
def open_fox(sandbox: Any, tmp_path: Path) -> Iterator[Callable[..., Fox]]:
    """Opens a Fox as another kernel would: ``open_fox(store=…, budget=…)``; all are closed at the end."""
    opened = []

    def make(**arguments: Any) -> Fox:
        given = {"api_key": MARKED_KEY, "base_url": sandbox.base_url, "store": tmp_path / "fox_runs", "polling": EAGER}
        fox = Fox(**{**given, **arguments})
        opened.append(fox)
        return fox

    yield make
    for fox in opened:
        fox.close()


@pytest.fixture
def fox(open_fox: Callable[..., Fox]) -> Fox:
    """One Fox."""
    return open_fox()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of 320 x 400 px with edges, texture and colour."""
    made = Image.effect_mandelbrot((320, 400), (-1.6, -1.2, 0.6, 1.2), 60).convert("RGB")
    made = Image.merge("RGB", [band.rotate(turn) for band, turn in zip(made.split(), (0, 90, 180), strict=True)])
    path = tmp_path / "photo.jpg"
    made.filter(ImageFilter.GaussianBlur(1)).save(path, quality=92)
    return path
