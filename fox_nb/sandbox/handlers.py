"""Handlers: one function for each operation of the OpenAPI document, from the request to the answer."""

from __future__ import annotations

import asyncio
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tornado import httputil

from fox_nb import __version__
from fox_nb.sandbox import bill
from fox_nb.sandbox.answers import Answer, json_answer
from fox_nb.sandbox.options import PRICES, QUOTA
from fox_nb.sandbox.problems import Problem
from fox_nb.sandbox.process import proof
from fox_nb.sandbox.states import accepted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from fox_nb.sandbox.contract import Operation
    from fox_nb.sandbox.gateway import Gateway


@dataclass
class Incoming:
    """One request on its way through the gateway."""

    operation: Operation
    steps: Mapping[str, str]
    """The named parts of the path."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    key: str
    """The key that the sandbox proves itself with; not the caller's."""
    base_url: str
    stop: Callable[[], None] | None
    account: str = ""
    """A fingerprint of the caller's key."""
    parameters: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    """The body, once it was read as JSON."""
    task_id: str | None = None
    """The task that a creation made."""


def check(call: Incoming, gateway: Gateway) -> None:
    """Read the call's parameters and its JSON body as the document says, or raise `Problem`."""
    operation = call.operation
    call.parameters = gateway.contract.check_parameters(operation, call.query, call.headers)
    media_type = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if operation.media_type is None:
        return
    if media_type != operation.media_type:
        raise Problem(400, f"The Content-Type must be {operation.media_type}.", "invalid_request_error")
    if operation.media_type == "application/json":
        call.value = read_json(call.body)
        gateway.contract.check_body(operation, call.value)


