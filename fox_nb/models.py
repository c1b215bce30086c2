"""Models: a class for each of the gateway's requests, and `validate`, which makes one of plain values or refuses it."""

from __future__ import annotations

import functools
import json
import math
import numbers
import re
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, TypeGuard
from urllib.parse import urlsplit

from fox_nb.errors import InvalidRequest
from fox_nb.money import MICRO_PER_USD
from fox_nb.parameters import (
    After,
    Before,
    Bounds,
    Hint,
    marked,
    meant,
    name_in,
    not_allowed,
    parameters,
    refusal,
    unboxed,
)

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

LONGEST_PROMPT = 20_000
"""A guard against pasted files. The pages give no limit; upstream is said to refuse over about 2,000."""
LONGEST_URL = 8_192
MOST_OUTPUTS = 100
"""A guard against a slip of the finger where the pages give no limit."""
MOST_TAKES = 1_000_000
LOCAL_PICTURE = re.compile(r"sha256:[0-9a-f]{64}")
"""How a request names a local file: by the hash of its bytes. It is uploaded when the task is sent."""

MENTION = r"\[\[\s*([^\[\]\n]+?)\s*\]\]"
"""How a prompt names a profile; left to re's own cache: compiling it would cost every panel."""


def is_link(value: object) -> TypeGuard[str]:
    """Return True for what begins as a link, ``HTTPS://`` too."""
    return isinstance(value, str) and value[:8].casefold().startswith(("https://", "http://"))


def _number(value: Any) -> Any:
    """Return a real number of NumPy as Python's own; refuse what is among the numbers of both, and is none."""
    if (kind := getattr(getattr(value, "dtype", None), "kind", "")) in {"m", "M"}:  # some are numbers inside
        raise ValueError("is a length of time" if kind == "m" else "is a point in time")
    plain = unboxed(value) if hasattr(value, "ndim") else value
    if isinstance(plain, bool):
        raise ValueError("is a truth value")  # noqa: TRY004 - pydantic turns a ValueError into its own error
    return plain


def _is_real(value: Any) -> TypeGuard[numbers.Real]:
    """Return True for a real number, a Decimal too: it is a Number, and no Real."""
    return isinstance(value, numbers.Number) and not isinstance(value, complex)


def as_whole(value: Any) -> Any:
    """Take a whole number of whatever kind; what is none stays as it is, and is refused by its type."""
    number = _number(value)
    if isinstance(number, numbers.Integral):
        return int(number)
    if _is_real(number) and _float(number).is_integer():
        return int(float(number))
    return number


def as_real(value: Any) -> Any:
    """Take any real number; four decimals, so that arange's 0.30000000000000004 is 0.3."""
    number = _number(value)
    if _is_real(number):
        number = _float(number)
        if math.isnan(number):
            raise ValueError("is not a number")
        return round(number, 4) + 0.0 if math.isfinite(number) else number
    return number


def _float(value: numbers.Real) -> float:
    """Return a number as a float; one that is too large to be one is infinite, as its bounds take it."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character (a lone surrogate), which cannot be sent") from None
    if "\0" in value:
        raise ValueError("holds a NUL character, which cannot be sent")
    return value


def _not_too_long(value: str) -> str:
    if len(value) > LONGEST_PROMPT:
        raise ValueError(f"longer than {LONGEST_PROMPT:,} characters")
    return value


def _link(value: str) -> str:
    if LOCAL_PICTURE.fullmatch(value):
        return value
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("is not an http(s) URL")
    if len(value) > LONGEST_URL:
        raise ValueError(f"is longer than {LONGEST_URL:,} characters")
    if re.search(r"[\x00-\x20\x7f]", value):
        raise ValueError("holds a space or a control character")
    return _text(value)


def _none_if_empty(value: Any) -> Any:
    return None if isinstance(value, (list, tuple)) and not value else value


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def bare(profile: Any) -> Any:
    """Return a profile's id: of a profile of `fox.profiles`, and of one in the brackets that it has in a prompt."""
    if isinstance(profile, tuple) and hasattr(profile, "id"):
        return profile.id
    return profile.strip().removeprefix("[[").removesuffix("]]").strip() if isinstance(profile, str) else profile


