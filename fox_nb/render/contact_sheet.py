"""Contact sheet: photos for a profile, small and side by side, each with what is wrong with it."""

from __future__ import annotations

from fox_nb.images.inline import size_words
from fox_nb.images.photos import PhotoFact, PhotoReport
from fox_nb.images.thumbnail import MIME
from fox_nb.render.html import bdi, frame, head, img, note

_COLUMN = 150
MARKS = {"out": "\u2716 left out", "weak": "\u26a0 weak", "note": "\u2139 note"}
"""A word beside each sign: neither colour nor sign alone has to be understood."""


def contact_sheet(report: PhotoReport, *, ignored: str = "") -> str:
    """Show photos with their problems.

    Parameters
    ----------
    report : PhotoReport
        What `fox_nb.images.photos.inspect` found.
    ignored : str
        A sentence about files that were not looked at.

    Returns
    -------
    str
        HTML that reads without any style: a list with a picture, a name, a size and sentences.
    """
    items = "".join(_item(photo, number) for number, photo in enumerate(report.photos, 1))
    columns = f"display:grid;grid-template-columns:repeat(auto-fill,minmax({_COLUMN}px,1fr));list-style:none;padding:0"
    listed = f'<ol class="fx-grid" style="{columns}">{items}</ol>' if items else ""
    return frame(head(report.summary), note(ignored), listed, role="group", label="Photos for the profile")


def _item(photo: PhotoFact, number: int) -> str:
    size = size_words(photo.width, photo.height) if photo.width else ""
    seen = ""
    if photo.thumbnail:
        shown = round(_COLUMN * min(1, photo.width / photo.height))
        seen = img(photo.thumbnail, MIME, (photo.width, photo.height), "", shown)
    problems = "".join(
        f"<br><strong>{MARKS[problem.severity]}</strong> {bdi(problem.words)}" for problem in photo.problems
    )
    faded = "" if photo.usable else ";opacity:.55"
    picture = f'<span style="display:block{faded}">{seen}</span>' if seen else ""
    return (
        f'<li style="min-width:0">{picture}<span class="fx-cap">{number}. {bdi(photo.name, 60)}'
        f"{f' · <small>{size}</small>' if size else ''}{problems}</span></li>"
    )
