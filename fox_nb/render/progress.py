"""Progress: a task under way, failed, or of unknown fate, in words that are still true a year later.

An update that no browser sees never reaches the file, so the last state that was saved may stay for good. It therefore
says when it was seen and what to do to see more, and never 'please wait'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fox_nb.render.html import Facts, bdi, clock, code_block, day, duration, escape, facts_line, frame, head, note

RUN_AGAIN = "Run this cell again to see it; nothing is sent or paid twice."
_WORDS = {"pending": "waiting for its turn", "processing": "being made"}
"""As `WORDS` of the panels' `live.js`, whose `share` is `Progress.share`, too."""
_DONE = 100
_UNBROKEN = "\u00a0"


@dataclass(frozen=True, slots=True)
class Progress:
    """A task under way, as it was seen at one moment.

    Attributes
    ----------
    title : str
        The prompt, mostly.
    status : str
        The gateway's word, or ours.
    percent : int
        0 to 100 as the gateway says; many models jump from 0 to 100.
    sent, seen : datetime
        When the task was sent and when this was seen, in local time.
    estimated : float or None
        Seconds in all, as far as anybody can tell.
    facts : sequence of (name, value)
        Model, ratio, cost.
    note : str
        One more sentence, such as what a pause is due to.
    """

    title: str
    status: str
    percent: int
    sent: datetime
    seen: datetime
    estimated: float | None = None
    facts: Facts = ()
    note: str = ""

    @property
    def gone(self) -> float:
        """Seconds since it was sent."""
        return max(0.0, (self.seen - self.sent).total_seconds())

    @property
    def share(self) -> float:
        """How far it is, 0 to 1: the gateway's word where it has one, else the time gone; never full before the end."""
        by_time = self.gone / self.estimated if self.estimated else 0.0
        return max(0.0, min(0.97, self.percent / _DONE if 0 < self.percent < _DONE else by_time))


def progress(state: Progress, *, sandbox: bool = False) -> str:
    """Show one task under way: what it is, how far, since when, for how long."""
    return frame(
        head(state.title, sandbox=sandbox),
        facts_line(state.facts),
        _bar(state),
        f'<p class="fx-line">{escape(_seen(state))}</p>',
        note(state.note),
        note(f"Sent at {clock(state.sent, seconds=True)} on {day(state.sent)}. {RUN_AGAIN}"),
    )


def failure(
    title: str,
    what: str,
    money: str = "",
    todo: str = "",
    *,
    facts: Facts = (),
    pill: str = "failed",
    sandbox: bool = False,
    code: str | None = None,
) -> str:
    """Show what went wrong, what it means for the money, and what to do; announced to those who listen."""
    return frame(
        '<div class="fx-box fx-bad">',
        head(title, sandbox=sandbox, pill=pill),
        f"<p>{bdi(what, 1000)}</p>",
        f"<p>{bdi(money, 400)}</p>" if money else "",
        f"<p>{bdi(todo, 600)}</p>" if todo else "",
        facts_line(facts),
        code_block(code) if code else "",
        "</div>",
        role="alert",
    )


def unknown(
    title: str,
    sent: datetime,
    *,
    what: str = "",
    bill: str = "",
    accept: str = "",
    facts: Facts = (),
    sandbox: bool = False,
    code: str | None = None,
) -> str:
    """Show a creation whose answer never came: it may exist and be paid for, or not, and only a person can tell.

    Where its bill was read, `bill` is what that says of it, and `accept` the line that accepts that.
    """
    when = f"{clock(sent, seconds=True)} on {day(sent)}"
    look = f"Look at your bill around {escape(when)}; <code>fox.reconcile()</code> does. Then say what you found:"
    steps = [
        ("task.settle(paid=True)", "when it was charged,"),
        ("task.settle(task_id='…')", "when it was, and its id is known: then its pictures are fetched,"),
        ("task.settle(paid=False)", "when it was not,"),
    ]
    if accept:
        look, steps = "Now say one of these:", [(accept, "to accept that,")]
    return frame(
        '<div class="fx-box fx-bad">',
        head(title, sandbox=sandbox, pill="unknown"),
        f"<p>{bdi(what or f'It was sent at {when}, and no answer came.', 600)}</p>",
        f"<p>{bdi(bill)}</p>" if bill else "",
        "<p>It is not sent again automatically.</p>"
        if accept
        else "<p>You may or may not have been charged, so it is not sent again automatically.</p>",
        f"<p>{look}</p>",
        f"<ul>{''.join(f'<li><code>{escape(call)}</code> {words}</li>' for call, words in steps)}"
        "<li><code>task.retry()</code> to send it again, knowing that it may be paid twice.</li></ul>",
        facts_line(facts),
        code_block(code) if code else "",
        "</div>",
        role="alert",
    )


def _seen(state: Progress) -> str:
    """Say what was seen and when, so that it holds whenever it is read."""
    word = _WORDS.get(state.status, state.status)
    percent = f", {state.percent}{_UNBROKEN}%" if 0 < state.percent < _DONE else ""
    gone, usual = _together(state.gone), _together(state.estimated or 0)
    time = f"{gone} gone"
    if state.estimated:
        is_late = state.gone > state.estimated and gone != usual  # 5 s are no longer than the usual 5 s
        time += f", longer than the usual {usual}" if is_late else f" of about {usual}"
    return f"At {clock(state.seen, seconds=True)}: {word}{percent}, {time}."


def _together(seconds: float) -> str:
    """Write a length of time that no line break tears apart."""
    return duration(seconds).replace(" ", _UNBROKEN)


def _bar(state: Progress) -> str:
    label = f"{state.title[:80]}: {_WORDS.get(state.status, state.status)}"
    return f'<progress max="100" value="{state.share * 100:.0f}" aria-label="{escape(label, 120)}"></progress>'
