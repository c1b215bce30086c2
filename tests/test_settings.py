"""Settings: where the gateway is, where the key comes from, and how it stays out of sight."""

import base64
import getpass
import html
import json
import sys
import traceback
import types
import warnings
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from fox_nb import Fox, __version__, settings
from fox_nb.client.transport import USER_AGENT
from fox_nb.errors import InvalidRequest, KeyMissing
from fox_nb.settings import Gateway, Polling, Timeouts, find_base_url, find_key, normal_base_url, redact

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch):
    monkeypatch.delenv("FOXAPI_KEY", raising=False)
    monkeypatch.delenv("FOXAPI_BASE_URL", raising=False)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://api.foxapi.cc", "https://api.foxapi.cc"),
        ("https://API.FoxAPI.cc:443/", "https://api.foxapi.cc"),
        ("HTTPS://api.foxapi.cc/v1", "https://api.foxapi.cc"),
        ("https://api.foxapi.cc/v1/", "https://api.foxapi.cc"),
        ("https://gw.example:8443//proxy/fox/", "https://gw.example:8443/proxy/fox"),
        ("http://127.0.0.1:8888", "http://127.0.0.1:8888"),
        ("http://localhost:80/", "http://localhost"),
        ("http://[::1]:5/x", "http://[::1]:5/x"),
    ],
)
def test_a_base_url_has_one_normal_form(url, normal):
    """The journal knows a gateway by it, so the same one must not have two."""
    assert normal_base_url(url) == normal
    assert normal_base_url(normal) == normal
    assert Gateway(normal).name == normal


@pytest.mark.parametrize(
    "url",
    [
        "api.foxapi.cc",
        "ftp://api.foxapi.cc",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://[::1",
        "https://a:99999",
        "https://a/?key=1",
        "https://a/#x",
        "https://a b/",
        "https://a/\nb",
        "https://a/\x7f",
        "https://a/\udce9",
        "https://api.foxapi.cc\u200b",
        "http://api.foxapi.cc",
        "http://10.0.0.1:3000",
        7,
        None,
    ],
)
def test_what_is_no_safe_base_url_is_refused(url):
    """Plain http is for this machine alone: elsewhere the key could be read on the way."""
    with pytest.raises(InvalidRequest) as caught:
        normal_base_url(url)
    assert caught.value.parameter == "base_url"


def test_http_to_another_machine_is_possible_knowingly():
    """Somebody with a gateway in his own network can say so."""
    assert normal_base_url("http://10.0.0.1:3000/", allow_plain_http=True) == "http://10.0.0.1:3000"


def test_a_password_in_a_base_url_is_refused_without_showing_it():
    """It would end in the journal, where the address names the gateway."""
    with pytest.raises(InvalidRequest) as caught:
        normal_base_url("https://me:hunter2@api.foxapi.cc")
    assert "hunter2" not in str(caught.value) + repr(caught.value.value)


@pytest.mark.parametrize(
    "url",
    [
        *(KEY, f"{KEY}:443", f"ftp://{KEY}", f"Bearer:{KEY}", f"https:///{KEY}"),
        *(f"https://api.foxapi.cc/v1?key={KEY}", f"http://api.foxapi.cc#{KEY}"),
    ],
)
def test_a_key_in_place_of_the_base_url_is_not_shown(url):
    """Neither two arguments that changed places nor the way in which other services take keys puts one into a notebook."""
    with pytest.raises(InvalidRequest) as caught:
        normal_base_url(url)
    assert "canary" not in str(caught.value) + repr(vars(caught.value))


def test_an_address_is_no_key():
    """The other one of two arguments that changed places is told, too."""
    with pytest.raises(InvalidRequest, match="base_url="):
        find_key("https://api.foxapi.cc")


def test_the_base_url_comes_from_the_argument_then_the_environment(monkeypatch):
    """Without either there is none, which is for the sandbox or the default."""
    assert find_base_url() is None
    monkeypatch.setenv("FOXAPI_BASE_URL", "https://other.example/v1/")
    assert find_base_url() == "https://other.example"
    assert find_base_url("https://api.foxapi.cc") == "https://api.foxapi.cc"


