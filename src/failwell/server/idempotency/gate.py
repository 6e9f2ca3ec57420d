"""Idempotency gate: a request with a key is run, replayed from its record, or refused."""

from __future__ import annotations

from typing import Any

from failwell.contract.case import SideEffect
from failwell.server.caller import Caller
from failwell.server.http.bodies import again, whole_body
from failwell.server.http.responses import Outgoing
from failwell.server.idempotency.claims import Claims, ticket_for
from failwell.server.idempotency.policy import (
    checked,
    conflict,
    fingerprint,
    has_record,
    in_progress,
    store_down,
    too_large,
)
from failwell.server.idempotency.recording import Recording
from failwell.server.idempotency.store import Claim, Claimed, InProgress, Record
from failwell.server.protocol import Receive, Scope, has_header, header_values
from failwell.server.side_effects import Effects
from failwell.server.storage.errors import StoreDownError
from failwell.server.stored_response import StoredResponse


class IdempotencyGate:
    """Decides what becomes of a request whose key stands in *header*.

    *tells* is whether every operation says when its side effects begin, so that the store may know.
    """

    def __init__(self, claims: Claims, header: str, *, tells: bool = False) -> None:
        self._claims = claims
        self._tells = tells and claims.policy.tells
        self._header = header
        self._sent_as = header.lower()

    def cap(self, scope: Scope) -> int | None:
        """How many bytes of body a request with a key may have; None where no key means anything."""
        means = has_record(scope["method"]) and has_header(scope, self._sent_as)
        return self._claims.policy.body_cap if means else None

    async def enter(
        self, scope: Scope, receive: Receive, out: Outgoing, caller: Caller, effects: Effects
    ) -> Recording | StoredResponse | Receive:
        """A request that came before gets its answer, a new one a recording; else the app reads what is returned.

        Raises:
            Refusal: the key is no key, was used for another body, or its first request still runs.
            ClientLeftError: the client left before the body was whole.
        """
        sent = header_values(scope, self._sent_as)
        if not sent or not has_record(scope["method"]):
            return receive
        key = checked(", ".join(sent), self._header)
        policy = self._claims.policy
        body = await whole_body(scope, receive, policy.body_cap, too_large)
        ticket = ticket_for(Record(caller.tenant, scope["method"], route_of(scope), key))
        try:
            asked = fingerprint(scope.get("query_string", b""), body)
            claim = await self._claims.claim(ticket, asked, tells=self._tells)
        except StoreDownError as problem:
            if policy.when_down == "closed":
                raise store_down() from problem
            return again(body, receive)
        effects.by_key = _known_of(claim)
        if isinstance(claim, Claimed):
            if self._tells:
                effects.note = self._claims.noting(ticket, effects)
            # A file that the server sends by itself would pass the recording by.
            extensions: dict[str, Any] = scope.get("extensions") or {}
            scope["extensions"] = {
                name: extensions[name] for name in extensions if not name.startswith("http.response")
            }
            return Recording(out, receive, body, claims=self._claims, ticket=ticket, effects=effects)
        if isinstance(claim, StoredResponse):
            return claim
        raise in_progress(key, self._claims.wait(claim)) if isinstance(claim, InProgress) else conflict(key)


def _known_of(claim: Claim) -> SideEffect | None:
    """What the requests before did that had the same key and the same body."""
    if isinstance(claim, Claimed):
        return claim.before
    if isinstance(claim, StoredResponse):
        return "done"
    return "unknown" if isinstance(claim, InProgress) else None


def route_of(scope: Scope) -> str:
    """The address itself, not its pattern: /runs/1/cancel and /runs/2/cancel are two requests."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.decode("latin-1")
