"""
Child process that runs an SDK in its own environment for `failwell check --adapter`; stdlib only.

    python child.py TOKEN FILE

FILE is the adapter. Commands come in as JSON lines on what was stdin, answers go out on what was stdout; the SDK gets
an empty stdin, and its stdout is stderr. This file runs on Python 3.9 and newer, whatever Failwell itself needs.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import importlib.util
import inspect
import json
import math
import os
import pickle
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

DEEPEST = 8
MOST_PARTS = 50_000
LONGEST_REPR = 200
MOST_CAUSES = 10
"""How much of a result or of an exception is told; the rest of it is only named."""

PLAIN = (bool, int, float, str, bytes, type(None))
"""Types whose values have to be the same after pickling; what else an exception holds need not be comparable."""

OLDEST = (3, 9)
"""The Python that an SDK's environment needs, which may be older than Failwell's own."""

STANDARD = getattr(sys, "stdlib_module_names", frozenset({"builtins", "datetime", "enum"}))
"""Where classes come from whose properties are not what an SDK tells. Python 3.9 has no list of them."""


class UnusableError(Exception):
    """The adapter cannot be used as it is."""


class LackingError(Exception):
    """The client of the SDK cannot be told what a promise asks for."""


class AbsentError(Exception):
    """Neither the adapter nor the SDK has an operation of that name."""


class Pipe:
    """The line to Failwell. Closing it ends this process, whatever the SDK is doing."""

    def __init__(self) -> None:
        # Descriptors of its own: a print of the SDK, or of a C library in it, must not reach Failwell as an answer.
        self._incoming = os.fdopen(os.dup(0), "r", encoding="utf-8")
        self._outgoing = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self.commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.woken: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="failwell", daemon=True).start()

    def tell(self, message: dict[str, Any]) -> None:
        """Send *message*."""
        line = json.dumps(message)
        with self._writing:
            # A line of its own, also after a start-up that printed half a line.
            self._outgoing.write(f"\n{line}\n")
            self._outgoing.flush()

    def _read(self) -> None:
        for line in self._incoming:
            message = json.loads(line)
            (self.woken if message["do"] == "wake" else self.commands).put(message)
        os._exit(0)


class RemoteClock:
    """Failwell's virtual time in the place of the system's: sleeps are told, and over at once."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._sleeping = threading.Lock()
        self._sleep, self._asleep = time.sleep, asyncio.sleep
        self._monotonic, self._counter = time.monotonic, time.perf_counter
        self._ahead = 0.0
        self._wall = time.time()
        self._told_at = self._monotonic()
        self.call: int | None = None

    def install(self) -> None:
        """Take the place of the functions in `time` and of `asyncio.sleep`: before the SDK is imported."""
        ours: dict[str, Callable[..., Any]] = {"sleep": self.sleep}
        for name, read in {"monotonic": self.monotonic, "perf_counter": self.counter, "time": self.wall}.items():
            ours[name] = read
            ours[f"{name}_ns"] = functools.partial(_nanoseconds, read)
        awaited = {"sleep": self.asleep}
        for module, functions in ((time, ours), (asyncio, awaited), (asyncio.tasks, awaited)):
            for name, function in functions.items():
                setattr(module, name, function)

    def set(self, message: Mapping[str, Any]) -> None:
        """Go on from the time in *message*."""
        self._ahead = message["now"]
        self._wall = message["wall"]
        self._told_at = self._monotonic()

    def monotonic(self) -> float:
        """`time.monotonic`, moved on by every sleep."""
        return self._monotonic() + self._ahead

    def counter(self) -> float:
        """`time.perf_counter`, likewise."""
        return self._counter() + self._ahead

    def wall(self) -> float:
        """`time.time`, as the sandbox tells it."""
        return self._wall + (self._monotonic() - self._told_at)

    def sleep(self, seconds: float) -> None:
        """`time.sleep`. Outside of a call, and for what is no wait, it is the real one."""
        if self._is_wait(seconds):
            self._wait(float(seconds))
        else:
            self._sleep(seconds)

    async def asleep(self, delay: float, result: Any = None) -> Any:
        """`asyncio.sleep`, likewise."""
        if self._is_wait(delay):
            self._wait(float(delay))
            delay = 0
        return await self._asleep(delay, result)

    def _is_wait(self, seconds: float) -> bool:
        return self.call is not None and 0 < seconds < math.inf

    def _wait(self, seconds: float) -> None:
        # One at a time: the answer goes to whoever asked.
        with self._sleeping:
            self._pipe.tell({"sleep": seconds, "call": self.call})
            self.set(self._pipe.woken.get())


