"""Sweep: one or two parameters varied: planned before it is paid for, run a few at a time, seen side by side."""

from fox_nb.experiments.grid import Sweep

__all__ = ["Sweep"]
