"""Downloads: from whatever host a result names, never with the key, never from where no picture should be."""

import base64
import contextlib
import gzip
import logging
import re
import socket
import time

import pytest

from client.scripted import CERTIFICATE, KEY, Pauses, Scripted, client, drip, hang_up, never, say, stall
from fox_nb import errors
from fox_nb.client import Client
from fox_nb.settings import Timeouts, is_private
from processes import PATIENCE

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000


def failing(url, target, *, sleep=None, base="http://127.0.0.1:1", max_bytes=1 << 20, **settings):
    """The error that a download ends with; nothing is left behind."""
    with client(base, sleep, **settings) as fox, pytest.raises(errors.DownloadFailed) as raised:
        fox.download(url, target, max_bytes=max_bytes)
    assert not target.exists()
    assert raised.value.money
    assert KEY not in str(raised.value)
    return raised.value


@pytest.fixture
def target(tmp_path):
    return tmp_path / "picture.part"


def test_a_picture_arrives_whole_and_the_key_stays_home(target):
    """Bytes are those of the host; its type is passed on; no key, no cookie, even on the gateway's own host."""
    with Scripted(say(200, PICTURE, Content_Type="Image/PNG; x=1", Set_Cookie="a=b")) as host, client(host) as fox:
        got = fox.download(f"{host.url}/out.png?sig=1", target)
        fox.download(f"{host.url}/out.png?sig=1", target)
    assert target.read_bytes() == PICTURE
    assert (got.content_type, got.size) == ("image/png", len(PICTURE))
    assert [one.path for one in host.received] == ["/out.png?sig=1"] * 2
    for one in host.received:
        assert "Authorization" not in one.headers
        assert "Cookie" not in one.headers
        assert KEY not in str(one)


def test_a_netrc_or_a_link_with_a_password_sends_no_authorization(target, tmp_path, monkeypatch):
    """requests would take both by itself; neither replaces the key on the gateway nor goes to a picture's host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Scripted(say(200, PICTURE)) as host, client(host) as fox:
        fox.download(host.url.replace("//", "//user:pass@") + "/out.png", target)
        with pytest.raises(errors.UnexpectedAnswer):
            fox.task("task-1")
    assert "Authorization" not in host.received[0].headers
    assert host.received[1].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_without_the_key(status, target):
    """From the gateway's host to another one: the second host receives no key."""
    with Scripted(say(200, PICTURE)) as other, Scripted(say(status, Location=f"{other.url}/ü b.png")) as host:
        with client(host) as fox:
            fox.download(f"{host.url}/out.png", target)
        assert target.read_bytes() == PICTURE
        for one in host.received + other.received:
            assert "Authorization" not in one.headers
        assert other.received[0].path == "/%C3%BC%20b.png"


def test_a_relative_redirect_is_followed(target):
    """A Location without a host stays on the host."""
    with Scripted(say(302, Location="../b/c.png"), say(200, PICTURE)) as host, client(host) as fox:
        fox.download(f"{host.url}/a/out.png", target)
    assert [one.path for one in host.received] == ["/a/out.png", "/b/c.png"]


def test_five_redirects_are_followed_and_a_sixth_is_not(target):
    """A chain without end ends."""
    with Scripted(*[say(302, Location=f"/{n}") for n in range(5)], say(200, PICTURE)) as host, client(host) as fox:
        assert fox.download(host.url, target).size == len(PICTURE)
        target.unlink()
    with Scripted(say(302, Location="/again")) as host:
        assert failing(host.url, target, base=host.url).gone
    assert len(host.received) == 6


EVIL = [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:image/png;base64,iVBOR",
    "data:image/png;base64,iVBORw0K?Ggo=",
    "ftp://127.0.0.1/a.png",
    "//127.0.0.1/a.png",
    "/etc/passwd",
    "http://",
    "http:///a.png",
    "http://[::1",
    "http://127.0.0.1:99999/a.png",
    "http://127.0.0.1:x/a.png",
    "http://127.0.0.1/\r\nX-A: b",
    "http://127.0.0.1/\x00",
    "http://127.0.0.1/" + "a" * 20_000,
    "",
    "<script>alert(1)</script>",
]


