"""Working folder: where relative paths begin, and where the notebook lies; the first can be changed, and be gone."""

from __future__ import annotations

import sys
from pathlib import Path


def working_folder() -> Path | None:
    """Return the folder where relative paths begin; None when somebody has deleted it."""
    try:
        return Path.cwd()
    except OSError:
        return None


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
