"""Compare: what enhance's creativity and resemblance do, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.experiments import Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.session import Session

CREATIVITY = (0.0, 0.5, 1.0)
RESEMBLANCE = (0.2, 0.8)


def compare_enhance(
    session: Session,
    image: Any,
    creativity: Sequence[float | None] | str | float | None = CREATIVITY,
    resemblance: Sequence[float | None] | str | float | None = RESEMBLANCE,
    **options: Any,
) -> Sweep:
    """Plan enhancements of one picture: creativity across, resemblance down.

    Parameters
    ----------
    session : Session
        What sends and watches.
    image
        The picture, in any form that `Fox.enhance` takes.
    creativity, resemblance
        Values as a list, a NumPy range or a text such as ``"0..1 step 0.25"``; None leaves the parameter out.
    **options
        ``resolution``, ``profile_ids`` and what `Sweep` takes.
    """
    parameters: dict[str, Any] = {}
    for name in ("resolution", "profile_ids"):
        if name in options:
            parameters[name] = options.pop(name)
    given: dict[str, Any] = {"image_url": image, "creativity": creativity, "resemblance": resemblance, **parameters}
    return Sweep(session, "phota-image-enhance", given, **options)