def test_a_picture_that_stands_in_its_link_is_taken_out_of_it(target, tmp_path):
    """No host is asked; the bounds are those of a download, and what cannot be written is told as such."""
    link = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    with client("http://127.0.0.1:1") as fox:
        assert fox.download(link, target, max_bytes=len(PICTURE)).size == len(PICTURE)
        assert target.read_bytes() == PICTURE
        with pytest.raises(errors.DownloadFailed, match=r"could not be written: .*is paid for"):
            fox.download(link, tmp_path)
    target.unlink()
    error = failing(link, target, max_bytes=len(PICTURE) - 1)
    assert error.gone
    assert "data:image/png;base64 did not come whole: it is larger" in str(error)
    assert not failing("data:sha256-00", target).gone, "the journal's name of one: the next answer may have it"


@pytest.mark.parametrize("url", EVIL)
def test_a_link_that_is_no_http_address_is_not_followed(url, target):
    """Files, scripts, data that is not whole and broken addresses are refused for good."""
    assert failing(url, target).gone


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "data:image/png,x", "ftp://127.0.0.1/"])
def test_a_redirect_to_what_is_no_http_address_is_not_followed(url, target):
    """Each stop is looked at like the first link."""
    with Scripted(say(302, Location=url)) as host:
        assert failing(f"{host.url}/out.png", target, base=host.url).gone
    assert len(host.received) == 1


def test_a_redirect_from_https_to_http_is_not_followed(target, monkeypatch):
    """What began safely does not go on in the clear; https itself works, with the environment's certificates."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", CERTIFICATE)
    with Scripted(say(200, PICTURE)) as plain:
        steps = say(200, PICTURE), say(302, Location=f"{plain.url}/out.png")
        with Scripted(*steps, certificate=(CERTIFICATE, CERTIFICATE)) as safe:
            with client(safe) as fox:
                assert fox.download(f"{safe.url}/out.png", target).size == len(PICTURE)
                target.unlink()
            error = failing(f"{safe.url}/out.png", target, base=safe.url)
        assert plain.received == []
    assert error.gone
    assert "https to http" in error.what


def test_a_certificate_that_is_not_trusted_ends_it(target):
    """No picture and no key goes over a line whose other end is unknown."""
    with Scripted(say(200, PICTURE), certificate=(CERTIFICATE, CERTIFICATE)) as safe:
        assert "TLS" in failing(f"{safe.url}/out.png", target, base=safe.url).what
        with client(safe) as fox, pytest.raises(errors.NotConnected, match="TLS"):
            fox.task("task-1")
    assert safe.received == []


PRIVATE = ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0"]
PRIVATE += ["[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]", "100.100.100.200", "[::]"]
PRIVATE += ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0", "10.1", "0xa9fea9fe", "127.0.0.1.", "home.localhost"]
PRIVATE += ["[::127.0.0.1]", "[64:ff9b::169.254.169.254]", "[2002:7f00:1::]", "[fec0::1]", "192.0.0.192"]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_public_gateway_s_link_into_the_private_network_is_not_followed(host, target, monkeypatch):
    """A hostile link must not make this machine, or a proxy of it, talk to its neighbours or to a cloud's own address."""
    with Scripted(say(200, PICTURE)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        error = failing(f"http://{host}:9/out.png", target, base="https://api.foxapi.cc")
    assert proxy.received == []
    assert error.gone
    assert "private network" in error.what


def test_a_name_that_leads_to_this_machine_is_found_out_before_anything_is_sent(target, monkeypatch):
    """A name is judged by where the connection in fact went: nobody knows before to whom it leads."""
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *about, **more: found("127.0.0.1", *about, **more))
    with Scripted(say(200, PICTURE)) as host:
        assert not is_private("pictures.example")
        error = failing(f"http://pictures.example:{host.port}/out.png", target, base="https://api.foxapi.cc")
    assert host.received == []
    assert error.gone
    assert "private network" in error.what


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "198.18.0.7", "2606:4700::1111", "api.foxapi.cc", "172.32.0.1", "64:ff9b::808:808", "1.2.3.cafe"],
)
def test_public_addresses_are_not_private(host):
    """198.18.0.0/15 is what some proxies answer for every name; refusing it would refuse every picture there."""
    assert not is_private(host)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_expired_link_is_gone(status, target):
    """Asking again is useless, and is not done."""
    pauses = Pauses()
    with Scripted(say(status, "<html>expired</html>")) as host:
        assert failing(f"{host.url}/out.png", target, base=host.url, sleep=pauses).gone
    assert len(host.received) == 1
    assert pauses == []


