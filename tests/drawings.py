"""Drawings that are none: for tests that count creations and whole files, and look at no picture."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fox_nb.sandbox import art, pictures

SIDE = 384
"""Pixels, of a square; its noise is a JPEG of some 200 kB, as a drawing of 1024 px is."""


def noise(step: dict[str, Any], folder: Path) -> Image.Image:
    """Noise in the shape of what the sandbox would draw, as heavy on the wire and on the disk, for a fraction of the work."""
    sources = [pictures._open(source, folder) for source in step.get("sources", ())]
    wide, high = (
        art.enhanced_size(sources[0].size, step["resolution"])
        if sources
        else art.size_of(step["model"], step["aspect_ratio"], step["resolution"])
    )
    share = SIDE / math.sqrt(wide * high)
    rng = np.random.default_rng(step["seed"])
    return Image.fromarray(rng.integers(0, 256, (round(high * share), round(wide * share), 3), dtype=np.uint8))
