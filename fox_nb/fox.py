"""Fox: the one object that people hold; puts key, gateway, store, tasks and panels together."""

from __future__ import annotations

import contextlib
import hashlib
import math
import numbers
import os
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload
from urllib.parse import urlsplit

from fox_nb.atomic import private_folder
from fox_nb.errors import NOTHING_SENT, InvalidRequest, KeyMissing, SandboxError, StoreError
from fox_nb.experiment_methods import ExperimentMethods
from fox_nb.model_methods import ModelMethods
from fox_nb.parameters import as_number, not_allowed, shown
from fox_nb.settings import (
    DEFAULT_BASE_URL,
    Gateway,
    Polling,
    Timeouts,
    find_base_url,
    find_key,
    fingerprint,
    hidden,
    in_voila,
    is_loopback,
    key_advice,
)
from fox_nb.sharing import OfOneProcess, forget, made_once, renew_in_children
from fox_nb.store import LONGEST_SENDING, Store
from fox_nb.workdir import given_path, whole

if TYPE_CHECKING:
    from pydantic import SecretStr

    from fox_nb.client import Client
    from fox_nb.local import SandboxControls
    from fox_nb.panels.panel import Panel
    from fox_nb.panels.studio import Studio
    from fox_nb.panels.typed import CreateProfilePanel, EditPanel, EnhancePanel, GeneratePanel, ImaginePanel
    from fox_nb.session import Cost, Session, TaskList
    from fox_nb.session.billing import Account, Reconciliation
    from fox_nb.session.training import TrainedProfiles
    from fox_nb.store.packs import Pack

MOST_BUDGET = 1e9
"""USD; what is more is no amount."""
MOST_TASKS = 2**62
SANDBOX_POLLING = Polling(first_looks=(0.5, 1.0), at_least=0.25, per_second=20.0)
"""The sandbox is this machine's own and fast: it may be asked more often than the service."""


