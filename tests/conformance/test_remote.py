"""An SDK in a process of its own: what comes back from there, and what can go wrong on the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from failwell.clock import VirtualClock
from failwell.conformance import AdapterError, Observation, RemoteAdapter, ShortfallError
from failwell.conformance.adapter import Colour
from failwell.conformance.errors import (
    AdapterFileError,
    DiedError,
    EndlessError,
    GarbledError,
    HungError,
    InterpreterError,
    NotOfferedError,
)
from failwell.conformance.remote.adapter import RemoteClient
from failwell.conformance.remote.codec import MissingAttributeError, RemoteError

from .outside.adapters import made

PATIENCE = 60.0


def client(adapter: RemoteAdapter, colour: Colour = "blocking", clock: VirtualClock | None = None) -> RemoteClient:
    """A client of *colour*, on *clock*."""
    return adapter.client(colour, base_url="http://127.0.0.1:1", api_key="k", clock=clock or VirtualClock())


def is_gone(pid: int) -> bool:
    """Whether the process *pid* ends within a minute. Its parent may not have asked how, so a zombie counts."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8") if Path("/proc/self").exists() else ""
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state.rpartition(")")[2].split()[:1] == ["Z"]:
            return True
        time.sleep(0.01)
    return False


ECHO = """
import collections, dataclasses, enum

class Run:
    def __init__(self):
        self.id, self.parts, self._key = "run_1", [{"a": 1}], "secret"
        self.me = self

    @property
    def finished(self):
        return True

    @property
    def broken(self):
        raise KeyError("no")

    def method(self):
        return 1

    def __repr__(self):
        return "<Run run_1>"

@dataclasses.dataclass
class Slotted:
    __slots__ = ("name",)
    name: str

Named = collections.namedtuple("Named", "first second")

class Colour(str, enum.Enum):
    RED = "red"

THINGS = {"run": Run, "slotted": lambda: Slotted("x"), "named": lambda: Named(1, 2), "enum": lambda: Colour.RED}
OPERATIONS = {
    "echo": lambda client, *args, **kwargs: (args, kwargs),
    "things.make": lambda client, name: THINGS[name](),
    "settings": lambda client: client.settings,
}
"""


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteClient]:
    """A client of an SDK that gives back what it gets."""
    with made(tmp_path_factory.mktemp("echo"), ECHO) as adapter:
        yield client(adapter)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        10**30,
        -0.5,
        float("inf"),
        'text with "quotes", \n a line break, é and \ud800',
        b"\x00\xff",
        [1, [2, []]],
        (1, (2,)),
        {"key": {"deep": [1]}, 3: None},
        Path("/some/where"),
    ],
    ids=repr,
)
def test_plain_values(echo: RemoteClient, value: object) -> None:
    """
    Plain values arrive in the SDK and come back as they were, in their types.
    """
    args, kwargs = echo.echo(value, named=value)

    assert ((value,), {"named": value}) == (args, kwargs)
    assert type(value) is type(args[0])


def test_settings(echo: RemoteClient) -> None:
    """
    The adapter's client() gets the base URL and the key, and only the settings that a promise asks for.
    """
    assert {"base_url": "http://127.0.0.1:1", "api_key": "k"} == echo.settings()


def test_what_cannot_be_sent(echo: RemoteClient) -> None:
    """
    An argument that no other process can be given is named by its type.
    """
    with pytest.raises(TypeError) as caught:
        echo.echo(object())

    assert "object cannot be handed to an SDK in another process: pass plain values." == str(caught.value)


def test_object(echo: RemoteClient) -> None:
    """
    Of an object come its public attributes and properties, and its repr; nothing private, and no methods.
    """
    run = echo.things.make("run")

    assert ("run_1", [{"a": 1}], True) == (run.id, run.parts, run.finished)
    assert ("<Run run_1>", "<Run run_1>") == (repr(run), repr(run.me))
    assert "<reading it raises KeyError: 'no'>" == repr(run.broken)
    assert [False, False] == [hasattr(run, name) for name in ("_key", "method")]
    assert ("x", "red") == (echo.things.make("slotted").name, echo.things.make("enum"))
    assert (1, 2) == (echo.things.make("named").first, echo.things.make("named").second)


