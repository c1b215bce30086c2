"""Plans: turns a checked request into the steps that draw it, with a seed and a file name for each picture."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlsplit

from fox_nb.sandbox.database import Ledger
from fox_nb.sandbox.problems import Problem, Unusable

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OWN_LINK = re.compile(r"/(uploads|results)/\d{8}/([\w-]+)/([^/]+)")
LINKS = ("image_url", "image_archive_url", "image_urls")
"""The parameters that are links: one, or a list of them."""
TAKES_NAMES = ("phota-image",)
"""Models whose prompt names profiles; to all others ``[[…]]`` is words, as the pages have it."""
NAMED_PROFILE = re.compile(r"\[\[\s*([^\[\]]+?)\s*\]\]")

Source = dict[str, str]


def find_source(url: str, ledger: Ledger, now: float) -> Source:
    """Return what a link of a request leads to: a file of the sandbox's own folder, or a foreign address.

    Every source has an `identity`, by which two links to the same bytes are the same.

    Raises
    ------
    Unusable
        If it is a link of a sandbox, but leads nowhere (any more).
    """
    try:
        parts = urlsplit(url)
        own = parts.hostname in LOOPBACK and OWN_LINK.fullmatch(parts.path)
    except ValueError:
        own = None
    if not own:
        return {"url": url, "identity": url}
    place, token, name = own.groups()
    if place == "uploads" and (upload := ledger.upload(token)):
        return {"file": f"uploads/{token}", "identity": upload.sha256, "kind": upload.kind}
    if place == "results" and (found := ledger.task_of_link(token)):
        task, expires = found
        made = picture_of_link(task.made, name)
        if made and now < expires:
            return {"file": f"pictures/{made['name']}", "identity": made["name"], "kind": made["media_type"]}
    raise Unusable("invalid_image_url", "A link leads to nothing: it has expired, or it was never one of ours.")


def picture_of_link(made: list[dict[str, Any]] | None, name: str) -> dict[str, Any] | None:
    """Return the picture that the last part of a result's link names: its number and its ending."""
    pictures = {link_name(index, one): one for index, one in enumerate(made or ()) if "name" in one}
    return pictures.get(name)


def link_name(index: int, picture: dict[str, Any]) -> str:
    """Return the last part of a result's link."""
    return f"{index + 1}.{picture['name'].rpartition('.')[2]}"


def check_kind(source: Source, model: str) -> None:
    """Refuse an own upload that is known not to be what the model works with."""
    kind = source.get("kind")
    if model == "phota-create-profile":
        if kind not in {None, "application/zip"}:
            raise Problem(422, "The archive is not a ZIP file.", "invalid_request_error", "invalid_file_type")
    elif kind is not None and not kind.startswith("image/"):
        raise Problem(422, "The file is not an image.", "invalid_request_error", "invalid_file_type")


def links_of(request: dict[str, Any]) -> list[str]:
    """Return the links that a request works on."""
    given = [request[name] for name in LINKS if name in request]
    return [link for one in given for link in ([one] if isinstance(one, str) else one)]


def profiles_of(request: dict[str, Any]) -> list[str]:
    """Return the profiles that a request names, in its prompt or beside it, each once."""
    prompt = request.get("prompt", "") if request["model"] in TAKES_NAMES else ""
    return list(dict.fromkeys([*NAMED_PROFILE.findall(prompt), *request.get("profile_ids", ())]))


def digest_of(request: dict[str, Any], sources: list[Source]) -> str:
    """Return what tells two requests apart: parameters, with the bytes behind links instead of the links."""
    plain = {name: value for name, value in request.items() if name not in LINKS}
    return _hash([plain, [source["identity"] for source in sources]])


def plan(
    request: dict[str, Any], sources: list[Source], figures: list[dict[str, Any]], take: int, art_mark: str
) -> list[dict[str, Any]]:
    """Return the steps that draw the request's pictures.

    The seed comes from what is asked for and the take alone, not from size, format or the enhancement's two levels, so
    that changing one of those shows what it does and nothing else.
    """
    model = request["model"]
    step: dict[str, Any] = {
        "work": "edit" if sources else "generate",
        "model": model,
        "prompt": request.get("prompt", ""),
        "sources": sources,
        "figures": figures,
        "resolution": request.get("resolution", "1K"),
        "format": request.get("output_format", "jpeg"),
    }
    if model == "phota-image-enhance":
        levels = {name: request.get(name) for name in ("creativity", "resemblance")}
        step |= {"work": "enhance", **levels}
    elif not sources:
        step["aspect_ratio"] = request.get("aspect_ratio", "1:1")
    subject = [model, step["prompt"], [one["identity"] for one in sources], [one["id"] for one in figures]]
    return [
        _named(step | {"seed": int(_hash([subject, take, index])[:12], 16)}, art_mark)
        for index in range(request.get("num_outputs", 1))
    ]


def profile_id_of(digest: str, take: int) -> str:
    """Return a profile's id: the same photos and take train the same profile, so that a lesson can be repeated."""
    return f"profile_{_hash([digest, take])[:8]}"


def _named(step: dict[str, Any], art_mark: str) -> dict[str, Any]:
    """Name the picture by all that it depends on: who asks for the same one, gets the file that is there."""
    plain = {**step, "sources": [source["identity"] for source in step["sources"]]}
    ending = "jpg" if step["format"] in {"jpg", "jpeg"} else step["format"]
    return step | {"name": f"{_hash([plain, art_mark])[:32]}.{ending}"}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
