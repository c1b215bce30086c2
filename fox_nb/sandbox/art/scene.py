"""What a scene is asked for: a brief, a seed, and the random generator for each purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.light import Light, light_for
from fox_nb.sandbox.art.vocabulary import Brief


@dataclass(frozen=True)
class Ask:
    """A brief and a seed: all that a scene may depend on."""

    brief: Brief
    seed: int

    @property
    def light(self) -> Light:
        """The light that all stands in."""
        return light_for(self.brief, (self.brief.key, self.seed))

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the random generator for one purpose."""
        return stream(purpose, self.brief.key, self.seed)
