"""Fault model: one thing that can go wrong with an answer, and what a client can know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from failwell.sandbox.faults.steps import FaultStep, Then

ENOUGH = 10.0
"""Real seconds that an attempt may take which meets anything but silence."""
SHORT = 0.06
"""Real seconds that an attempt may take which meets silence."""


@dataclass(frozen=True, slots=True)
class RawServer:
    """A server that is none: it treats every connection in the same way, before any request is read.

    It *sends* some bytes to who has said something, *then* "close" (FIN), "reset" (RST) or "keep" the connection, in
    silence. Who sends nothing does not listen either. Clients are told that it is a server in "plain" HTTP, one that
    speaks "tls", or their "proxy" to one that does.
    """

    sends: bytes = b""
    then: Then = "close"
    role: Literal["plain", "tls", "proxy"] = "plain"


FaultPlace: TypeAlias = Literal["sandbox", "sandbox-tls", "refused", "nowhere"] | RawServer
"""Where the call goes: the sandbox, in plain or by TLS; a port where nobody listens; a name without an address."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply of *status* came that says it is an error, or that nothing was done.

    *body* is what of it can be read, None where that is anybody's guess; *asks* are the seconds that it asks to wait,
    *words* what a person must find in the message.
    """

    status: int
    body: bytes | None = b""
    asks: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No reply came, or none that was whole and can be read: by a "network" failure, a "timeout", or "unreadable".

    *sent* is False if no byte of a request can have arrived, None if none has and a client need not know it. *status*
    and *body* are those of a success that was not one. *caused* is whether a library's exception is behind it, which
    the error keeps as its cause.
    """

    kind: Literal["network", "timeout", "unreadable"]
    sent: bool | None = True
    status: int | None = None
    body: bytes | None = None
    caused: bool = True


@dataclass(frozen=True, slots=True)
class Dropped:
    """A session that was open broke off, with this close *code*: 1006 where no close frame came, None for any.

    *kind* is what its connection met, *whole* how many answers had come by then, None where that is anybody's guess.
    """

    code: int | None = 1006
    kind: Literal["network", "timeout", "unreadable"] = "network"
    whole: int | None = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What every attempt of a call meets: *steps* of the sandbox, or what is wrong at another *place*.

    *name* completes "the call meets ...". *timeout* is the seconds that each attempt is given. What *ends* by a drop is
    met by sessions alone, and what is none to the handshake of *sessions* by calls alone.
    """

    group: str
    name: str
    ends: Answered | Unanswered | Dropped
    steps: tuple[FaultStep, ...] = ()
    place: FaultPlace = "sandbox"
    timeout: float = ENOUGH
    sessions: bool = True
