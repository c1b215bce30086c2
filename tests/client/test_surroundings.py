"""Surroundings: what a machine or a notebook does to requests is told as what it is, or does not reach the gateway's calls."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY, Places
from fox_nb import NotConnected
from fox_nb.client import Client, certainly_not_accepted
from processes import clean_environment

CALLS: dict[str, Callable[[Client], Any]] = {
    "read": lambda client: client.task("task-1"),
    "create": lambda client: client.create({"model": "phota-image"}),
    "upload": lambda client: client.upload_file(b"\x89PNG"),
}

PATCHED = """
import requests, requests.sessions

class Caching(requests.Session):
    known = {}

    def send(self, request, **options):
        key = request.method, request.url
        if request.method == "GET" and key in self.known:
            return self.known[key]
        answer = self.known[key] = super().send(request, **{**options, "stream": False})
        return answer

requests.Session = requests.sessions.Session = Caching

import sys, fox_nb
from fox_nb.settings import Polling

fox = fox_nb.Fox(base_url=sys.argv[1], polling=Polling(first_looks=(0.05,), at_least=0.05, per_second=100))
print(fox.generate("a fox").wait(100).status)
fox.close()
"""
"""What packages do that cache every answer of requests, by putting a class in the place of its own."""


@pytest.mark.parametrize("call", CALLS)
def test_missing_certificates_are_not_a_lost_answer(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the file of trusted certificates nothing goes out, and that is what is said, with the file's name."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with (
        Client("https://127.0.0.1:9", MARKED_KEY, reads_tries=1) as client,
        pytest.raises(NotConnected, match=r"trusted certificates.*is missing.*gone\.pem") as told,
    ):
        CALLS[call](client)
    assert certainly_not_accepted(told.value)


def test_a_cache_for_requests_does_not_answer_for_the_gateway(artifacts: Places, sandbox: Any) -> None:
    """A notebook that has requests cached for its own purposes gets its pictures all the same: no task stands still."""
    folder = artifacts.fresh("cached")
    done = subprocess.run(
        [sys.executable, "-c", PATCHED, sandbox.base_url],
        env=clean_environment(artifacts, {"FOXAPI_KEY": MARKED_KEY}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout.strip() == "completed", done.stderr
