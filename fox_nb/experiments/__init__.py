"""Experiments: parameters varied: planned before anything is paid, run a few at a time, seen side by side."""

from fox_nb.experiments.grid import Sweep

__all__ = ["Sweep"]
