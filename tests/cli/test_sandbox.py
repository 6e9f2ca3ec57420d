from __future__ import annotations

import ctypes
import os
import re
import shlex
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from failwell.clock import VirtualClock
from pictograph import AuthError, Client, ForbiddenError, PaymentRequiredError, RateLimitError
from tests.server.stores import running_redis

from .command import ended, environment, failwell, left_running, printed_until, running

LAST_LINE = "-d '"
REMEDY = "Name a folder that you may write to, or change its permissions."


class Printed(NamedTuple):
    """What `failwell sandbox` prints when it is up."""

    text: str

    @property
    def url(self) -> str:
        """Where it listens."""
        listens: list[str] = re.findall(r"^pictograph listens on (\S+)\. Ctrl-C ends it\.$", self.text, re.MULTILINE)
        return listens[0]

    @property
    def keys(self) -> dict[str, str]:
        """The key of each role."""
        return dict(re.findall(r"^  (\w+) +(pk_live_\S+)$", self.text, re.MULTILINE))

    @property
    def exports(self) -> dict[str, str]:
        """The variables that a shell is told to export."""
        return dict(re.findall(r"^  export (\w+)=(\S+)$", self.text, re.MULTILINE))

    @property
    def curl(self) -> list[str]:
        """The command that arms an error, in words."""
        return shlex.split(self.text[self.text.index("  curl ") :].replace("\\\n", " "))

    def client(self, role: str, **settings: int | VirtualClock) -> Client:
        """A client with the key of *role*."""
        return Client(self.keys[role], base_url=self.url, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """What a running sandbox has printed."""
    env = environment(TMPDIR=str(tmp_path_factory.mktemp("printed")))
    with running("sandbox", "pictograph", "--port", "0", env=env) as process:
        yield Printed(printed_until(process, LAST_LINE))
        ended(process, signal.SIGINT)


def test_url_and_exports(printed: Printed) -> None:
    """
    It prints where it listens, and the variables that the SDK reads.
    """
    expected = {"PICTOGRAPH_BASE_URL": printed.url, "PICTOGRAPH_API_KEY": printed.keys["member"]}
    assert expected == printed.exports
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", printed.url)


def test_exports_work(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With these variables the SDK works without arguments.
    """
    for name, value in printed.exports.items():
        monkeypatch.setenv(name, value)

    with Client() as client:
        assert "ds" in [dataset.name for dataset in client.datasets.list()]


def test_tls(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It prints its address for TLS, and the file with which it is trusted.
    """
    told = re.search(r"^It speaks TLS too: (\S+), trusted with SSL_CERT_FILE=(\S+)\.$", printed.text, re.MULTILINE)
    assert told is not None
    monkeypatch.setenv("SSL_CERT_FILE", told[2])

    with Client(printed.keys["member"], base_url=told[1]) as client:
        assert "ds" == client.datasets.get("ds").name


def test_keys_of_each_role(printed: Printed) -> None:
    """
    It prints a key of each role, and each does what its name says.
    """
    assert {"member", "admin", "viewer", "free", "pro", "broke", "revoked"} == set(printed.keys)
    for role in ("member", "admin", "free", "pro"):
        with printed.client(role) as client:
            assert role == client.datasets.create(role).name
    with printed.client("viewer") as client:
        assert "ds" in [dataset.name for dataset in client.datasets.list()]
        with pytest.raises(ForbiddenError):
            client.datasets.create("viewer")
    with printed.client("broke") as client, pytest.raises(PaymentRequiredError):
        client.training.create("ds", "exp")
    with printed.client("revoked") as client, pytest.raises(AuthError):
        client.datasets.list()


def test_curl(printed: Printed) -> None:
    """
    The printed curl arms the error that it names, for as many requests as it says.
    """
    curl, x, method, url, h, header, d, body = printed.curl
    assert ("curl", "-X", "-H", "-d") == (curl, x, h, d)
    name, _, token = header.partition(": ")
    clock = VirtualClock()

    armed = httpx2.request(method, url, headers={name: token}, content=body)

    assert (201, {"armed": True}) == (armed.status_code, armed.json())
    with printed.client("member", max_retries=0) as client, pytest.raises(RateLimitError) as caught:
        client.datasets.list()
    assert 2 == caught.value.retry_after
    with printed.client("member", clock=clock) as client:
        client.datasets.list()
    assert [2] == clock.waits(), "the second was waited out"


@pytest.mark.parametrize(
    ("by", "code", "told"),
    [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
def test_interrupted(tmp_path: Path, by: signal.Signals, code: int, told: str) -> None:
    """
    Ctrl-C ends it with exit code 130 and no traceback; the port is free, and no process and no file is left.
    """
    env = environment(TMPDIR=str(tmp_path))
    with running("sandbox", "pictograph", "--port", "0", env=env, anew=True) as process:
        printed = Printed(printed_until(process, LAST_LINE))
        with printed.client("member") as client:
            client.datasets.list()
            during = os.listdir(tmp_path)  # noqa: PTH208

            ran = ended(process, by)

        assert (code, told) == (ran.code, ran.err)
        assert not left_running(process)
    assert (1, []) == (len(during), os.listdir(tmp_path))  # noqa: PTH208
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(printed.url.rpartition(":")[2])), timeout=1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which threads a process has")
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_signal_that_another_thread_gets(by: signal.Signals) -> None:
    """
    It ends at once also when the system hands the signal to a thread that only serves: the main one sleeps on.
    """
    with running("sandbox", "pictograph", "--port", "0") as process:
        printed_until(process, LAST_LINE)
        others = {int(name) for name in os.listdir(f"/proc/{process.pid}/task")} - {process.pid}  # noqa: PTH208
        ctypes.CDLL(None).tgkill(process.pid, min(others), by)

        process.communicate(timeout=60)

    assert 128 + by == process.returncode


def test_interrupted_in_a_request(tmp_path: Path) -> None:
    """
    A request that still waits for its answer does not keep it from ending.
    """
    with running("sandbox", "pictograph", "--port", "0", env=environment(TMPDIR=str(tmp_path))) as process:
        printed = Printed(printed_until(process, LAST_LINE))
        method, url, header = printed.curl[2], printed.curl[3], printed.curl[5]
        name, _, token = header.partition(": ")
        httpx2.request(method, url, headers={name: token}, content='{"error": "RequestTimeoutError"}')
        with socket.create_connection(("127.0.0.1", int(printed.url.rpartition(":")[2])), timeout=30) as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            while httpx2.get(f"{printed.url}/_failwell/health", headers={name: token}).json()["rules"]:
                time.sleep(0.01)

            ran = ended(process, signal.SIGINT)

        assert (130, "Interrupted.\n") == (ran.code, ran.err)
        assert not left_running(process)
    assert [] == os.listdir(tmp_path)  # noqa: PTH208


def test_data_is_kept(tmp_path: Path) -> None:
    """
    With --data what was made is there after a restart, under the key of the new start.
    """
    folder = tmp_path / "new" / "data"
    names: set[str] = set()
    for name in ("first", "second"):
        with running("sandbox", "pictograph", "--port", "0", "--data", str(folder)) as process:
            printed = Printed(printed_until(process, LAST_LINE))
            with printed.client("member") as client:
                client.datasets.create(name)
                names = {dataset.name for dataset in client.datasets.list()}
            ended(process, signal.SIGINT)

    assert {"ds", "first", "second"} == names


def test_workers(tmp_path: Path) -> None:
    """
    With --workers several processes serve one folder, with --store they share keys in Redis; all end with the command.
    """
    folder = tmp_path / "data"
    with (
        running_redis(tmp_path) as url,
        running(
            *("sandbox", "pictograph", "--port", "0", "--data", str(folder), "--workers", "3", "--store", url)
        ) as process,
    ):
        printed = Printed(printed_until(process, LAST_LINE))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        with printed.client("member") as client:
            made = [client.datasets.create(f"d{number}", idempotency_key=f"k{number}").id for number in range(12)]
            again = [client.datasets.create(f"d{number}", idempotency_key=f"k{number}").id for number in range(12)]
        ended(process, signal.SIGINT)

    assert (made, 12) == (again, len(set(made)))
    assert 2 == len(children)
    assert [] == [child for child in children if Path(f"/proc/{child}").exists()]
    assert not (folder / "idempotency.sqlite").exists()


REFUSED = [
    (("--database", "postgresql://127.0.0.1/x"), "the reference servers keep their data in SQLite"),
    (("--workers", "0"), "Invalid value for '--workers'"),
    (("--store", "mysql://user:canary@127.0.0.1/x"), 'No store is known for "mysql:"'),
    (("--store", "redis://user:canary@127.0.0.1:x/0"), "The redis: URL of the store cannot be read"),
    (("--store", "postgresql://user:canary@127.0.0.1:x y"), "The postgresql: URL of the store cannot be read"),
    (("--store", "redis://user:canary@127.0.0.1:1/0"), "The store in Redis at 127.0.0.1:1/0 failed"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED)
def test_refused_options(options: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    """
    What cannot be done is exit code 2 and a sentence that says why, without a password; nothing is left behind.
    """
    ran = failwell("sandbox", "pictograph", "--port", "0", *options, env=environment(TMPDIR=str(tmp_path)))

    told = re.sub(r"[\s│╭╮╰╯─]+", " ", ran.err)
    assert (2, "", True, False) == (ran.code, ran.out, reason in told, "canary" in ran.err)
    assert [] == os.listdir(tmp_path)  # noqa: PTH208


def test_port_in_use(tmp_path: Path) -> None:
    """
    A port in use is exit code 2 and a sentence with the remedy; no file is left.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        data = ("--data", str(tmp_path / "data"))
        ran = failwell("sandbox", "pictograph", "--port", str(port), *data, env=environment(TMPDIR=str(tmp_path)))

    message = f"Port {port} on 127.0.0.1 is in use. Stop what listens there, or pass --port 0 to take a free one."
    assert (2, "", f"failwell: {message}\n") == (ran.code, ran.out, ran.err)
    assert [] == os.listdir(tmp_path)  # noqa: PTH208


def test_port_that_is_none() -> None:
    """
    A port that does not exist is exit code 2 and a sentence.
    """
    ran = failwell("sandbox", "pictograph", "--port", "65536")

    assert (2, "", True) == (ran.code, ran.out, "ports go from 0 to 65535" in ran.err)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("a-file", "is a file, not a folder. Move it away, or name another folder."),
        ("a-file/below", f"cannot be written to (Not a directory). {REMEDY}"),
        ("/proc/failwell", f"cannot be written to (No such file or directory). {REMEDY}"),
    ],
)
def test_data_folder_that_cannot_be_used(tmp_path: Path, where: str, problem: str) -> None:
    """
    A data folder that cannot be used is exit code 2 and a sentence with the remedy; nothing is written.
    """
    (tmp_path / "a-file").write_text("mine")

    ran = failwell("sandbox", "pictograph", "--port", "0", "--data", str(tmp_path / where))

    assert (2, "", f"failwell: {tmp_path / where} {problem}\n") == (ran.code, ran.out, ran.err)
    assert (["a-file"], "mine") == (os.listdir(tmp_path), (tmp_path / "a-file").read_text())  # noqa: PTH208


def foreign(path: Path) -> bytes:
    """The bytes of a database of another program, put at *path*."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE theirs (a)")
    db.close()
    return path.read_bytes()


def test_foreign_database(tmp_path: Path) -> None:
    """
    A folder with another program's database is exit code 2 and a sentence.
    """
    foreign(tmp_path / "pictograph.db")

    ran = failwell("sandbox", "pictograph", "--port", "0", "--data", str(tmp_path))

    database = tmp_path / "pictograph.db"
    message = f"failwell: {database} is another program's database. Move it away, or name another folder.\n"
    assert (2, "", message) == (ran.code, ran.out, ran.err)


def test_foreign_database_stays_as_it_was(tmp_path: Path) -> None:
    """
    Another program's database, and the folder around it, stay as they were.
    """
    before = foreign(tmp_path / "pictograph.db")

    failwell("sandbox", "pictograph", "--port", "0", "--data", str(tmp_path))

    assert (before, ["pictograph.db"]) == ((tmp_path / "pictograph.db").read_bytes(), os.listdir(tmp_path))  # noqa: PTH208


@pytest.mark.parametrize("name", ["pictograph.db", "keys.sqlite", "idempotency.sqlite"])
def test_no_database_at_all(tmp_path: Path, name: str) -> None:
    """
    A file that is no database where one belongs is exit code 2 and a sentence that names it; it stays as it was.
    """
    (tmp_path / name).write_text("Dear diary, " * 100)

    ran = failwell("sandbox", "pictograph", "--port", "0", "--data", str(tmp_path))

    assert (2, "", 1) == (ran.code, ran.out, len(ran.err.splitlines()))
    assert f"{tmp_path / name}" in ran.err
    assert "Dear diary, " * 100 == (tmp_path / name).read_text()