def test_attribute_that_a_result_lacks(echo: RemoteClient) -> None:
    """
    To ask a result for what it does not have is a shortfall, which names what it has.
    """
    run = echo.things.make("slotted")

    with pytest.raises(MissingAttributeError) as caught:
        _ = run.version

    assert "Slotted.version: expected a value, saw no such attribute; it has name" == str(caught.value)
    assert (True, ("Slotted", "version", ("name",))) == (
        isinstance(caught.value, ShortfallError),
        (caught.value.kind, caught.value.attribute, caught.value.has),
    )


ERRORS = """
class ShopError(Exception):
    docs = "https://shop.example"

    @property
    def doubled(self):
        return self.status_code * 2

    @property
    def odd(self):
        raise ZeroDivisionError("by zero")

class SoldOutError(ShopError):
    def __init__(self, message, status_code):
        super().__init__(message)
        self.status_code = status_code
        self._response = object()

class Silent(ShopError):
    status_code = 1

    def __str__(self):
        raise ValueError("no text")

def sold_out(client):
    try:
        raise ConnectionResetError(104, "reset")
    except OSError as problem:
        try:
            raise ShopError("in between") from problem
        except ShopError as between:
            raise SoldOutError("Nothing is left.", 409) from between

def fail(client, kind):
    raise kind

def silent(client):
    raise Silent

def leave(client):
    raise SystemExit(3)

def lacking(client):
    raise NotImplementedError("there are no keys")

def sdks_own(client):
    import asyncio
    asyncio.AbstractEventLoop().stop()

ERRORS = {"ConflictError": SoldOutError, "ShopError": ShopError}
class PickledError(ShopError):
    def __init__(self, text, reduced=None, **values):
        super().__init__(text)
        vars(self).update(values)
        if reduced is not None:
            type(self).reduced = staticmethod(reduced)

    def __reduce__(self):
        return type(self).reduced(self)

def pickled(reduced, **values):
    def fail(client):
        raise PickledError("once", reduced, **values)
    return fail

def with_lock(client):
    import threading
    error = ShopError("locked")
    error.lock = threading.Lock()
    raise error

OPERATIONS = {
    "with_lock": with_lock,
    "forgetful": pickled(lambda error: (PickledError, ("once",)), key=1),
    "other_text": pickled(lambda error: (PickledError, ("again",))),
    "renamed": pickled(lambda error: (ValueError, ("once",))),
    "changed": pickled(lambda error: (PickledError, ("once",), {"key": 2}), key=1),
    "plain": pickled(lambda error: (PickledError, ("once",), {"key": 1}), key=1),
    "sold_out": sold_out, "silent": silent, "leave": leave, "lacking": lacking, "sdks_own": sdks_own,
}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteAdapter]:
    """An SDK that raises."""
    with made(tmp_path_factory.mktemp("shop"), ERRORS) as adapter:
        yield adapter


def test_error(shop: RemoteAdapter) -> None:
    """
    An exception comes with its class, its bases, its text, its public attributes and its chain of causes.
    """
    with pytest.raises(RemoteError) as caught:
        client(shop).sold_out()

    error = cast(Any, caught.value)
    assert [shop.error("ConflictError")] == [type(error)]
    assert ("SoldOutError", "failwell_adapter", "Nothing is left.") == (
        type(error).__name__,
        type(error).__module__,
        str(error),
    )
    names = ["failwell_adapter.SoldOutError", "failwell_adapter.ShopError", "builtins.Exception"]
    assert names == list(error.mro[:3])
    assert (409, 818, "https://shop.example") == (error.status_code, error.doubled, error.docs)
    assert ("<reading it raises ZeroDivisionError: by zero>", False) == (repr(error.odd), hasattr(error, "_response"))
    cause = error.__cause__
    assert (shop.error("ShopError"), "in between") == (type(cause), str(cause))
    assert ("builtins", "ConnectionResetError", "[Errno 104] reset", None) == (
        type(cause.__cause__).__module__,
        type(cause.__cause__).__name__,
        str(cause.__cause__),
        cause.__cause__.__cause__,
    )


def test_error_is_held_against_the_page(shop: RemoteAdapter) -> None:
    """
    What a promise asks of an error is asked of the picture: class, attributes, and those that it lacks.
    """
    with pytest.raises(RemoteError) as caught:
        client(shop).sold_out()
    seen = Observation(error=caught.value)

    seen.raised(shop.error("ConflictError"), status_code=409, retry_after=None)
    with pytest.raises(ShortfallError) as lacking:
        seen.raised(shop.error("ConflictError"), required=30)
    with pytest.raises(ShortfallError) as other:
        seen.raised(shop.error("ShopError"))

    assert "e.required: expected 30, saw no such attribute" == str(lacking.value)
    assert "expected ShopError, it raised failwell_adapter.SoldOutError: 'Nothing is left.'" == str(other.value)


def test_error_without_text(shop: RemoteAdapter) -> None:
    """
    An exception whose str() fails says so.
    """
    with pytest.raises(RemoteError) as caught:
        client(shop).silent()

    assert ("Silent", "<str() raises ValueError>") == (type(caught.value).__name__, str(caught.value))


def test_exit_is_an_error(shop: RemoteAdapter) -> None:
    """
    sys.exit() in the SDK is what it raised; the process goes on.
    """
    ours = client(shop)

    for _ in range(2):
        with pytest.raises(RemoteError) as caught:
            ours.leave()

        assert ("SystemExit", "3") == (type(caught.value).__name__, str(caught.value))


def test_what_is_not_offered(shop: RemoteAdapter) -> None:
    """
    NotImplementedError of the adapter's own means that something is not offered; from the SDK it is an error.
    """
    with pytest.raises(NotOfferedError) as caught:
        client(shop).lacking()
    with pytest.raises(RemoteError) as raised:
        client(shop).sdks_own()

    assert ("there are no keys", "there are no keys") == (str(caught.value), caught.value.reason)
    assert ("NotImplementedError", "") == (type(raised.value).__name__, str(raised.value))


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        ("sold_out", "TypeError: SoldOutError.__init__() missing 1 required positional argument: 'status_code'"),
        ("with_lock", "TypeError: cannot pickle '_thread.lock' object"),
        ("forgetful", "it has no key then"),
        ("other_text", "its text is 'again' then, it was 'once'"),
        ("renamed", "it is a ValueError then"),
        ("changed", "its key is 2 then, it was 1"),
        ("plain", ""),
    ],
)
def test_pickling_where_the_sdk_runs(shop: RemoteAdapter, operation: str, problem: str) -> None:
    """
    Whether an exception survives pickling is tried in the SDK's own process, and what it loses is told.
    """
    with pytest.raises(RemoteError) as caught:
        getattr(client(shop), operation)()

    assert problem == caught.value.unpicklable
    if problem:
        with pytest.raises(ShortfallError, match=f"{re.escape(f'does not survive pickling: {problem}')}$"):
            Observation(error=caught.value).survives_pickling()
    else:
        Observation(error=caught.value).survives_pickling()


def test_settings_that_a_client_does_not_take(tmp_path: Path) -> None:
    """
    A setting that the adapter's client() has no parameter for is not offered; one that takes anything is asked.
    """
    poor = "def client(*, base_url, api_key):\n    return None\n"
    clock = VirtualClock()

    with made(tmp_path, poor) as adapter, pytest.raises(NotOfferedError) as caught:
        adapter.client("blocking", base_url="http://127.0.0.1:1", api_key="k", clock=clock, deadline=2.0, max_retries=1)

    assert "its client takes no deadline and no max_retries" == str(caught.value)


def test_what_is_not_there(shop: RemoteAdapter) -> None:
    """
    An operation that neither the adapter nor the client has, and an error that ERRORS lacks, are shortfalls.
    """
    with pytest.raises(ShortfallError) as operation:
        client(shop).datasets.list()
    with pytest.raises(ShortfallError) as error:
        shop.error("PollTimeoutError")

    assert "the SDK has no operation datasets.list: neither its client nor the adapter" == str(operation.value)
    assert "the SDK has no PollTimeoutError: the adapter's ERRORS name none" == str(error.value)


WAITS = """
import asyncio, threading, time
from time import sleep

