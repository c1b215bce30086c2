"""Workdir: where relative paths begin, and where the notebook lies; the first can be changed, and be gone."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

from fox_nb.errors import InvalidRequest
from fox_nb.parameters import shown


def given_path(given: Any, parameter: str = "path") -> Path:
    """Return a path as somebody gave it, with their home in place of a '~'.

    Raises
    ------
    InvalidRequest
        It is none that a file system could have.
    """
    try:
        if given == "":
            raise ValueError("it is empty")  # noqa: TRY301 - refused as the others are
        path = Path(given).expanduser()
        with contextlib.suppress(OSError):
            path.lstat()
    except (TypeError, ValueError, RuntimeError) as error:  # no text, NUL, half a character, nobody's home
        raise InvalidRequest(
            f"{parameter} is {shown(given)}; allowed is a path ({error}).",
            parameter=parameter,
            value=given,
            allowed="a path",
            todo="Give a text or a pathlib.Path.",
        ) from None
    return path


def as_text(name: str) -> str:
    """Return a file's name as files and terminals take it: a ? stands for what is not UTF-8, as old ZIPs bring it."""
    return name.encode(errors="replace").decode()


def working_folder() -> Path | None:
    """Return the folder where relative paths begin; None when somebody has deleted it."""
    try:
        return Path.cwd()
    except OSError:
        return None


def whole(path: Path) -> Path:
    """Return a path from its root on; as it is where the folder in which it begins was deleted."""
    here = working_folder()
    return path if here is None else here / path


def notebook_folder() -> Path | None:
    """Return the folder where the kernel has started, which is the notebook's own, whatever `os.chdir` did since."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    started = getattr(shell, "starting_dir", "") if hasattr(shell, "kernel") else ""
    return Path(started) if started else working_folder()


def below(path: Path, folder: Path | None) -> str | None:
    """Return the way from a folder to a file below it, also where one of them is named by a link; else None."""
    if folder is None:
        return None
    for file, base in ((path, folder), (path.resolve(), folder.resolve())):
        if file.is_relative_to(base):
            return file.relative_to(base).as_posix()
    return None
