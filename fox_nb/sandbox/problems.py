"""Problems: what the gateway refuses, with the HTTP status, type and code that it says it with."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """A refusal that becomes the gateway's error answer."""

    def __init__(
        self, status: int, message: str, kind: str, code: str | None = None, *, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind}
        if code is not None:
            self.error["code"] = code
        if param is not None:
            self.error["param"] = param


class Unusable(Exception):
    """An input that can't be worked with, found while drawing: it becomes a failed task's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def as_error(self) -> dict[str, Any]:
        """Return the error object of a failed task."""
        return {"code": self.code, "message": self.message, "type": "task_error"}
