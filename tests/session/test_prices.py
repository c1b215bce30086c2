"""Prices: what a list that is odd, late or changing may do to a budget: nothing."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY
from client.scripted import say
from fox_nb import BudgetExceeded, Fox, FoxError
from fox_nb.client.accounts import read_prices
from fox_nb.models import MODELS
from fox_nb.session import prices
from fox_nb.session.prices import PriceList
from fox_nb.settings import Timeouts
from gateways import Gateway
from processes import ended, until

MODEL = "phota-image"


def row(price: Any, **more: Any) -> dict[str, Any]:
    return {"model_name": MODEL, "quota_type": 1, "model_price": price, **more}


def listed(*rows: dict[str, Any], ratio: Any = 1) -> float | None:
    """The price that a list of these rows gives."""
    told = read_prices({"data": list(rows), "group_ratio": {"default": ratio}}, "default")
    return None if told is None else told.of(MODEL)


@pytest.mark.parametrize(
    ("rows", "ratio", "price"),
    [
        ([row(1.0), row(0.0)], 1, 1.0),
        ([row(0.0), row(1.0)], 1, 1.0),
        ([row(0.05), row(0.07), row(0.06)], 1, 0.07),
        ([row(1.0), row(2.0, quota_type=0)], 1, 1.0),
        ([row(0)], 1, None),
        ([row(1.0)], 0, None),
        ([row(1e-9)], 1, None),
        ([row(1.0)], 1e-9, None),
        ([row(-1.0)], 1, None),
        ([row("NaN")], 1, None),
        ([row(float("nan")), row(0.2)], 1, 0.2),
        ([row(float("inf"))], 1, None),
        ([row(1e9)], 1, None),
        ([row(1e9), row(0.2)], 1, 0.2),
        ([row("0.20")], 1, 0.2),
        ([row(" 2 "), row(0.2)], 1, 2.0),
        ([row(0.2), row(0.3, model_name=f" {MODEL.upper()}")], 1, 0.3),
        *(
            ([row(text), row(0.2)], 1, 0.2)
            for text in ("nan", "inf", "1e3", "1_0", "-1", "0x9", "1,5", "٣", ".", "9" * 500)
        ),
        ([row("free")], 1, None),
        ([row(None)], 1, None),
        ([row([0.0])], 1, None),
        ([row(0.2)], "NaN", None),
        ([row(0.2)], -1, None),
        ([row(0.2)], "2", 0.4),
        ([row(0.2)], "2e0", None),
        ([row(0.2)], float("nan"), None),
        ([row(0.2)], 1e300, None),
    ],
)
def test_the_dearest_row_that_is_a_price_counts(rows: list[dict[str, Any]], ratio: Any, price: float | None) -> None:
    """Of a model that is listed twice the dearest row counts; 0, a group at 0 and what is no amount are no price."""
    found = listed(*rows, ratio=ratio)
    assert found == (None if price is None else pytest.approx(price))
    assert found is None or MODELS[MODEL].unchecked().micro_usd_at(found) > 0


class Told:
    """A gateway's price list that a test changes, or that never comes."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.let_go = threading.Event()

    def pricing(self) -> Any:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            self.let_go.wait(60)
            return read_prices({"data": []}, "default")
        return read_prices({"data": [row(answer)], "group_ratio": {}}, "default")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is asked for at every call."""
    monkeypatch.setattr(prices, "ASK_AGAIN", 0.0)


def price_of(known: PriceList) -> float:
    from fox_nb.models import validate

    known.ask()
    return float(known.cost(validate(MODEL, {"prompt": "a fox"})))


@pytest.mark.usefixtures("hurry")
def test_a_higher_price_counts_from_then_on_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A price that is raised while a kernel lives is counted by the next call and said once; a lower one is not."""
    known = PriceList(Told(0.10, 0.10, 0.50, 0.0, 0.02, 0.50), is_play_money=False)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING, "fox_nb"):
        assert [price_of(known) for _ in range(6)] == [0.10, 0.10, 0.50, 0.50, 0.50, 0.50]
    assert [record.getMessage() for record in caplog.records] == [
        f"{MODEL} now costs $0.50 a call; until now $0.10 was counted. From here on the new price counts."
    ]


@pytest.mark.usefixtures("hurry")
def test_what_was_only_counted_is_told_of_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """Who asks for pictures and never for a price is told of a rise, too: of the list's, and of the estimate's."""
    for before, was in ((0.05, "$0.05"), (0.0, "$0.09")):
        known = PriceList(Told(before, 1.00), is_play_money=False)  # type: ignore[arg-type]
        for _ in range(2):
            known.ask()
            known.counted(MODEL)
        assert caplog.messages[-1].startswith(f"{MODEL} now costs $1.00 a call; until now {was} was counted.")
    assert len(caplog.messages) == 2


