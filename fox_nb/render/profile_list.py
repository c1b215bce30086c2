"""Profile list: the trained profiles that a store knows, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fox_nb.render.html import bdi, escape, frame, head, note, when

_EMPTY = "None yet. The first one: fox.profiles.train('folder of photos', name='Ada', agreed=True)"
_NAMES = ("Name", "In a prompt", "Id", "Since")


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One profile.

    Attributes
    ----------
    name, profile_id : str
        What it is called; its id is '' while it is trained.
    at : float
        Since when it is known, seconds since 1970.
    state : str
        How its training stands, where that is not over.
    """

    name: str
    profile_id: str
    at: float
    state: str = ""


def profiles_table(lines: Sequence[ProfileLine], *, sandbox: bool = False) -> str:
    """List profiles, each with what puts it into a prompt."""
    if not lines:
        return frame(head("Profiles", sandbox=sandbox), note(_EMPTY))
    header = "".join(f'<th scope="col">{name}</th>' for name in _NAMES)
    return frame(
        head("Profiles", sandbox=sandbox),
        '<div class="fx-wide" tabindex="0" role="region" aria-label="Profiles">'
        f"<table><thead><tr>{header}</tr></thead><tbody>{''.join(map(_row, lines))}</tbody></table></div>",
    )


def _row(line: ProfileLine) -> str:
    token = escape(f"[[{line.profile_id}]]", 220)
    use = f'<code style="white-space:nowrap">{token}</code>' if line.profile_id else escape(line.state, 60)
    cells = (bdi(line.name, 80), use, escape(line.profile_id, 210), when(line.at))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
