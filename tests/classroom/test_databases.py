"""Databases: the class's journal in a real PostgreSQL that is killed."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from classroom.room import Classroom
from classroom.test_relay import NAMES, asked
from processes import PATIENCE, clean_environment, until
from servers import free_port


class Postgres:
    """A PostgreSQL of the test's own, by somebody who is not root; it can be killed and started again."""

    def __init__(self, places):
        self.folder = Path(tempfile.mkdtemp(prefix="fox-nb-postgres-"))
        self.port = free_port()
        self.url = f"postgresql+psycopg://fox@127.0.0.1:{self.port}/postgres"
        self.log = places.searched / f"{self.folder.name}.log"
        self.somebody = {"cwd": self.folder, "env": clean_environment(places)}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
            self.somebody["user"] = "nobody"
        self._run("initdb", "--auth=trust", "--username=fox", "--no-sync").wait(PATIENCE)
        self.start()

    def _run(self, program, *options):
        found = shutil.which(program) or max(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), default=None)
        assert found, "no PostgreSQL: apt-get install postgresql"
        with self.log.open("ab") as log:
            return subprocess.Popen([found, "-D", self.folder, *options], stdout=log, stderr=log, **self.somebody)

    def start(self):
        self._begin()
        until(self._answers, "PostgreSQL", show=self.log.read_text)

    def _begin(self):
        options = (f"--port={self.port}", "--listen_addresses=127.0.0.1", f"--unix_socket_directories={self.folder}")
        self.process = self._run("postgres", *options)

    def _answers(self):
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return connection.execute(text("SELECT 1")).scalar()
        except OperationalError:
            if self.process.poll() is not None:  # what the last one left is not gone yet
                self._begin()
            return None
        finally:
            engine.dispose()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder)


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="kill -9 and another user are POSIX's")
def test_a_postgresql_that_is_killed_loses_and_doubles_nothing(artifacts, sandbox):
    """While sixty pictures are asked for, the database is killed and started again: each is created once and known after."""
    postgres = Postgres(artifacts)
    room = Classroom(artifacts, sandbox.base_url, database=postgres.url)
    done = threading.Event()

    def kill_now_and_then():
        for _ in range(4):
            if not done.wait(1.5):
                postgres.kill()
                postgres.start()

    try:
        room.seat(*NAMES[:6])
        room.start(f"--database={postgres.url}")
        killer = threading.Thread(target=kill_now_and_then)
        killer.start()
        with ThreadPoolExecutor(6) as pool:
            told = list(pool.map(lambda number: asked(room, number), range(60)))
        done.set()
        killer.join(PATIENCE)
        made = Counter(row["body"]["prompt"] for row in sandbox.creations)
        assert max(made.values()) == 1
        ids = {row["body"]["prompt"]: row["task_id"] for row in sandbox.creations}
        assert all(ids[f"fox {number}"] == task for number, task in told if task)
        assert room.seats.spent() == 60 * 90_000
        assert room.ask("GET", "/v1/tasks/%00", NAMES[0]).status_code == 404
        print(f"60 tasks, {sum(bool(task) for _, task in told)} known, {len(made)} created")
    finally:
        done.set()
        room.stop()
        postgres.stop()
