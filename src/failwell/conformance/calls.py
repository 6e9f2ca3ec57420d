"""The two calls of an SDK that meet every fault: a read and a write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.wire.messages import IDEMPOTENT


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
class Calls:
    """The call that *reads*, and the one that *writes*: it changes something on the server."""

    reads: Call
    writes: Call
