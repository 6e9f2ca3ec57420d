"""Plays the flow of a stream without the world: scripted connections, and a clock that moves when the flow sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, cast

from failwell.contract import Catalogue, Error, Message, RetryRules, Status, field
from failwell.policy import RetryPolicy
from failwell.policy.flow import Open, Read, StreamEffect, Yield
from failwell.policy.retry.policy import by_catalogue
from failwell.policy.stream.flow import stream
from failwell.policy.stream.rules import StreamRules
from failwell.testing import Player
from failwell.wire.envelopes import ErrorObject
from failwell.wire.messages import Failure, Outcome, Reply, Request
from failwell.wire.sse import Event

READ = Request("GET", "/runs/1/events", operation="runs.stream")
WRITE = Request("POST", "/runs", content=b"{}", headers=(("Content-Type", "application/json"),))
KEYED = Request("POST", "/runs", content=b"{}", idempotency_key="key-1")
HEAD = Reply(200, {"content-type": "text/event-stream; charset=utf-8", "x-request-id": "req-1"})
OVER = Reply(204)
CUT = Failure("network", "connection reset")
SILENT = Failure("timeout", "the attempt's time was used up")
RULES = RetryRules(max_retries=3, first_delay=1.0, jitter=0.0)


class ShopError(Error):
    """Something went wrong at the shop."""

    message: Message = field(default="Something went wrong.", kw_only=False)
    status: Annotated[int | None, Status()] = None


class BusyError(ShopError, status=429, code="busy", retry="throttled"):
    """Too much at once."""


class GoneError(ShopError, status=404):
    """There is no such run."""


class DownError(ShopError, status="5XX", retry="transient"):
    """The shop is down."""


class LineError(ShopError, source="transport", on="network", fix="Look at your network."):
    """No whole answer."""


class SlowError(ShopError, source="transport", on="timeout"):
    """No answer in time."""


class SpoiltError(ShopError, source="stream", code="spoilt"):
    """The model said what it must not say."""


class BrokenStreamError(ShopError, source="transport", on="stream"):
    """The stream broke off, and could not be taken up again."""


def shop(*more: type[Error]) -> Catalogue:
    """The catalogue of a shop whose errors are those above, and *more*."""
    errors: tuple[type[Error], ...] = (BusyError, GoneError, DownError, LineError, SlowError, SpoiltError, *more)
    return Catalogue("shop", base=ShopError, default=ShopError, errors=errors, envelope=ErrorObject(), retries=RULES)


def headed(head: Reply, *pieces: bytes | Failure) -> Connection:
    """A connection whose body comes behind *head*."""
    return head, pieces


SHOP = shop()
POLICY = RetryPolicy(RULES, by_catalogue(SHOP, None))
Pieces = Sequence[bytes | Failure]
Connection = Outcome | Pieces | tuple[Reply, Pieces]
"""What comes of opening a stream: an outcome, or pieces of a body (behind a head of their own) and then its end."""


class StreamPlayer(Player):
    """The world's part: gives out *connections* one by one."""

    def __init__(self, connections: Iterable[Connection], *, takes: float = 0.0) -> None:
        super().__init__((), takes=takes)
        self.connections = iter(connections)
        self.opened: list[Request] = []
        self.open_for: list[float | None] = []
        self.reads: list[float | None] = []
        self.given: list[Any] = []
        self._pieces: list[bytes | Failure] = []

    def play(self, flow: Any) -> Error | None:
        """Run *flow*; the error that it raises, if any. `given` is what it gave."""
        try:
            self.run(flow)
        except Error as error:
            return error
        return None

    def act(self, effect: StreamEffect[Any]) -> object:
        """Do what *effect* asks for."""
        match effect:
            case Open(request, timeout):
                self.opened.append(request)
                self.open_for.append(timeout)
                self.moment += self.takes
                return self._connect()
            case Read(timeout):
                self.reads.append(timeout)
                self.moment += self.takes
                if not self._pieces:
                    return b""
                piece = self._pieces.pop(0)
                if isinstance(piece, Failure):
                    self._pieces.clear()
                    self.moment += timeout or 0.0 if piece.kind == "timeout" else 0.0
                return piece
            case Yield(items):
                self.given += items
                return None
            case _:
                return super().act(effect)

    def _connect(self) -> Outcome:
        try:
            connection = next(self.connections)
        except StopIteration:
            raise AssertionError(f"Nothing is left for connection {len(self.opened)}") from None
        if isinstance(connection, Reply | Failure):
            return connection
        head, pieces = connection if isinstance(connection, tuple) else (HEAD, connection)
        assert isinstance(head, Reply)
        self._pieces = [*cast("Pieces", pieces)]
        return head

    @property
    def asked_from(self) -> list[str | None]:
        """The Last-Event-ID of each connection."""
        return [dict(request.headers).get("Last-Event-ID") for request in self.opened]


def text(event: Event) -> str:
    """The data of *event*."""
    return event.data


def played(
    connections: Iterable[Connection],
    rules: StreamRules = StreamRules(),  # noqa: B008 - a value
    request: Request = READ,
    *,
    catalogue: Catalogue = SHOP,
    policy: RetryPolicy = POLICY,
    timeout: float | None = 30.0,
    deadline: float | None = None,
    takes: float = 0.0,
    decode: Callable[[Event], Any] = text,
    **more: Any,
) -> tuple[StreamPlayer, Any]:
    """The world in which a stream of *connections* was played, and the error that it ended with, if any."""
    player = StreamPlayer(connections, takes=takes)
    flow = stream(
        request, decode, rules, catalogue=catalogue, policy=policy, timeout=timeout, deadline=deadline, **more
    )
    return player, player.play(flow)


def events(first: int, last: int, *, ids: bool = True) -> bytes:
    """Events with the data and the ids from *first* to *last*."""
    return b"".join(
        (b"id: %d\n" % number if ids else b"") + b"data: %d\n\n" % number for number in range(first, last + 1)
    )
