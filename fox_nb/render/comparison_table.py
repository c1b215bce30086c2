"""Comparison table: the plain table of a comparison that a notebook keeps.

It needs no script and no kernel. It reads well with its style taken away, as viewers do that clean notebooks; with it,
the headers stay in sight and a hover shows the original in a cell's place. Every picture is in it once, as a small
preview; the original a second time, for the hover, whatever the number of cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from fox_nb.images.inline import data_uri, size_words
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.render.comparison import LABELS, Cell, ComparedPicture, Comparison, Key, numbers, previews
from fox_nb.render.facets import Facet, facets
from fox_nb.render.html import PLAIN, bdi, escape

MOST = 320
"""Cells that a table holds, and pictures where it makes their previews; with more a notebook wouldn't open any more."""
_STATE_WORDS = {"pending": "not sent", "running": "sent, not seen yet"}
WITHOUT_PICTURE = {"failed": "failed", "impossible": "not possible"}
_SHOWN_WIDTH = 180
_CAPTION = "text-align:left;padding:4px;font-weight:bold"
# these two stand inline, for viewers that take the style away
_MIDDLE = "text-align:center;vertical-align:top"
_NARROW = f"max-width:{_SHOWN_WIDTH}px;margin:0 auto;overflow-wrap:anywhere"
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


def static_grid(
    comparison: Comparison,
    *,
    images: Mapping[str, bytes] | None = None,
    hover: bool = True,
    live: bool = False,
    titled: bool = True,
) -> str:
    """Lay the comparison out as HTML without a script.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    images : mapping of str to bytes, optional
        Previews by the picture's id, as WebP; made when they are not given.
    hover : bool
        Whether a hover over a cell shows the original there.
    live : bool
        Whether a live viewer stands in for the table while there is a kernel: a line then says how to get it.
    titled : bool
        Whether the title is seen above the table; where it stands there already it is only heard.

    Returns
    -------
    str
        A fragment of HTML.
    """
    cells = dict(_first(comparison, MOST) if images is None else islice(comparison.in_order(), MOST))
    images = dict(previews(comparison, cells=cells.values())) if images is None else images
    name = comparison.id
    parts = [f'<div class="foxc-static {PLAIN}" id="fox-{name}" data-fox-comparison="{name}">']
    parts.append(_style(comparison, images, hover=hover, titled=titled))
    for original in comparison.originals(cells.values()):
        shown = _image(original, images, "Original", _SHOWN_WIDTH)
        size = f"{size_words(original.width, original.height)} px"
        parts.append(f"<figure>{shown}<figcaption><b>Original</b> {size}</figcaption></figure>")
    parts.append(
        f'<div class="foxc-static-scroll" role="region" aria-label="Table of the comparison" tabindex="0">'
        f"{''.join(_table(comparison, facet, cells, images) for facet in facets(comparison))}</div>"
    )
    if len(cells) < len(comparison.cells):
        parts.append(f"<p><small>The first {len(cells):,} of {len(comparison.cells):,} are in this table.</small></p>")
    parts.append(_explanations(comparison))
    if live:
        parts.append(
            "<p><small>This is the saved table. With a running kernel, run this cell to zoom, to compare with a "
            "divider and to see differences. If the cell has run and no viewer shows, Jupyter lacks anywidget: "
            "<code>fox-nb doctor</code> says what to do.</small></p>"
        )
    parts.append("</div>")
    return "".join(parts)


def _first(comparison: Comparison, most: int) -> Iterator[tuple[Key, Cell]]:
    """Give the first cells, as long as they have no more pictures in all; the first one whatever it has."""
    held = 0
    for key, cell in comparison.in_order():
        held += len(cell.takes)
        if held > most and held > len(cell.takes):
            return
        yield key, cell


