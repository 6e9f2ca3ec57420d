"""The two calls of an SDK that meet every fault: a read and a write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.wire.messages import IDEMPOTENT

if TYPE_CHECKING:
    from failwell.conformance.bench import Bench


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its *operation* in the catalogue, its HTTP *method*, and *action*, which makes it with a client.

    It sends one request when nothing goes wrong, whose answer is a JSON object with something in it. *keyed* is whether
    the request carries an idempotency key.
    """

    operation: str
    method: str
    action: Callable[[Any], Any]
    keyed: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether the request may be sent twice, to a server that knows keys."""
        return self.keyed or self.method in IDEMPOTENT

    def repeatable_at(self, catalogue: Catalogue) -> bool:
        """Whether the request may be sent twice to the server of *catalogue*."""
        return self.repeatable and (self.method in IDEMPOTENT or catalogue.idempotency == "server")


@dataclass(frozen=True, slots=True)
class Talk:
    """A websocket session: its *operation*, and *action*, which opens it with a client, says something, and listens.

    What it listens to goes to a list, each answer that is whole, until the session is over, whose error is let out. It
    asks a server that says nothing for *patience* seconds whether it is still there.

        def action(bench, answers, patience): return lambda client: ...

    By the time that an answer is whole the server has sent *frames* frames. A close with one of *ends_with* is no drop.
    """

    operation: str
    action: Callable[[Bench, list[Any], float], Callable[[Any], Any]]
    frames: int
    ends_with: tuple[int, ...] = ()

    def call(self, bench: Bench, answers: list[Any], patience: float) -> Call:
        """The call that opens it, to be made on *bench*, where nothing is armed yet."""
        return Call(self.operation, "GET", self.action(bench, answers, patience))


@dataclass(frozen=True, slots=True)
class Calls:
    """The call that *reads*, the one that *writes* (it changes something on the server), the session that *talks*."""

    reads: Call
    writes: Call
    talks: Talk | None = None