def test_the_key_comes_from_the_argument_then_the_environment_then_colab(monkeypatch):
    """The nearest one wins, and none is none."""
    assert find_key() is None
    colab(monkeypatch, lambda name: f"from-colab-{name}")
    assert secret(find_key()) == "from-colab-FOXAPI_KEY"
    monkeypatch.setenv("FOXAPI_KEY", "from-environment")
    assert secret(find_key()) == "from-environment"
    assert secret(find_key("from-argument")) == "from-argument"
    assert secret(find_key(SecretStr("wrapped"))) == "wrapped"
    monkeypatch.setenv("FOXAPI_KEY", "")
    assert secret(find_key()) == "from-colab-FOXAPI_KEY"


@pytest.mark.parametrize("answer", [KeyError("no such secret"), PermissionError("not granted"), TimeoutError()])
def test_colab_s_secrets_may_be_missing_or_not_granted(monkeypatch, answer):
    """Its errors are its own; for us there is no key."""

    def get(name):
        raise answer

    colab(monkeypatch, get)
    assert find_key() is None


def colab(monkeypatch, get):
    """Stands for Colab's module, which exists on its machines alone."""
    userdata = types.ModuleType("google.colab.userdata")
    userdata.get = get
    package = types.ModuleType("google.colab")
    package.userdata = userdata
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)


def secret(key):
    return key.get_secret_value()


ODD = ["", " ", "odd-canary key", "odd-canary\n", "\todd-canary", "odd-canary\x00", "odd-canary-ü", "odd-canary\u2019"]
ODD += [
    '"odd-canary"',
    "'odd-canary'",
    "Bearer odd-canary",
    "odd-canary" * 100,
    "odd-canary\r\nX-Evil: 1",
    "odd-canary\u200b",
    b"odd-canary",
    7,
]


# The environment and a prompt bring texts alone; an empty one means there that none was given.
ODD_WAYS = [("argument", key) for key in ODD] + [("secret", key) for key in ODD if isinstance(key, str)]
ODD_WAYS += [
    (way, key) for way in ("environment", "typed") for key in ODD[1:] if isinstance(key, str) and "\0" not in key
]


@pytest.mark.parametrize(("way", "key"), ODD_WAYS)
def test_an_odd_key_is_refused_without_being_shown(key, way, monkeypatch):
    """Neither in the error nor in the locals of our frames, which a verbose traceback prints."""
    argument = None
    if way == "environment":
        monkeypatch.setenv("FOXAPI_KEY", key)
    elif way == "typed":
        monkeypatch.setattr(getpass, "getpass", lambda prompt: key)
    else:
        argument = SecretStr(key) if way == "secret" else key
    with pytest.raises(InvalidRequest) as caught:
        settings.ask_key() if way == "typed" else find_key(argument)
    assert "canary" not in str(caught.value) + repr(vars(caught.value))
    for frame, _ in traceback.walk_tb(caught.value.__traceback__):
        if frame.f_code.co_filename == settings.__file__:
            assert "canary" not in repr(frame.f_locals)


def test_the_prompt_returns_what_was_typed(monkeypatch):
    """And keeps it nowhere but in the value that no repr shows."""
    monkeypatch.setattr(getpass, "getpass", lambda prompt: KEY)
    assert secret(settings.ask_key()) == KEY
    assert KEY not in repr(settings.ask_key())


def test_a_prompt_that_would_show_the_key_is_not_used(monkeypatch):
    """Where the terminal can't hide it, getpass only warns: that is no way to give a key."""

    def shows(prompt):
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return KEY

    monkeypatch.setattr(getpass, "getpass", shows)
    with pytest.raises(KeyMissing) as caught:
        settings.ask_key()
    assert "FOXAPI_KEY" in caught.value.todo


@pytest.mark.parametrize("typed", ["", EOFError(), RuntimeError("no stdin here")])
def test_nothing_typed_is_no_key(monkeypatch, typed):
    """A kernel that cannot ask, an empty line: said, with what to do."""

    def answer(prompt):
        if isinstance(typed, Exception):
            raise typed
        return typed

    monkeypatch.setattr(getpass, "getpass", answer)
    with pytest.raises(KeyMissing):
        settings.ask_key()


