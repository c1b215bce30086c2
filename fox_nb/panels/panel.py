"""Panel: one model's controls, its press, what is under way and the results, as one box that goes wherever boxes go."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import ipywidgets as w
import traitlets
from IPython.display import HTML

from fox_nb.display.places import output_for, show_last_value
from fox_nb.errors import NOTHING_SENT, FoxError, InvalidRequest
from fox_nb.models import Request, request_class
from fox_nb.panels.control_table import control_for
from fox_nb.panels.controls import Control, FieldContext
from fox_nb.panels.head import card, head, in_marimo, key_is_empty, money_note, when_missing
from fox_nb.panels.memory import Memory
from fox_nb.panels.outcome import Outcome
from fox_nb.panels.panel_traits import AllValues, ByName, NewestPictures, NewestTask, ParameterValue
from fox_nb.panels.press import Press
from fox_nb.panels.record import Record, running_cell
from fox_nb.panels.script import Layout
from fox_nb.panels.task_cards import Action
from fox_nb.panels.titles import Titles
from fox_nb.parameters import is_same, meant, meant_name, parameters, shown
from fox_nb.session import Session, Task
from fox_nb.session.pool import Pool
from fox_nb.session.task import notify_listeners
from fox_nb.sharing import OfOneProcess

PAUSE = 0.5
"""Seconds between two looks at the journal while a cell sends many."""
DOUBLE_CLICK = 1.0
"""Seconds within which a second press is the same press."""
_GONE = {
    "widget": "the panel is an ipywidget itself: show it, or put it into a box, as it is",
    "form": "each parameter is an attribute of the panel (panel.prompt = …); panel.fill({…}) sets several",
    "press": "it is panel.submit() now, and gives back the task",
}
_CLOSED = "This panel was closed. Make a new one: fox.panel(…)."
_NEXT = " Each press, and each panel.submit(), is the next variation; fox.submit({…}, take=2) asks for a certain one."


class Panel(OfOneProcess, w.VBox):  # type: ignore[misc]
    """The panel of one model: an ipywidgets.VBox with a trait for each of the model's parameters.

    Setting one is refused with what is allowed, where the model would refuse it; reading one gives what its control
    shows. ``panel.observe(f, "prompt")`` and ``traitlets.link`` work as with every widget. Building one sends nothing.

    Attributes
    ----------
    values : dict
        What is set, by the gateway's names; what is not set is not there. Setting it fills the panel anew.
    task : Task or None
        The newest task of this panel, as soon as the journal has it.
    images : list of Image
        The pictures of the newest task of this panel that has some.

    When its cell is run again, both are at first those that it shows again. Nobody who observes is told of these: an
    observer may ask for more, and has been told of them once. Pictures that come later are told of, whoever asked.
    """

    request: ClassVar[type[Request]]

    values = AllValues()
    task = NewestTask(None, allow_none=True, read_only=True)
    images = NewestPictures(read_only=True)

    def __init__(
        self,
        session: Session,
        values: Mapping[str, Any] | None = None,
        *,
        record: Record | None = None,
        uses: Callable[[Task], list[Action]] | None = None,
        journalled: Callable[[Task], None] | None = None,
        ended: Callable[[Task], None] | None = None,
    ) -> None:
        self._session = session
        self._pool = Pool(4, "panel")
        self._observers = Pool(1, "observers")
        self._lock = threading.Lock()
        self._pricing = threading.Lock()
        self._pressed = float("-inf")
        self._sent: dict[str, Any] | None = None
        self._price = ""
        """What one picture costs by what is known, as results have been told."""
        self._own_tasks: list[Task] = []
        self._forget: Callable[[], None] = lambda: None
        self._parts: tuple[w.Widget, ...] = ()
        self._uses = uses or self._own_uses
        self._journalled = journalled
        self._ended = ended
        layout = Layout()
        field_context = FieldContext(session.profiles, session.store, self._pool.submit, layout)
        self._inputs = {p.name: control_for(p, field_context) for p in parameters(self.request)}
        words = head(self.request, sandbox=session.gateway.is_sandbox) + when_missing()
        self._head = w.HTML(words, layout=layout)
        self._press = Press(
            controls={name: widget for control in self._inputs.values() for name, widget in control.valued.items()},
            description=self.request.press,
            layout=layout,
        )
        self._record = record or Record(self._card, Memory(session, self.request.model))
        self._own_record = record is None
        self._has_resumed = False
        whose = None if self._own_record else self.request.model
        self._outcome = Outcome(
            session, self._pool.submit, whose, self._press, self._record, self._uses, self._over, layout
        )
        self._outcome.results.on("acted", self.show_cost)  # what was sent again has cost once more
        if uses is None:
            self._forget = session.on_sent(lambda: self._pool.soon(self.show_cost, PAUSE))
        parts = [part for control in self._inputs.values() for part in control.parts]
        self._parts = (self._head, *parts, self._press, self._outcome.results)
        super().__init__(self._parts, layout=Layout(), _dom_classes=("fox-nb-panel",))
        self._begin(values or {})

    def _begin(self, values: Mapping[str, Any]) -> None:
        """Bring traits and controls together, then set what was asked for."""
        for name, control in self._inputs.items():
            control.on_change(functools.partial(self._on_control_change, name))
        self.values = self._read()
        self._known(values)
        for name, value in values.items():
            setattr(self, name, value)
        self._put_away()
        self._press.on("press", self._on_press)
        self._press.on("ready", self._seen)
        self.show_cost()
        if self._own_record:
            self._record.open()

    # -- what a person sets from code -----------------------------------------------------------------------------

    @property
    def controls(self) -> dict[str, w.Widget]:
        """The controls by their parameters' names: ipywidgets that can be laid out, switched off, linked, observed.

        Where a model learns a face, the tick of consent is one, too: "agreed". It is no parameter; only who asked the
        person in the photos sets its value.
        """
        return ByName(self._press.controls, functools.partial(_no_such, self.request))

    def fill(self, values: Mapping[str, Any]) -> None:
        """Put values into the controls; what is not named goes back to its default.

        Parameters
        ----------
        values : mapping
            The parameters by the gateway's names; a whole request of this model, too.

        Raises
        ------
        InvalidRequest
            A name or a value that the model does not have; then nothing is changed.
        """
        if not isinstance(values, Mapping):
            raise InvalidRequest(
                f"values is {shown(values)}, not a dict of parameters.",
                parameter="values",
                value=values,
                todo='Say panel.fill({"prompt": "a fox"}).',
            )
        given = dict(values)
        if (model := given.pop("model", self.request.model)) != self.request.model:
            raise InvalidRequest(
                f"model is {shown(model)}, and this is the panel of {self.request.model}.",
                parameter="model",
                todo="Fill that model's own panel.",
            )
        self._known(given)
        checked = {name: self.checked(name, value) for name, value in given.items()}
        with self.hold_trait_notifications():  # whoever observes, and may submit or fail, does so when all is set
            for name, control in self._inputs.items():
                if name in checked or not control.lacks(control.parameter.default):
                    control.set(checked.get(name, control.parameter.default))

    def submit(self) -> Task:
        """Ask for what the panel shows, as a new variation: the press, from code.

        Returns
        -------
        Task
            In progress; the panel follows it, too.

        Raises
        ------
        FoxError
            As `Fox.generate`.
        """
        values, asked = self._whole(None), list[Task]()
        try:
            return self._ask(values, asked.append)
        finally:
            self._submitted()
            for task in asked:
                self._notify("task", task)

    def checked(self, name: str, value: Any) -> Any:
        """Return a parameter's value as its control takes it; InvalidRequest where that, or the model, refuses it."""
        self._known((name,))
        control = self._inputs[name]
        if is_same(value, control.value):
            return value
        checked = control.checked(value, self.request.model)
        if allowed := control.lacks(checked):
            raise InvalidRequest(
                f"{name} is {shown(value)}; allowed here is {allowed}.",
                parameter=name,
                value=value,
                allowed=allowed,
                todo=f"panel.controls[{name!r}] was narrowed: choose one of what it offers, or widen it.",
            )
        return checked

    def _known(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._inputs:
                raise _no_such(self.request, name)

    def __setattr__(self, name: str, value: Any) -> None:
        is_trait = isinstance(getattr(type(self), name, None), traitlets.TraitType)
        of_subclass = hasattr(type(self), name) and not hasattr(_class_for(self.request.model), name)
        if not (name.startswith("_") or is_trait or of_subclass or hasattr(w.VBox, name)):
            if name in _GONE:
                raise AttributeError(f"panel.{name} is gone: {_GONE[name]}.")
            raise _no_such(self.request, name)
        super().__setattr__(name, value)

    def observe(self, handler: Callable[..., Any], names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002 - as theirs
        """Call `handler(change)` after each change, as every widget does; InvalidRequest for what is no trait."""
        for name in traitlets.parse_notifier_name(names):
            if name is not traitlets.All and not self.has_trait(name):
                raise _no_such(self.request, name)
        super().observe(handler, names, type)

    def __getattr__(self, name: str) -> Any:
        if name in _GONE:
            raise AttributeError(f"panel.{name} is gone: {_GONE[name]}.")
        if name == "model_id":  # ipywidgets' own, until it is closed
            raise AttributeError(_CLOSED)
        near = "" if name.startswith("_") else meant(name, tuple(p.name for p in parameters(self.request)))
        raise AttributeError(f"{type(self).__name__} has no {name!r}.{near}", name=name, obj=self)

    # -- controls and traits ----------------------------------------------------------------------------------------

    def _on_control_change(self, name: str) -> None:
        """Take over what a control shows: a person, or code, has changed it."""
        self._put_away()
        self._press.error = []
        self._update_again()
        self._pool.submit(self.show_cost)
        try:
            setattr(self, name, self._inputs[name].value)
        finally:  # its observers are anybody's code: where one raises, all else is up to date
            self.values = self._read()

    def _shown(self, name: str, value: Any) -> Any:
        """Have a control show a value; return what it shows then: an observer may have set another one."""
        control = self._inputs[name]
        if not is_same(value, control.value):
            control.set(value)
        return control.value

    def _read(self, seen: Mapping[str, Any] | None = None) -> dict[str, Any]:
        found = {name: control.read(seen) for name, control in self._inputs.items() if not self._is_away(control, seen)}
        return {name: value for name, value in found.items() if value is not None}

    def _whole(self, seen: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what is set; InvalidRequest where something that the model needs is empty or was not agreed to."""
        values = self._read(seen)
        for name, control in self._inputs.items():
            if control.parameter.required and name not in values:
                raise InvalidRequest(
                    f"{control.parameter.label} is empty.",
                    parameter=name,
                    allowed=control.parameter.allowed,
                    todo=control.parameter.hint.remedy or control.parameter.help,
                )
            control.check(seen)
        return values

    def _sendable(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values as they are sent: this asks the store."""
        return {name: self._inputs[name].sent(value) for name, value in values.items()}

    def _is_away(self, control: Control, seen: Mapping[str, Any] | None = None) -> bool:
        other = self._inputs.get(control.parameter.hint.not_with)
        return other is not None and other.read(seen) is not None

    def _put_away(self) -> None:
        """Switch off what has no meaning beside what is set."""
        for control in self._inputs.values():
            if control.parameter.hint.not_with:
                other = self._inputs[control.parameter.hint.not_with].parameter.label.lower()
                control.put_away(f"Not used together with {other}." if self._is_away(control) else "")

    def refresh(self) -> None:
        """Take over what is new in the store."""
        for control in self._inputs.values():
            control.refresh()

    # -- the press --------------------------------------------------------------------------------------------------

    def _on_press(self, seen: Mapping[str, Any]) -> None:
        """Ask for what the browser showed, as a new variation; a double click is one press."""
        try:
            values = self._whole(seen)
        except FoxError as error:
            self._press.fail(error)
            return
        if self._press.hint:
            self._press.fail(FoxError(self._press.hint, money=NOTHING_SENT))
            self._pool.submit(self._ask_about_key)
            return
        now = time.monotonic()
        with self._lock:
            is_again = now - self._pressed < DOUBLE_CLICK and is_same(values, self._sent)
            self._pressed = now  # a key that is held is one press, however long
        if not is_again:
            self._press.begin(self._pool.submit, lambda: self._submit(values), self._submitted)

    def _ask_about_key(self) -> None:
        """Ask whether an empty key has been topped up since."""
        self._ask_prices()
        if not self._press.hint:
            self._press.error = []

    def _submit(self, values: dict[str, Any]) -> None:
        def notify(task: Task) -> None:
            self._press.busy = False
            self._notify_later("task", task)

        self._ask(values, notify)

    def _ask(self, read: dict[str, Any], notify: Callable[[Task], object]) -> Task:
        """Ask for values as a new variation; once the journal has it, it cannot be lost, so the next press may come."""

        def journalled(task: Task) -> None:
            with self._lock:
                self._sent = values
                self._own_tasks.append(task)
            self._outcome.follow(task)
            self._update_again()
            if self._journalled is not None:
                self._journalled(task)
            notify(task)

        self._sent = read
        try:
            values = self._sendable(read)
            return self._session.submit(self.request.model, values, "new", journalled=journalled)
        except BaseException:
            self._sent = None  # another variation of it is none
            raise

    def _submitted(self) -> None:
        self._update_again()
        self.show_cost()

    def _notify(self, trait: str, value: Any) -> None:
        """Tell a trait's observers: whatever they do, the task goes on."""
        notify_listeners([self.set_trait], trait, value)

    def _notify_later(self, trait: str, value: Any) -> None:
        """Tell them on a thread of their own: they may wait for a task that is not yet sent."""
        self._observers.submit(lambda: self._notify(trait, value))

    def _update_again(self) -> None:
        self._press.again = self._sent is not None and is_same(self._read(), self._sent)

    def show_cost(self) -> None:
        """Say what a press would cost, and what is left; the last one to do so has read the controls last."""
        with self._pricing:
            cost = self._session.prices.cost(self.request.unchecked(**self._read()))
            account = self._session.billing.known_account()
            was, self._price = self._price, self._session.prices.cost(self.request.unchecked()).short
            # Without hold_sync: it keeps back what other threads set meanwhile, and may then send a `busy` that was.
            self._press.price, self._press.note = cost.short, money_note(cost, self._session.left, account)
            self._press.hint = key_is_empty(account, self._session.now(), is_class=self._session.prices.is_class)
        if was not in {"", self._price}:
            self._outcome.results.refresh()  # 'Try again' names its price, too

    # -- what becomes of it -----------------------------------------------------------------------------------------

    def follow(self, task: Task) -> None:
        """Show a task here: its progress until it is over, then its pictures."""
        self._outcome.show(task)

    def _tasks(self) -> list[Task]:
        """Return what earlier runs of the cell have shown, then what was asked for here; the newest is the last."""
        return [*self._record.recalled(self.request.model), *self._own_tasks]

    def _over(self, task: Task) -> None:
        if task.images and task.images == self.images and self._record.is_news(task):
            self._notify_later("images", task.images)
        self._pool.submit(self.show_cost)
        if self._ended is not None:
            self._ended(task)

    def resume(self) -> None:
        """Have the panel go on, on another thread, where an earlier run or kernel has left it; sends nothing."""
        self._has_resumed = True
        self._pool.submit(self._resume)

    def _resume(self) -> None:
        try:
            self.refresh()
            self._outcome.show_again()
            self._outcome.resume(self.request.model)
        except Exception as error:  # noqa: BLE001 - nobody else would ever see it: this is a thread of our own
            self._press.fail(error)

    def _own_uses(self, task: Task) -> list[Action]:
        uses = [fill_action(self, task)] if task.model == self.request.model else []
        if self.request.on_result and task.images:
            uses.insert(0, Action("use", self.request.on_result, functools.partial(self.take_result, task)))
        return uses

    def take_result(self, task: Task, number: int) -> None:
        """Put an earlier result's picture into the control for pictures.

        Raises
        ------
        ValueError
            There is no such picture, or no room for one more.
        """
        images = [image for image in task.images if image.number == number]
        controls = [control for control in self._inputs.values() if control.parameter.hint.kind == "picture"]
        if not (images and controls):
            raise ValueError(f"There is no picture {number}, or nothing here takes one.")
        controls[0].add(images[0], Titles(self._session).of(task))

    def open(self) -> None:
        """Begin to be shown; what was closed has no controls any more."""
        if self.comm is None and any(part.comm is None for part in self._parts):
            raise AttributeError(_CLOSED)
        super().open()

    def close(self) -> None:
        """Close the panel and its own parts, wherever they were laid; what is in progress goes on."""
        self._forget()
        for part in self._parts:
            part.close()
        self._pool.close()
        self._observers.close()
        super().close()

    # -- how it shows itself ----------------------------------------------------------------------------------------

    def _seen(self) -> None:
        """Do what can wait until a browser shows the panel: no panel comes to the screen later for its sake."""
        self._head.value = head(self.request, sandbox=self._session.gateway.is_sandbox)
        if not self._has_resumed:  # in a box it is not displayed by itself
            self.resume()
        self._pool.submit(self._record.show_card)
        self._pool.submit(self._ask_prices)

    def _ask_prices(self) -> None:
        self._session.prices.ask()
        self.show_cost()
        with contextlib.suppress(FoxError):  # a price is shown without it; a press says what is wrong
            self._session.billing.account(quiet=True)
            self.show_cost()

    def _card(self, earlier: int) -> str:
        return card(
            f"{self.request.title}: {self.request.model}", sandbox=self._session.gateway.is_sandbox, earlier=earlier
        )

    _ipython_display_ = show_last_value

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        output = below_record(self, self._record)
        self.resume()
        return output

    def _display_(self) -> HTML:
        return in_marimo({self.request: self.values})

    def __repr__(self) -> str:
        return f"<Panel {self.request.model}>"


def fill_action(panel: Panel, task: Task) -> Action:
    """Return the button that sets a panel to what a task was asked for with."""
    return Action("fill", "Use these settings", lambda _: panel.fill(task.request))


def below_record(box: w.Widget, record: Record) -> dict[str, Any]:
    """Return the output that shows a box, below those that stay of it."""
    record.open()
    record.show_card(running_cell())
    return output_for(box, repr(box))


def panel_class(model: str) -> type[Panel]:
    """Return the class of a model's panels, with a trait for each parameter."""
    return _class_for(request_class(model).model)


@functools.cache
def _class_for(model: str) -> type[Panel]:
    request = request_class(model)
    traits = {parameter.name: ParameterValue(parameter) for parameter in parameters(request)}
    about = {"request": request, "__module__": __name__, "__doc__": Panel.__doc__}
    return type(f"{request.__name__}Panel", (Panel,), {**traits, **about})


def _no_such(request: type[Request], name: str) -> InvalidRequest:
    """Return the error for a name that a panel does not have."""
    names = tuple(parameter.name for parameter in parameters(request))
    others = tuple(other for other in ("task", "images", "values") if other != name)
    hint = _NEXT if name == "take" else meant_name(name, (*names, *others))
    return InvalidRequest(
        f"{request.model} has no parameter {name!r}; it has {', '.join(names)}.{hint}",
        parameter=name,
        allowed=", ".join(names),
    )
