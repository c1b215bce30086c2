"""The programs that the browser tests drive: a Jupyter server (Lab and Notebook 7) and Voila, each in folders of its own."""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import nbformat
import nbformat.sign
import psutil
import zmq

from artifacts import Places
from kernels import NO_PORTS, specify
from processes import PATIENCE, clean_environment, command_of, end_with_children, ended, until

KERNEL_PYTHON = "FOX_NB_TEST_KERNEL_PYTHON"
"""Names the Python whose ipykernel runs the notebooks, where it is not the one that runs the tests."""

KNOCKS = "FOX_NB_TEST_KNOCKS"
"""Set where ipykernel leaves requests unread (7.0 to 7.3, ipython/ipykernel#1554): kernels are knocked at all the while."""
BETWEEN_KNOCKS = 10.0


def free_port() -> int:
    """A port for a program that has to be told one: none that a system gives to whoever asks for any, meanwhile."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("a hundred ports are taken")


class Server:
    """A program that serves notebooks from a folder of its own: ready when entered, gone with its kernels when left."""

    name = "server"

    def __init__(self, places: Places, kernel: list[str] | None = None) -> None:
        self.places = places
        self.kernel = kernel
        self.root = places.fresh(f"{self.name}-root")
        self.log = places.searched / f"{self.root.name}.log"
        self.env = clean_environment(places)
        if kernel := os.environ.get(KERNEL_PYTHON):  # what is installed there may have a front end of its own
            self.env["JUPYTER_PATH"] = str(Path(kernel).parents[1] / "share" / "jupyter")
        self.url = ""
        self._ends = threading.Event()
        self._knocks = threading.Thread(target=self._knock_always)
        self._process: subprocess.Popen[bytes] | None = None

    KERNELS = f"--KernelManager.transport={NO_PORTS}"

    def command(self) -> list[str]:
        """The module to start, with its arguments."""
        raise NotImplementedError

    def argv(self) -> list[str]:
        """The command line to start."""
        return [sys.executable, "-m", *self.command()]

    def address(self) -> str | None:
        """The server's URL, once it is known."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.argv(),
                env=self.env,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.url = until(self._answers, self.name, show=self._log_text)
        except BaseException:
            self.__exit__()
            raise
        if os.environ.get(KNOCKS):
            self._knocks.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ends.set()
        if self._knocks.ident:
            ended(self._knocks)
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            end_with_children(self._process.pid)
            self._process.wait(30)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def last_said(self) -> str:
        """The end of what the server wrote."""
        return self._log_text()[-2000:]

    def _answers(self) -> str | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}\n{self._log_text()}")
        url = self.address()
        if url is None:
            return None
        try:
            with urllib.request.urlopen(url, timeout=10):
                return url
        except urllib.error.HTTPError:
            return url  # it answers, if only to ask for the token
        except OSError:
            return None

    def take(self, notebook: nbformat.NotebookNode | Path | str, env: Mapping[str, str] | None) -> Path:
        """Copy a notebook, with what lies beside it, to a new folder under the root, and set the kernel that runs it."""
        folder = Path(self.root, f"nb{len(list(self.root.iterdir())):03d}")
        if isinstance(notebook, str | Path):
            source = Path(notebook).resolve()
            shutil.copytree(source.parent, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
            path = folder / source.name
            node = nbformat.read(path, as_version=4)
        else:
            folder.mkdir()
            path = folder / "notebook.ipynb"
            node = nbformat.from_dict(notebook)
        # Without a kernelspec JupyterLab opens a dialog that swallows every click.
        node.metadata["kernelspec"] = {
            "name": self.kernelspec(env or {}),
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        }
        nbformat.write(node, path)
        return path

    def kernelspec(self, env: Mapping[str, str]) -> str:
        """The name of a kernel that has `env` in its environment: servers take no environment for one kernel alone."""
        written = json.dumps(env, sort_keys=True)
        name = "fox-test-" + hashlib.sha256(written.encode()).hexdigest()[:12]
        python = os.environ.get(KERNEL_PYTHON, sys.executable)
        argv = self.kernel or [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        specify(self.env["JUPYTER_DATA_DIR"], name, argv, env)
        return name

    def sign(self, path: Path, *, trusted: bool = True) -> None:
        """Trust the notebook as it stands, as running it in this Jupyter would have done; or no more, though it was saved here."""
        data = Path(self.env["JUPYTER_DATA_DIR"])
        data.mkdir(parents=True, exist_ok=True)
        notary = nbformat.sign.NotebookNotary(data_dir=str(data))
        try:
            (notary.sign if trusted else notary.unsign)(nbformat.read(path, as_version=4))
        finally:
            notary.store.close()

    def kernels(self) -> list[psutil.Process]:
        """The kernel processes that this server has started and that still run."""
        return [p for p in psutil.Process(self.pid).children(recursive=True) if "ipykernel_launcher" in command_of(p)]

    @contextlib.contextmanager
    def knock(self, folder: Path | None = None) -> Iterator[None]:
        """Hold one more connection to the kernels, or those that were started in `folder`: they read what lies unread."""
        with contextlib.ExitStack() as connections:
            for kernel in self.kernels():
                # An earlier notebook's ends just now: it, its command line or its file is gone.
                with contextlib.suppress(psutil.Error, OSError, IndexError):
                    if folder is None or Path(kernel.cwd()) == folder.resolve():
                        about = json.loads(Path(kernel.cmdline()[-1]).read_text())
                        connection = connections.enter_context(zmq.Context.instance().socket(zmq.DEALER))
                        connection.connect(f"ipc://{about['ip']}-{about['shell_port']}")
            yield

    def _knock_always(self) -> None:
        while not self._ends.is_set():
            with self.knock():
                self._ends.wait(BETWEEN_KNOCKS)


class JupyterServer(Server):
    """One server for JupyterLab (``/lab``) and Notebook 7 (``/notebooks``)."""

    name = "jupyter"
    token = "the-tests-own-token"

    def __init__(self, places: Places, kernel: list[str] | None = None) -> None:
        super().__init__(places, kernel)
        self._ending: list[threading.Thread] = []

    def __exit__(self, *exc: object) -> None:
        ended(*self._ending)
        super().__exit__(*exc)

    def command(self) -> list[str]:
        return [
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            self.KERNELS,
            f"--port={free_port()}",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            # Every page that is loaded would start Node to see whether JupyterLab should be built anew.
            "--ServerApp.tornado_settings={'page_config_data': {'buildCheck': False, 'buildAvailable': False}}",
        ]

    def address(self) -> str | None:
        for about in Path(self.env["JUPYTER_RUNTIME_DIR"]).glob(f"jpserver-{self.pid}.json"):
            with contextlib.suppress(ValueError):  # it is being written
                return str(json.loads(about.read_text())["url"])
        return None

    def forget_settings(self) -> None:
        """Every setting as a new user has it, but for the question about Jupyter's news, which would cover the page."""
        settings = Path(self.env["JUPYTERLAB_SETTINGS_DIR"])
        shutil.rmtree(settings, ignore_errors=True)
        news = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        news.parent.mkdir(parents=True)
        news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))

    def end_session(self, number: str) -> None:
        """Have a notebook's kernel ended; the next notebook, a copy in a folder of its own, need not wait for that."""
        self._ending.append(threading.Thread(target=self._end, args=[number]))
        self._ending[-1].start()

    def _end(self, number: str) -> None:
        with contextlib.suppress(urllib.error.HTTPError):  # it has ended by itself meanwhile
            self.request("DELETE", f"api/sessions/{number}")

    def request(self, method: str, path: str) -> object:
        """Call the server's REST API and return what it answered."""
        call = urllib.request.Request(
            self.url + path.lstrip("/"), method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or "null")


class VoilaServer(Server):
    """Voila on a folder of notebooks."""

    name = "voila"

    def command(self) -> list[str]:
        return [
            "voila",
            str(self.root),
            "--no-browser",
            self.KERNELS,
            f"--port={free_port()}",
            "--Voila.ip=127.0.0.1",
            # A visitor who leaves should end the kernel, but Voila 0.5.13 refuses its own page's call for want of an
            # XSRF token, so that only culling does.
            "--MappingKernelManager.cull_interval=5",
            "--MappingKernelManager.cull_idle_timeout=60",
        ]

    def address(self) -> str | None:
        # The log is the only place where Voila says which port it got.
        found = re.search(r"is running at:\s+(http://\S+)", self._log_text())
        return found and found[1]
