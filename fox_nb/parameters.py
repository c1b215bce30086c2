"""Parameters: what a request class says of each parameter, and the words for a value that it refuses."""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import re
import types
import typing
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from fox_nb.errors import InvalidRequest

if typing.TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema, ErrorDetails

# What stands beside a type in Annotated[…]. Validation is pydantic's; it asks these marks for their part by the method
# that it documents for foreign classes, so that the requests can be read, and a panel be shown, before it is loaded.


class Hint(NamedTuple):
    """What a field's type cannot say.

    Attributes
    ----------
    kind : str
        What stands in the field: 'prompt' (long text), 'picture', 'archive', 'profile'; '' for a plain value.
    label : str
        A person's name for it; '' where the gateway's own reads well.
    help : str
        The reference page's words.
    profile_tokens : bool
        Profiles go into this text as ``[[profile_id]]``.
    not_with : str
        The parameter beside which this one has no meaning and is refused.
    panel_maximum : int or None
        How far a panel's control goes where the class allows more.
    example : str
        What a panel shows where nothing is typed yet.
    consent : str
        What a person has to agree to before a panel sends it; '' for nothing.
    examples : tuple of str
        What a person may begin with, at a click.
    remedy : str
        What to do where it is empty and must not be.
    """

    kind: Literal["", "prompt", "picture", "archive", "profile"] = ""
    label: str = ""
    help: str = ""
    profile_tokens: bool = False
    not_with: str = ""
    panel_maximum: int | None = None
    example: str = ""
    consent: str = ""
    examples: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def is_file(self) -> bool:
        """True where a file or a link to one is meant."""
        return self.kind in {"picture", "archive"}


class _Step:
    """A step of a value's way.

    Parameters
    ----------
    function : callable
        Takes the value and gives another; its ValueError refuses it.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function


class Before(_Step):
    """What is made of a value before its type is checked."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core.core_schema import no_info_before_validator_function

        return no_info_before_validator_function(self._function, handler(source))


class After(_Step):
    """What is asked of a value whose type is right."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core.core_schema import no_info_after_validator_function

        return no_info_after_validator_function(self._function, handler(source))


class Bounds(NamedTuple):
    """What a number or a list is held to, by the names of pydantic's core; it stands next to the type.

    Attributes
    ----------
    ge, le : float or None
        The inclusive range of a number.
    max_length : int or None
        How long a list may be.
    """

    ge: float | None = None
    le: float | None = None
    max_length: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        held = {name: bound for name, bound in self._asdict().items() if bound is not None}
        return typing.cast("CoreSchema", {**handler(source), **held})


class Parameter(NamedTuple):
    """One parameter of a model, as panels, magics, errors and docs need it.

    Attributes
    ----------
    name, label, help : str
        The gateway's name, a person's name, and the reference page's words.
    type : type
        bool, int, float or str; of one item where `many`.
    options : tuple of str
        The only values allowed; empty when free.
    default
        What stands when nothing is said; None means that nothing is sent.
    required, nullable, many : bool
        Must be given; may be left out of the body; is a list.
    minimum, maximum : float or None
        The inclusive range of a number.
    most_items : int or None
        How long a list may be.
    hint : Hint
        What the type cannot say.
    """

    name: str
    label: str
    help: str
    type: type
    options: tuple[str, ...] = ()
    default: Any = None
    required: bool = False
    nullable: bool = False
    many: bool = False
    minimum: float | None = None
    maximum: float | None = None
    most_items: int | None = None
    hint: Hint = Hint()

    @property
    def is_text(self) -> bool:
        """True where somebody types words: a prompt, or another text."""
        return self.type is str and not self.options and not self.many and self.hint.kind in {"", "prompt"}

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        if self.options:
            words = "one of " + ", ".join(self.options)
        elif self.type is bool:
            words = "True or False"
        elif self.type in {int, float}:
            words = f"{'a whole number' if self.type is int else 'a number'} from {self.minimum:g} to {self.maximum:g}"
        elif self.hint.is_file:
            words = "an http(s) URL or a local file"
        else:
            words = "a text that is not empty"
        if self.many:
            words = f"a list of {f'1 to {self.most_items}' if self.most_items else 'at least 1'}, each {words}"
        return f"{words}, or None" if self.nullable else words


def _parameters(cls: type) -> tuple[Parameter, ...]:
    hints = marked(cls)
    return tuple(_parameter(field, hints[field.name]) for field in dataclasses.fields(cls))


parameters: Callable[[type], tuple[Parameter, ...]] = functools.cache(_parameters)
"""Gives a request class's parameters in the order of its page."""


def marked(cls: type) -> dict[str, Any]:
    """Return the types of a request class's fields with the marks that stand beside them."""
    return typing.get_type_hints(cls, include_extras=True)


