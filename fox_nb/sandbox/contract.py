"""Contract: loads the gateway's OpenAPI document, checks what arrives against it, and words what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, cast

import jsonschema
from jsonschema import ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from fox_nb.sandbox.faults import fault_schemas
from fox_nb.sandbox.problems import Problem

HOME = "urn:fox_nb:sandbox"
"""The document's name for itself, from which its references are followed."""

LONGEST_SHOWN = 200
"""Characters of a bad value that an error repeats."""


@dataclass(frozen=True)
class Operation:
    """One call of the gateway: a method on a path, as the document describes it."""

    name: str
    method: str
    path: str
    spec: dict[str, Any]

    @property
    def needs_key(self) -> bool:
        """Whether the call asks for an Authorization header."""
        return self.spec.get("security") != []

    @property
    def media_type(self) -> str | None:
        """The one media type that its body may have; None for a call without a body."""
        return next(iter(self.spec.get("requestBody", {}).get("content", {})), None)


class Contract:
    """The gateway's OpenAPI document, ready to check requests with."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(HOME, resource)
        self.operations = [
            Operation(spec["operationId"], method.upper(), path, spec)
            for path, methods in document["paths"].items()
            for method, spec in methods.items()
        ]
        mapping = self._schemas["Creation"]["discriminator"]["mapping"]
        self._models = {name: ref.rsplit("/", 1)[1] for name, ref in mapping.items()}

    @property
    def _schemas(self) -> dict[str, Any]:
        schemas: dict[str, Any] = self.document["components"]["schemas"]
        return schemas

    @property
    def models(self) -> list[str]:
        """The names of the models, in the document's order."""
        return list(self._models)

    def operation(self, name: str) -> Operation:
        """Return an operation by its operationId."""
        return next(operation for operation in self.operations if operation.name == name)

    def check_body(self, operation: Operation, body: Any) -> None:
        """Refuse a body that is not as the document says, naming the parameter and what is allowed."""
        schema = operation.spec["requestBody"]["content"][operation.media_type]["schema"]
        place = self._chosen(self._follow(schema), body)
        if place is None:
            path, media = (part.replace("/", "~1") for part in (operation.path, operation.media_type or ""))
            place = f"#/paths/{path}/{operation.method.lower()}/requestBody/content/{media}/schema"
        self._check({"$ref": HOME + place}, body)

    def hold(self, operation: str, body: dict[str, Any]) -> None:
        """Refuse with a `ValueError` what code asks for, where a body that says so would be refused."""
        try:
            self.check_body(self.operation(operation), body)
        except Problem as problem:
            raise ValueError(str(problem)) from None

    def check_parameters(
        self, operation: Operation, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the call's query and header parameters by name, read as their types."""
        values: dict[str, Any] = {}
        for parameter in operation.spec.get("parameters", []):
            name = parameter["name"]
            text = {"query": query, "header": headers}.get(parameter["in"], {}).get(name)
            if text is not None:
                values[name] = _typed(text, parameter["schema"])
                self._check(parameter["schema"], values[name], name)
        return values

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a creation with the document's defaults filled in and what is null left out."""
        properties = self._schemas[self._models[body["model"]]]["properties"]
        defaults = {name: self._follow(spec).get("default") for name, spec in properties.items()}
        merged = {**defaults, **body}
        return {name: _whole(merged[name]) for name in properties if merged[name] is not None}

    def _chosen(self, schema: dict[str, Any], body: Any) -> str | None:
        """Return where the one alternative stands that the body names, so that an error speaks of that one alone."""
        if "discriminator" not in schema or not isinstance(body, dict):
            return None
        name, mapping = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
        value = body.get(name)
        if value is None:
            raise Problem(422, f"Missing parameter '{name}'.", "invalid_request_error", param=name)
        if not isinstance(value, str) or value not in mapping:
            message = f"Unknown {name} {_shown(value)}. Allowed: {', '.join(mapping)}."
            code = "model_not_found" if name == "model" else None
            raise Problem(422, message, "invalid_request_error", code, param=name)
        place: str = mapping[value]
        return place

    def _follow(self, spec: dict[str, Any]) -> dict[str, Any]:
        name = spec.get("$ref", "").rsplit("/", 1)[-1]
        followed: dict[str, Any] = self._schemas[name] if name else spec
        return followed

    def _check(self, schema: dict[str, Any], value: Any, name: str = "") -> None:
        validator = _Validator(schema, registry=self._registry)
        error = best_match(validator.iter_errors(value))
        if error is not None:
            raise _problem(error, name)


@lru_cache(maxsize=1)
def load_contract() -> Contract:
    """Return the package's own document; the faults' schema comes from the table of faults."""
    text = resources.files("fox_nb.sandbox").joinpath("openapi.json").read_text(encoding="utf-8")
    document = json.loads(text)
    document["components"]["schemas"] |= fault_schemas()
    return Contract(document)


def _typed(text: str, schema: dict[str, Any]) -> Any:
    """Read a query's or header's text as the schema's type; what can't be read stays text and is refused."""
    if schema["type"] == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if schema["type"] == "integer" and text.isascii() and text.isdigit():
        return int(text[:20])
    return text


def _whole(value: Any) -> Any:
    """Return JSON's 3.0, which its schemas take for an integer, as one; other numbers as they are."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _problem(error: ValidationError, name: str) -> Problem:
    rule_says: Any = error.validator_value
    where = name or ".".join(str(step) for step in error.absolute_path)
    given: Any = error.instance
    value = _shown(given)
    code = None
    match error.validator:
        case "required":
            missing = next(item for item in rule_says if item not in given)
            where, message = missing, f"Missing parameter '{missing}'."
        case "additionalProperties":
            known = cast("dict[str, Any]", error.schema)["properties"]
            where = next(item for item in given if item not in known)
            message = f"Unknown parameter {_shown(where)}. Parameters: {', '.join(known)}."
            code = "unsupported_advanced_options"
        case "enum":
            allowed = ", ".join(str(item) for item in rule_says if item is not None)
            message = f"Bad value {value} for '{where}'. Allowed: {allowed}."
        case "not":
            *others, where = rule_says["required"]
            message = f"'{where}' is not supported beside {', '.join(repr(other) for other in others)}."
        case rule:
            message = f"Bad value {value} for '{where}': {rule} is {_shown(rule_says)}."
    return Problem(422, message, "invalid_request_error", code, param=where[:LONGEST_SHOWN] or None)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Leave base64 to whoever decodes it: the pattern that says the same takes fifty times as long."""
    if "contentEncoding" not in schema:
        yield from jsonschema.Draft202012Validator.VALIDATORS["pattern"](validator, pattern, value, schema)


_Validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)
