"""Plots: ipyplot's three forms, fed with thumbnails and escaped labels, and given once.

ipyplot's own calls put labels into the page unescaped and display every grid a second time, inside a text area
behind 'show html'. Its builders make the same HTML without displaying it, so these are called. What they lack is added
here: texts for those who don't see the pictures, tabs that the keyboard reaches, colours for dark pages, and no
headings, which JupyterLab's table of contents would collect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fox_nb.render.html import escape, frame, unlike

_IMAGE = re.compile(r'<img src="(data:image/[a-z]+;base64,[A-Za-z0-9+/=]+)"/>')
_NUMBER = re.compile(r"<h4[^>]*>\d+</h4>\s*(?=<h4)")
_THUMBNAIL = re.compile(r"data:image/(webp|jpeg|png|gif);base64,[A-Za-z0-9+/=]+")
_WIDTH = 180
"""Pixels across a picture."""
_STYLE = (
    "<style>"
    ".fox-nb div[class^=ipyplot-content-div]{background:0 0;border:0}"
    ".fox-nb div[class^=ipyplot-content-div]:target{background:var(--jp-layout-color1,Canvas)}"
    ".fox-nb div[class^=ipyplot-content-div] img{border-radius:6px;margin:0}"
    ".fox-nb div[class^=ipyplot-placeholder]{vertical-align:bottom}"
    ".fox-nb .fx-cap{padding:2px 0 4px}"
    ".fox-nb input[class^=ipyplot-tab]{display:inline-block;position:absolute;opacity:0}"
    ".fox-nb input[class^=ipyplot-tab]+label[class]{display:inline-block;vertical-align:bottom;cursor:pointer}"
    ".fox-nb input[class^=ipyplot-tab]+label[class]{background:var(--s);border-color:var(--l)}"
    ".fox-nb input[class^=ipyplot-tab]:checked+label[class]"
    "{background:0 0;border-color:var(--l) var(--l) transparent;font-weight:600}"
    "</style>"
)


def plot_images(thumbnails: Sequence[str], labels: Sequence[object]) -> str:
    """Show pictures in a row that wraps, each with its label.

    Parameters
    ----------
    thumbnails : sequence of str
        ``data:`` URIs (see ``fox_nb.images.inline.data_uri``).
    labels : sequence
        One for each.

    Returns
    -------
    str
        HTML.
    """
    return _gridded(*_matched(thumbnails, labels))


def plot_class_tabs(thumbnails: Sequence[str], labels: Sequence[object], texts: Sequence[object] = ()) -> str:
    """Show pictures in tabs, one tab a label, in the order in which the labels first stand.

    Parameters
    ----------
    thumbnails, labels
        As for `plot_images`.
    texts : sequence, optional
        What stands above each picture in its tab; ipyplot's own are numbers from 0.
    """
    images, names = _matched(thumbnails, labels)
    if not images:
        return _finished("", names)
    words = _matched(thumbnails, texts)[1] if texts else None
    from ipyplot import _html_helpers

    made = _html_helpers._create_tabs(  # noqa: SLF001 - the public call displays it twice
        images=_array(images),
        labels=_array(names),
        custom_texts=None if words is None else _array(words),
        max_imgs_per_tab=len(images),
        img_width=_WIDTH,
        show_url=False,
        tabs_order=list(dict.fromkeys(names)),
    )
    captions = names
    if words is not None:
        made = _NUMBER.sub("", made)
        captions = [f"{name}, {text}" for name, text in zip(names, words, strict=True)]
    tabs = {name: at for at, name in enumerate(dict.fromkeys(names))}
    in_tabs = sorted(zip(names, captions, strict=True), key=lambda pair: tabs[pair[0]])
    return _finished(made, [text for _, text in in_tabs])


def plot_class_representations(thumbnails: Sequence[str], labels: Sequence[object]) -> str:
    """Show the first picture of each label."""
    images, names = _matched(thumbnails, labels)
    first = dict(zip(reversed(names), reversed(images), strict=True))
    order = list(dict.fromkeys(names))
    return _gridded([first[name] for name in order], order)


def _gridded(images: list[str], names: list[str]) -> str:
    if not images:
        return _finished("", names)
    from ipyplot import _html_helpers

    made = _html_helpers._create_imgs_grid(  # noqa: SLF001 - the public call displays it twice
        images=_array(images), labels=_array(names), max_images=len(images), img_width=_WIDTH, show_url=False
    )
    return _finished(made, names)


def _matched(thumbnails: Sequence[str], labels: Sequence[object]) -> tuple[list[str], list[str]]:
    """Pair pictures with escaped labels, and let nothing but small pictures through to ipyplot's bare `src`."""
    if len(thumbnails) != len(labels):
        raise ValueError(f"{len(thumbnails)} pictures and {len(labels)} labels; give one label for each picture")
    for thumbnail in thumbnails:
        if not _THUMBNAIL.fullmatch(thumbnail):
            raise ValueError("a plot takes data: URIs of pictures; make them with fox_nb.images.inline.data_uri")
    return list(thumbnails), _names(labels)


def _names(labels: Sequence[object]) -> list[str]:
    """Clip and escape labels; those that only their clipped ends tell apart, as prompts may be, are numbered."""
    different = dict.fromkeys(map(str, labels))
    names = dict(zip(different, unlike([escape(label, 120) for label in different]), strict=True))
    return [names[str(label)] for label in labels]


def _array(texts: list[str]) -> Any:
    """Pack texts as ipyplot wants them; as objects, for NumPy's own text would give each the longest one's size."""
    import numpy as np

    return np.array(texts, dtype=object)


def _finished(made: str, texts: list[str]) -> str:
    """Add what ipyplot leaves out, a text for each picture; all are escaped, so its tags can't be taken for theirs."""
    if not made:
        return frame('<p class="fx-line fx-dim">There are no pictures here.</p>')
    each = iter(texts)  # in the pictures' order: equal ones have texts of their own
    made = _IMAGE.sub(lambda match: f'<img src="{match[1]}" alt="{next(each)}"/>', made)
    made = re.sub(r"<h4[^>]*>", '<div class="fx-cap">', made).replace("</h4>", "</div>")
    made = re.sub(r"(<span[^>]*)/>", r"\1></span>", made)  # a span can't close itself
    made = made.replace('<a href="#!">', '<a href="#!" aria-label="Smaller">')
    made = made.replace('<a href="#ipyplot', '<a aria-label="Larger" href="#ipyplot')
    return frame(_STYLE, re.sub(r"\n\s+", "\n", made))