@pytest.mark.parametrize(
    "step", [say(403, "<html>"), say(407), say(511), say(302, Location="/log-in"), say(302, Location="x:"), None]
)
def test_a_network_may_stand_before_a_picture(step, target):
    """A filter or a log-in keeps pictures away that are there for 24 hours: another network may have them."""
    with Scripted(step or say(200)) as host:
        error = failing(f"{host.url}/out.png", target, base=host.url) if step else None
    error = error or failing(f"{host.url}/out.png", target, base=host.url)  # nobody is there
    assert re.search("this network's .*filter.*24 hours.*in another network", str(error))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 204, 206, 304])
def test_any_other_answer_is_not_gone(status, target):
    """A later attempt may bring the picture."""
    with Scripted(say(status)) as host:
        assert not failing(f"{host.url}/out.png", target, base=host.url).gone


@pytest.mark.parametrize("step", [say(503), say(429, b"", Retry_After="1"), hang_up, say(200, PICTURE, cut=70_000)])
def test_a_download_that_breaks_is_begun_again(step, target):
    """A busy host, a broken line, half a file: the next attempt brings the whole one."""
    pauses = Pauses()
    with Scripted(step, step, say(200, PICTURE)) as host, client(host, pauses) as fox:
        assert fox.download(f"{host.url}/out.png", target).size == len(PICTURE)
    assert target.read_bytes() == PICTURE
    assert len(pauses) == 2


@pytest.mark.parametrize(
    "step",
    [
        say(200, PICTURE, cut=70_000),
        stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n\x89PNG"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n\x89PNG"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n\x89PNG"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        stall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        say(200, b"\x1f\x8b\x08\0" + bytes(99), Content_Encoding="gzip"),
        never,
    ],
)
def test_a_picture_that_does_not_come_whole_is_no_picture(step, target):
    """Half files, stalls and endless drips end within the time-out, and nothing is left behind."""
    with Scripted(step) as host:
        assert not failing(f"{host.url}/out.png", target, base=host.url, read=0.5, reads_tries=1).gone


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-Way: ", b"HTTP/1.1 200 OK\r\n\r\n\x89PNG"], ids=["head", "body"]
)
def test_a_link_that_drips_is_not_waited_for_to_the_end(head, target):
    """A few bytes a second are as good as none: told when a silence is, and not when the longest download is over."""
    timeouts = Timeouts(read=0.5, download=10 * PATIENCE)
    with Scripted(drip(head)) as host, Client(host.url, KEY, timeouts=timeouts, reads_tries=1) as fox:
        begun = time.monotonic()
        with pytest.raises(errors.DownloadFailed, match=r"too slowly .*: \d+ bytes in \d+ s") as raised:
            fox.download(f"{host.url}/out.png", target)
    assert time.monotonic() - begun < PATIENCE
    assert not raised.value.gone
    assert not target.exists()


@pytest.mark.parametrize(
    "step",
    [
        say(200, b"x", length=10**12),
        say(200, PICTURE * 3),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ],
)
def test_a_file_larger_than_allowed_is_refused_for_good(step, target):
    """Told by its header, or found while reading: at the limit it stops."""
    with Scripted(step) as host:
        error = failing(f"{host.url}/out.png", target, base=host.url)
    assert error.gone
    assert "larger" in error.what


