"""Surroundings: folders of the run's own, a sandbox as a process, the peers' environment, a JupyterLab in a Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, sync_playwright

from artifacts import MARKED_KEY, Places
from fox_nb import Fox
from fox_nb.settings import Polling
from lab import Lab, launch
from processes import clean_environment, end_all, folders, left_running
from servers import JupyterServer

PEERS = Path(__file__).parent / "peers.txt"
_PYTHON = "BENCH_PYTHON"


class Surroundings(contextlib.ExitStack):
    """What the rows share; made when it is first needed, gone at the end.

    Parameters
    ----------
    small : bool
        Small sizes, to try a row out.
    """

    def __init__(self, *, small: bool) -> None:
        super().__init__()
        self.small = small
        self.places = Places.make()
        os.environ.update(folders(self.places))
        for name in ("FOXAPI_KEY", "FOXAPI_BASE_URL"):
            os.environ.pop(name, None)
        self.callback(shutil.rmtree, self.places.root, ignore_errors=True)
        self.callback(lambda: end_all(left_running(self.places)))

    def sized(self, whole: int, small: int) -> int:
        """How many, by whether this is a try."""
        return small if self.small else whole

    def folder(self, name: str) -> Path:
        return self.places.fresh(name)

    @property
    def environment(self) -> dict[str, str]:
        """What a child process gets: a new user's environment, with the run's own folders."""
        return clean_environment(self.places)

    @contextlib.contextmanager
    def sandbox(self, speed: float) -> Iterator[Gateway]:
        """A sandbox in a process of its own, so that it takes no time of what is measured."""
        command = [sys.executable, "-m", "fox_nb.cli", "sandbox", "--speed", str(speed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.environment) as process:
            assert process.stdout is not None
            try:
                line = process.stdout.readline()
                yield Gateway(line.split()[-1])
            finally:
                end_all([psutil.Process(process.pid)])

    @cached_property
    def peers_python(self) -> Path:
        """The Python of the peers' environment, made once: their packages must not change what is measured here."""
        place = Path(sys.prefix) / "bench-peers"
        python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
        done = place / "peers.txt"
        if not done.exists() or done.read_text() != PEERS.read_text():
            print("setting up the peers' environment: a minute the first time", flush=True)
            venv.create(place, with_pip=True, clear=True)
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", PEERS]
            subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
            done.write_text(PEERS.read_text())
        return python

    @cached_property
    def server(self) -> BenchServer:
        server = self.enter_context(BenchServer(self.places))
        server.forget_settings()
        return server

    @cached_property
    def context(self) -> BrowserContext:
        playwright = self.enter_context(sync_playwright())
        chromium = launch(playwright)
        self.callback(chromium.close)
        return chromium.new_context(viewport={"width": 1400, "height": 1000})

    @cached_property
    def lab(self) -> Lab:
        """A real JupyterLab in a real Chromium."""
        lab = Lab(self.context, self.server)
        self.callback(lab.close)
        return lab

    def peer_kernel(self) -> dict[str, str]:
        """The environment by which a notebook asks for a kernel of the peers' packages."""
        return {_PYTHON: str(self.peers_python)}


@dataclass(frozen=True)
class Gateway:
    """A sandbox that runs."""

    base_url: str

    @property
    def kernel(self) -> dict[str, str]:
        """The environment that makes a plain ``Fox()`` talk to it."""
        return {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": self.base_url}

    def fox(self, store: Path, polling: Polling | None = None) -> Fox:
        return Fox(api_key=MARKED_KEY, base_url=self.base_url, store=store, polling=polling)

    def misbehave(self, fault: str, **parameters: Any) -> None:
        """Schedule a fate or a fault for what is created from now on."""
        body = json.dumps({"fault": fault, **parameters}).encode()
        headers = {"Authorization": f"Bearer {MARKED_KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.base_url}/sandbox/faults", body, headers)
        with urllib.request.urlopen(request, timeout=30):
            return


class BenchServer(JupyterServer):
    """The tests' Jupyter server, with kernels of another Python where a notebook asks for one."""

    def kernelspec(self, env: Mapping[str, str]) -> str:
        name = super().kernelspec(env)
        if _PYTHON in env:
            spec = Path(self.env["JUPYTER_DATA_DIR"], "kernels", name, "kernel.json")
            written = json.loads(spec.read_text())
            written["argv"][0] = env[_PYTHON]
            spec.write_text(json.dumps(written))
        return name