def _nanoseconds(read: Callable[[], float]) -> int:
    return int(read() * 1e9)


class ChildAdapter:
    """What the adapter's file defines."""

    def __init__(self, file: Path) -> None:
        self.file = file
        names = vars(_loaded(file))
        self.sdk = names.get("SDK")
        if not isinstance(self.sdk, str) or not self.sdk.strip():
            raise UnusableError('it does not say SDK = "NAME VERSION"')
        self.clients = {
            colour: names[name]
            for colour, name in {"blocking": "client", "awaiting": "async_client"}.items()
            if name in names
        }
        if not self.clients:
            raise UnusableError("it defines neither client() nor async_client()")
        self.operations = _dict(names, "OPERATIONS")
        self.errors = _dict(names, "ERRORS")
        self.close = names.get("close", _close)
        for name, error in self.errors.items():
            if not (isinstance(error, type) and issubclass(error, BaseException)):
                raise UnusableError(f"ERRORS[{name!r}] is {_repr(error)}, not an exception class")
        for name, function in {**self.clients, **self.operations, "close": self.close}.items():
            if not callable(function):
                raise UnusableError(f"{name} is {_repr(function)}, not a function")

    def operation(self, client: Any, path: Sequence[str]) -> Callable[..., Any]:
        """What does the operation of that path: the adapter's function, or the client's method."""
        name = ".".join(path)
        if name in self.operations:
            return functools.partial(self.operations[name], client)
        found = client
        for part in path:
            if not hasattr(found, part):
                raise AbsentError(name)
            found = getattr(found, part)
        return found  # type: ignore[no-any-return]

    def refuses(self, error: BaseException) -> bool:
        """Whether *error* is the adapter's own word that the SDK does not offer something."""
        frames = traceback.extract_tb(error.__traceback__)
        return isinstance(error, NotImplementedError) and frames[-1].filename == str(self.file)


