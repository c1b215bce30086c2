"""Experiments: pictures side by side, by combinations or by the rows of a table: planned, run a few at a time, seen."""

from fox_nb.experiments.batch import Batch
from fox_nb.experiments.grid import Sweep
from fox_nb.experiments.side_by_side import Pictures

__all__ = ["Batch", "Pictures", "Sweep"]