def test_a_fingerprint_tells_keys_apart_and_gives_none_away():
    """Twelve hex digits, other ones in another store."""
    one, other = SecretStr(KEY), SecretStr(KEY + "x")
    prints = {settings.fingerprint(key, salt) for key in (one, other) for salt in ("store a", b"store b")}
    assert len(prints) == 4
    assert all(len(found) == 12 and int(found, 16) >= 0 for found in prints)
    assert settings.fingerprint(one, "store a") == settings.fingerprint(one, b"store a")
    assert settings.fingerprint(None, "store a") == ""


def test_a_gateway_shows_no_key_and_the_sandbox_has_one_name():
    """Whatever its port, the journal knows it as the sandbox."""
    gateway = Gateway("http://127.0.0.1:4711", SecretStr(KEY), is_sandbox=True)
    assert KEY not in repr(gateway) + str(gateway)
    assert gateway.name == "sandbox"


SPELLINGS = [
    KEY,
    f"Bearer {KEY}",
    f"{{'Authorization': 'Bearer {KEY}'}}",
    f"https://x/?key={KEY}&a=b",
    base64.b64encode(f"user:{KEY}".encode()).decode(),
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_the_key_is_removed_from_a_text(text):
    """In every spelling, and what stands around it stays."""
    clean = redact(f"before {text} after", SecretStr(KEY))
    assert "canary" not in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert "[key removed]" in clean


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=80),
    st.binary(max_size=4),
    st.binary(max_size=4),
)
def test_no_spelling_of_any_key_survives(key, before, after):
    """URL-quoted, JSON- and HTML-escaped, and base64 with anything before and behind it."""
    hidden = SecretStr(key)
    for spelt in (key, quote(key, safe=""), quote(key), quote_plus(key), json.dumps(key)[1:-1], html.escape(key)):
        assert redact(f"\u2190{spelt}\u2192", hidden) == "\u2190[key removed]\u2192"
    coded = base64.b64encode(before + key.encode() + after).decode()
    inner = coded[8:-8]
    assert len(inner) < 4 or inner not in redact(f"x {coded} y", hidden)


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer abcdef123456", "bearer%20abcdef123456", "Bearer  sk-someone.else_9", "BEARER+abc/def=="],
)
def test_what_looks_like_a_bearer_is_removed_without_knowing_the_key(text):
    """Another key, or yesterday's, is as secret."""
    assert redact(text).rstrip("=").endswith("Bearer [key removed]")


def test_a_text_without_secrets_stays_as_it_is():
    """Words are not keys."""
    text = "The bearer of bad news: https://cdn.example/a.png?x=1@2, a@b.c"
    assert redact(text, SecretStr(KEY)) == text


@pytest.mark.parametrize("password", ["hunter2", "hunter@2", "hunter:2@", "hunter%2F2"])
def test_a_password_in_a_link_is_removed(password):
    """Proxies are often given as http://user:password@host, and passwords hold any sign."""
    assert redact(f"proxy http://me:{password}@proxy:3128/ failed") == "proxy http://proxy:3128/ failed"


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), "5", True, None])
def test_a_time_that_is_none_is_refused(value):
    """Nobody waits for ever by a slip."""
    for name in ("connect", "read", "upload", "download"):
        with pytest.raises(InvalidRequest):
            Timeouts(**{name: value})
    with pytest.raises(InvalidRequest):
        Polling(at_least=value)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"jitter": jitter} for jitter in (-0.1, 1.1, "x", None, float("nan"))),
        *({"first_looks": looks} for looks in (5, "26", None, ("2",), (-5,), (float("nan"),), (1e300,), (True,))),
        {"at_least": 1e300},
        {"per_second": 1e-320},
        {"per_second": "5"},
    ],
)
def test_a_pace_that_is_none_is_refused(wrong):
    """At the door: after a task is paid for, nobody may find that it can't be polled."""
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        Polling(**wrong)


@pytest.mark.parametrize("wrong", [{"polling": 5}, {"timeouts": 5}, {"polling": Timeouts()}])
def test_a_pace_of_another_kind_is_refused(wrong, tmp_path):
    """A Fox that could pay, and then not poll, is never made."""
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        Fox(store=tmp_path / "runs", **wrong)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_machine_is_known_by_its_names(host):
    """The loopback, and nothing that only looks like it."""
    assert settings.is_loopback(host)
    assert not settings.is_loopback(f"{host.strip('[].')}.example.com")


def test_the_version_is_a_text():
    """It stands in the User-Agent."""
    assert __version__
    assert __version__ in USER_AGENT
