"""fox_nb: Jupyter panels and a notebook toolkit for the FoxAPI image gateway.

    import fox_nb
    fox = fox_nb.Fox()                  # the local sandbox, or your gateway when $FOXAPI_KEY is set
    fox.panel("phota-image")            # prompt box, aspect ratio, resolution, price, Generate
    fox.generate("a fox in the snow")   # the same from code; shows its pictures in the cell

This page is the table of contents. What needs other packages is loaded when it is first used, so that
importing costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fox_nb.errors import (
    AccessDenied,
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ConfirmationNeeded,
    ConnectionLost,
    DownloadFailed,
    ExtraMissing,
    FileTooLarge,
    FoxError,
    GatewayError,
    InsufficientBalance,
    InvalidRequest,
    KeyMissing,
    NotConnected,
    NotFound,
    NotRecorded,
    PackError,
    RateLimited,
    RequestRejected,
    SandboxError,
    ServerError,
    StoreDamaged,
    StoreError,
    StoreTooNew,
    SubmissionUnknown,
    TaskError,
    TaskFailed,
    UnexpectedAnswer,
    WaitTimeout,
)

if TYPE_CHECKING:
    from fox_nb.client import Client
    from fox_nb.experiment_methods import compare
    from fox_nb.fox import Fox
    from fox_nb.models import MODELS
    from fox_nb.nesting import run
    from fox_nb.session import Image, Task
    from fox_nb.settings import ask_key

__version__ = "0.1.0"

__all__ = [
    "MODELS",
    "AccessDenied",
    "AuthenticationError",
    "BadRequest",
    "BudgetExceeded",
    "Client",
    "ConfirmationNeeded",
    "ConnectionLost",
    "DownloadFailed",
    "ExtraMissing",
    "FileTooLarge",
    "Fox",
    "FoxError",
    "GatewayError",
    "Image",
    "InsufficientBalance",
    "InvalidRequest",
    "KeyMissing",
    "NotConnected",
    "NotFound",
    "NotRecorded",
    "PackError",
    "RateLimited",
    "RequestRejected",
    "SandboxError",
    "ServerError",
    "StoreDamaged",
    "StoreError",
    "StoreTooNew",
    "SubmissionUnknown",
    "Task",
    "TaskError",
    "TaskFailed",
    "UnexpectedAnswer",
    "WaitTimeout",
    "__version__",
    "ask_key",
    "compare",
    "run",
]

_LAZY = {
    "Client": "fox_nb.client",
    "Fox": "fox_nb.fox",
    "compare": "fox_nb.experiment_methods",
    "run": "fox_nb.nesting",
    "MODELS": "fox_nb.models",
    "Image": "fox_nb.session",
    "Task": "fox_nb.session",
    "ask_key": "fox_nb.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'fox_nb' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
    return value


def load_ipython_extension(shell: Any) -> None:
    """Make ``%load_ext fox_nb`` work: from then on there are ``%%fox generate …`` and ``%fox?``."""
    from fox_nb.magics import FoxMagics

    shell.register_magics(FoxMagics)


def __dir__() -> list[str]:
    return sorted(__all__)
