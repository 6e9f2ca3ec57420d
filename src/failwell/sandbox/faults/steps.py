"""Fault steps: an answer, a delay, a cut, a reset. Plain values, as Python and as JSON."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args, get_type_hints

from failwell.sandbox.errors import BadScriptError
from failwell.sandbox.faults.samples import GarbledKind, MalformedKind
from failwell.sandbox.faults.validation import (
    HeaderPairs,
    check,
    check_whole,
    found_in,
    from_json,
    json_object,
    to_json,
)

Then: TypeAlias = Literal["close", "reset", "keep"]

CertificateKind: TypeAlias = Literal["unknown-authority", "expired", "wrong-host"]

SessionEnd: TypeAlias = Literal["close", "reset", "silence", "garbage"]

CERTIFICATES: tuple[CertificateKind, ...] = get_args(CertificateKind)

LONGEST_WAIT = 60.0
"""Seconds that no delay, pause or silence exceeds."""


@dataclass(frozen=True)
class _Step:
    """One thing that happens; a *final* one ends the request, so nothing can follow it.

    What its fields may hold is what their types say.
    """

    name: ClassVar[str]
    final: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for key, hint in self._hints().items():
            check(key, hint, getattr(self, key))

    def to_json(self) -> dict[str, object]:
        """This step as JSON values; `step_from_json` reads it back."""
        fields = {field.name: to_json(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"step": self.name, **fields}

    @classmethod
    @functools.cache
    def _hints(cls) -> dict[str, Any]:
        """The type of each field."""
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


@dataclass(frozen=True)
class _Reply(_Step):
    """A step that sends *status*, *headers* and *body*, as they are; Content-Length is added unless given."""

    status: Annotated[int, 200, 599]
    headers: HeaderPairs = ()
    body: bytes = b""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.body and self.status in (204, 304):
            raise BadScriptError("body", f"{len(self.body)} bytes long", f"none: a {self.status} reply has no body")


@dataclass(frozen=True)
class Answer(_Reply):
    """A whole reply."""

    name: ClassVar[str] = "answer"


@dataclass(frozen=True)
class Delay(_Step):
    """A wait of *seconds* of real time, at most 60; then the next step."""

    name: ClassVar[str] = "delay"
    final: ClassVar[bool] = False
    seconds: float


@dataclass(frozen=True)
class Forward(_Step):
    """
    The request goes on to the real server, and its reply comes back as it is.

    *then* is what happens to the connection behind a reply that promised to keep it: "keep", "close" (FIN) or "reset"
    (RST). The next request of a client that keeps its connections meets one that has ended.
    """

    name: ClassVar[str] = "forward"
    then: Then = "keep"


@dataclass(frozen=True)
class DropReply(_Step):
    """The request goes on to the real server, whose reply is lost: the work is done, and nobody hears of it.

    The connection ends by FIN, or by RST if *reset*.
    """

    name: ClassVar[str] = "drop_reply"
    reset: bool = False


@dataclass(frozen=True)
class Drip(_Reply):
    """A reply sent *chunk* bytes at a time with *interval* seconds between; the head too if *headers_too*."""

    name: ClassVar[str] = "drip"
    interval: float = 0.1
    chunk: Annotated[int, 1] = 1
    headers_too: bool = False


@dataclass(frozen=True)
class Close(_Step):
    """The connection ends (FIN) before any reply."""

    name: ClassVar[str] = "close"


@dataclass(frozen=True)
class Reset(_Step):
    """The connection is reset (RST) before any reply."""

    name: ClassVar[str] = "reset"


@dataclass(frozen=True)
class Cut(_Reply):
    """A reply that announces its full length and ends after *after* bytes of body: by FIN, or RST if *reset*."""

    name: ClassVar[str] = "cut"
    after: int = 0
    reset: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.body:
            raise BadScriptError("body", "empty", "at least 1 byte, or there is nothing to cut")
        check_whole("after", self.after, 0, len(self.body) - 1)


@dataclass(frozen=True)
class Silence(_Step):
    """The request is accepted and never answered; after 60 s the connection ends."""

    name: ClassVar[str] = "silence"


@dataclass(frozen=True)
class Raw(_Step):
    """
    Exactly the bytes *data*, *then* "close", "reset" or "keep" the connection.

    For what has no step of its own: `WrongLength`, `Garbled` and `Malformed` are the common faults.
    """

    name: ClassVar[str] = "raw"
    data: bytes
    then: Then = "close"


@dataclass(frozen=True)
class WrongLength(_Reply):
    """
    A reply that announces *by* bytes more than it has, or fewer if *by* is negative; the connection stays open.

    With more, the client waits for the rest, and after 60 s the connection ends. With fewer, the surplus stands where
    the next reply should. A reply that is shorter than announced because the connection ends is a `Cut`.
    """

    name: ClassVar[str] = "wrong_length"
    by: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("by", self.by, -len(self.body))
        if self.by == 0:
            raise BadScriptError("by", "0", "another number, or use answer: this length would be right")
        if self.status in (204, 304):
            raise BadScriptError("status", str(self.status), f"another: a {self.status} reply has no length")
        if any(name.lower() == "content-length" for name, _ in self.headers):
            raise BadScriptError("headers", "a list with Content-Length", "the difference to the real length, as by")


@dataclass(frozen=True)
class Garbled(_Step):
    """
    A whole reply with a body that cannot be what the client asked for.

    *kind* is "not-gzip" (announced as gzip, and is not), "cut-gzip" (half of it), "gzip-bomb" (10 KiB that unpack to
    10 MiB), "not-utf-8" (nor JSON, though announced) or "html" (the page of a proxy). *status* None is 502 for a page
    and 200 for all others.
    """

    name: ClassVar[str] = "garbled"
    kind: GarbledKind
    status: Annotated[int, 200, 599] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.status in (204, 304):
            raise BadScriptError("status", str(self.status), f"another: a {self.status} reply has no body")

    @property
    def shown_status(self) -> int:
        """The status that is sent."""
        return self.status or (502 if self.kind == "html" else 200)


@dataclass(frozen=True)
class Malformed(_Step):
    """
    A reply that is not HTTP, then FIN.

    *kind* tells what is wrong: "status-line" (a status that is no number), "no-status-line" (it begins with headers),
    "http-0.9" (it is only a body), "header" (a line without a colon), "huge-header" (1 MiB) or "chunk-size" (a chunk
    whose size is no number).
    """

    name: ClassVar[str] = "malformed"
    kind: MalformedKind


@dataclass(frozen=True)
class BreakSession(_Step):
    """
    The request goes on to the real server, and the websocket session that it opens is broken in what the server says.

    *frames* of its frames pass, and *into* bytes of what follows. *then* it ends by "close" (FIN) or "reset" (RST),
    there is "silence" for up to 60 s, or there comes "garbage", which is no frame. With a *code*, a close frame with it
    comes before that. A request that opens no session is passed on as it is.
    """

    name: ClassVar[str] = "break_session"
    frames: Annotated[int, 0] = 0
    into: Annotated[int, 0] = 0
    then: SessionEnd = "close"
    code: Annotated[int, 1000, 4999] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.into and (self.code is not None or self.then == "garbage"):
            raise BadScriptError("into", str(self.into), "0: what comes within a frame would be read as a part of it")

    @property
    def told(self) -> str:
        """What the log says of it."""
        count = f"{self.frames} frame{'' if self.frames == 1 else 's'}"
        count += f" and {self.into} byte{'' if self.into == 1 else 's'}" if self.into else ""
        return f"broken after {count}: {'' if self.code is None else f'code {self.code}, '}{self.then}"


@dataclass(frozen=True)
class Certificate(_Step):
    """
    The certificate that the next TLS connection is shown, instead of one that `Sandbox.authority` vouches for.

    *kind* is "unknown-authority" (issued by one that nobody trusts), "expired" or "wrong-host". It belongs to a
    connection, not to a request: it stands alone in its rule, which has no method and no path.
    """

    name: ClassVar[str] = "certificate"
    kind: CertificateKind = "unknown-authority"


FaultStep: TypeAlias = (
    Answer
    | Delay
    | Forward
    | DropReply
    | Drip
    | Close
    | Reset
    | Cut
    | Silence
    | WrongLength
    | Garbled
    | Malformed
    | Certificate
    | BreakSession
    | Raw
)

# A new step: its class above, its name here, what it does in actions.py.
STEPS: Mapping[str, type[FaultStep]] = {kind.name: kind for kind in get_args(FaultStep)}


def step_from_json(obj: object) -> FaultStep:
    """
    The step that *obj* describes, such as {"step": "answer", "status": 503, "headers": {"Retry-After": "2"}}.

    A body is text or {"base64": "..."}; headers are an object or a list of pairs.
    Raises: BadScriptError.
    """
    values = json_object(obj, "step")
    name = values.get("step")
    kind = STEPS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadScriptError("step", found_in(values, "step"), f"one of: {', '.join(STEPS)}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in values:
        if key != "step" and key not in fields:
            raise BadScriptError(key, f"not a key of {name!r}", f"only: {', '.join(['step', *fields])}")
    for key, field in fields.items():
        if field.default is dataclasses.MISSING and key not in values:
            raise BadScriptError(key, "missing", f"it: {name!r} needs {key}")
    arguments: dict[str, Any] = {key: from_json(key, value) for key, value in values.items() if key != "step"}
    return kind(**arguments)
