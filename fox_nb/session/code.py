"""Code: the Python lines that ask for the same picture again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fox_nb.models import LOCAL_PICTURE, MODELS
from fox_nb.parameters import Parameter, parameters
from fox_nb.store import sha256_of
from fox_nb.workdir import below, working_folder

LONGEST_LINE = 88


def call(body: Mapping[str, Any], take: int, origins: Mapping[str, str], *, name: str = "fox") -> str:
    """Return the call that has the identity of a request and take.

    Parameters
    ----------
    body : mapping
        The request, local pictures as ``sha256:…``.
    take : int
        The take; written when it is not 1.
    origins : mapping
        Where local pictures were taken from; a file that is there and unchanged is named by its path, any other by
        its hash, by which the store knows it.
    name : str
        What the `Fox` is called.
    """
    model = MODELS.get(body["model"])
    if model is None or body.keys() - {"model", *(parameter.name for parameter in parameters(model))}:
        return f"{name}.submit({dict(body)!r}{f', take={take}' if take != 1 else ''})"
    arguments = []
    for parameter in parameters(model):
        value = body.get(parameter.name)
        if parameter.name in body and (parameter.required or value != parameter.default):
            shown = _literal(value, parameter, origins)
            arguments.append(shown if parameter.required else f"{parameter.name}={shown}")
    if take != 1:
        arguments.append(f"take={take}")
    line = f"{name}.{model.method}({', '.join(arguments)})"
    if len(line) <= LONGEST_LINE:
        return line
    return f"{name}.{model.method}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def _literal(value: Any, parameter: Parameter, origins: Mapping[str, str]) -> str:
    if not parameter.hint.is_file:
        return repr(value)
    several = [_place(item, origins) for item in (value if isinstance(value, list) else [value])]
    return repr(several if isinstance(value, list) else several[0])


def _place(item: str, origins: Mapping[str, str]) -> str:
    """Name a picture such that asking with it gives the same identity."""
    if not LOCAL_PICTURE.fullmatch(item) or not origins.get(item):
        return item
    path = Path(origins[item])
    try:
        same = f"sha256:{sha256_of(path)}" == item
    except OSError:
        same = False
    if not same:
        return item
    return below(path, working_folder()) or str(path)
