"""Doctor: what works here, what doesn't, and what to do about it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import fox_nb
from fox_nb.errors import ConnectionLost, FoxError, GatewayError, InvalidRequest, NotConnected
from fox_nb.money import dollars
from fox_nb.session.lost_answers import moment
from fox_nb.settings import DEFAULT_BASE_URL, Timeouts, find_base_url, find_key

if TYPE_CHECKING:
    from pydantic import SecretStr

_SECONDS = 10.0
"""That the gateway is given for one answer: somebody stands there and waits."""


class ToDo(Exception):
    """Something is not as it should be, and this is what to do."""


def examine() -> int:
    """Print one line an examination; returns 1 when something needs to be done."""
    print(f"fox_nb {fox_nb.__version__}, Python {platform.python_version()}, {platform.platform()}")
    wrong, ends = 0, False
    for name, look in _EXAMINATIONS:
        if ends:
            print(f"  -        {name}: not tried, as the way ends before it")
            continue
        if sys.stdout.isatty():
            print(f"  ...      {name}", end="\r", flush=True)
        try:
            print(f"  ok       {name}: {look()}")
        except (ToDo, FoxError, OSError) as finding:
            wrong += 1
            # any answer proves the way; with an address or a key that is none nothing is asked for
            ends = name in _WAY and isinstance(finding, (NotConnected, ConnectionLost, InvalidRequest))
            print(f"  TO DO    {name}: {finding}")
        except Exception as error:  # noqa: BLE001 - the other examinations still have something to say
            wrong += 1
            print(f"  TO DO    {name}: could not be examined ({type(error).__name__}: {error})")
    print("All is well." if not wrong else f"{wrong} to do.")
    return 1 if wrong else 0


def _jupyter() -> str:
    if importlib.util.find_spec("jupyterlab") is None:
        return 'JupyterLab is not here, which other front ends do without; `pip install "fox_nb[lab]"` brings it'
    return f"JupyterLab {importlib.metadata.version('jupyterlab')}"


def _widgets() -> str:
    needed = ("ipywidgets", "anywidget", "ipykernel", "jupyter_core")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ToDo(f"{' and '.join(missing)} is missing. Run `pip install {' '.join(missing)}`.")
    from jupyter_core.paths import jupyter_path

    versions = [f"{name} {importlib.metadata.version(name)}" for name in needed]
    for front_end in ("jupyterlab-manager", "anywidget"):
        if not any(any(Path(folder).rglob(f"*{front_end}*")) for folder in jupyter_path("labextensions")):
            raise ToDo(f"The front end of {front_end} is missing here. Install it where Jupyter itself runs.")
    return ", ".join(versions)


def _metrics() -> str:
    missing = [name for name in ("pandas", "skimage") if importlib.util.find_spec(name) is None]
    if missing:
        return 'not here; tables and SSIM need `pip install "fox_nb[metrics]"`'
    return "pandas and scikit-image are here"


def _store() -> str:
    from fox_nb.store import Store

    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".fox-doctor-") as folder:
            started = time.perf_counter()
            Store(Path(folder) / "fox_runs").close()
            return f"can be made in {Path.cwd()} ({(time.perf_counter() - started) * 1000:.0f} ms)"
    except OSError as error:
        what = f"cannot be made in the working folder ({error})."
        raise ToDo(f"{what} Change to one that you may write to, or give another as Fox(store=…).") from None


def _sandbox() -> str:
    from fox_nb.local import SandboxClient

    client = SandboxClient()
    names = client.models()
    return f"answers at {client.base_url} with {len(names)} models"


def _network() -> str:
    named = find_base_url()
    if find_key() is None and named is None:
        return "not tried, as no key is set; FOXAPI_BASE_URL alone is enough to try it"
    from fox_nb.client.reach import reach

    return ", ".join(reach(named or DEFAULT_BASE_URL, _SECONDS))


def _service() -> str:
    key, named = find_key(), find_base_url()
    url = named or DEFAULT_BASE_URL
    if key is None and named is not None:
        raise ToDo(f"There is no key for {url}. Set FOXAPI_KEY, or unset FOXAPI_BASE_URL: then the sandbox answers.")
    if key is None:
        return "no key is set, so the sandbox answers; set FOXAPI_KEY to use the service"
    with _client(url, key) as client:
        missing = set(fox_nb.MODELS) - set(client.models())
    if missing:
        raise ToDo(f"{url} does not offer this key: {', '.join(sorted(missing))}. Choose another group or host.")
    return f"{url} offers all {len(fox_nb.MODELS)} models"


def _client(url: str, key: SecretStr) -> fox_nb.Client:
    return fox_nb.Client(url, key, timeouts=Timeouts(connect=_SECONDS, read=_SECONDS), reads_tries=1)


def _account() -> str:
    """Say what the key has left, when it ends and what it may call; where nothing is told, nothing is wrong."""
    key, url = find_key(), find_base_url() or DEFAULT_BASE_URL
    if key is None:
        return "no key is set, so nothing is charged"
    try:
        with _client(url, key) as client:
            usage, play = client.account(), _is_play_money(client)
    except GatewayError as error:
        return f"the gateway does not tell what the key has left ({error.what[:200]})"
    barred = [name for name in fox_nb.MODELS if usage.models is not None and name not in usage.models]
    if usage.left_usd is not None and usage.left_usd <= 0:
        raise ToDo("The key has nothing left. Have it topped up, or use another one.")
    if usage.ends_at is not None and usage.ends_at <= time.time():
        raise ToDo(f"The key ended at {moment(usage.ends_at)}. Use another one.")
    if barred:
        raise ToDo(f"The key may not call {', '.join(barred)}. Allow them in the gateway's console.")
    left = "no limit" if usage.left_usd is None else f"{dollars(usage.left_usd, play=play)} left"
    ends = "" if usage.ends_at is None else f", ends {moment(usage.ends_at)}"
    models = "" if usage.models is None else f"; it may call all {len(fox_nb.MODELS)} models"
    return f"{dollars(usage.used_usd, play=play)} used, {left}{ends}{models}"


def _is_play_money(client: fox_nb.Client) -> bool:
    """Return True at the sandbox, also where it is behind the relay of a class."""
    if client.probe():
        return True
    with contextlib.suppress(FoxError):
        return client.pricing().is_play_money
    return False


_EXAMINATIONS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("Jupyter", _jupyter),
    ("widgets", _widgets),
    ("extras", _metrics),
    ("store", _store),
    ("sandbox", _sandbox),
    ("network", _network),
    ("service", _service),
    ("account", _account),
)
_WAY = frozenset({"network", "service"})
"""Where one of these ends, all behind it would end there, too."""