@pytest.mark.usefixtures("hurry")
def test_a_list_that_never_comes_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the list is silent every call goes on after the same patience, together, and the estimate counts."""
    monkeypatch.setattr(prices, "PATIENCE", 0.2)
    silent = Told(None)
    known = PriceList(silent, is_play_money=False)  # type: ignore[arg-type]
    assert [price_of(known) for _ in range(200)] == [0.09] * 200
    assert not silent.let_go.is_set()
    assert silent.asked == 1, "who is silent is not asked twice at once"
    silent.let_go.set()
    known.close()


def test_a_list_that_no_thread_could_ask_for_is_asked_for_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is told that there is no thread counts no estimate for a minute afterwards."""
    known = PriceList(Told(1.00), is_play_money=False)  # type: ignore[arg-type]

    def no_thread(*_: Any) -> None:
        raise FoxError("Python cannot start another thread here.")

    with monkeypatch.context() as patch:
        patch.setattr(known._pool, "submit", no_thread)
        with pytest.raises(FoxError, match="thread"):
            known.ask()
    assert price_of(known) == 1.00


@pytest.fixture
def dripping() -> Iterator[str]:
    """A gateway whose price list comes a byte at a time, for ever."""
    import socketserver

    ended = threading.Event()

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
            while not ended.wait(0.05):
                try:
                    self.request.sendall(b" ")
                except OSError:
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Drip) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        ended.set()
        server.shutdown()


def test_a_list_that_drips_ends_by_its_whole_time(dripping: str) -> None:
    """Bytes that keep coming do not make the time begin anew: the transfer as a whole has an end."""
    from fox_nb import ConnectionLost
    from fox_nb.client import Client

    timeouts = Timeouts(read=0.5)
    with (
        Client(dripping, MARKED_KEY, reads_tries=1, timeouts=timeouts) as client,
        pytest.raises(ConnectionLost, match=r"within 0\.5 s"),
    ):
        client.pricing()


def test_a_list_that_is_slow_counts_when_it_comes(
    open_any: Callable[..., Fox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call is held no longer than its patience, and the list that came too late for it, read once, is what the next counts."""
    monkeypatch.setattr(prices, "PATIENCE", 0.2)
    comes = threading.Event()
    with Gateway() as gateway:
        told = say(200, {"data": [row(0.9)], "group_ratio": {"default": 1}})
        gateway.reads["/api/pricing"] = lambda server, line: (comes.wait(60), told(server, line))[1]
        fox = open_any(base_url=gateway.url, store=tmp_path / "runs", budget=1.0)
        assert fox.price().is_estimate
        comes.wait(3 * prices.PATIENCE)  # it comes later than a call waits for it
        comes.set()
        until(lambda: None if fox.price().is_estimate else True, "the list")
        assert gateway.counts["/api/pricing"] == 1
        fox.generate("a fox")
        with pytest.raises(BudgetExceeded):
            fox.generate("one more")


def test_a_budget_holds_whatever_the_list_says(
    open_fox: Callable[..., Fox], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that has every model at 0 lets no more through than the estimates do."""
    fox = open_fox(budget=0.30)
    free = read_prices({"data": [row(0)], "group_ratio": {"default": 1}}, "default")
    monkeypatch.setattr(fox.session.client, "pricing", lambda **_: free)
    for number in range(3):
        fox.generate(f"fox {number}")
    with pytest.raises(BudgetExceeded):
        fox.generate("one more")
    assert len(sandbox.creations) == 3
    assert fox.spent == pytest.approx(0.27)


def test_a_price_is_told_when_the_store_is_closed(fox_at: Callable[..., Fox]) -> None:
    """A panel that outlives its Fox shows the price that is known, though nobody knows the key's group."""
    with Gateway() as gateway, fox_at(gateway) as fox:
        session, known = fox.session, fox.price(MODEL)
        fox.close()
        assert session.price(MODEL, {"prompt": "a fox"}) == known


@pytest.mark.usefixtures("hurry")
def test_a_group_that_is_noted_slowly_holds_up_no_price() -> None:
    """While another program holds the journal, into which the key's group is written, prices are told."""
    told: list[float] = []

    def slow(what: str, _: str) -> None:
        if what == prices.GROUP:
            asking = threading.Thread(target=lambda: told.append(price_of(known)))
            asking.start()
            ended(asking)

    known = PriceList(Told(1.00), is_play_money=False, remember=slow)  # type: ignore[arg-type]
    known.note_group("vip")
    assert told == [1.00]
    known.close()


def test_what_is_no_relay_is_asked_once(fox_at: Callable[..., Fox]) -> None:
    """Whoever looks into a folder again waits for no gateway that has said that it has no seats."""
    for is_one in (False, True):  # a page of a proxy's says nothing of what is behind it
        with Gateway() as gateway:
            gateway.reads["/class/seat"] = say(404, {"error": {"type": "not_found"}} if is_one else "<h1>404</h1>")
            for _ in range(3):
                with fox_at(gateway) as fox:
                    assert len(fox.tasks()) == 0
            assert gateway.counts["/class/seat"] == (1 if is_one else 3)
