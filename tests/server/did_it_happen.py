"""Did it happen? Calls with faults at random points, in-process, against a server whose work is counted.

`make effects` does it over sockets, on each store: effects_over_sockets.py.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI, Request

from failwell.client.core import Core
from failwell.clock import VirtualClock
from failwell.contract import Catalogue
from failwell.policy.settle import lost_call, settled
from failwell.server import Idempotency, KeyStore, Store, install, side_effect
from failwell.wire import ErrorObject
from failwell.wire.messages import Failure, Outcome, Reply, Request as Sent

from .shop import SHOP, InvalidError, NoMoneyError, ShopError, TakenError, TooManyError, UnknownError

KEYED = Catalogue(
    "shop", base=ShopError, default=UnknownError, errors=SHOP.errors, envelope=ErrorObject(), idempotency="server"
)
LEASE = 30.0

AWAY = ("refused", "lost on the way")
"""Faults of an attempt that does not reach the server."""
BACK = ("answer lost", "too late", "bad gateway", "broken body")
"""Faults of one whose answer does not come back."""
WITHIN = ("killed before", "killed after", "killed answered", "bug before", "bug after", "taken after", "invalid after")
"""Faults in the server: its process is killed, or the handler fails, before or after the side effect."""
REFUSALS = ("invalid before", "no money before", "busy before")
FAULTS = (*AWAY, *BACK, *WITHIN, *REFUSALS)

RAISED: dict[str, Callable[[], Exception]] = {
    "bug": lambda: KeyError("boom"),
    "taken": lambda: TakenError("Taken."),
    "invalid": lambda: InvalidError("No."),
    "no money": lambda: NoMoneyError("No."),
    "busy": lambda: TooManyError("Slowly.", retry_after=1),
}


class KilledError(BaseException):
    """The process of the server was killed: nothing of it goes on."""


def was_killed(problem: BaseException) -> bool:
    """Whether *problem* is that the server was killed, in a task group or not."""
    inside = problem.exceptions if isinstance(problem, BaseExceptionGroup) else ()
    return isinstance(problem, KilledError) or any(map(was_killed, inside))


@dataclass
class Mortal:
    """A *store* to which a server that was killed writes nothing any more."""

    store: Store
    dead: bool = False

    def claim(self, *args: Any, **options: Any) -> Any:
        """As the store."""
        return self.store.claim(*args, **options)

    def renew(self, *args: Any, **options: Any) -> bool:
        """As the store, if the server lives."""
        return self.dead or self.store.renew(*args, **options)

    def complete(self, *args: Any, **options: Any) -> bool:
        """As the store, if the server lives."""
        return self.dead or self.store.complete(*args, **options)

    def release(self, *args: Any, **options: Any) -> bool:
        """As the store, if the server lives."""
        return self.dead or self.store.release(*args, **options)


@dataclass
class World:
    """A server in *folder* that counts its work by idempotency key, and the way to it, which *dice* disturb."""

    store: Store
    folder: Path
    dice: random.Random
    share: float
    clock: VirtualClock = field(default_factory=VirtualClock)
    at: Callable[[float], object] = lambda _now: None
    done: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    fault: str = ""
    closed: bool = False

    def __post_init__(self) -> None:
        self.mortal = Mortal(self.store)
        self.keys = KeyStore(self.folder / "keys.sqlite", clock=self.clock)
        app = FastAPI()

        @app.post("/orders", operation_id="orders.make", status_code=201)
        async def order(request: Request) -> dict[str, str]:
            name = request.headers["x-call"]
            self.hit("before")
            side_effect()
            self.done[name] += 1
            self.hit("after")
            return {"order": name}

        contract = install(
            app,
            KEYED,
            keys=self.keys,
            idempotency=Idempotency(self.mortal, lease=LEASE),
            clock=self.clock,
            strict=False,
            declares_effects=True,
        )
        transport = httpx2.ASGITransport(app=contract)
        headers = {"X-API-Key": self.keys.create("acme", "member")}
        self.server = httpx2.AsyncClient(transport=transport, base_url="http://shop", headers=headers)

    def hit(self, where: str) -> None:
        """Do what the fault does at this place of the handler."""
        what, _, place = self.fault.rpartition(" ")
        if place != where:
            return
        if what == "killed":
            self.mortal.dead = True
            raise KilledError
        if what in RAISED:
            error = RAISED[what]()
            raise error

    async def send(self, request: Sent, timeout: float | None) -> Outcome:
        """One attempt, which may meet a fault."""
        self.at(self.clock.now())
        self.fault = self.dice.choice(FAULTS) if self.dice.random() < self.share else ""
        self.met[self.fault] += 1
        if self.fault in AWAY:
            return Failure("network", self.fault, sent=self.fault != "refused")
        assert isinstance(request.content, bytes)
        try:
            got = await self.server.request(
                request.method, request.target, headers=dict(request.headers), content=request.content
            )
            if self.fault == "killed answered":
                raise KilledError
        except BaseException as problem:
            if not was_killed(problem):
                raise
            return Failure("network", "reset")
        finally:
            self.mortal.dead = False
        return self.seen(Reply(got.status_code, dict(got.headers), got.content, received=self.clock.wall()))

    def seen(self, reply: Reply) -> Outcome:
        """What comes back of *reply*."""
        match self.fault:
            case "answer lost":
                return Failure("network", "reset")
            case "too late":
                return Failure("timeout", "nothing came")
            case "bad gateway":
                return Reply(502, {"content-type": "text/html"}, b"<h1>Bad Gateway</h1>")
            case "broken body":
                return Failure("unreadable", "bad gzip", head=reply)
            case _:
                return reply

    async def open(self, request: Sent, timeout: float | None) -> Any:
        """No call of this test streams."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the way."""
        self.closed = True

    def secrets_of(self, _request: Sent) -> tuple[()]:
        """There are none."""
        return ()