def _parameter(field: dataclasses.Field[Any], annotation: Any) -> Parameter:
    plain, marks = annotation, list[Any]()
    nullable = many = False
    while get_origin(plain) in {typing.Union, types.UnionType, list, Annotated}:
        origin = get_origin(plain)
        if origin is list:
            many, plain = True, get_args(plain)[0]
        elif origin is Annotated:
            plain, *more = get_args(plain)
            marks += more
        else:
            kinds = [part for part in get_args(plain) if part is not type(None)]
            if len(kinds) > 1:
                break
            nullable, plain = True, kinds[0]
    options = get_args(plain) if get_origin(plain) is Literal else ()
    hint = next((mark for mark in marks if isinstance(mark, Hint)), Hint())
    bounds = next((mark for mark in marks if isinstance(mark, Bounds)), Bounds())
    required = field.default is dataclasses.MISSING
    parameter = Parameter(
        name=field.name,
        label=hint.label or field.name.replace("_", " ").capitalize(),
        help=hint.help,
        type=str if options else plain,
        options=options,
        default=None if required else field.default,
        required=required,
        nullable=nullable,
        many=many,
        minimum=bounds.ge,
        maximum=bounds.le,
        most_items=bounds.max_length,
        hint=hint,
    )
    if wrong := _unfit(parameter):
        raise TypeError(f"{field.name}: {wrong}. docs/adding-a-model.md lists the shapes that a parameter may have.")
    return parameter


def _unfit(parameter: Parameter) -> str:
    """Say why no panel, magic or table could have such a parameter; '' where they can."""
    if parameter.type not in {bool, int, float, str} or not all(isinstance(one, str) for one in parameter.options):
        return "its type is none of str, bool, int, float and a Literal of texts"
    if parameter.many and not parameter.hint.kind:
        return "it is a list, and no Hint says of which kind"
    if parameter.type in {int, float} and None in {parameter.minimum, parameter.maximum}:
        return "a number needs both of its Bounds"
    if parameter.nullable and parameter.default is not None:
        return "what may be None has None as its default, or nobody could send that"
    if parameter.type is bool and parameter.default is None:
        return "a bool needs a default, and is never None"
    return ""


def name_in(error: ErrorDetails) -> str:
    """Return the parameter that an error is about; '' where not even its name is a text: a half of a character."""
    return str(error["loc"][0]) if error["loc"] else ""


def refusal(cls: type, model: str, error: ErrorDetails, count: int) -> InvalidRequest:
    """Return the error for a refused value: parameter, value, what is allowed, what was probably meant."""
    name = name_in(error)
    known = {parameter.name: parameter for parameter in parameters(cls)}
    more = f" ({count - 1} more of its parameters are wrong.)" if count > 1 else ""
    if name not in known:
        names = ", ".join(known)
        return InvalidRequest(
            f"{model} has no parameter {shown(name)}; it has {names}.{meant_name(name, tuple(known))}{more}",
            parameter=name,
            value=error["input"],
            allowed=names,
        )
    allowed = known[name].allowed
    if error["type"] == "missing":
        return InvalidRequest(f"{name} is missing: {model} needs {allowed}.{more}", parameter=name, allowed=allowed)
    why = str(error["ctx"]["error"]) if error["type"] == "value_error" else ""
    return not_allowed(
        name, error["input"], allowed, why=why, hint=f"{meant(error['input'], known[name].options)}{more}"
    )


def not_allowed(
    name: str, value: Any, allowed: str, *, why: str = "", hint: str = "", todo: str = ""
) -> InvalidRequest:
    """Return the error for a value that is not allowed; `why` and `hint`, a sentence, say more where there is more."""
    what = f"{name} is {shown(value)}{f' ({why})' if why else ''}; allowed is {allowed}.{hint}"
    return InvalidRequest(what, parameter=name, value=value, allowed=allowed, why=why, todo=todo)


def shown(value: Any) -> str:
    """Show a refused value, bounded, so that an error never repeats megabytes."""
    try:
        text = " ".join(line.strip() for line in repr(value).splitlines())
    except Exception:  # noqa: BLE001 - a foreign object's repr may do anything
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:60]}… ({type(value).__name__})"  # noqa: PLR2004 - one line


def is_same(one: Any, other: Any) -> bool:
    """Return True where two values are the same; arrays and the like, which do not say, are so when they are one."""
    if one is other:
        return True
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001 - NumPy's and pandas' own
        return False


def unboxed(value: Any) -> Any:
    """Return one of NumPy's numbers as Python's own; anything else, a masked one too, as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 and not getattr(value, "mask", False) else value


def as_number(value: Any) -> Any:
    """Return any number, a Decimal or a fraction too, as Python's own; what is none, or too large, as it is."""
    plain = unboxed(value)
    if isinstance(plain, (int, float)) or not isinstance(plain, (numbers.Real, Decimal)):
        return plain
    try:
        number = float(plain)
    except (OverflowError, ValueError):  # a fraction that is too large, a signalling NaN
        return plain
    return number if math.isfinite(number) or number == plain else plain


NO_SEED = " No model has a seed: the same request gives the same picture again, take=2 another variation."


def meant(value: Any, options: tuple[str, ...]) -> str:
    """Say what was probably meant: '16x9' is 16:9, '4k' is 4K, 'phota-imgae' is phota-image."""
    if not options or not isinstance(value, (str, int, float)):
        return ""
    wanted = _plain(str(value))
    near = [option for option in options if _plain(option) == wanted]
    if not near:
        import difflib

        near = difflib.get_close_matches(str(value)[:80], options, n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def meant_name(name: Any, names: tuple[str, ...]) -> str:
    """Say what was probably meant by a name that there isn't; of a seed, that there is none."""
    return NO_SEED if name in {"seed", "--seed"} else meant(name, names)


def _plain(text: str) -> str:
    return re.sub(r"[\s_x×/,;.:-]+", ":", text.strip().strip(".").casefold())  # noqa: RUF001 - 16 by 9
