"""Test bench of one promise: a client of one colour against the sandbox, on one shared clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import anyio

from failwell.clock import Clock, VirtualClock
from failwell.conformance.adapter import Adapter, Colour, settled
from failwell.conformance.errors import AdapterError, ShortfallError
from failwell.conformance.observation import Attributes, Observation
from failwell.conformance.remote.codec import RemoteError
from failwell.contract.declaration import specs_of
from failwell.contract.error import Error
from failwell.sandbox.sandbox import Sandbox

APART = 86_400.0 * 2
"""Virtual seconds between two promises: limits are full again, and keys forgotten."""

PATIENT, PAUSE, LONGEST_PAUSE = 8, 0.02, 0.2
"""After so many waits in a call, each takes so many real seconds more than the one before, and so many at most."""

BURST_PATIENCE = 30.0
"""Seconds that a request of a `burst` waits for its answer at most."""


class BenchClock(VirtualClock):
    """A virtual clock on which a job ends in time.

    Retries cost nothing. Whoever waits for a job leaves the machine to it: as polls that come as fast as they can, the
    wait would take most of what the job needs.
    """

    def sleep(self, seconds: float) -> None:
        """Wait *seconds* of virtual time."""
        super().sleep(seconds)
        time.sleep(self._pause)

    async def asleep(self, seconds: float) -> None:
        """Wait *seconds* of virtual time, letting other tasks run."""
        super().sleep(seconds)
        await anyio.sleep(self._pause)

    @property
    def _pause(self) -> float:
        return min(max(len(self._waits) - PATIENT, 0) * PAUSE, LONGEST_PAUSE)


class OwnClock:
    """The time of *clock*, for a call that shares nothing with others: what one learns of a server is kept by clock."""

    def __init__(self, clock: Clock) -> None:
        self.now, self.wall, self.random = clock.now, clock.wall, clock.random
        self.sleep, self.asleep = clock.sleep, clock.asleep


class Bench:
    """One promise in one colour, awaited on the event *loop* of that name. What `call` saw is kept in `seen`."""

    def __init__(
        self, sandbox: Sandbox, clock: VirtualClock, adapter: Adapter, colour: Colour, loop: str = "asyncio"
    ) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.adapter = adapter
        self.colour: Colour = colour
        self.loop = loop
        self.seen: list[Observation] = []

    def reset(self) -> None:
        """Nothing armed, nothing logged, no limit used up."""
        self.sandbox.script.clear()
        self.clock.advance(APART)
        self.clock.forget()
        self.seen.clear()

    def error(self, name: str) -> Any:
        """The exception class of that name, as the SDK under test has it."""
        return self.adapter.error(name)

    def function(self, name: str) -> Any:
        """The function of that name beside the client's methods, as the SDK under test has it."""
        return self.adapter.function(name)

    def call(
        self, action: Callable[[Any], Any], *, role: str | None = None, key: str | None = None, **settings: Any
    ) -> Observation:
        """Run *action* with a client of the key of *role*, or *key*; what it did, also when it raised.

        The client shares no budget and no circuit with those of other calls: they are as in processes of their own.
        """
        self.sandbox.log.clear()
        self.clock.forget()
        api_key = self.sandbox.key(role) if key is None else key
        value: Any = None
        error: BaseException | None = None
        problem: ShortfallError | AdapterError | None = None
        try:
            if self.colour == "blocking":
                value = self._blocking(action, api_key, settings)
            else:
                value = anyio.run(self._awaiting, action, api_key, settings, backend=self.loop)
        except (ShortfallError, AdapterError) as found:
            # Nothing that the SDK raised: the call could not be made, or not be ended.
            problem = found
        except Exception as raised:  # noqa: BLE001 - whatever the SDK under test raises is what we look at
            error = raised
        seen = Observation(value, error, self.sandbox.log.entries(), tuple(self.clock.waits()), documented(error))
        self.seen.append(seen)
        if problem is not None:
            raise problem
        return seen

    def _blocking(self, action: Callable[[Any], Any], api_key: str, settings: Mapping[str, Any]) -> Any:
        client = self._client(api_key, settings)
        try:
            return action(client)
        finally:
            client.close()

    async def _awaiting(self, action: Callable[[Any], Any], api_key: str, settings: Mapping[str, Any]) -> Any:
        client = self._client(api_key, settings)
        try:
            return await settled(action(client))
        finally:
            await settled(client.close())

    def _client(self, api_key: str, settings: Mapping[str, Any]) -> Any:
        settings = {"base_url": self.sandbox.url, "clock": OwnClock(self.clock), **settings}
        return self.adapter.client(self.colour, api_key=api_key, **settings)


def documented(error: BaseException | None) -> Attributes:
    """The documented attributes of *error* that say something; of another SDK's error, all that it has."""
    values: dict[str, Any] = {}
    if isinstance(error, Error):
        values = {spec.name: getattr(error, spec.name, None) for spec in specs_of(type(error)) if not spec.is_message}
    elif isinstance(error, RemoteError):
        values = {name: value for name, value in vars(error).items() if name not in ("message", "unpicklable")}
    return Attributes({name: value for name, value in values.items() if value not in (None, [], {})})


def burst(sandbox: Sandbox, path: str, headers: Mapping[str, str], *, most: int = 1000) -> int:
    """How many GETs of *path* with *headers* the server lets in at once, of *most*; then its limit is reached.

    They are sent bare, over one connection: how many are let in has nothing to do with an SDK, which takes longer.
    """
    address = urlsplit(sandbox.url)
    with closing(HTTPConnection(str(address.hostname), address.port, timeout=BURST_PATIENCE)) as connection:
        for let_in in range(most):
            connection.request("GET", address.path + path, headers=dict(headers))
            with connection.getresponse() as reply:
                reply.read()
            if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
                return let_in
    return most
