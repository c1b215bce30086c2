"""Experiments: pictures side by side, by combinations or by the rows of a table: planned, run a few at a time, seen."""

from fox_nb.experiments.batch import Batch
from fox_nb.experiments.side_by_side import Pictures
from fox_nb.experiments.sweep import Sweep

__all__ = ["Batch", "Pictures", "Sweep"]
