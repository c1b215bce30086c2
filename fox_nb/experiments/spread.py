"""Spread: what several takes of each setting allow to say, and no more.

The gateway has no seed, so two pictures of one setting differ by chance. A difference between two settings that is no
larger than that chance tells nothing; so nothing is called closest unless it stands apart from its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

from fox_nb.render.comparison import Cell, numbers

_BY = "ssim"
_MOST_NAMED = 4


def level(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cell with the highest mean of SSIM, and every cell that the spread can't tell from it.

    Two cells are apart when their means differ by more than both spreads (standard deviations over the takes) together.
    A cell of a single take has no known spread, so it is apart from none.

    Parameters
    ----------
    cells : sequence of Cell
        Cells; those without the number are left out.

    Returns
    -------
    list of Cell
        The highest first; empty when nothing is measured.
    """
    found = [(cell, *cell.summary()[_BY]) for cell in cells if _BY in cell.summary()]
    if not found:
        return []
    found.sort(key=lambda cell_and_mean: -cell_and_mean[1])
    _, best, own = found[0]
    return [cell for cell, mean, spread in found if own is None or spread is None or not best - mean > own + spread]


def words(cells: Sequence[Cell]) -> str:
    """Say what the numbers show, or why they show nothing; '' when nothing is measured."""
    highest = level(cells)
    measured = [cell for cell in cells if _BY in cell.summary()]
    if len(measured) < 2:  # noqa: PLR2004 - one cell has nothing to be compared with
        return ""
    if all(cell.summary()[_BY][1] is None for cell in measured):
        return "Only one picture per setting, so differences may be chance. Use takes=3 to see how much varies."
    if len(highest) == len(measured):
        return "No setting stands out (by SSIM): all differences may be chance."
    ssim = dict(numbers(highest[0].summary()))["SSIM"]
    if len(highest) == 1:
        return f"{highest[0].label} is closest to the original (SSIM {ssim}); the gap is larger than chance."
    names = "; ".join(cell.label for cell in highest[1:_MOST_NAMED])
    more = f" and {len(highest) - _MOST_NAMED} more" if len(highest) > _MOST_NAMED else ""
    return f"{highest[0].label} is closest to the original (SSIM {ssim}), but the gap to {names}{more} may be chance."
