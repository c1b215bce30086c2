"""Two witnesses: the request classes and the sandbox's OpenAPI document were written apart, and have to agree."""

import inspect
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fox_nb.sandbox
from fox_nb import MODELS, Fox, InvalidRequest
from fox_nb.models import validate
from fox_nb.parameters import Parameter, parameters
from fox_nb.sandbox.options import DOUBLED_AT_4K
from fox_nb.sandbox.plans import LINKS, TAKES_NAMES

DOCUMENT = json.loads((Path(fox_nb.sandbox.__file__).parent / "openapi.json").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
PAGE = {model: ref.rsplit("/", 1)[1] for model, ref in SCHEMAS["Creation"]["discriminator"]["mapping"].items()}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    while "$ref" in schema:
        schema = {**SCHEMAS[schema["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def validator(model: str) -> jsonschema.Draft202012Validator:
    """The sandbox's own check of one model's body."""
    return jsonschema.Draft202012Validator({**SCHEMAS[PAGE[model]], "components": DOCUMENT["components"]})


def test_the_same_models() -> None:
    """Both know the same models, and of each the same: what doubles at 4K, whose prompt names profiles, what is a link."""
    assert set(PAGE) == set(MODELS)
    assert {model for model, known in MODELS.items() if known.four_k_doubles} == set(DOUBLED_AT_4K)
    known = [(model, parameter) for model in MODELS for parameter in parameters(MODELS[model])]
    assert {model for model, parameter in known if parameter.hint.profile_tokens} == set(TAKES_NAMES)
    assert {parameter.name for _, parameter in known if parameter.hint.is_file} == set(LINKS)


@pytest.mark.parametrize("model", list(MODELS))
def test_each_model_is_a_method(model: str) -> None:
    """A Fox has it by the name that 'show code' writes, with every parameter."""
    taken = inspect.signature(getattr(Fox, MODELS[model].method)).parameters
    assert {parameter.name for parameter in parameters(MODELS[model])} == set(taken) - {"self", "take"}


@pytest.mark.parametrize("model", list(MODELS))
def test_the_same_parameters(model: str) -> None:
    """Both have the same parameters, and require the same ones."""
    schema = SCHEMAS[PAGE[model]]
    known = parameters(MODELS[model])
    assert set(schema["properties"]) == {"model", *(p.name for p in known)}
    assert set(schema["required"]) == {"model", *(p.name for p in known if p.required)}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("model", "parameter"), [(model, p) for model in MODELS for p in parameters(MODELS[model])], ids=str
)
def test_the_same_values(model: str, parameter: Parameter) -> None:
    """Both give each parameter the same type, options, range, default and length."""
    schema = resolved(SCHEMAS[PAGE[model]]["properties"][parameter.name])
    kinds = schema.get("type", ["string"] + ["null"] * (None in schema.get("enum", [])))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    assert [kind for kind in kinds if kind != "null"] == ["array" if parameter.many else names[parameter.type]]
    assert ("null" in kinds) == parameter.nullable
    assert {option for option in schema.get("enum", ()) if option is not None} == set(parameter.options)
    assert (schema.get("minimum"), schema.get("maximum")) == (parameter.minimum, parameter.maximum)
    assert schema.get("default") == parameter.default
    assert schema.get("maxItems") == parameter.most_items


def bodies(model: str) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of a model, good ones and bad ones, near the borders of what is allowed."""

    def values(parameter: Parameter) -> st.SearchStrategy[Any]:
        if parameter.options:
            one = st.sampled_from([*parameter.options, "", "16x9", "5:4", "4k", "gif"])
        elif parameter.type is int:
            one = st.integers(-1, int(parameter.maximum or 0) + 2)
        elif parameter.type is float:
            one = st.one_of(st.floats(-0.5, 1.5).map(lambda x: round(x, 4)), st.sampled_from([0, 1, 0.0, 1.0]))
        elif parameter.hint.kind in {"picture", "archive"}:
            one = st.sampled_from(
                ["https://example.com/a.png", "HTTP://EXAMPLE.com/a", "ftp://a/b", "a.png", "", "https://"]
            )
        else:
            one = st.sampled_from(["a fox", " ", "", "ein Fuchs [[p_1]]", "x" * 500])
        if parameter.many:
            one = st.lists(one, max_size=4)
        return st.one_of(one, st.none(), st.sampled_from([True, {}, [], "x", 3])) if parameter.nullable else one

    known = {p.name: values(p) for p in parameters(MODELS[model])}
    extra = {"seed": st.integers()}
    required = {p.name for p in parameters(MODELS[model]) if p.required}
    return st.fixed_dictionaries(
        {name: one for name, one in known.items() if name in required},
        optional={**{name: one for name, one in known.items() if name not in required}, **extra},
    )


@pytest.mark.parametrize("model", list(MODELS))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_the_same_judgement(model: str, data: st.DataObject) -> None:
    """What one takes the other takes; what the classes make of it is a body that the document allows."""
    body = data.draw(bodies(model))
    try:
        sent = validate(model, body).body()
    except InvalidRequest:
        sent = None
    lists = {parameter.name for parameter in parameters(MODELS[model]) if parameter.many}
    left_out = {name for name, value in body.items() if value is None or (value == [] and name in lists)}
    plain = {name: value for name, value in body.items() if name not in left_out}
    allowed = validator(model).is_valid({"model": model, **plain})
    empty_but_required = any(
        parameter.required and body.get(parameter.name) == [] for parameter in parameters(MODELS[model])
    )
    assert (sent is not None) == (allowed and not empty_but_required), body
    if sent is not None:
        validator(model).validate(sent)
