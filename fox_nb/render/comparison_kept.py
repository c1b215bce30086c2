"""Comparison, kept: what a saved notebook holds of it: a view that lives without a kernel, and the table beside it.

The view is the page that is exported, small, in a frame that reaches neither the notebook nor the network: where a
notebook is trusted its script runs, so zoom, divider and difference work on previews. Where notebooks are cleaned, as
on GitHub, the frame is taken out and the table is what stays; where both are kept, the table steps back.
"""

from __future__ import annotations

from fox_nb.render.comparison import LIVE_PREVIEW, Comparison, previews
from fox_nb.render.comparison_files import page
from fox_nb.render.comparison_table import static_grid
from fox_nb.render.html import escape

MOST = 128
"""Pictures of which a frame is made; more would make the notebook larger than it may be."""

_SIZES = ((8, 1024), (32, 512), (64, 384), (MOST, 256))
_BYTES, _LARGEST = 620_000, 90_000
"""What all previews of a frame take together, and one at the most, before they are written as text."""
_HEAD, _LINE = 150, 46
_STYLE = "<style>.foxc-alive~.foxc-static{display:none!important}</style>"


def kept(comparison: Comparison, *, live: bool = True, titled: bool = True) -> str:
    """Return the HTML that stays in a notebook when the kernel is gone.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    live : bool
        Whether a viewer stands in for it while there is a kernel; else it is the table alone.
    titled : bool
        Whether the title is seen above the table; where it stands there already it is only heard.
    """
    if not live:
        return static_grid(comparison, titled=titled)
    count = len(comparison.pictures())
    if not 0 < count <= MOST:
        return static_grid(comparison, live=True, titled=titled)
    images = dict(previews(comparison, *LIVE_PREVIEW)) if count > 1 else None  # the frame has larger ones
    return f"{_frame(comparison, count)}{static_grid(comparison, images=images, live=True, titled=titled)}{_STYLE}"


def _frame(comparison: Comparison, count: int) -> str:
    edge = next(edge for most, edge in _SIZES if count <= most)
    inside = page(comparison, edge, min(_LARGEST, _BYTES // count))
    return (
        f'<iframe class="foxc-alive" data-fox-alive="{comparison.id}" sandbox="allow-scripts" allow="fullscreen" '
        f'loading="lazy" title="{escape(comparison.title)}" srcdoc="{_quoted(inside)}" '
        f'style="width:100%;border:0;height:{_height(comparison)}"></iframe>'
    )


def _quoted(markup: str) -> str:
    """Quote a page as the value of an attribute."""
    return markup.replace("&", "&amp;").replace('"', "&quot;")


def _height(comparison: Comparison) -> str:
    """Say how high the frame is: nobody can tell the notebook what is in it. It scrolls inside."""
    across = len(comparison.axes[0].labels)
    down = len(comparison.axes[1].labels) if len(comparison.axes) > 1 else -(-across // 6)
    first = next(iter(comparison.pictures().values()))
    shape = min(2.4, max(0.42, first.width / first.height))
    room = 100 / (min(across, 6) + 1) / shape * down
    return f"min(85vh, calc({room:.0f}vw + {_HEAD + down * _LINE}px))"
