"""A Postgres for the tests: one private server for all workers of a run, which ends with them, however they end."""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PATIENCE = 60.0
"""Seconds in which the server must have started."""

MISSING = "there is no Postgres: `make test` installs it, which wants root (Debian: apt-get install postgresql)"

SETTINGS = {
    "fsync": "off",  # it is killed now and then, but no power is cut
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
    "autovacuum": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}
"""What makes it start fast and stay small."""

CLUSTER = (
    *("--username=postgres", "--auth=password", "--encoding=UTF8", "--locale=C"),
    *("--wal-segsize=1", "--no-sync", "--no-instructions"),
)

_NAMES = iter(range(1_000_000))


def program(name: str) -> str:
    """The path of a program of Postgres. Debian keeps them out of PATH; where there are none, the test is skipped."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, newest)]))
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The URL of the server, as its superuser; it is started by the first who asks, and ends with the last."""
    program("postgres")
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent  # of all workers
    with using_server(shared / "postgres") as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The URL of an empty database of one test."""
    with new_database(postgres) as url:
        yield url


@contextmanager
def new_database(server: str) -> Generator[str]:
    """An empty database on *server*, dropped in the end with whoever is still connected; its URL."""
    import psycopg  # late: every start of pytest would wait for it

    name = f"test_{os.getpid()}_{next(_NAMES)}"
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as db:
            db.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@contextmanager
def running_postgres(**settings: str) -> Generator[Server]:
    """A Postgres of one test, which may stop it, start it again and stall it."""
    folder = Path(tempfile.mkdtemp(prefix="failwell-postgres-"))
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        server = Server(folder, settings)
        ending.callback(server.stop)
        server.start()
        yield server


class Server:
    """A Postgres with its data in *folder*, which it may be alone in."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        self._uid, self._gid = _unprivileged()
        password = secrets.token_hex(16)
        (folder / "password").write_text(password)
        if self._uid is not None:
            shutil.chown(folder, self._uid, self._gid)
            shutil.chown(folder / "password", self._uid, self._gid)
        made = [program("initdb"), "--pgdata", str(self._data), "--pwfile", str(folder / "password"), *CLUSTER]
        ran = subprocess.run(
            made,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=self._uid,
            group=self._gid,
        )
        assert ran.returncode == 0, ran.stderr
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self._settings = {**SETTINGS, "port": str(self.port), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres"
        """As its superuser."""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._uid,
                group=self._gid,
            )
        import psycopg

        begun = time.monotonic()
        while True:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url).close()
                return
            running = self._process.poll() is None and time.monotonic() - begun < PATIENCE
            assert running, f"Postgres did not start:\n{self._log.read_text()}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once; what was committed is there when it is started again."""
        if self._process is not None:
            self.go_on()
            self._process.send_signal(signal.SIGQUIT if self._process.poll() is None else signal.SIGCONT)
            self._process.wait(PATIENCE)
            self._process = None

    def stall(self) -> None:
        """Let all of its processes stand still: connections are accepted, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        postmaster = self._process.pid
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        for pid in (postmaster, *map(int, children.read_text().split() if children.exists() else ())):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _unprivileged() -> tuple[int | None, int | None]:
    """Who runs Postgres where root may not, which it refuses: his and his group's number."""
    if os.geteuid() != 0:
        return None, None
    try:
        found = pwd.getpwnam("postgres")
    except KeyError:
        found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


@contextmanager
def using_server(folder: Path) -> Generator[str]:
    """The URL of the server that *folder* is about, which runs as long as somebody uses it.

    Its keeper waits for a lock that all users share. The kernel gives it up for those that are killed.
    """
    folder.mkdir(exist_ok=True)
    url, keeper = folder / "url", None
    with (folder / "users").open("w") as users:
        with (folder / "start").open("w") as start, (folder / "log").open("ab") as log:
            fcntl.flock(start, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not url.exists():
                # In a session of its own: Ctrl-C ends the tests, and those end it.
                command = [sys.executable, __file__, str(folder)]
                keeper = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
                while not url.exists():
                    assert keeper.poll() is None, (folder / "log").read_text()
                    time.sleep(0.02)
        yield url.read_text()
    if keeper is not None:
        keeper.wait()  # for the others


def keep(folder: Path) -> None:
    """Run a server until nobody uses it any more."""
    with (folder / "users").open("w") as users, running_postgres() as server:
        (folder / "url.new").write_text(server.url)
        (folder / "url.new").rename(folder / "url")
        fcntl.flock(users, fcntl.LOCK_EX)
        (folder / "url").unlink()


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
