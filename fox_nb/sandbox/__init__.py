"""The sandbox: a gateway on this machine that speaks FoxAPI's protocol, with real pictures and play money.

    with Sandbox(speed=50) as sandbox:
        requests.get(f"{sandbox.base_url}/v1/models", headers={"Authorization": f"Bearer {sandbox.key}"})

It knows the gateway by `openapi.json` alone and imports nothing else of fox_nb. What a kernel needs to find the one
that runs in the background is in `process`, which is light to import; the rest is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fox_nb.sandbox.context import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> Any:
    if name == "Sandbox":
        from fox_nb.sandbox.context import Sandbox

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