def again(client, seconds, times=1):
    before = time.monotonic(), time.time(), time.perf_counter_ns()
    for _ in range(times):
        sleep(seconds)
    after = time.monotonic(), time.time(), time.perf_counter_ns()
    return [after[0] - before[0], after[1] - before[1], (after[2] - before[2]) / 1e9]

def in_a_thread(client, seconds):
    thread = threading.Thread(target=time.sleep, args=(seconds,))
    thread.start()
    thread.join()

class AsyncClient:
    async def nap(self, seconds):
        return await asyncio.sleep(seconds, "rested")

    async def aclose(self):
        await asyncio.sleep(7)

async def async_client(**settings):
    return AsyncClient()

OPERATIONS = {
    "again": again,
    "in_a_thread": in_a_thread,
    "wall": lambda client: time.time(),
    "odd": lambda client, seconds: time.sleep(seconds),
}
"""


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteAdapter]:
    """An SDK that waits."""
    with made(tmp_path_factory.mktemp("waiting"), WAITS) as adapter:
        yield adapter


def test_waits(waiting: RemoteAdapter) -> None:
    """
    What the SDK sleeps is asked of the clock, to the second, and nobody waits; all clocks of the SDK move along.
    """
    clock = VirtualClock()
    started = time.monotonic()

    moved = client(waiting, clock=clock).again(3600.25, times=3)

    assert ([3600.25] * 3, 10_800.75) == (clock.waits(), clock.now())
    assert [10_801] * 3 == [round(seconds) for seconds in moved]
    assert time.monotonic() - started < PATIENCE


def test_waits_of_a_thread(waiting: RemoteAdapter) -> None:
    """
    A sleep in a thread of the SDK's counts while the call runs.
    """
    clock = VirtualClock()

    client(waiting, clock=clock).in_a_thread(30)

    assert [30] == clock.waits()


def test_time_of_day(waiting: RemoteAdapter) -> None:
    """
    For the SDK it is as late as in the sandbox, also when the clock was moved between two calls.
    """
    clock = VirtualClock()
    ours = client(waiting, clock=clock)
    first = ours.wall()
    clock.advance(86_400)

    assert (True, 86_400) == (abs(first - clock.wall() + 86_400) < PATIENCE, round(ours.wall() - first, -2))


@pytest.mark.parametrize(("seconds", "raised"), [(0, None), (-1, "ValueError"), ("x", "TypeError")])
def test_no_waits(waiting: RemoteAdapter, seconds: Any, raised: str | None) -> None:
    """
    A sleep of nothing is no wait, and one that makes no sense raises what it always does.
    """
    clock = VirtualClock()
    kind = None

    try:
        client(waiting, clock=clock).odd(seconds)
    except RemoteError as error:
        kind = type(error).__name__

    assert (raised, []) == (kind, clock.waits())


def test_awaiting(waiting: RemoteAdapter) -> None:
    """
    An SDK that is awaited is awaited, from making its client to putting it away; asyncio.sleep is asked of the clock.
    """
    clock = VirtualClock()
    ours = client(waiting, "awaiting", clock)

    assert (("blocking", "awaiting"), "rested") == (waiting.colours, ours.nap(120))
    ours.close()
    assert [120, 7] == clock.waits()


LOSSES = """
import importlib.util, os, subprocess, sys, threading, time

