"""Panels: controls that are ipywidgets, a press, results, history: one model's panel and the studio."""
