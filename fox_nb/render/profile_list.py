"""Profile list: the trained profiles that a store knows, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from fox_nb.render.html import bdi, escape, frame, head, note, when

_EMPTY = "None yet. The first one: fox.profiles.train('folder of photos', name='Ada', agreed=True)"
_NAMES = ("Name", "In a prompt", "Id", "Since")


def profiles_table(lines: Sequence[tuple[str, str, float, str]], *, sandbox: bool = False) -> str:
    """List profiles by name, id, since when they are known, and how a training stands that has given no id yet."""
    if not lines:
        return frame(head("Profiles", sandbox=sandbox), note(_EMPTY))
    header = "".join(f'<th scope="col">{name}</th>' for name in _NAMES)
    return frame(
        head("Profiles", sandbox=sandbox),
        '<div class="fx-wide" tabindex="0" role="region" aria-label="Profiles">'
        f"<table><thead><tr>{header}</tr></thead><tbody>{''.join(_row(*line) for line in lines)}</tbody></table></div>",
    )


def _row(name: str, profile_id: str, at: float, state: str) -> str:
    token = escape(f"[[{profile_id}]]", 220)
    use = f'<code style="white-space:nowrap">{token}</code>' if profile_id else escape(state, 60)
    cells = (bdi(name, 80), use, escape(profile_id, 210), when(at))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