def garbled(client):
    for fd in range(3, 32):
        try:
            os.write(fd, b"I am not JSON\\n")
        except OSError:
            pass
    threading.Event().wait()

def dies(client):
    print("Goodbye.", file=sys.stderr, flush=True)
    os._exit(3)

def endless(client):
    while True:
        time.sleep(1)

def talks(client):
    print("to stdout")
    os.write(1, b"to its descriptor")
    subprocess.run(["echo", "from a child"])
    return sys.stdin.read()

OPERATIONS = {
    "garbled": garbled,
    "dies": dies,
    "crashes": lambda client: os.kill(os.getpid(), 11),
    "hangs": lambda client: threading.Event().wait(),
    "endless": endless,
    "talks": talks,
    "pid": lambda client: os.getpid(),
    "spawns": lambda client: subprocess.Popen(["sleep", "600"]).pid,
    "variable": lambda client: os.environ.get("PICTOGRAPH_API_KEY"),
    "has": lambda client, name: importlib.util.find_spec(name) is not None,
}
"""


@pytest.mark.parametrize(
    ("operation", "kind", "reason"),
    [
        ("hangs", HungError, "the call did not end: no sign of life for 1 s, so the SDK's process was ended"),
        ("endless", EndlessError, "the call did not end: it still waited and tried again after 6 s, so it was ended"),
        ("dies", DiedError, "the SDK's process ended with exit code 3; its last words: Goodbye."),
        ("crashes", DiedError, "the SDK's process ended with signal 11; it said nothing"),
        (
            "garbled",
            GarbledError,
            "the SDK's process wrote 'I am not JSON' on a pipe that is not its own, so it was ended",
        ),
    ],
)
def test_lost_process(tmp_path: Path, operation: str, kind: type[Exception], reason: str) -> None:
    """
    A process that is lost in a call is a shortfall that says how; none of it is left, and the next call gets a new one.
    """
    with made(tmp_path, LOSSES, patience=1.0) as adapter:
        ours = client(adapter)
        pid = ours.pid()

        with pytest.raises(kind) as caught:
            getattr(ours, operation)()
        ours.close()

        assert (reason, True, True) == (str(caught.value), isinstance(caught.value, ShortfallError), is_gone(pid))
        assert pid != client(adapter).pid()


def test_facts_of_a_lost_process() -> None:
    """
    What a message says of a lost process can be read off the exception too.
    """
    died, hung = DiedError(3, "Goodbye."), HungError(0.5)

    assert (3, "Goodbye.", 0.5) == (died.exit_code, died.last_words, hung.patience)
    assert (3.0, "line") == (EndlessError(3.0).seconds, GarbledError("line").line)


def test_what_the_sdk_prints(tmp_path: Path) -> None:
    """
    What the SDK, its C libraries and its children print disturbs nothing, and there is nothing for it to read.
    """
    with made(tmp_path, LOSSES) as adapter:
        assert "" == client(adapter).talks()


def test_nothing_is_left(tmp_path: Path) -> None:
    """
    At the end neither the process nor what the SDK started is there.
    """
    with made(tmp_path, LOSSES) as adapter:
        pids = [client(adapter).pid(), client(adapter).spawns()]

    assert [True, True] == [is_gone(pid) for pid in pids]


def test_end_of_failwell(tmp_path: Path) -> None:
    """
    When Failwell is killed, the process ends by itself, in the middle of a call too.
    """
    file = made(tmp_path, LOSSES).file
    program = f"""
