"""Sharing: what several threads make once, and what a forked process has to make anew."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self, TypeVar

from fox_nb.errors import FoxError

Value = TypeVar("Value")


class made_once(functools.cached_property[Value]):  # noqa: N801 - used like the property that it is
    """A cached property that two threads never make twice: functools' own has no lock from Python 3.12 on."""

    if not TYPE_CHECKING:  # what it gives is what cached_property gives

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            """Return what was made, or make it while others wait."""
            if instance is None or self.attrname in vars(instance):
                return super().__get__(instance, owner)
            with vars(instance).setdefault(_lock_of(self.attrname), threading.RLock()):
                return super().__get__(instance, owner)


def _lock_of(name: str | None) -> str:
    """Return where the lock of such a property is kept: as a private name, which no completion offers."""
    return f"_{name}_is_made"


def forget(instance: Any, *names: str) -> None:
    """Have `made_once` make these anew; a lock that another thread held is forgotten with them."""
    for name in names:
        vars(instance).pop(name, None)
        vars(instance).pop(_lock_of(name), None)


class OfOneProcess:
    """What holds threads, open files or a key: no other process gets it, and in this one a copy is the thing itself."""

    def __reduce__(self) -> NoReturn:
        """Say so in place of Python's words on a lock deep inside of it."""
        raise FoxError(
            f"{self!r} cannot be pickled: it holds threads and open files of this process.",
            todo="In the other process make a Fox with the same store=…: it gives the same and pays for nothing.",
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


def temporary_folder(owner: object, prefix: str) -> Path:
    """Make a folder that goes with its owner, or with this process; a forked one, which may end first, leaves it."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix=prefix))
    weakref.finalize(owner, _remove, folder, os.getpid())
    return folder


def _remove(folder: Path, process: int) -> None:
    import shutil

    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)


class Forked(Protocol):
    """What cannot go on in a child process as it is: threads are not there, locks may be held for ever."""

    def _after_fork(self) -> None:
        """Make anew, in the child and before anything else runs there, what is not to be shared."""


_forked: weakref.WeakSet[Any] = weakref.WeakSet()


def renew_in_children(thing: Forked) -> None:
    """Call `thing._after_fork()` in every child that this process forks, as `multiprocessing` does."""
    _forked.add(thing)


def _in_child() -> None:
    for thing in list(_forked):
        thing._after_fork()  # noqa: SLF001 - it has asked for that


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
