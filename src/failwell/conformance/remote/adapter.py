"""Remote adapter: an SDK in an environment of its own, driven through an adapter file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, cast

from failwell.clock import Clock
from failwell.conformance.adapter import COLOURS, Colour
from failwell.conformance.errors import NotOfferedError, ShortfallError
from failwell.conformance.remote.codec import RemoteClasses, RemoteError, decoded, encoded
from failwell.conformance.remote.process import Channel

PATIENCE = 20.0
START_PATIENCE = 60.0
"""Seconds in which a call must give a sign of life (end, or sleep), and in which the SDK must be imported."""


class RemoteAdapter:
    """The adapter in *file*, run by *python* (this interpreter, if None) in a process of its own.

    What the SDK sleeps is asked of the clock, and over at once. A process that is lost in a call is replaced for the
    next one; one that gives no sign of life for *patience* seconds is ended, or that is not there after
    *start_patience*. The process gets no environment variable
    that *without* names: a key in the user's shell must not stand in for one that a promise leaves out.

        with RemoteAdapter(Path("adapter.py"), python="their-venv/bin/python") as adapter:
            rows = check(vendor, promises=promises_of(vendor).through(adapter), colours=adapter.colours)

    Raises:
        AdapterError: in a `with` statement, when the process does not start, or the file cannot be used.
    """

    def __init__(
        self,
        file: Path,
        *,
        python: str | None = None,
        patience: float = PATIENCE,
        start_patience: float = START_PATIENCE,
        without: Iterable[str] = (),
    ) -> None:
        self.file = file.resolve()
        self.python = python or sys.executable
        self.patience = patience
        self.start_patience = start_patience
        self._without = tuple(without)
        self._channel: Channel | None = None
        self._hello: Mapping[str, Any] = {}
        self._classes = RemoteClasses()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._channel is not None:
            self._channel.stop()
            self._channel = None

    @property
    def sdk(self) -> str:
        """Name and version of the SDK, as the adapter says."""
        return cast(str, self._hello["sdk"])

    @property
    def colours(self) -> tuple[Colour, ...]:
        """Those that the adapter has clients of."""
        return tuple(colour for colour in COLOURS if colour in self._hello["colours"])

    def client(self, colour: Colour, *, base_url: str, api_key: str, clock: Clock, **settings: Any) -> RemoteClient:
        """A client of *colour*."""
        settings = {"base_url": base_url, "api_key": api_key, **settings}
        self.ask({"do": "open", "colour": colour, "settings": encoded(settings)}, clock)
        return RemoteClient(self, clock)

    def error(self, name: str) -> type[RemoteError]:
        """The SDK's exception class that the adapter has under *name*.

        Raises:
            ShortfallError: there is none.
        """
        picture = self._hello["errors"].get(name)
        if picture is None:
            raise ShortfallError(f"the SDK has no {name}: the adapter's ERRORS name none")
        return self._classes.of(picture)

    def function(self, name: str) -> Callable[..., Any]:
        """The function *name* of the SDK, whose first argument is a client: an operation of the adapter's."""
        return lambda client, *args, **kwargs: getattr(client, name)(*args, **kwargs)

    def ask(self, command: Mapping[str, Any], clock: Clock) -> Any:
        """What the SDK returned for *command*.

        Raises:
            RemoteError: the SDK raised.
            ShortfallError: it has no such operation, does not offer it, or the process was lost.
        """
        channel = self._channel or self._start()
        try:
            answer = channel.ask(command, clock)
        except BaseException:
            # Lost, or left in the middle of a call: either way there is nobody to go on with.
            self.__exit__(None, None, None)
            raise
        if "raised" in answer:
            raise self._classes.error(answer["raised"])
        if "not_offered" in answer:
            raise NotOfferedError(answer["not_offered"])
        if "absent" in answer:
            raise ShortfallError(f"the SDK has no operation {answer['absent']}: neither its client nor the adapter")
        return decoded(answer["value"])

    def _start(self) -> Channel:
        self._channel = Channel(
            self.python,
            self.file,
            patience=self.patience,
            start_patience=self.start_patience,
            without=self._without,
        )
        self._hello = self._channel.hello
        return self._channel

    @property
    def is_running(self) -> bool:
        """Whether there is a process, and with it the clients that were made in it."""
        return self._channel is not None


class RemoteOperation:
    """An operation by its path: `client.datasets.list`, or the group that it is in. It is done in the SDK's process."""

    def __init__(self, adapter: RemoteAdapter, clock: Clock, path: tuple[str, ...] = ()) -> None:
        self._adapter = adapter
        self._clock = clock
        self._path = path

    def __getattr__(self, name: str) -> RemoteOperation:
        if name.startswith("_"):
            raise AttributeError(name)
        return RemoteOperation(self._adapter, self._clock, (*self._path, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do it."""
        command = {"do": "call", "path": self._path, "args": encoded(list(args)), "kwargs": encoded(kwargs)}
        return self._adapter.ask(command, self._clock)


class RemoteClient(RemoteOperation):
    """A client in the SDK's process: the group of all operations."""

    def close(self) -> None:
        """Put it away, if it is still there."""
        if self._adapter.is_running:
            self._adapter.ask({"do": "close"}, self._clock)
