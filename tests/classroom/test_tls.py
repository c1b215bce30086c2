"""TLS: what goes between a relay and other machines, tried with a real connection."""

import subprocess

import pytest

from artifacts import MARKED_KEY
from classroom.room import Classroom
from fox_nb import Fox
from fox_nb.client import Client
from fox_nb.errors import FoxError
from processes import PATIENCE


def test_tls_to_a_students_client(artifacts, sandbox, tmp_path, monkeypatch):
    """With --cert a client that trusts the certificate works over https; one that does not says so, and sends no token."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        tmp_path / "key.pem",
        "-out",
        tmp_path / "cert.pem",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "cert.pem").read_bytes() + (tmp_path / "key.pem").read_bytes())
    room = Classroom(artifacts, sandbox.base_url)
    try:
        token = room.seat("Ada")
        address = room.start(f"--cert={both}", "--host=localhost")
        assert address.startswith("https://localhost:")
        with Client(address, token) as stranger, pytest.raises(FoxError):
            stranger.models()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        with Fox(api_key=token, base_url=address, store=tmp_path / "runs") as fox:
            assert fox.generate("a fox").wait().images[0].pil().size == (1024, 1024)
    finally:
        room.stop()
    assert MARKED_KEY not in room.log.read_text()
