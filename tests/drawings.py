"""Drawings that are none: for tests that count creations and whole files, and look at no picture."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fox_nb.sandbox import pictures

SIDE = 384
"""Pixels; their noise is a JPEG of some 200 kB, as a drawing of 1024 px is."""


def noise(step: dict[str, Any], folder: Path) -> Image.Image:
    """Noise in place of what the sandbox would draw, as heavy on the wire and on the disk, for a fraction of the work."""
    for source in step.get("sources", ()):
        pictures._open(source, folder)
    rng = np.random.default_rng(step["seed"])
    return Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
