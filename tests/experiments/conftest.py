"""Fixtures: a Fox on a sandbox of the test's own, and a small picture to enhance."""

from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from fox_nb import Fox
from fox_nb.experiments.experiment import Experiment


@pytest.fixture(autouse=True)
def quick_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says no pace sends at once: two a second, the usual one, would be most of the time; test_run.py says its own."""
    for method in (Experiment.__init__, Fox.batch.__wrapped__):
        assert method.__kwdefaults__["per_second"] == 2.0, "what the docs say"
        monkeypatch.setitem(method.__kwdefaults__, "per_second", 200.0)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of 320 x 400 px with edges, texture and colour."""
    made = Image.effect_mandelbrot((320, 400), (-1.6, -1.2, 0.6, 1.2), 60).convert("RGB")
    made = Image.merge("RGB", [band.rotate(turn) for band, turn in zip(made.split(), (0, 90, 180), strict=True)])
    path = tmp_path / "photo.jpg"
    made.filter(ImageFilter.GaussianBlur(1)).save(path, quality=92)
    return path
