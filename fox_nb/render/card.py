"""Cards: what stands in place of a panel where no kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.render.html import code_block, frame, head, note
from fox_nb.render.image_grid import sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.render.image_grid import Picture


def panel_card(
    title: str,
    *,
    pictures: Sequence[Picture] = (),
    text: str = "Run this cell to use it.",
    sandbox: bool = False,
    code: str | None = None,
) -> str:
    """Stand in for a panel in a saved notebook: what it is, how to get it, and the pictures that it made last."""
    return frame(
        head(title, sandbox=sandbox),
        note(text),
        sheet(pictures) if pictures else "",
        code_block(code) if code else "",
    )
