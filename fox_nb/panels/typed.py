"""Typed: the panels as type checkers see them, with each parameter by name; `panel_class` makes the real ones."""

from __future__ import annotations

from typing import Any

from fox_nb.panels.panel import Panel


class GeneratePanel(Panel):
    """The panel of ``phota-image``."""

    prompt: str
    num_outputs: int
    resolution: str
    aspect_ratio: str


class EditPanel(Panel):
    """The panel of ``phota-image-edit``."""

    prompt: str
    image_urls: Any
    num_outputs: int
    resolution: str
    profile_ids: list[str] | None


class EnhancePanel(Panel):
    """The panel of ``phota-image-enhance``."""

    image_url: Any
    resolution: str
    creativity: float | None
    resemblance: float | None
    profile_ids: list[str] | None


class CreateProfilePanel(Panel):
    """The panel of ``phota-create-profile``."""

    image_archive_url: Any


class ImaginePanel(Panel):
    """The panel of ``grok-imagine-image``."""

    prompt: str
    num_outputs: int
    aspect_ratio: str | None
    output_format: str | None
    image_urls: Any