class Fox(OfOneProcess, ModelMethods, ExperimentMethods):
    """The gateway in a notebook: pictures by one line of code, or by panels; paid once, kept for good.

    Parameters
    ----------
    api_key : str or SecretStr, optional
        The key. Without it ``$FOXAPI_KEY``, then Colab's secrets; without any the local sandbox answers. Use
        ``fox_nb.ask_key()`` to be asked for it.
    base_url : str, optional
        Another host of the gateway; without it ``$FOXAPI_BASE_URL``, else the usual one.
    store : str or Path
        The folder for the journal and the pictures; its place is fixed now.
    budget : float, optional
        Hard limit in USD on what this store spends on this gateway and key, in all kernels together.
    polling : Polling, optional
        The pace of looking at tasks.
    timeouts : Timeouts, optional
        How long one attempt of a call may take.
    replay : str or Path, optional
        A recorded lesson (``fox.store.export`` makes one) to be played in place of a gateway: without a key, a network
        or a cost. What is not in it is refused.
    ledger : str or Path, optional
        A file that several stores share: the budget, which it needs, then holds for all of them together.

    Raises
    ------
    InvalidRequest
        A parameter cannot be what it is.
    PackError
        The recorded lesson is damaged or was changed.
    KeyMissing
        A base URL is given, and no key for it.
    StoreError
        The store cannot be used.
    """

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        store: str | Path = "fox_runs",
        budget: float | None = None,
        *,
        polling: Polling | None = None,
        timeouts: Timeouts | None = None,
        replay: str | Path | None = None,
        ledger: str | Path | None = None,
    ) -> None:
        if api_key is not None:
            api_key = hidden(api_key)  # at once: a bare key in a local would be shown by a verbose traceback
        limit = as_number(budget)
        if limit is not None and not (
            isinstance(limit, (int, float))
            and not isinstance(limit, bool)
            and (0 <= limit <= MOST_BUDGET or limit == math.inf)
        ):
            raise not_allowed("budget", budget, "an amount in USD from 0 on, or None for no limit")
        if ledger is not None and limit in {None, math.inf}:
            raise InvalidRequest(
                "ledger is given, and no budget for it to hold.",
                parameter="ledger",
                todo="Give budget=…, or no ledger.",
            )
        for name, given, kind in (("polling", polling, Polling), ("timeouts", timeouts, Timeouts)):
            if given is not None and not isinstance(given, kind):
                todo = f"from fox_nb.settings import {kind.__name__}"
                raise not_allowed(name, given, f"a {kind.__name__}(…)", todo=todo)
        self._pack = _opened(replay, api_key, base_url) if replay is not None else None
        self._gateway = Gateway(self._pack.gateway) if self._pack is not None else _gateway(api_key, base_url)
        self._budget = None if limit in {None, math.inf} else float(limit)
        self._ledger = None if ledger is None else whole(given_path(ledger, "ledger"))  # its place, too, is fixed now
        self._polling = polling
        self._timeouts = timeouts
        self._folder = store
        self._folder = self.store.folder  # its place is fixed now
        self._gateway = self.store.catalog.known(self._gateway, fingerprint(self._gateway.key, self.store.salt))
        self._announce()
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Start fresh in a forked process: threads, connections and the open journal are the parent's."""
        forget(self, "store", "session", "profiles")

    @classmethod
    def for_visitor(cls, budget: float | None = None, *, folder: str | Path | None = None, **options: Any) -> Self:
        """Return a Fox for one visitor of an app that Voila shows; elsewhere a usual one.

        Every visitor is alone in a store of their own, and a budget holds for all of them together, from the first one
        on until `folder` is removed. On the sandbox, where nothing costs, there is none. A visitor uses links and
        pictures of their own computer; no file of the server is opened or named.

        Parameters
        ----------
        budget : float, optional
            USD that all visitors together may spend, needed with a key; for one person elsewhere it is their own.
        folder : str or Path, optional
            Where the visitors' stores are put, each in a folder with a name that cannot be guessed. By default outside
            of what Voila serves: in this person's folder for applications' data, a place for each app.
        **options
            What `Fox` takes beside its store.

        Raises
        ------
        InvalidRequest
            Voila would have visitors spend without a limit, or a store was chosen.
        """
        costs = options.get("replay") is None and find_key(options.get("api_key")) is not None
        if not costs:
            budget = None
        if {"store", "ledger"} & options.keys():
            raise InvalidRequest(
                "store and ledger cannot be chosen for visitors: each has a folder of their own.",
                todo="Give folder=…, where these are put.",
            )
        if not in_voila():
            return cls(budget=budget, **options)
        if costs and (budget is None or budget == math.inf):
            raise InvalidRequest(
                "Visitors would spend what they like on the key of this app.",
                parameter="budget",
                value=budget,
                todo="Say Fox.for_visitor(budget=5.00): USD for all visitors together.",
            )
        try:
            place = _visitors() if folder is None else given_path(folder, "folder").absolute()
            private_folder(place)
        except (OSError, RuntimeError) as error:  # a home that can't be written to, or none, as of a container's user
            why = getattr(error, "strerror", None) or "this user has no home"
            raise StoreError(
                f"No place for the visitors' folders can be made here ({why}).",
                money=NOTHING_SENT,
                todo="Say Fox.for_visitor(folder=…): a folder that the app may write to, outside of what Voila serves.",
            ) from None
        older = Path("visitors/ledger.sqlite").absolute()  # where it was in 0.1: what was spent stays spent
        ledger = older if folder is None and older.exists() else place / "ledger.sqlite"
        store = place / f"{time.strftime('%Y-%m-%d')}-{secrets.token_hex(8)}"
        return cls(store=store, budget=budget, ledger=None if budget is None else ledger, **options)

    def __repr__(self) -> str:
        return f"<Fox on {self._where}, store {str(self.store.folder)!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def is_sandbox(self) -> bool:
        """True when the local sandbox answers: drawn pictures, play money."""
        return self._gateway.is_sandbox

    @property
    def sandbox(self) -> SandboxControls:
        """The sandbox itself: ``misbehaving(…)`` for lessons on what can go wrong, ``creations`` that it received.

        Raises
        ------
        SandboxError
            The service answers, not the sandbox.
        """
        from fox_nb.local import SandboxClient, SandboxControls

        gateway = self._gateway
        if not gateway.is_sandbox:
            raise SandboxError(
                f"This Fox is on {self._where}, not on the sandbox.",
                todo="Put what is for the sandbox alone under `if fox.is_sandbox:`.",
            )
        client = self.session.client
        if isinstance(client, SandboxClient):
            return SandboxControls(lambda: client.address)
        return SandboxControls(lambda: (gateway.base_url, gateway.key or hidden("")))

    @made_once
    def store(self) -> Store:
        """The folder with the journal and the pictures; opened anew in a forked process."""
        return Store(self._folder)

    @made_once
    def session(self) -> Session:
        """What sends, polls and downloads; made, and its packages loaded, when it is first needed."""
        from fox_nb.display import Notebook

        renderer = Notebook()
        if self._pack is not None:
            from fox_nb.session.replay import ReplaySession

            return ReplaySession(self._pack, self.store, renderer=renderer)
        from fox_nb.session import Session, as_known

        if not _is_in_notebook():
            from fox_nb.session.leaving import warn_at_exit

            warn_at_exit()
        gateway = self._gateway
        if gateway.is_sandbox and gateway.key is None:
            from fox_nb.local import SandboxClient

            client: Client = SandboxClient()
        else:
            from fox_nb.client import Client

            client = Client(gateway.base_url, gateway.key, timeouts=self._timeouts)
            _check_timeouts(client.longest_creation)
        gateway = self._gateway = as_known(gateway, client, self.store)
        polling = self._polling or (SANDBOX_POLLING if gateway.is_sandbox else Polling())
        if self._ledger is not None and self._budget is not None:
            from fox_nb.session.visitor import VisitorSession
            from fox_nb.store.ledger import Ledger

            ledger, budget = Ledger(self._ledger), self._budget
            return VisitorSession(
                gateway, client, self.store, ledger=ledger, budget=budget, polling=polling, renderer=renderer
            )
        return Session(gateway, client, self.store, budget=self._budget, polling=polling, renderer=renderer)

    # -- what is known ----------------------------------------------------------------------------------------------

    def tasks(self, *, model: str = "", text: str = "", status: str = "", limit: int = -1) -> TaskList:
        """Return what the journal knows, newest first; ``.to_frame()`` gives it to pandas.

        Parameters
        ----------
        model : str
            Only this model's.
        text : str
            Only those whose prompt holds this text.
        status : str
            Only those that stand so: pending, processing, completed, failed, refused or unknown.
        limit : int
            At most so many; all when negative.

        Raises
        ------
        InvalidRequest
            There is no such model or status, `text` is none, or `limit` is no whole number.
        """
        from fox_nb.models import request_class
        from fox_nb.session.tasklist import states_of

        if model:
            request_class(model)
        if not isinstance(limit, numbers.Integral) or abs(limit) > MOST_TASKS:
            raise not_allowed("limit", limit, "a whole number, negative for all")
        if not isinstance(text or "", str):
            raise InvalidRequest(f"text is {shown(text)}; allowed are words of a prompt.", parameter="text", value=text)
        return self.session.tasks(model=model, text=text or "", states=states_of(status), limit=int(limit))

    def resume(self) -> TaskList:
        """Go on with what an earlier kernel left unfinished, and return it; nothing is sent again."""
        tasks = self.session.resume()
        return self.session.listed(tasks, len(tasks), empty="Nothing is unfinished.")

    @property
    def spent(self) -> Cost:
        """USD that this store has spent on this gateway and key, with what is reserved; play money on the sandbox."""
        return self.session.spent

    def price(self, model: str | Mapping[str, Any] = "phota-image", **parameters: Any) -> Cost:
        """Say what a call would cost, before anything is sent: the price of the key's own group, where that is known.

        Parameters
        ----------
        model : str or mapping
            The gateway's name of the model, or a whole request as `submit` takes it.
        **parameters
            What the call takes, such as ``num_outputs=4, resolution="4K"``; what is not given is at its default, and
            any ``take=`` costs the same.

        Raises
        ------
        InvalidRequest
            The model does not have such a parameter, or refuses such a value.
        """
        given = {**model, **parameters} if isinstance(model, Mapping) else {"model": model, **parameters}
        return self.session.price(given.pop("model", None), given)

    @property
    def budget(self) -> Cost | None:
        """The limit of this store in USD, as it was given; None without one."""
        limit = self.session.limit
        return None if limit is None else self.session.prices.money(limit)

    @budget.setter
    def budget(self, _value: object) -> None:
        raise AttributeError("A budget can't be changed: make a new Fox with another budget=…, and plan again with it.")

    @property
    def left(self) -> Cost | None:
        """What the budget has left; None without one. What the key has left is in `account`."""
        return self.session.left

    @property
    def account(self) -> Account:
        """The key's own account, as the gateway has it: used, left, end; asked at most once in ten minutes."""
        return self.session.billing.account()

    def reconcile(self, *, fresh: bool = False) -> Reconciliation:
        """Hold the gateway's log against the journal: what was charged, what was refunded, what became of lost answers.

        The log is read at most once in ten minutes for a key, by all kernels that share this store. Nothing is settled
        or sent: a lost answer's proposal is accepted by ``task.settle(…)``.

        Parameters
        ----------
        fresh : bool
            True reads it though it was read a moment ago; never more often than the gateway's limit allows.

        Raises
        ------
        FoxError
            The gateway cannot be asked; nothing was changed.
        """
        return self.session.reconcile(fresh=fresh)

    @made_once
    def profiles(self) -> TrainedProfiles:
        """The trained profiles that this store knows: a table in a cell; ``.train``, ``.add``, ``.forget`` and more."""
        from fox_nb.session.training import TrainedProfiles

        return TrainedProfiles(self.session)

    # -- panels -------------------------------------------------------------------------------------------------------

    @overload
    def panel(self, model: Literal["phota-image"] = "phota-image", **values: Any) -> GeneratePanel: ...
    @overload
    def panel(self, model: Literal["phota-image-edit"], **values: Any) -> EditPanel: ...
    @overload
    def panel(self, model: Literal["phota-image-enhance"], **values: Any) -> EnhancePanel: ...
    @overload
    def panel(self, model: Literal["phota-create-profile"], **values: Any) -> CreateProfilePanel: ...
    @overload
    def panel(self, model: Literal["grok-imagine-image"], **values: Any) -> ImaginePanel: ...
    @overload
    def panel(self, model: str, **values: Any) -> Panel: ...
    def panel(self, model: str = "phota-image", **values: Any) -> Panel:
        """Return the panel of one model, an ipywidgets.VBox; building it sends nothing.

        Parameters
        ----------
        model : str
            The gateway's name of the model.
        **values
            What its parameters are to be set to, by the gateway's names.

        Raises
        ------
        InvalidRequest
            There is no such model, or it has no such parameter, or refuses such a value.
        """
        from fox_nb.panels import begin_page, building

        with building():
            begin_page()
            from fox_nb.panels.panel import panel_class

            return panel_class(model)(self.session, values)

    def studio(self) -> Studio:
        """Return all models' panels and the history in tabs, with results flowing between them; sends nothing."""
        from fox_nb.panels import begin_page, building

        with building():
            begin_page()
            from fox_nb.panels.studio import Studio

            return Studio(self.session)

    def hand_in(self) -> None:
        """Hand in your work to the class: the notebooks of this folder and this store, as `store.take_home` packs them.

        Raises
        ------
        FoxError
            What answers here is no class's relay, or it did not take it.
        """
        self.session.hand_in()
        print("Handed in. You may hand in again: your teacher sees each time.")  # noqa: T201 - a cell says that it worked

    def close(self) -> None:
        """Stop watching; what is in progress goes on at the gateway and can be resumed later."""
        if "session" in self.__dict__:
            self.session.close()
        self.store.close()

    @property
    def _where(self) -> str:
        if self._pack is not None:
            return f"the recorded lesson {self._pack.path.name}"
        return "the sandbox" if self.is_sandbox else self._gateway.base_url

    def _announce(self) -> None:
        """Say where pictures will come from and what was left unfinished: in the cell, or on a script's stderr."""
        is_cell = _is_in_notebook()
        line = f"fox_nb: {self._where}."
        if self.is_sandbox:
            line = "fox_nb: running on the built-in sandbox: drawn pictures, nothing is charged.\n"
            # a line of its own: no page breaks a word; on stderr, where others write, too, it says whose it is
            line += key_advice(" before Jupyter starts") if is_cell else f"fox_nb: {key_advice()}"
        if self._pack is not None:
            made, pictures = self._pack.manifest.made, self._pack.pictures
            line = f"fox_nb: {self._where} is shown ({pictures} picture{'s' * (pictures != 1)}, packed on {made}, "
            line += f"fingerprint {self._pack.fingerprint}). Nothing is sent or paid."
        lines = [line]
        rows = self.store.journal.unfinished(self._gateway.name, time.time())
        unknown = sum(row.state == "unknown" for row in rows)
        if rows:
            parts = [f"{len(rows) - unknown} in progress"] * (len(rows) > unknown) + [f"{unknown} unknown"] * (
                unknown > 0
            )
            lines.append(f"fox_nb: from earlier: {', '.join(parts)}. fox.resume() goes on with them.")
        out = sys.stdout if is_cell else sys.stderr
        if out is not None:  # a program without a console has none
            with contextlib.suppress(OSError, ValueError):  # whoever read it is gone, or it was closed
                print(*lines, sep="\n", file=out)


