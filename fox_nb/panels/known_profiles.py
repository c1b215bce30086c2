"""Known profiles: the list of them with rename, copy, forget and add; what is under way stands in it, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fox_nb.panels.script import Scripted
from fox_nb.render.html import clip

_LONGEST = 1000


class KnownProfiles(Scripted):
    """Profiles by name. None of it is a trait: names and ids stay out of the saved notebook.

    When something is pressed it tells "act": rename, plan, forget, add, retry or a remedy, the key, and a text, which
    is the new name of rename and add.
    """

    part = "known"

    def show(self, items: Sequence[dict[str, Any]]) -> None:
        """List these: key, id, name, since, state and actions of each."""
        self.retain_message("list", items=list(items))

    def notify(self, kind: str, lines: Sequence[str], **about: Any) -> None:
        """Say lines of a kind: "said" of what was done, "wrong", at once, or the "plan" of what forgetting would do."""
        self.send_message(kind, lines=[clip(line, _LONGEST) for line in lines], **about)

    def _on_act(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        act, key, text = (str(content.get(word) or "") for word in ("act", "key", "text"))
        self._emit("act", act, key, text)
