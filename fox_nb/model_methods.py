"""Model methods: the models as methods, and any of them by name."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from fox_nb.errors import InvalidRequest
from fox_nb.parameters import meant_name, not_allowed, parameters

if TYPE_CHECKING:
    from fox_nb.session import Session, Task

P = ParamSpec("P")
R = TypeVar("R")


def refusing(call: Callable[P, R]) -> Callable[P, R]:
    """Have a call refuse names that it does not have in words: what was probably meant, and that there is no seed."""
    known = tuple(name for name in inspect.signature(call).parameters if name != "self")

    @functools.wraps(call)
    def checked(*args: P.args, **given: P.kwargs) -> R:
        for name in given:
            if name not in known:
                raise _no_such_argument(call.__name__, name, known)
        return call(*args, **given)

    return checked


def _no_such_argument(method: str, name: str, known: tuple[str, ...]) -> InvalidRequest:
    hint = meant_name(name, known)
    if method == "batch":
        from fox_nb.models import MODELS

        column = "take" if name == "takes" else name
        if column == "take" or any(column == known.name for cls in MODELS.values() for known in parameters(cls)):
            hint = f" For every row it is a column: df.assign({column}=…)."
    return InvalidRequest(
        f"fox.{method} has no parameter {name!r}; it has {', '.join(known)}.{hint}",
        parameter=name,
        allowed=", ".join(known),
    )


class ModelMethods(ABC):
    """What can be asked of the gateway; `Fox` is one."""

    @property
    @abstractmethod
    def session(self) -> Session:
        """What journals, sends, polls and downloads."""

    @refusing
    def generate(
        self,
        prompt: str,
        num_outputs: int = 1,
        resolution: str = "1K",
        aspect_ratio: str = "1:1",
        *,
        take: int | str = 1,
    ) -> Task:
        """Make pictures from words (``phota-image``).

        Parameters
        ----------
        prompt : str
            What to show; ``[[profile_id]]`` puts a trained profile into it.
        num_outputs : int
            Number of pictures, from 1 on; each is billed on its own.
        resolution : str
            ``1K``, or ``4K`` at double price.
        aspect_ratio : str
            1:1, 2:3, 3:2, 3:4, 4:3, 9:16 or 16:9.
        take : int or "new"
            Which picture from the same words; the same take is the same picture, free.

        Returns
        -------
        Task
            In progress or done; in a cell it shows itself.

        Raises
        ------
        InvalidRequest, BudgetExceeded
            Nothing was sent.
        SubmissionUnknown
            It was sent, and no usable answer came.
        GatewayError, NotConnected
            It was not accepted.
        """
        given = _given(prompt=prompt, num_outputs=num_outputs, resolution=resolution, aspect_ratio=aspect_ratio)
        return self.session.submit("phota-image", given, take)

    @refusing
    def edit(
        self,
        prompt: str,
        image_urls: Any,
        num_outputs: int = 1,
        resolution: str = "1K",
        profile_ids: Sequence[str] | None = None,
        *,
        take: int | str = 1,
    ) -> Task:
        """Change pictures by words (``phota-image-edit``).

        Parameters
        ----------
        prompt : str
            What to change.
        image_urls
            The pictures, or one: URLs, local paths, PIL images, bytes, arrays, earlier results.
        num_outputs : int
            Number of pictures, from 1 on; each is billed on its own.
        resolution : str
            ``1K``, or ``4K`` at double price.
        profile_ids : sequence of str, optional
            Trained profiles whose looks are to be kept.
        take : int or "new"
            Which picture from the same request.

        Returns
        -------
        Task
            In progress or done.

        Raises
        ------
        FoxError
            As `generate`.
        """
        given = _given(
            prompt=prompt,
            image_urls=image_urls,
            num_outputs=num_outputs,
            resolution=resolution,
            profile_ids=profile_ids,
        )
        return self.session.submit("phota-image-edit", given, take)

    @refusing
    def enhance(
        self,
        image_url: Any,
        resolution: str = "4K",
        creativity: float | None = None,
        resemblance: float | None = None,
        profile_ids: Sequence[str] | None = None,
        *,
        take: int | str = 1,
    ) -> Task:
        """Sharpen and enlarge a picture (``phota-image-enhance``).

        Parameters
        ----------
        image_url
            The picture: a URL, local path, PIL image, bytes, array or earlier result.
        resolution : str
            ``1K`` or ``4K``.
        creativity : float, optional
            0 to 1; higher brings in more changes. Not sent while None.
        resemblance : float, optional
            0 to 1; higher stays closer to the original. Not sent while None.
        profile_ids : sequence of str, optional
            Trained profiles whose looks are to be kept.
        take : int or "new"
            Which picture from the same request.

        Returns
        -------
        Task
            In progress or done.

        Raises
        ------
        FoxError
            As `generate`.
        """
        given = _given(
            image_url=image_url,
            resolution=resolution,
            creativity=creativity,
            resemblance=resemblance,
            profile_ids=profile_ids,
        )
        return self.session.submit("phota-image-enhance", given, take)

    @refusing
    def create_profile(self, image_archive_url: Any, *, take: int | str = 1) -> Task:
        """Train a profile of one person (``phota-create-profile``); takes about 20 minutes at the service.

        This is the bare call. ``fox.profiles.train`` looks at the photos first, names the profile, and trains on the
        same photos once, however they are packed; what one of the two has trained, the other trains anew.

        Parameters
        ----------
        image_archive_url
            ZIP of face photos, 10 at the least, 30 to 50 best: a URL or a local path.
        take : int or "new"
            Which training on the same photos.

        Returns
        -------
        Task
            Its ``profile_id`` is there when it is completed.

        Raises
        ------
        FoxError
            As `generate`.
        """
        given = _given(image_archive_url=image_archive_url)
        return self.session.submit("phota-create-profile", given, take)

    @refusing
    def imagine(
        self,
        prompt: str,
        num_outputs: int = 1,
        aspect_ratio: str | None = None,
        output_format: str | None = None,
        image_urls: Any = None,
        *,
        take: int | str = 1,
    ) -> Task:
        """Make or edit pictures with Grok (``grok-imagine-image``).

        Parameters
        ----------
        prompt : str
            What to show; with pictures, what to change in them.
        num_outputs : int
            1 to 4; each is billed on its own.
        aspect_ratio : str, optional
            One of 13, from 1:2 to 2:1 and 20:9; not together with pictures.
        output_format : str, optional
            jpg, jpeg, png or webp; jpeg when it is not set.
        image_urls : optional
            Up to 3 pictures to edit, as in `edit`.
        take : int or "new"
            Which picture from the same request.

        Returns
        -------
        Task
            In progress or done.

        Raises
        ------
        FoxError
            As `generate`.
        """
        given = _given(
            prompt=prompt,
            num_outputs=num_outputs,
            aspect_ratio=aspect_ratio,
            output_format=output_format,
            image_urls=image_urls,
        )
        return self.session.submit("grok-imagine-image", given, take)

    def submit(self, request: Mapping[str, Any], *, take: int | str = 1) -> Task:
        """Ask any of the models by name.

        Parameters
        ----------
        request : mapping
            ``{"model": …, …}`` with the gateway's own parameter names; what is None is left out.
        take : int or "new"
            Which picture from the same request.

        Raises
        ------
        FoxError
            As `generate`.
        """
        if not isinstance(request, Mapping):
            raise not_allowed("request", request, 'a mapping such as {"model": "phota-image", "prompt": "a fox"}')
        values = {name: value for name, value in request.items() if value is not None}
        return self.session.submit(values.pop("model", None), values, take)


def _given(**values: Any) -> dict[str, Any]:
    """Return a call's parameters without what is None."""
    return {name: value for name, value in values.items() if value is not None}