def _is_in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from fox_nb.display.places import in_notebook

    return in_notebook()


def _visitors() -> Path:
    """Return where the visitors' stores of the app in this folder are: Voila serves pictures below it to anybody."""
    import platformdirs

    here = Path.cwd()
    mark = hashlib.sha256(os.fsencode(here)).hexdigest()[:12]
    place = Path(platformdirs.user_data_dir("fox_nb"))
    if not place.is_absolute():  # "~", or what XDG_DATA_HOME must not be: it would be below the app's own folder
        raise RuntimeError
    return place / "visitors" / f"{here.name}-{mark}"


def _opened(replay: str | Path, api_key: object, base_url: object) -> Pack:
    from fox_nb.store.packs import Pack

    if api_key is not None or base_url is not None:
        raise InvalidRequest(
            "replay is given together with a key or a base URL: a recorded lesson asks no gateway.",
            parameter="replay",
            allowed="alone, or with store",
        )
    return Pack(replay)


def _gateway(api_key: str | SecretStr | None, base_url: str | None) -> Gateway:
    key, url = find_key(api_key), find_base_url(base_url)
    if key is None and url is None:
        from fox_nb import local

        return Gateway("http://sandbox.invalid", None, is_sandbox=True, speed=local.start())
    if key is None:
        raise KeyMissing(
            f"There is no key for {url}.",
            money=NOTHING_SENT,
            todo="Set FOXAPI_KEY, or use Fox(api_key=fox_nb.ask_key()); without a base URL the sandbox answers.",
        )
    return Gateway(url or DEFAULT_BASE_URL, key, is_sandbox=_is_sandbox(url or DEFAULT_BASE_URL))


def _is_sandbox(base_url: str) -> bool:
    """Ask who answers at an address of this machine; elsewhere it is never the sandbox."""
    if not is_loopback(urlsplit(base_url).hostname or ""):
        return False
    from fox_nb.client import Client

    with Client(base_url) as client:
        return client.probe()


def _check_timeouts(longest_creation: float) -> None:
    if longest_creation > LONGEST_SENDING:
        raise InvalidRequest(
            f"With these time-outs a creation may take {longest_creation:.0f} s.",
            parameter="timeouts",
            value=longest_creation,
            allowed=f"such that it is over within {LONGEST_SENDING:.0f} s",
            todo="Other kernels take it for lost after that time: give shorter ones.",
        )