def _loaded(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("failwell_adapter", file)
    if spec is None or spec.loader is None:
        raise UnusableError("its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as problem:
        lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(file)]
        where = f" (line {lines[-1]})" if lines else ""
        raise UnusableError(f"{type(problem).__name__}: {_text(problem)}{where}") from problem
    return module


def _dict(names: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = names.get(name, {})
    if not isinstance(found, dict):
        raise UnusableError(f"{name} is {_repr(found)}, not a dict")
    return found


def _close(client: Any) -> Any:
    close = getattr(client, "close", None) or getattr(client, "aclose", None)
    return close() if close is not None else None


class ChildSession:
    """One client of the SDK, made and used the way its colour asks for."""

    def __init__(self, adapter: ChildAdapter, colour: str) -> None:
        self._adapter = adapter
        self._factory = adapter.clients[colour]
        self._loop = asyncio.new_event_loop() if colour == "awaiting" else None
        self._client: Any = None

    def open(self, **settings: Any) -> None:
        """Make the client."""
        lacking = _not_taken(self._factory, settings)
        if lacking:
            raise LackingError(f"its client takes no {' and no '.join(lacking)}")
        try:
            self._client = self._run(lambda: self._factory(**settings))
        except BaseException:
            self.close()
            raise

    def call(self, path: Sequence[str], args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Do one operation."""
        return self._run(lambda: self._adapter.operation(self._client, path)(*args, **kwargs))

    def close(self) -> None:
        """Put the client away."""
        try:
            if self._client is not None:
                self._run(lambda: self._adapter.close(self._client))
        finally:
            self._client = None
            if self._loop is not None:
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
                self._loop.close()

    def _run(self, act: Callable[[], Any]) -> Any:
        return act() if self._loop is None else self._loop.run_until_complete(_settled(act))


async def _settled(act: Callable[[], Any]) -> Any:
    value = act()
    return await value if inspect.isawaitable(value) else value


class ChildWorker:
    """Does what Failwell asks, one command after another."""

    def __init__(self, pipe: Pipe, clock: RemoteClock, adapter: ChildAdapter) -> None:
        self._pipe = pipe
        self._clock = clock
        self._adapter = adapter
        self._session: ChildSession | None = None

    def work(self) -> None:
        """Until the pipe closes."""
        while True:
            command = self._pipe.commands.get()
            self._clock.set(command)
            self._clock.call = command["call"]
            answer = self._answer(command)
            self._clock.call = None
            self._pipe.tell(answer)

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"value": Painter().value(self._do(command))}
        except AbsentError as absent:
            return {"absent": str(absent)}
        except LackingError as lacking:
            return {"not_offered": str(lacking)}
        except BaseException as error:  # noqa: BLE001 - whatever the SDK raises is what Failwell looks at
            if self._adapter.refuses(error):
                return {"not_offered": _text(error)}
            return {"raised": Painter().error(error)}

    def _do(self, command: dict[str, Any]) -> Any:
        if command["do"] == "open":
            self._session = ChildSession(self._adapter, command["colour"])
            return self._session.open(**_decoded(command["settings"]))
        assert self._session is not None, "Failwell opens a client first"
        if command["do"] == "close":
            return self._session.close()
        return self._session.call(command["path"], _decoded(command["args"]), _decoded(command["kwargs"]))


class Painter:
    """Plain pictures of values and exceptions."""

    def __init__(self) -> None:
        self._left = MOST_PARTS
        self._within: list[int] = []

    def value(self, value: Any) -> Any:
        """A picture of *value*, in JSON types."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": base64.b64encode(value).decode()}
        if isinstance(value, PurePath):
            return {"path": str(value)}
        self._left -= 1
        if self._left < 0 or len(self._within) >= DEEPEST or id(value) in self._within:
            return {"object": _named(value, {})}
        self._within.append(id(value))
        try:
            return self._parts(value)
        finally:
            self._within.pop()

    def _parts(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {"dict": [[self.value(key), self.value(part)] for key, part in value.items()]}
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return {"tuple": [self.value(part) for part in value]}
        if isinstance(value, Sequence) and not isinstance(value, tuple):
            return [self.value(part) for part in value]
        return {"object": _named(value, self._attributes(value))}

    def error(self, error: BaseException) -> dict[str, Any]:
        """A picture of *error*, and of what caused it."""
        chain: list[BaseException] = []
        link: BaseException | None = error
        while link is not None and all(link is not other for other in chain) and len(chain) < MOST_CAUSES:
            chain.append(link)
            link = link.__cause__
        picture: dict[str, Any] | None = None
        for link in reversed(chain):
            attributes = self._attributes(link)
            picture = {"class": _class(type(link)), "text": _text(link), "attributes": attributes, "cause": picture}
        assert picture is not None
        return {**picture, "unpicklable": pickling_problem(error)}

    def _attributes(self, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in _public_names(value):
            try:
                found[name] = self.value(getattr(value, name))
            except Exception as problem:  # noqa: BLE001 - a property of the SDK may raise whatever it likes
                found[name] = {"unreadable": f"{type(problem).__name__}: {_text(problem)}"}
        return found


def pickling_problem(error: BaseException) -> str:
    """What is wrong with *error* after it was pickled and loaded; "" if nothing is."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - these are our own bytes
    except Exception as problem:  # noqa: BLE001 - whatever stands in the way is what we look for
        return f"{type(problem).__name__}: {_text(problem)}"
    if type(again) is not type(error):
        return f"it is a {type(again).__name__} then"
    if _text(again) != _text(error):
        return f"its text is {_text(again)!r} then, it was {_text(error)!r}"
    for name, value in vars(error).items():
        if name not in vars(again):
            return f"it has no {name} then"
        if isinstance(value, PLAIN) and vars(again)[name] != value:
            return f"its {name} is {_repr(vars(again)[name])} then, it was {_repr(value)}"
    return ""


def _not_taken(factory: Callable[..., Any], settings: Mapping[str, Any]) -> list[str]:
    """The names of those *settings* that *factory* has no parameter for, beside the two that every client needs."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return []
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return []
    known = {"base_url", "api_key", *(parameter.name for parameter in parameters)}
    return [name for name in settings if name not in known]


def _public_names(value: Any) -> list[str]:
    """The names of the data of *value*: what it holds, its properties, and the constants of an exception class."""
    if isinstance(value, BaseException):
        _ = value.args  # an error may make its message, and the field for it, when somebody reads them
    names = dict.fromkeys(getattr(value, "__dict__", {}))
    for base in type(value).__mro__:
        if base.__module__.partition(".")[0] in STANDARD:
            continue
        for name, member in vars(base).items():
            is_data = name != "args" and (
                inspect.isdatadescriptor(member) or isinstance(member, functools.cached_property)
            )
            is_constant = isinstance(value, BaseException) and not hasattr(member, "__get__")
            if is_data or (is_constant and not isinstance(member, type)):
                names.setdefault(name)
    names.update(dict.fromkeys(getattr(value, "_fields", ())))
    return [name for name in names if isinstance(name, str) and not name.startswith("_")]


def _named(value: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"class": _class(type(value)), "repr": _repr(value), "attributes": attributes}


def _class(kind: type) -> dict[str, Any]:
    mro = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
    return {"module": kind.__module__, "name": kind.__qualname__, "mro": mro}


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as problem:  # noqa: BLE001 - an exception of the SDK whose str() fails is worth telling, not more
        return f"<str() raises {type(problem).__name__}>"


def _repr(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as problem:  # noqa: BLE001 - likewise
        return f"<{type(value).__name__}, whose repr() raises {type(problem).__name__}>"
    return text if len(text) <= LONGEST_REPR else f"{text[: LONGEST_REPR - 3]}..."


def _decoded(picture: Any) -> Any:
    """The value that Failwell sent as *picture*."""
    if isinstance(picture, list):
        return [_decoded(part) for part in picture]
    if not isinstance(picture, dict):
        return picture
    ((kind, content),) = picture.items()
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "path":
        return Path(content)
    if kind == "tuple":
        return tuple(_decoded(part) for part in content)
    return {_decoded(key): _decoded(part) for key, part in content}


def main(token: str, file: Path) -> None:
    """Load the adapter, say what it has, and work."""
    pipe = Pipe()
    clock = RemoteClock(pipe)
    clock.install()
    try:
        if sys.version_info < OLDEST:
            raise UnusableError(f"it is Python {sys.version.split()[0]}, and the oldest that will do is 3.9")
        adapter = ChildAdapter(file)
    except UnusableError as problem:
        pipe.tell({"hello": token, "unusable": str(problem)})
        # Failwell closes the pipe when it has read this.
        pipe.commands.get()
        return
    errors = {name: _class(error) for name, error in adapter.errors.items()}
    pipe.tell({"hello": token, "sdk": adapter.sdk, "colours": list(adapter.clients), "errors": errors})
    ChildWorker(pipe, clock, adapter).work()


if __name__ == "__main__":
    # This file's own folder goes: its modules have names that an SDK may use too. The adapter's takes its place.
    sys.path[:] = [str(Path(sys.argv[2]).parent), *(path for path in sys.path if path != str(Path(__file__).parent))]
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except BaseException:  # noqa: BLE001 - it is printed, and nothing of the SDK may keep this process alive
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