@pytest.mark.parametrize("status", [200, 203])
@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip"}, {"Content_Encoding": "br"}])
def test_a_picture_comes_as_it_is_whatever_its_header_says(status, headers, target):
    """An object store that was told a wrong encoding, or a proxy that changes answers, loses nobody a picture."""
    for body in (PICTURE, gzip.compress(PICTURE)):
        with Scripted(say(status, body, **headers)) as host, client(host) as fox:
            assert fox.download(host.url, target).size == len(PICTURE)
        assert target.read_bytes() == PICTURE


def test_a_range_that_is_the_whole_file_is_a_picture(target):
    """Some hosts answer every request by a range; half a file is none, whatever it is called."""
    last = len(PICTURE) - 1
    for part in (f"bytes 0-{last}/{last + 2}", f"bytes 1-{last}/{last}", f"bytes 0-{last}/*", "bytes 0-/1", ""):
        with Scripted(say(206, PICTURE, Content_Range=part)) as host:
            assert "HTTP 206" in failing(host.url, target, base=host.url).what
    whole = say(206, PICTURE, Content_Range=f"bytes 0-{last}/{last + 1}")
    with Scripted(whole) as host, client(host) as fox:
        assert fox.download(host.url, target).size == len(PICTURE)


def test_a_damaged_picture_is_told_as_such(target):
    """The connection was good: nobody looks for what is wrong with it."""
    step = say(200, b"\x1f\x8b\x08\0" + bytes(99))
    with Scripted(step) as host:
        assert "packed and damaged" in failing(f"{host.url}/out.png", target, base=host.url, reads_tries=1).what


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(target):
    """The limit counts what reaches the disk."""
    bomb = gzip.compress(bytes(50 << 20))
    with Scripted(say(200, bomb, Content_Encoding="gzip")) as host:
        assert failing(f"{host.url}/out.png", target, base=host.url).gone


def test_an_empty_file_is_an_empty_file(target):
    """Whether that is a picture is for the next part to say."""
    with Scripted(say(200, b"")) as host, client(host) as fox:
        assert fox.download(host.url, target).size == 0


def test_a_folder_that_cannot_be_written_is_told_as_such(tmp_path):
    """A full or missing disk is no fault of the host."""
    missing = tmp_path / "missing" / "picture.part"
    with Scripted(say(200, PICTURE)) as host:
        error = failing(f"{host.url}/out.png", missing, base=host.url)
    assert "written" in error.what
    assert not error.gone
    assert len(host.received) == 1


def test_a_host_that_is_not_there_is_not_gone(target):
    """The network may come back."""
    assert not failing("http://127.0.0.1:1/out.png", target).gone
    error = failing("https://name.invalid/out.png", target)
    assert not error.gone
    assert "not found" in error.what


def test_no_log_line_shows_a_link(target, caplog):
    """Not at the lowest level of every logger, not while it is fetched, and not when it breaks."""
    caplog.set_level(logging.DEBUG)
    for step in (say(200, PICTURE), say(503), hang_up):
        with Scripted(step) as host, client(host) as fox:
            with contextlib.suppress(errors.DownloadFailed):
                fox.download(f"{host.url}/secret-place/out.png?token=secret-of-the-link", target)
            with contextlib.suppress(errors.FoxError):
                fox.task("task-1")
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert "/v1/tasks/task-1" in caplog.text
    assert "secret" not in caplog.text


def test_a_tls_alert_is_passing(target):
    """A host that is just being restarted says no in the handshake: it is asked again, and the link is not given up."""
    alert = b"\x15\x03\x03\x00\x02\x02\x50"  # fatal, internal error
    with Scripted(greeting=alert) as host:
        url = host.url.replace("http:", "https:")
        assert not failing(f"{url}/out.png", target, base=url, reads_tries=3).gone
        assert len(host._lines) == 3


def test_what_opens_a_link_is_not_shown(target):
    """What stands behind '?' in a link is as good as a key to the picture."""
    with Scripted(say(403)) as host:
        error = failing(f"{host.url}/out.png?token=secret-of-the-link", target, base=host.url)
    assert "secret-of-the-link" not in str(error)
    assert "/out.png" in str(error)
