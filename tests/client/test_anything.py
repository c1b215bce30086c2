"""Whatever a gateway says: a value or a typed error, never a crash."""

import dataclasses
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from fox_nb import errors, tasks
from fox_nb.client import accounts, uploading
from fox_nb.client.calls import pause
from fox_nb.client.exchange import Exchange
from fox_nb.client.responses import (
    Purpose,
    certainly_not_accepted,
    connection_lost,
    decoded,
    error_of,
    retry_after,
    shown,
)

KEY = SecretStr("sk-canary-0123456789")
texts = st.text(st.characters(), max_size=40)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))
names = st.sampled_from(
    [
        "id",
        "status",
        "progress",
        "results",
        "result",
        "output",
        "url",
        "urls",
        "error",
        "code",
        "message",
        "type",
        "task_info",
        "estimated_time",
        "usage",
        "credits_reserved",
        "data",
        "profile_id",
        "model_name",
        "quota_type",
        "model_price",
        "group_ratio",
        "hard_limit_usd",
        "total_usage",
        "total_used",
        "total_available",
        "unlimited_quota",
        "expires_at",
        "model_limits",
        "created_at",
        "quota",
        "type",
        "other",
        "task_id",
        "group",
        "user_group",
        "class_pays",
    ]
)
nearly = st.recursive(
    leaves | st.sampled_from(["completed", "failed", "pending"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
)


@settings(deadline=None, max_examples=300)
@given(anything | nearly)
def test_a_task_is_read_out_of_anything(answer):
    """A state whose parts have their types and can be written anywhere, or none."""
    state = tasks.read(answer)
    if state is None:
        return
    assert 0 <= state.progress <= 100
    assert state.status or state.results
    json.dumps(dataclasses.asdict(state), allow_nan=False).encode()
    repr(state).encode()


@settings(deadline=None, max_examples=200)
@given(anything | nearly)
def test_lists_prices_and_uploads_are_read_out_of_anything(answer):
    """The right type, or None."""
    models = accounts.read_models(answer)
    assert models is None or all(isinstance(name, str) for name in models)
    prices = accounts.read_prices(answer, "default")
    assert prices is None or all(price >= 0 for price in prices.usd.values())
    spent = accounts.read_amount(answer, "total_usage")
    assert spent is None or spent >= 0
    usage = accounts.read_usage(answer)
    assert usage is None or (abs(usage.used_usd) < 1e10 and (usage.ends_at is None or usage.ends_at > 0))
    for entry in accounts.read_log(answer) or ():
        assert entry.micro_usd > 0
        assert entry.at > 0
        assert entry.model
    json.dumps([dataclasses.asdict(one) for one in accounts.read_log(answer) or ()], allow_nan=False).encode()
    upload = uploading.read_upload(answer)
    assert upload is None or upload.url.startswith("http") or upload.url.lower().startswith("http")


@settings(deadline=None, max_examples=300)
@given(
    st.integers(100, 999),
    st.binary(max_size=300) | nearly.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(Purpose),
    st.dictionaries(st.sampled_from(["Retry-After", "Location"]), texts, max_size=2),
)
def test_an_error_is_made_out_of_any_answer(status, body, purpose, headers):
    """Its class is the status's, its sentences are bounded and can be written anywhere."""
    error = error_of(Exchange(status, headers, body), purpose, KEY, wanted="a task")
    assert type(error) is errors.class_of(status)
    assert error.money
    assert error.todo
    assert len(str(error)) < 2000
    str(error).encode()
    assert str(error).isprintable()
    assert certainly_not_accepted(error) in {True, False}
    decoded(Exchange(status, headers, body))
    connection_lost("x", purpose, shown(body.decode("latin-1"), KEY, 300))


@given(texts)
def test_retry_after_is_a_number_of_seconds_or_nothing(text):
    """Never negative, never a crash, and no pause is longer than half a minute and its jitter."""
    asked = retry_after({"Retry-After": text})
    assert asked is None or asked >= 0
    assert 0 <= pause(1, asked) <= 33


@given(st.integers(1, 50))
def test_a_pause_is_bounded_however_often_it_was_taken(attempts):
    """It grows, and not without end."""
    assert 0.2 <= pause(attempts) <= 12