@dataclass
class Figures:
    """How many calls ended how: `effects` as they said it, `settled` what became of those that did not know."""

    calls: int = 0
    succeeded: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def unknown(self) -> float:
        """The share of all calls of which nobody knew."""
        return self.effects["unknown"] / self.calls

    def __str__(self) -> str:
        return (
            f"{self.calls} calls, {self.succeeded} succeeded; errors by effect: {dict(self.effects)}; "
            f"unknown: {self.unknown:.2%} of the calls; after settle: {dict(self.settled)}; wrong: {self.wrong[:5]}"
        )


async def calls(world: World, count: int, *, retries: int = 3, keyed: bool = True) -> Figures:
    """Make *count* calls in *world*, compare what errors say with what was done, and settle what is unknown."""
    core = Core(KEYED, base_url="http://shop", awaiting=True, clock=world.clock, max_retries=retries)
    core.connect(world, world.clock)
    found = Figures()

    def check(said: str, name: str, when: str) -> None:
        if (said == "none" and world.done[name]) or (said == "done" and not world.done[name]):
            found.wrong.append(f"{name} {when}: {said}, and was done {world.done[name]} times")

    for number in range(count):
        name = f"call-{number}"
        found.calls += 1
        flow = core.call(
            "orders.make",
            "POST",
            "/orders",
            lambda reply: reply.body,
            headers=(("x-call", name),),
            payload={"n": number},
            mutating=keyed,
        )
        try:
            await core.arun(flow)
        except ShopError as error:
            found.effects[error.effect] += 1
            check(error.effect, name, "met")
            if error.effect == "unknown" and keyed:
                try:
                    known, call = lost_call(error)
                    await core.arun(settled(call, known.effect, 600.0))
                except ShopError as truth:
                    found.settled[truth.effect] += 1
                    check(truth.effect, name, "settled")
                else:
                    found.settled["answer"] += 1
                    check("done", name, "answered")
        else:
            found.succeeded += 1
            check("done", name, "succeeded")
    return found