def read_json(body: bytes) -> Any:
    """Return the value of a JSON body, or raise `Problem`."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON in UTF-8.", "invalid_request_error") from None
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# --- tasks


async def _create_task(call: Incoming, gateway: Gateway) -> Answer:
    task = gateway.create_task(call.value, call.parameters.get("X-Sandbox-Take"), call.account)
    call.task_id = task.id
    return json_answer(accepted(task))


async def _read_task(call: Incoming, gateway: Gateway) -> Answer:
    return json_answer(gateway.read_task(call.steps["task_id"], call.base_url))


# --- files


async def _upload_stream(call: Incoming, gateway: Gateway) -> Answer:
    fields, files = _read_form(call)
    unknown = sorted({*fields, *files} - {"file", "file_name", "auto_cleanup"})
    if unknown:
        message = f"Unknown parameter '{unknown[0][:100]}'."
        raise Problem(422, message, "invalid_request_error", "unsupported_advanced_options")
    if not files.get("file"):
        raise Problem(422, "Missing parameter 'file'.", "invalid_request_error", param="file")
    upload = files["file"][0]
    cleanup = fields.get("auto_cleanup", "true")
    if cleanup not in {"true", "false"}:
        raise Problem(422, "Bad value for 'auto_cleanup'.", "invalid_request_error", param="auto_cleanup")
    name = fields.get("file_name") or upload["filename"] or ""
    return _keep(call, gateway, upload["body"], name, auto_cleanup=cleanup == "true")


def _read_form(call: Incoming) -> tuple[dict[str, str], dict[str, list[httputil.HTTPFile]]]:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[httputil.HTTPFile]] = {}
    try:
        httputil.parse_body_arguments(call.headers["Content-Type"], call.body, arguments, files)
        fields = {name: values[-1].decode("utf-8") for name, values in arguments.items()}
    except (httputil.HTTPInputError, ValueError):
        raise Problem(400, "The body is not multipart form data.", "invalid_request_error") from None
    return fields, files


async def _upload_base64(call: Incoming, gateway: Gateway) -> Answer:
    text: str = call.value["file_data"]
    if text.startswith("data:"):
        text = text.partition(";base64,")[2]
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        message = "Bad value for 'file_data': it is no base64 text and no base64 data URL."
        raise Problem(422, message, "invalid_request_error", param="file_data") from None
    return _keep_value(call, gateway, data, "file")


async def _upload_url(call: Incoming, gateway: Gateway) -> Answer:
    address = call.value["url"]
    data = await asyncio.to_thread(_stand_in, address)
    return _keep_value(call, gateway, data, _last_step(address))


def _stand_in(address: str) -> bytes:
    """Return the picture that stands for what a foreign address would have given, as a JPEG."""
    from fox_nb.sandbox import art  # in a thread: NumPy and Pillow would hold up the loop

    return art.encode(art.stand_in(address))


def _last_step(address: str) -> str:
    try:
        return urlsplit(address).path.rpartition("/")[2]
    except ValueError:
        return ""


def _keep_value(call: Incoming, gateway: Gateway, data: bytes, name: str) -> Answer:
    cleanup = call.value.get("auto_cleanup", True)
    return _keep(call, gateway, data, call.value.get("file_name") or name, auto_cleanup=cleanup)


def _keep(call: Incoming, gateway: Gateway, data: bytes, name: str, *, auto_cleanup: bool) -> Answer:
    if not data:
        raise Problem(422, "The file is empty.", "invalid_request_error", param="file")
    upload = gateway.add_upload(data, name, auto_cleanup=auto_cleanup)
    return json_answer(gateway.uploaded(upload, call.base_url))


async def _fetch_upload(call: Incoming, gateway: Gateway) -> Answer:
    return await _file(*gateway.file_of_upload(call.steps["token"]))


async def _fetch_result(call: Incoming, gateway: Gateway) -> Answer:
    return await _file(*gateway.file_of_result(call.steps["token"], call.steps["name"]))


async def _file(path: Path, media_type: str) -> Answer:
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        raise Problem(404, "There is no such file.", "not_found") from None
    headers = {"Content-Type": media_type, "X-Content-Type-Options": "nosniff", "Cache-Control": "private"}
    return Answer(200, data, headers)


# --- lists and money


async def _list_models(_call: Incoming, gateway: Gateway) -> Answer:
    models = [
        {"id": name, "object": "model", "created": 1757165031, "owned_by": name.partition("-")[0]}
        for name in gateway.settings.models
    ]
    return json_answer({"object": "list", "data": models})


async def _read_pricing(_call: Incoming, gateway: Gateway) -> Answer:
    data = [{"model_name": name, "quota_type": 1, "model_price": price} for name, price in PRICES.items()]
    return json_answer({"data": data, "group_ratio": gateway.settings.groups})


async def _read_subscription(_call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({"object": "billing_subscription", "hard_limit_usd": gateway.settings.balance})


async def _read_usage(_call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({"object": "list", "total_usage": gateway.ledger.quota() * 100 / QUOTA})


async def _read_account(call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({"code": True, "message": "ok", "data": gateway.read_bill(bill.account, call.account)})


async def _read_log(call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({"success": True, "message": "", "data": gateway.read_bill(bill.log, call.account)})


# --- the sandbox's own


async def _read_contract(_call: Incoming, gateway: Gateway) -> Answer:
    return json_answer(gateway.contract.document)


async def _read_sandbox(call: Incoming, gateway: Gateway) -> Answer:
    about = {"sandbox": "fox_nb", "version": __version__, "speed": gateway.settings.speed}
    if "challenge" in call.parameters:
        about["proof"] = proof(call.key, call.parameters["challenge"], call.base_url)
    return json_answer(about)


async def _read_creations(_call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({"creations": gateway.ledger.creations()})


async def _read_faults(_call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({"faults": gateway.faults.remaining()})


async def _add_fault(call: Incoming, gateway: Gateway) -> Answer:
    gateway.faults.add(call.value)
    return await _read_faults(call, gateway)


async def _clear_faults(call: Incoming, gateway: Gateway) -> Answer:
    gateway.faults.clear(call.parameters.get("label"))
    return await _read_faults(call, gateway)


async def _read_settings(_call: Incoming, gateway: Gateway) -> Answer:
    return json_answer({**gateway.settings.as_dict(), "now": gateway.clock.now()})


async def _change_settings(call: Incoming, gateway: Gateway) -> Answer:
    gateway.change_settings(call.value)
    return await _read_settings(call, gateway)


async def _stop(call: Incoming, _gateway: Gateway) -> Answer:
    if call.stop is None:
        raise Problem(409, "This sandbox is ended by whoever started it.", "invalid_request_error")
    call.stop()
    return json_answer({"stopping": True}, 202)


CALLS: Mapping[str, tuple[Callable[[Incoming, Gateway], Awaitable[Answer]], str | None]] = {
    "create_task": (_create_task, "create"),
    "read_task": (_read_task, "read"),
    "list_models": (_list_models, "models"),
    "upload_stream": (_upload_stream, "upload"),
    "upload_base64": (_upload_base64, "upload"),
    "upload_url": (_upload_url, "upload"),
    "read_pricing": (_read_pricing, "pricing"),
    "read_subscription": (_read_subscription, "balance"),
    "read_usage": (_read_usage, "balance"),
    "read_account": (_read_account, "bill"),
    "read_log": (_read_log, "bill"),
    "fetch_upload": (_fetch_upload, "file"),
    "fetch_result": (_fetch_result, "result"),
    "read_contract": (_read_contract, None),
    "read_sandbox": (_read_sandbox, None),
    "read_creations": (_read_creations, None),
    "read_faults": (_read_faults, None),
    "add_fault": (_add_fault, None),
    "clear_faults": (_clear_faults, None),
    "read_settings": (_read_settings, None),
    "change_settings": (_change_settings, None),
    "stop": (_stop, None),
}
"""What carries out each operation, and by which name a fault knows it; the sandbox's own calls always work."""
