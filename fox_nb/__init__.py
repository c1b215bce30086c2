"""fox_nb: Jupyter panels and a notebook toolkit for the FoxAPI image gateway.

    import fox_nb
    fox = fox_nb.Fox()                  # the local sandbox, or your gateway when $FOXAPI_KEY is set
    fox.panel("phota-image")            # prompt box, aspect ratio, resolution, price, Generate
    fox.generate("a fox in the snow")   # the same from code; shows its pictures in the cell

This page is the table of contents; a name is loaded when it is first used, so that importing costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fox_nb.client import Client
    from fox_nb.errors import (
        AccessDenied,
        AuthenticationError,
        BadRequest,
        BudgetExceeded,
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
    from fox_nb.fox import Fox, run
    from fox_nb.models import MODELS
    from fox_nb.session import Image, Task

__version__ = "0.1.0"

_HOMES = {
    "fox_nb.client": ("Client",),
    "fox_nb.errors": (
        "AccessDenied",
        "AuthenticationError",
        "BadRequest",
        "BudgetExceeded",
        "ConnectionLost",
        "DownloadFailed",
        "ExtraMissing",
        "FileTooLarge",
        "FoxError",
        "GatewayError",
        "InsufficientBalance",
        "InvalidRequest",
        "KeyMissing",
        "NotConnected",
        "NotFound",
        "RateLimited",
        "RequestRejected",
        "SandboxError",
        "ServerError",
        "StoreDamaged",
        "StoreError",
        "StoreTooNew",
        "SubmissionUnknown",
        "TaskError",
        "TaskFailed",
        "UnexpectedAnswer",
        "WaitTimeout",
    ),
    "fox_nb.fox": ("Fox", "run"),
    "fox_nb.models": ("MODELS",),
    "fox_nb.session": ("Image", "Task"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: PLE0604 - the names stand in the table above
    "__version__",
    *sorted(_HOME_OF),
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fox_nb' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
