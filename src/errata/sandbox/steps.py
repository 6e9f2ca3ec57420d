"""What can happen to a request: an answer, a delay, a cut, a reset. Plain values, as Python and as JSON."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, cast

from errata.sandbox.problems import BadScriptError

Headers: TypeAlias = tuple[tuple[str, str], ...]

Then: TypeAlias = Literal["close", "reset", "keep"]

LONGEST_WAIT = 60.0
"""Seconds that no delay, pause or silence exceeds."""

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True)
class _Step:
    """One thing that happens; a *final* one ends the request, so nothing can follow it."""

    name: ClassVar[str]
    final: ClassVar[bool] = True

    def to_json(self) -> dict[str, object]:
        """This step as JSON values; `step_from_json` reads it back."""
        fields = {field.name: _to_json(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"step": self.name, **fields}


@dataclass(frozen=True)
class _Reply(_Step):
    """A step that sends *status*, *headers* and *body*, as they are; Content-Length is added unless given."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def __post_init__(self) -> None:
        _check_whole("status", self.status, 200, 599)
        _check_headers(self.headers)
        _check_bytes("body", self.body)
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

    def __post_init__(self) -> None:
        _check_seconds("seconds", self.seconds)


@dataclass(frozen=True)
class Pass(_Step):
    """The request goes on to the real server."""

    name: ClassVar[str] = "pass"


@dataclass(frozen=True)
class Lose(_Step):
    """The request goes on to the real server, whose reply is lost: the work is done, and nobody hears of it.

    The connection ends by FIN, or by RST if *reset*.
    """

    name: ClassVar[str] = "lose"
    reset: bool = False

    def __post_init__(self) -> None:
        _check_flag("reset", self.reset)


@dataclass(frozen=True)
class Drip(_Reply):
    """A reply sent *chunk* bytes at a time with *interval* seconds between; the head too if *headers_too*."""

    name: ClassVar[str] = "drip"
    interval: float = 0.1
    chunk: int = 1
    headers_too: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds("interval", self.interval)
        _check_whole("chunk", self.chunk, 1, None)
        _check_flag("headers_too", self.headers_too)


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
        _check_whole("after", self.after, 0, len(self.body) - 1)
        _check_flag("reset", self.reset)


@dataclass(frozen=True)
class Silence(_Step):
    """The request is accepted and never answered; after 60 s the connection ends."""

    name: ClassVar[str] = "silence"


@dataclass(frozen=True)
class Raw(_Step):
    """
    Exactly the bytes *data*, *then* "close", "reset" or "keep" the connection.

    For what has no step of its own: malformed HTTP, a wrong length, a body that is not the gzip it claims to be.
    """

    name: ClassVar[str] = "raw"
    data: bytes
    then: Then = "close"

    def __post_init__(self) -> None:
        _check_bytes("data", self.data)
        if self.then not in ("close", "reset", "keep"):
            raise BadScriptError("then", repr(self.then), '"close", "reset" or "keep"')


Step: TypeAlias = Answer | Delay | Pass | Lose | Drip | Close | Reset | Cut | Silence | Raw

# A new step: its class above, its name here, what it does in acting.py.
STEPS: Mapping[str, type[Step]] = {
    kind.name: kind for kind in (Answer, Delay, Pass, Lose, Drip, Close, Reset, Cut, Silence, Raw)
}


def step_from_json(obj: object) -> Step:
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
    arguments: dict[str, Any] = {key: _from_json(key, value) for key, value in values.items() if key != "step"}
    return kind(**arguments)


def json_object(obj: object, key: str) -> dict[str, object]:
    """*obj*, which is a JSON object; *key* is what to call it if it is not. Raises: BadScriptError."""
    if not isinstance(obj, dict):
        raise BadScriptError(key, shown(obj), "a JSON object")
    return cast("dict[str, object]", obj)


def found_in(values: Mapping[str, object], key: str) -> str:
    """What *values* holds under *key*, for an error message."""
    return shown(values[key]) if key in values else "missing"


def shown(value: object) -> str:
    """*value* as Python writes it, cut after 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _to_json(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return [list(pair) for pair in cast(Headers, value)]
    return value


def _from_json(key: str, value: object) -> object:
    if key == "headers":
        return _headers_from_json(value)
    if key in ("body", "data"):
        return _bytes_from_json(key, value)
    return value


def _bytes_from_json(key: str, value: object) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as problem:
            raise BadScriptError(key, "text with a lone surrogate", 'valid text or {"base64": "..."}') from problem
    wanted = 'text or {"base64": "..."}'
    if isinstance(value, dict):
        encoded = cast("dict[str, object]", value)
        text = encoded.get("base64")
        if isinstance(text, str) and len(encoded) == 1:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as problem:
                raise BadScriptError(f"{key}.base64", shown(text), "valid base64") from problem
        raise BadScriptError(key, shown(encoded), wanted)
    raise BadScriptError(key, shown(value), wanted)


def _headers_from_json(value: object) -> object:
    if isinstance(value, dict):
        return tuple(cast("dict[str, object]", value).items())
    if isinstance(value, list):
        pairs = cast("list[object]", value)
        return tuple(tuple(cast("list[object]", pair)) if isinstance(pair, list) else pair for pair in pairs)
    return value


def _check_headers(headers: object) -> None:
    wanted = 'pairs of texts, such as [["Retry-After", "2"]]'
    if not isinstance(headers, tuple):
        raise BadScriptError("headers", shown(headers), wanted)
    for pair in cast("tuple[object, ...]", headers):
        _check_header(pair, wanted)


def _check_header(pair: object, wanted: str) -> None:
    found = f"a list with {shown(pair)}"
    parts = cast("tuple[object, ...]", pair) if isinstance(pair, tuple) else ()
    if len(parts) != 2:
        raise BadScriptError("headers", found, wanted)
    name, value = parts
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise BadScriptError("headers", f"a list with the name {shown(name)}", "names of letters, digits and hyphens")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise BadScriptError(f"headers[{name!r}]", shown(value), "one line of Latin-1 text")
    if name.lower() == "transfer-encoding":
        raise BadScriptError(f"headers[{name!r}]", shown(value), "no such header: a length is announced; or use raw")


def _check_bytes(key: str, value: object) -> None:
    if not isinstance(value, bytes):
        raise BadScriptError(key, shown(value), "bytes")


def _check_flag(key: str, value: object) -> None:
    if not isinstance(value, bool):
        raise BadScriptError(key, shown(value), "true or false")


def _check_whole(key: str, value: object, least: int, most: int | None) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return
    allowed = f"a whole number from {least}" + ("" if most is None else f" to {most}")
    raise BadScriptError(key, shown(value), allowed)


def _check_seconds(key: str, value: object) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return
    raise BadScriptError(key, shown(value), "seconds, 0 or more")
