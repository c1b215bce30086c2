"""Fixtures: a Fox on a sandbox of the test's own, and a small picture to enhance."""

from pathlib import Path

import pytest
from PIL import Image, ImageFilter


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of 320 x 400 px with edges, texture and colour."""
    made = Image.effect_mandelbrot((320, 400), (-1.6, -1.2, 0.6, 1.2), 60).convert("RGB")
    made = Image.merge("RGB", [band.rotate(turn) for band, turn in zip(made.split(), (0, 90, 180), strict=True)])
    path = tmp_path / "photo.jpg"
    made.filter(ImageFilter.GaussianBlur(1)).save(path, quality=92)
    return path