def _style(comparison: Comparison, images: Mapping[str, bytes], *, hover: bool, titled: bool) -> str:
    box = f"#fox-{comparison.id}"
    back = "var(--jp-layout-color0,Canvas)"
    line = "1px solid var(--jp-border-color1,#8888)"
    rules = [
        f"{box}{{display:flex;flex-wrap:wrap;gap:10px;align-items:flex-start}}",
        f"{box}[hidden]{{display:none}}",
        f"{box} figure{{margin:0;flex:0 0 {_SHOWN_WIDTH}px}}",
        f"{box} img{{display:block;width:100%;height:auto;margin:0}}",
        f"{box} .foxc-static-scroll{{flex:0 1 max-content;min-width:0;max-width:100%}}",
        f"{box} .foxc-static-scroll{{position:relative;max-height:90vh;overflow:auto;border:{line}}}",
        f"{box} table{{border-collapse:separate;border-spacing:0;margin:0;font-size:12px}}",
        f"{box} caption{{{_CAPTION if titled else _UNSEEN}}}",
        f"{box} th,{box} td{{padding:4px;text-align:center;border:0;background:{back}}}",
        f"{box} thead th{{position:sticky;top:0;z-index:2;border-bottom:{line}}}",
        f"{box} tbody th{{position:sticky;left:0;z-index:1;border-right:{line};vertical-align:middle}}",
        f"{box} .foxc-takes{{display:flex;gap:3px;width:{_SHOWN_WIDTH}px;min-width:100%}}",
        f"{box} .foxc-shot{{flex:1 1 0;background:center/contain no-repeat}}",
        f"{box} .foxc-said{{padding-top:4px;opacity:.8;white-space:nowrap}}",
        f"{box}>details,{box}>p{{flex:1 0 100%;margin:0}}",
        f"{box} dt{{font-weight:bold}}",
    ]
    original = comparison.original and images.get(comparison.original.id)
    if hover and original:
        seen = f"{box} .foxc-shot:hover"
        rules.append(f"{seen}{{background-image:url({data_uri(original)})}}{seen} img{{opacity:0}}")
    return f"<style>{''.join(rules)}</style>"


def _table(comparison: Comparison, facet: Facet, cells: Mapping[Key, Cell], images: Mapping[str, bytes]) -> str:
    """Lay one part of the comparison out; a line of which no cell is shown is left out."""
    columns, rows = facet.columns, facet.rows
    heads = []
    if columns is not None:
        words = columns.heads if rows is not None else [f"{columns.name} {head}".strip() for head in columns.heads]
        heads = [f'<th scope="col" style="text-align:center">{bdi(head)}</th>' for head in words]
    if rows is not None and columns is not None:
        heads.insert(0, f"<th>{bdi(rows.name)} ↓<br> {bdi(columns.name)} →</th>" if rows.name else "<th></th>")
    lines, down = [], rows.heads if rows is not None else []
    for number, line in enumerate(facet.lines):
        if not any(key in cells for key in line):
            continue
        head = f'<th scope="row">{bdi(down[number])}</th>' if down else ""
        lines.append(f"<tr>{head}{''.join(_cell(comparison, facet, key, cells, images) for key in line)}</tr>")
    caption = f"{comparison.title}: {facet.title}" if facet.title else comparison.title
    return (
        f"<table><caption>{bdi(caption)}</caption>"
        f"<thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        if lines
        else ""
    )


def _cell(
    comparison: Comparison, facet: Facet, key: Key | None, cells: Mapping[Key, Cell], images: Mapping[str, bytes]
) -> str:
    cell = cells.get(key) if key is not None else None
    if key is None or cell is None:
        return "<td></td>"
    width = max(40, _SHOWN_WIDTH // len(cell.takes))
    shots = "".join(f'<div class="foxc-shot">{_take(cell, at, images, width)}</div>' for at in range(len(cell.takes)))
    words = "<br>".join(escape(f"{name} {value}") for name, value in numbers(cell.summary()))
    words = f'<div class="foxc-said">{words}</div>' if words else ""
    own = f'<div style="{_NARROW}">{bdi(comparison.axes[0].words(key[0]))}</div>' if facet.columns is None else ""
    if comparison.is_reference(key):
        words += '<div class="foxc-said">the original</div>'
    return f'<td style="{_MIDDLE}">{own}<div class="foxc-takes">{shots}</div>{words}</td>'


def _take(cell: Cell, at: int, images: Mapping[str, bytes], width: int) -> str:
    take = cell.takes[at]
    if take.picture is not None:
        label = ", ".join(filter(None, (cell.label, cell.which(at))))
        return _image(take.picture, images, label, width)
    if take.state in WITHOUT_PICTURE:
        word = WITHOUT_PICTURE[take.state]
        return f'<div style="{_NARROW}">{word}: {bdi(take.reason, 160)}</div>' if take.reason else word
    return _STATE_WORDS.get(take.state, take.state)


def _image(picture: ComparedPicture, images: Mapping[str, bytes], label: str, width: int) -> str:
    data = images.get(picture.id)
    if not data:
        return f"{bdi(label)}: the picture's file can't be read"
    height = max(1, round(width * picture.height / picture.width))
    return (
        f'<img src="{data_uri(data)}" alt="{escape(label)}" title="{escape(label)}" width="{width}" '
        f'height="{height}" data-fox-picture="{picture.id}">'
    )


def _explanations(comparison: Comparison) -> str:
    shown = {name for cell in comparison.cells.values() for name in cell.summary()}
    items = [
        f"<dt>{LABELS[name]}</dt><dd>{escape(words)}</dd>" for name, words in EXPLANATIONS.items() if name in shown
    ]
    if not items:
        return ""
    return f"<details><summary>What the numbers can and can't tell</summary><dl>{''.join(items)}</dl></details>"