import os, pathlib, signal, threading
from failwell.clock import VirtualClock
from failwell.conformance import RemoteAdapter
adapter = RemoteAdapter(pathlib.Path({str(file)!r})).__enter__()
client = adapter.client("blocking", base_url="", api_key="k", clock=VirtualClock())
print(client.pid(), flush=True)
threading.Thread(target=client.hangs, daemon=True).start()
os.kill(os.getpid(), signal.SIGKILL)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=PATIENCE, check=False)

    assert (-9, True) == (ran.returncode, is_gone(int(ran.stdout)))


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A variable that a promise is about is not handed on from the user's shell.
    """
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "mine")
    file = made(tmp_path, LOSSES).file

    with RemoteAdapter(file) as as_it_is, RemoteAdapter(file, without=["PICTOGRAPH_API_KEY"]) as without:
        assert ["mine", None] == [client(adapter).variable() for adapter in (as_it_is, without)]


def test_where_nothing_is_installed(tmp_path: Path) -> None:
    """
    The SDK's environment needs nothing of Failwell's, and sees none of its files.
    """
    bare = str(getattr(sys, "_base_executable", sys.executable))
    file = made(tmp_path, LOSSES).file

    with RemoteAdapter(file, python=bare) as adapter:
        found = {name: client(adapter).has(name) for name in ("json", "failwell", "table", "seen")}

    assert {"json": True, "failwell": False, "table": False, "seen": False} == found
    assert "made 1.0" == adapter.sdk


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_sdk", "ModuleNotFoundError: No module named 'no_such_sdk' (line 1)"),
        ("\nraise SystemExit(4)", "SystemExit: 4 (line 2)"),
        ("def client(:", "SyntaxError: invalid syntax (adapter.py, line 1)"),
        ("def client(): ...", 'it does not say SDK = "NAME VERSION"'),
        ("SDK = 'x 1'", "it defines neither client() nor async_client()"),
        ("SDK = 'x 1'\nclient = 3", "blocking is 3, not a function"),
        ("SDK = 'x 1'\nclient = print\nERRORS = {'A': 3}", "ERRORS['A'] is 3, not an exception class"),
        ("SDK = 'x 1'\nclient = print\nERRORS = []", "ERRORS is [], not a dict"),
        ("SDK = 'x 1'\nclient = print\nOPERATIONS = {'a.b': None}", "a.b is None, not a function"),
        (None, "FileNotFoundError: [Errno 2] No such file or directory: "),
    ],
)
def test_unusable_file(tmp_path: Path, text: str | None, reason: str) -> None:
    """
    A file that cannot be used is an error that says why, and what to do.
    """
    file = tmp_path / "adapter.py"
    if text is not None:
        file.write_text(text)

    with pytest.raises(AdapterFileError) as caught, RemoteAdapter(file):
        pass

    said = str(caught.value)
    assert said.startswith(f"{file} is no adapter that {sys.executable} can use: {reason}")
    assert said.endswith(
        ". Correct it, or pass --python with the interpreter of the environment where the SDK is installed."
    )
    assert (file, sys.executable) == (caught.value.file, caught.value.python)


@pytest.mark.parametrize(
    ("python", "reason"),
    [
        ("/no/such/python", "No such file or directory"),
        ("/", "Permission denied"),
        ("/bin/false", "the SDK's process ended with exit code 1; it said nothing"),
    ],
)
def test_unusable_interpreter(tmp_path: Path, python: str, reason: str) -> None:
    """
    An interpreter that does not start, or is none, is an error that says why, and what to do.
    """
    (tmp_path / "adapter.py").write_text("")

    with pytest.raises(InterpreterError) as caught, RemoteAdapter(tmp_path / "adapter.py", python=python):
        pass

    remedy = "Pass --python with the interpreter of the environment where the SDK is installed."
    assert f"{python} cannot be run: {reason}. {remedy}" == str(caught.value)
    assert (python, reason, True) == (caught.value.python, caught.value.reason, isinstance(caught.value, AdapterError))


@pytest.mark.parametrize(
    ("text", "start", "reason"),
    [
        ("import os\nos._exit(9)", 60.0, "the SDK's process ended with exit code 9; it said nothing"),
        ("while True: pass", 1.0, "the call did not end: no sign of life for 1 s, so the SDK's process was ended"),
    ],
    ids=["dies", "hangs"],
)
def test_lost_in_the_import(tmp_path: Path, text: str, start: float, reason: str) -> None:
    """
    A process that is lost while it imports the SDK is an error, not a shortfall: nothing can be checked.
    """
    with pytest.raises(InterpreterError) as caught, made(tmp_path, text, start=start):
        pass

    assert (reason, False) == (caught.value.reason, isinstance(caught.value, ShortfallError))


def test_python_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An interpreter that is too old is an error that says so.
    """
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.version_info = (3, 8, 18, 'final', 0)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(AdapterFileError) as caught, made(tmp_path, LOSSES):
        pass

    version = ".".join(str(part) for part in sys.version_info[:3])
    assert f"it is Python {version}, and the oldest that will do is 3.9" == caught.value.reason


def test_noise_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What an environment's own start-up prints before the SDK is loaded is no answer.
    """
    (tmp_path / "sitecustomize.py").write_text("print('{\"hello\": 1}')\nprint('Welcome!', end='')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with made(tmp_path, LOSSES) as adapter:
        assert "" == client(adapter).talks()
