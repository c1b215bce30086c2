"""Transfers: what the gateway says of a file that was uploaded, and what a download brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fox_nb.client.accounts import number

LARGEST_PICTURE = 200 << 20
"""Bytes: a 4096 px PNG has about 20 MB."""

_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the gateway's storage; it lives for 72 hours.

    Attributes
    ----------
    url : str
        The link to hand to a task.
    id, file_name : str
        The gateway's own words; '' when it gave none.
    size : int or None
        Bytes that arrived.
    created : float or None
        Seconds since 1970, by the gateway's clock.
    """

    url: str
    id: str = ""
    file_name: str = ""
    size: int | None = None
    created: float | None = None


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download brought.

    Attributes
    ----------
    content_type : str
        What the host calls it, in small letters and without parameters; often absent or wrong.
    size : int
        Bytes.
    """

    content_type: str
    size: int


def read_upload(answer: Any) -> Upload | None:
    """Read an upload's answer; None when it holds no http(s) link."""
    if isinstance(answer, dict) and isinstance(answer.get("data"), dict) and "url" not in answer:
        answer = answer["data"]
    if not isinstance(answer, dict):
        return None
    url = answer.get("url")
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")) or len(url) > _LONGEST_TEXT:
        return None
    size = number(answer.get("size"))
    return Upload(
        url=url,
        id=_text(answer.get("id")),
        file_name=_text(answer.get("filename")),
        size=None if size is None else int(size),
        created=number(answer.get("created")),
    )


def _text(value: Any) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