def _at_least_one(value: list[str]) -> list[str]:
    if not value:
        raise ValueError
    return value


Text = Annotated[str, After(_text)]
Prompt = Annotated[Text, After(_not_too_long)]
Link = Annotated[str, After(_link)]
Resolution = Literal["1K", "4K"]
PhotaRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9"]
GrokRatio = Literal["2:1", "20:9", "19.5:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:19.5", "9:20", "1:2"]
OutputFormat = Literal["jpg", "jpeg", "png", "webp"]

Outputs = Annotated[
    int,
    Bounds(ge=1, le=MOST_OUTPUTS),
    Before(as_whole),
    Hint(label="Pictures", help="Number of pictures; each is billed on its own.", panel_maximum=8),
]
Level = Annotated[float, Bounds(ge=0, le=1), Before(as_real)]
ProfileIds = Annotated[
    list[Annotated[Text, Before(bare)]] | None,
    Before(_as_list),
    Before(_none_if_empty),
    Hint(kind="profile", label="Profiles", help="People whose faces should stay the same."),
]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every model's request has in common; `validate` makes one, its own constructor checks nothing.

    Attributes
    ----------
    model : str
        The gateway's name of the model.
    method : str
        The method of `Fox` that asks for it.
    title, about : str
        A person's name for it, and one line on what it does.
    press : str
        What stands on the button that asks for it.
    on_result : str
        What stands on the button that hands an earlier picture to it; '' where it takes none.
    page : str
        The page of the gateway's reference that describes it.
    usd : float
        A price of one picture seen upstream, in USD; an estimate where the price list is silent.
    four_k_doubles : bool
        True where the reference page says that 4K costs double.
    seconds : float
        About how long it takes until the store has learned better.
    estimate_is_told : bool
        False where the gateway's own ``estimated_time`` was observed to be far off.
    """

    model: ClassVar[str]
    method: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    press: ClassVar[str]
    on_result: ClassVar[str] = ""
    page: ClassVar[str]
    usd: ClassVar[float]
    four_k_doubles: ClassVar[bool] = False
    seconds: ClassVar[float] = 45.0
    estimate_is_told: ClassVar[bool] = True

    @classmethod
    def unchecked(cls, **values: Any) -> Self:
        """Return a request of what is known so far, unchecked: enough to know what it would cost.

        What a newer fox_nb has journalled may have parameters that the class doesn't know: they are left out.
        """
        return cls(**{one.name: values.get(one.name, one.default) for one in parameters(cls)})

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the creating call; what is None is left out."""
        given = {parameter.name: getattr(self, parameter.name) for parameter in parameters(type(self))}
        lists = {name: list(value) if isinstance(value, list) else value for name, value in given.items()}
        return {"model": self.model, **{name: value for name, value in lists.items() if value is not None}}

    def canonical(self) -> str:
        """Return the one text that stands for this request in its identity."""
        return json.dumps(self.body(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def outputs(self) -> int:
        """How many results are asked for and billed."""
        return int(getattr(self, "num_outputs", 1))

    def usd_at(self, price: float | None = None) -> float:
        """Return what the request may cost in USD.

        Parameters
        ----------
        price : float, optional
            The gateway's price of one call; the estimate `usd` without it.
        """
        doubled = 2 if self.four_k_doubles and getattr(self, "resolution", "") == "4K" else 1
        return (self.usd if price is None else price) * self.outputs * doubled

    def micro_usd_at(self, price: float | None = None) -> int:
        """Return the same in millionths of a USD, rounded up: a budget is a hard limit."""
        return math.ceil(round(self.usd_at(price) * MICRO_PER_USD, 3))


@dataclass(frozen=True, kw_only=True)
class CreateProfile(Request):
    """Train a profile from a ZIP of face photos. Source: the reference's page 'PHOTA Create Profile'."""

    model: ClassVar[str] = "phota-create-profile"
    method: ClassVar[str] = "create_profile"
    title: ClassVar[str] = "Profiles"
    about: ClassVar[str] = "Train a profile of one person from photos of their face."
    press: ClassVar[str] = "Train"
    page: ClassVar[str] = "PHOTA Create Profile"
    usd: ClassVar[float] = 2.90
    seconds: ClassVar[float] = 1200.0
    estimate_is_told: ClassVar[bool] = False

    image_archive_url: Annotated[
        Link,
        Hint(
            kind="archive",
            label="Photos",
            help="ZIP archive of face photos of one person, 10 at the least, 30 to 50 best.",
            consent="The person in these photos agreed to have a likeness of themselves trained.",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Generate(Request):
    """Make pictures from words. Source: the reference's page on ``phota-image``."""

    model: ClassVar[str] = "phota-image"
    method: ClassVar[str] = "generate"
    title: ClassVar[str] = "Generate"
    about: ClassVar[str] = "Make pictures from words."
    press: ClassVar[str] = "Generate"
    page: ClassVar[str] = "PHOTA Image"
    usd: ClassVar[float] = 0.09
    four_k_doubles: ClassVar[bool] = True

    prompt: Annotated[
        Prompt,
        Hint(
            kind="prompt",
            help="Describe the picture.",
            profile_tokens=True,
            example="A portrait of a woman in a vintage library, soft light",
            examples=(
                "A red fox in the snow, golden morning light",
                "A portrait of a woman in a vintage library, soft light",
                "A lighthouse on a cliff at dusk, waves below",
            ),
            remedy="Type what you want to see.",
        ),
    ]
    num_outputs: Outputs = 1
    resolution: Annotated[Resolution, Hint(help="1K is standard; 4K is high and costs double.")] = "1K"
    aspect_ratio: Annotated[PhotaRatio, Hint(help="The picture's shape, width to height.")] = "1:1"


@dataclass(frozen=True, kw_only=True)
class Edit(Request):
    """Change given pictures by words. Source: the reference's page 'PHOTA Image Edit'."""

    model: ClassVar[str] = "phota-image-edit"
    method: ClassVar[str] = "edit"
    title: ClassVar[str] = "Edit"
    about: ClassVar[str] = "Change pictures by words."
    press: ClassVar[str] = "Edit"
    on_result: ClassVar[str] = "Edit this"
    page: ClassVar[str] = "PHOTA Image Edit"
    usd: ClassVar[float] = 0.09
    four_k_doubles: ClassVar[bool] = True

    prompt: Annotated[
        Prompt,
        Hint(
            kind="prompt",
            help="What to change in the pictures.",
            example="Make it night, with light in the windows",
            examples=(
                "Make it night, with light in the windows",
                "Put a straw hat on the person",
                "Turn it into a watercolour",
            ),
            remedy="Type what you want to change.",
        ),
    ]
    image_urls: Annotated[
        list[Link],
        Before(_as_list),
        After(_at_least_one),
        Hint(
            kind="picture",
            label="Pictures to edit",
            help="Files, links or earlier results.",
            remedy="Choose a picture, or paste a link.",
        ),
    ]
    num_outputs: Outputs = 1
    resolution: Annotated[Resolution, Hint(help="1K is standard; 4K is high and costs double.")] = "1K"
    profile_ids: ProfileIds = None


@dataclass(frozen=True, kw_only=True)
class Enhance(Request):
    """Sharpen and enlarge a picture. Source: the reference's page 'PHOTA Image Enhance'."""

    model: ClassVar[str] = "phota-image-enhance"
    method: ClassVar[str] = "enhance"
    title: ClassVar[str] = "Enhance"
    about: ClassVar[str] = "Sharpen and enlarge a picture."
    press: ClassVar[str] = "Enhance"
    on_result: ClassVar[str] = "Enhance this"
    page: ClassVar[str] = "PHOTA Image Enhance"
    usd: ClassVar[float] = 0.13

    image_url: Annotated[
        Link,
        Hint(
            kind="picture",
            label="Picture to enhance",
            help="A file, a link or an earlier result.",
            remedy="Choose a picture, or paste a link.",
        ),
    ]
    resolution: Annotated[Resolution, Hint(help="Size of the result.")] = "4K"
    creativity: Annotated[
        Level | None,
        Hint(help="Not set: the service chooses. Higher = more creative changes."),
    ] = None
    resemblance: Annotated[
        Level | None,
        Hint(help="Not set: the service chooses. Higher = closer to the original."),
    ] = None
    profile_ids: ProfileIds = None


@dataclass(frozen=True, kw_only=True)
class Imagine(Request):
    """Make or edit pictures with Grok. Source: the reference's page on ``grok-imagine-image``."""

    model: ClassVar[str] = "grok-imagine-image"
    method: ClassVar[str] = "imagine"
    title: ClassVar[str] = "Grok"
    about: ClassVar[str] = "Make pictures from words, or edit up to three."
    press: ClassVar[str] = "Generate"
    on_result: ClassVar[str] = "Use in Grok"
    page: ClassVar[str] = "Grok Imagine Image"
    usd: ClassVar[float] = 0.02
    seconds: ClassVar[float] = 20.0

    prompt: Annotated[
        Prompt,
        Hint(
            kind="prompt",
            help="Describe the picture; with pictures, what to change in them.",
            example="A paper boat on a puddle, neon signs reflected",
            examples=(
                "A paper boat on a puddle, neon signs reflected",
                "A robot watering flowers on a balcony, morning",
                "A bowl of ramen on a wooden table, seen from above",
            ),
            remedy="Type what you want to see.",
        ),
    ]
    num_outputs: Annotated[
        int,
        Bounds(ge=1, le=4),
        Before(as_whole),
        Hint(label="Pictures", help="Number of pictures; each is billed on its own."),
    ] = 1
    aspect_ratio: Annotated[
        GrokRatio | None,
        Hint(
            help="The picture's shape, width to height; 1:1 while not set. Not together with pictures.",
            not_with="image_urls",
        ),
    ] = None
    output_format: Annotated[OutputFormat | None, Hint(help="The files' format; jpeg while it is not set.")] = None
    image_urls: Annotated[
        Annotated[list[Link], Bounds(max_length=3)] | None,
        Before(_as_list),
        Before(_none_if_empty),
        Hint(kind="picture", label="Pictures to edit", help="With pictures the model edits them."),
    ] = None


MODELS: Mapping[str, type[Request]] = types.MappingProxyType(
    {request.model: request for request in (Generate, Edit, Enhance, CreateProfile, Imagine)}
)
"""Every model by the gateway's name, in the order in which people meet them. A sixth is one more class."""


def request_class(model: Any) -> type[Request]:
    """Return a model's request class, or raise `InvalidRequest` with what was probably meant."""
    if isinstance(model, str) and model in MODELS:
        return MODELS[model]
    raise not_allowed("model", model, f"one of {', '.join(MODELS)}", hint=meant(model, tuple(MODELS)))


def _file_names(cls: type) -> frozenset[str]:
    return frozenset(one.name for one in parameters(cls) if one.hint.is_file)


file_names: Callable[[type], frozenset[str]] = functools.cache(_file_names)
"""Gives the names of a request class's parameters for which a local file may be given: pictures and archives."""


def pictures_given(body: Mapping[str, Any]) -> list[str]:
    """Return the pictures that a request asks to work on, as its body names them: links and hashes of local files."""
    cls = MODELS.get(body["model"])
    names = [parameter.name for parameter in parameters(cls) if parameter.hint.kind == "picture"] if cls else []
    given = [body.get(name) or [] for name in names]
    return [item for value in given for item in (value if isinstance(value, list) else [value])]


def mentioned(request: Request) -> list[str]:
    """Return the ids of profiles in a request, each once, wherever its class says that there may be some."""
    found: list[str] = []
    for parameter in parameters(type(request)):
        value = getattr(request, parameter.name)
        if parameter.hint.profile_tokens:
            found += re.findall(MENTION, value or "")
        elif parameter.hint.kind == "profile":
            found += value or ()
    return list(dict.fromkeys(found))


def counted(value: Any) -> int | None:
    """Return a whole number from 1 on, of whatever kind, as an int; None for what is none, or too large."""
    try:
        number = as_whole(value)
    except ValueError:
        return None
    return number if isinstance(number, int) and 1 <= number <= MOST_TAKES else None


def take_number(take: Any) -> int | None:
    """Return a take's number; None for ``"new"``, the next one not yet used.

    Raises
    ------
    InvalidRequest
        It is neither a whole number from 1 on nor ``"new"``.
    """
    if isinstance(take, str) and take == "new":
        return None
    number = counted(take)
    if number is not None:
        return number
    raise not_allowed("take", take, f'a whole number from 1 to {MOST_TAKES}, or "new" for the next one')


def validate(model: str, values: Mapping[str, Any]) -> Request:
    """Make a request of plain values.

    Parameters
    ----------
    model : str
        The gateway's name of the model.
    values : mapping
        The parameters by name; pictures as http(s) URLs or as ``sha256:…``.

    Raises
    ------
    InvalidRequest
        Names the parameter, the value, what is allowed and, for a near miss, what was probably meant.
    """
    from pydantic import ValidationError

    cls = request_class(model)
    try:
        checked = _checker(cls.model).model_validate(dict(values))
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        first = min(wrong, key=lambda one: one["type"] != "extra_forbidden")  # a name before what is missing for it
        raise refusal(cls, cls.model, first, len(wrong)) from None
    request = cls(**dict(checked))
    _refuse_what_has_no_meaning(request, values)
    return request


def faults(model: str, values: Mapping[str, Any]) -> list[InvalidRequest]:
    """Return all that is wrong with plain values, one error a parameter; none when `validate` takes them."""
    from pydantic import ValidationError

    cls = request_class(model)
    try:
        validate(model, values)
    except InvalidRequest as refused:
        try:
            _checker(cls.model).model_validate(dict(values))
        except ValidationError as error:
            wrong = {name_in(one): one for one in error.errors(include_url=False)}
            return [refusal(cls, cls.model, one, 1) for one in wrong.values()]
        return [refused]
    return []


def check(model: str, name: str, value: Any) -> Any:
    """Return one parameter's value as a request takes it.

    Raises
    ------
    InvalidRequest
        There is no such parameter, or it is not allowed to be this.
    """
    from pydantic import ValidationError

    cls = request_class(model)
    checker, name = _checker(cls.model), name.encode(errors="replace").decode()
    try:
        checked = checker.__pydantic_validator__.validate_assignment(checker.model_construct(), name, value)
    except ValidationError as error:
        raise refusal(cls, cls.model, error.errors(include_url=False)[0], 1) from None
    return getattr(checked, name)


@functools.cache
def _checker(model: str) -> type[BaseModel]:
    """Return the pydantic class that checks a model's requests; made, and pydantic loaded, for the first of them."""
    from pydantic import ConfigDict, create_model

    cls = MODELS[model]
    hints = marked(cls)
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], ... if parameter.required else parameter.default)
        for parameter in parameters(cls)
    }
    return create_model(cls.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)


def _refuse_what_has_no_meaning(request: Request, values: Mapping[str, Any]) -> None:
    for parameter in parameters(type(request)):
        other = parameter.hint.not_with
        if other and getattr(request, parameter.name) is not None and getattr(request, other) is not None:
            raise InvalidRequest(
                f"{parameter.name} has no meaning beside {other}: leave one of them out.", value=dict(values)
            )
