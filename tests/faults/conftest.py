"""The fault run's pictures: noise in place of drawings, as heavy on the wire and on the disk, for a fraction of the work."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fox_nb.sandbox import pictures

SIDE = 384
"""Pixels; their noise is a JPEG of some 200 kB, as a drawing of 1024 px is."""


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted here are creations and whole files: what is seen in them is for the tests of the sandbox."""

    def draw(step: dict[str, Any], folder: Path) -> Image.Image:
        for source in step.get("sources", ()):
            pictures._open(source, folder)
        rng = np.random.default_rng(step["seed"])
        return Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))

    monkeypatch.setattr(pictures, "_draw", draw)
