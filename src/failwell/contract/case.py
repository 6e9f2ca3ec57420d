"""One case of an error contract: the code and status that a class travels as, its cause and its fix."""

from __future__ import annotations

from typing import Literal, get_args

from failwell._support.frozen import Frozen

Source = Literal["http", "transport", "client", "job", "stream"]
"""Where an error comes from: an HTTP reply, no reply at all, the SDK itself, a failed job, an event in a stream."""

RetryKind = Literal["never", "transient", "throttled", "in_progress"]
"""Whether a call that met this case is repeated: not at all, after a backoff, when the server says,
or because the same request is still running there."""

SideEffect = Literal["none", "unknown", "done"]
"""Whether a call that failed did its work: nothing of it had begun, nobody knows, or a side effect had begun."""

StatusRange = Literal["4XX", "5XX"]

EnvelopeLayer = Literal["middleware"]
"""Who says it, if not a handler: what stands before the handlers."""

TRAVELLING: frozenset[str] = frozenset({"http", "job", "stream"})

UNANSWERED = frozenset({"network", "timeout", "unreadable", "stream", "session"})
"""The occasions on which no whole answer came; on every other one the SDK raises by itself."""

WAITS_FOR_THE_SERVER = frozenset({429, 503})
"""Statuses with a Retry-After that we keep (RFC 9110, 10.2.3; RFC 6585, 4)."""


class Case(Frozen):
    """A case of the contract: the *status* and *code* (of *operation*) that a reply of this class has.

    *status* is exact, a range (`"5XX"`) or None where there is none; *code* None claims every code.
    *on* names the occasion of an error that does not travel: `"network"`, `"timeout"`, `"configuration"`.
    *operation* narrows the claim to one operation (`"images.upload"`) or to a resource (`"images"`).
    *layer* "middleware" sends it in the shape for what is said before a handler, where the envelope has two.
    *fix* is what the caller should do, *cause* why it happens where the docstring of the class speaks of several cases.
    *effect* is whether a call that meets it did its work, where its status says another thing than what is true.
    """

    code: str | None = None
    status: int | StatusRange | None = None
    fix: str | None = None
    on: str | None = None
    operation: str | None = None
    retry: RetryKind | None = None
    layer: EnvelopeLayer | None = None
    cause: str | None = None
    effect: SideEffect | None = None

    @property
    def concrete_status(self) -> int | None:
        """The status this case is sent with when the error names none: 400 for 4XX, 500 for 5XX."""
        if isinstance(self.status, str):
            return int(self.status[0]) * 100
        return self.status

    def covers(self, status: int) -> bool:
        """Whether a reply of *status* may be this case."""
        if isinstance(self.status, str):
            return status // 100 == int(self.status[0])
        return self.status == status

    def source(self, declared: Source) -> Source:
        """Where this case of a class with the source *declared* comes from.

        No reply tells of an occasion, and what has a status of its own came in a reply, whatever the class is else.
        """
        if declared not in TRAVELLING:
            return declared
        if self.on is None:
            return declared if self.status is None else "http"
        return "transport" if self.on in UNANSWERED else "client"

    def __str__(self) -> str:
        words = [str(self.status) if self.status is not None else "", self.code or "", self.on or ""]
        name = " ".join(word for word in words if word) or "any other"
        return f"{name} on {self.operation}" if self.operation else name


_RETRY_KINDS, _SOURCES, _RANGES, _EFFECTS = (
    frozenset(get_args(kind)) for kind in (RetryKind, Source, StatusRange, SideEffect)
)


def flaw_in(case: Case, source: Source) -> str | None:
    """What of *case*, or of the *source* of its class, could never be kept, and what to write; None if all can."""
    status = case.status
    for name, said in (("status", status), ("code", case.code)):
        if isinstance(said, tuple | list | set | frozenset):
            each = ", ".join(f"Case({name}={one!r})" for one in said)
            return f"{name}={said!r} is several, and a case has one. Write cases=({each},)"
    if isinstance(status, int) and not isinstance(status, bool):
        known = 100 <= status <= 599
    else:
        known = status is None or (isinstance(status, str) and status in _RANGES)
    if not known:
        return f'status={status!r} is no status of HTTP. Write a number from 100 to 599, "4XX" or "5XX"'
    if case.code is not None and not isinstance(case.code, str):
        return f"code={case.code!r} is no text. Write the code as a reply says it, in quotes"
    if case.retry is not None and str(case.retry) not in _RETRY_KINDS:
        return f"retry={case.retry!r} is no kind of retry. Write one of {_listed(_RETRY_KINDS)}"
    if case.effect is not None and str(case.effect) not in _EFFECTS:
        return f"effect={case.effect!r} is no effect of a call. Write one of {_listed(_EFFECTS)}"
    if str(source) not in _SOURCES:
        return f"source={source!r} is no source of errors. Write one of {_listed(_SOURCES)}"
    return None


def _listed(words: frozenset[str]) -> str:
    return ", ".join(f'"{word}"' for word in sorted(words))


RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""The phrases of RFC 9110 that Python has only from 3.13 on."""


def phrase(status: int) -> str:
    """The reason phrase of *status*, as in RFC 9110, or "" for one that has none."""
    from http import HTTPStatus

    try:
        return RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""
