"""Experiments: pictures by combinations or by the rows of a table: planned, run a few at a time, seen side by side."""

from fox_nb.experiments.batch import Batch
from fox_nb.experiments.grid import Sweep

__all__ = ["Batch", "Sweep"]
