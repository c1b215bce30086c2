"""Form: the controls of one model, made from its request class; gives and takes plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.display import task_pages
from fox_nb.errors import InvalidRequest
from fox_nb.models import request_class
from fox_nb.parameters import parameters
from fox_nb.render.html import clip
from fox_nb.widgets.fields import PromptField, field_for
from fox_nb.widgets.pictures import PictureField

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fox_nb.models import Request
    from fox_nb.session import Task
    from fox_nb.widgets.field import Bench, Field


_LONGEST_NAME = 80


class Form:
    """All parameters of a model as controls.

    Parameters
    ----------
    model : str
        The gateway's name of the model.
    bench : Bench
        What fields need from outside.
    """

    def __init__(self, model: str, bench: Bench) -> None:
        self.request: type[Request] = request_class(model)
        self.fields: dict[str, Field] = {
            parameter.name: field_for(parameter, bench) for parameter in parameters(self.request)
        }
        self.on_change(self._put_away)

    @property
    def values(self) -> dict[str, Any]:
        """What is set, by the gateway's names; what is not set is not there."""
        return self._read({})

    def whole_values(self, seen: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is set.

        Parameters
        ----------
        seen : mapping
            What the browser's controls say by their ids, where that is known better there.

        Raises
        ------
        InvalidRequest
            Something that the model needs is empty, is still on its way here, or was not agreed to.
        """
        values = self._read(seen)
        for name, field in self.fields.items():
            if field.parameter.required and name not in values:
                raise InvalidRequest(
                    f"{field.parameter.label} is empty.",
                    parameter=name,
                    allowed=field.parameter.allowed,
                    todo=field.parameter.help,
                )
            field.check(seen)
        return values

    @property
    def value_ids(self) -> list[str]:
        """The ids of the controls that have a value in the browser."""
        return [control.id for field in self.fields.values() for control in field.valued]

    def _read(self, seen: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: field.read(seen) for name, field in self.fields.items() if not self._is_away(field, seen)}
        return {name: value for name, value in found.items() if value is not None}

    def fill(self, values: Mapping[str, Any]) -> None:
        """Put values into the controls; what is not named goes back to its default."""
        for name, field in self.fields.items():
            field.set(values.get(name, field.parameter.default))

    def refresh(self) -> None:
        """Take over what is new in the store."""
        for field in self.fields.values():
            field.refresh()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change of any control."""
        for field in self.fields.values():
            field.on_change(callback)

    def on_submit(self, callback: Callable[[str], None]) -> None:
        """Call `callback(page)` when Ctrl+Enter is pressed in the prompt, with the page in which it is."""
        for field in self.fields.values():
            if isinstance(field, PromptField):
                field.prompt.on_submit(callback)

    @property
    def picture_field(self) -> PictureField | None:
        """The field that takes an earlier result; None where the model takes no pictures."""
        fields = (field for field in self.fields.values() if field.parameter.hint.kind == "picture")
        return next((field for field in fields if isinstance(field, PictureField)), None)

    def take_result(self, task: Task, number: int) -> None:
        """Put an earlier result's picture into the field for pictures.

        Raises
        ------
        ValueError
            The field is full.
        """
        image = next((image for image in task.images if image.number == number), None)
        if image is not None and self.picture_field is not None:
            self.picture_field.add(image, clip(task_pages.title(task), _LONGEST_NAME))

    def example(self) -> Request:
        """Return a request with what is set, unchecked: enough to know what it would cost."""
        return self.request.unchecked(**self.values)

    def _is_away(self, field: Field, seen: Mapping[str, Any]) -> bool:
        other = self.fields.get(field.parameter.hint.not_with)
        return other is not None and other.read(seen) is not None

    def _put_away(self) -> None:
        """Switch off what has no meaning beside what is set."""
        for field in self.fields.values():
            if field.parameter.hint.not_with:
                other = self.fields[field.parameter.hint.not_with].parameter.label.lower()
                field.put_away(f"Put away: it has no meaning beside {other}." if self._is_away(field, {}) else "")
