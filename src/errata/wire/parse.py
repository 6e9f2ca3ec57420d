"""From any reply to an error: total, whatever the status, the bytes and the headers."""

# Without `from __future__ import annotations`, for the NamedTuple: it would compile types that are text.
from collections.abc import Callable
from typing import Any, NamedTuple

from errata.contract import caps
from errata.contract.case import Source, phrase
from errata.contract.catalogue import Catalogue
from errata.contract.error import Error
from errata.contract.evidence import Body as KeptBody
from errata.contract.evidence import attach
from errata.contract.fields import Body, Header
from errata.contract.said import Said
from errata.contract.spec import FieldSpec, marks_of, specs_of
from errata.contract.types import UnfitError
from errata.wire import json
from errata.wire.messages import Reply
from errata.wire.render import whole_seconds
from errata.wire.retry_after import retry_after

NOTHING = object()
"""What a reply holds for a field that it does not name; None would be JSON's null."""


def parse(reply: Reply, catalogue: Catalogue, *, operation: str | None = None, source: Source = "http") -> Error:
    """The error that *reply* is. Always an instance of the catalogue's base, never another exception.

    What is told in a stream has another *source* and the status 0: there its code alone decides.
    """
    try:
        body = json.loads(reply.body)
        said = catalogue.envelope.parse(body)
    except json.UnreadableError:
        body, said = None, Said(message=plain_text(reply))
    cls, case = catalogue.resolve(reply.status or None, said.code, operation=operation, source=source)
    arrived = Arrived(said, body, reply)
    error = _built(cls, {name: read(arrived) for name, read in _readers(cls)})
    if (known := error.case) is not case and known != case:
        error.become(case)  # the table knows the operation, the error does not
    request_id = reply.headers.get(catalogue.request_id_header) or said.request_id
    attach(
        error,
        request_id=caps.text(request_id) if request_id else None,
        body=KeptBody(reply.body[: catalogue.body_cap], reply.body_length),
    )
    return error


class Arrived(NamedTuple):
    """A reply that was read: what its envelope *said*, and its whole *body*."""

    said: Said
    body: Any
    reply: Reply


def message_of(said: str | None, status: int) -> str:
    """What the server said, or a sentence about its silence."""
    if said is not None:
        return caps.text(said)
    what = f"{status} {phrase(status)}".rstrip() if status else "An error"
    return f"{what}, without a readable message"


def plain_text(reply: Reply) -> str | None:
    """The body of a reply that says in its headers that a person can read it, if it is short."""
    if not reply.headers.get("content-type", "").startswith("text/plain") or len(reply.body) > caps.TEXT:
        return None
    text = reply.body.decode("utf-8", "replace").strip()
    return text or None


Read = Callable[[Arrived], Any]


def _readers(cls: type[Error]) -> tuple[tuple[str, Read], ...]:
    """How each field of *cls* is read from a reply; remembered on the class."""
    known: tuple[tuple[str, Read], ...] | None = cls.__dict__.get("_readers")
    if known is None:
        known = tuple((spec.name, _reader(spec)) for spec in specs_of(cls))
        cls._readers = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def _reader(spec: FieldSpec) -> Read:
    """What a field holds of a reply: what it says, or what is filled in where it is silent or does not fit."""
    if spec.is_message:
        return lambda arrived: message_of(arrived.said.message, arrived.reply.status)
    if spec.is_status:
        return lambda arrived: arrived.reply.status or None
    if spec.is_code:
        return lambda arrived: caps.text(code) if (code := arrived.said.code) is not None else spec.fallback()
    if not spec.travels:
        return lambda _arrived: spec.fallback()
    find = _finder(spec)

    def read(arrived: Arrived) -> Any:
        found = find(arrived)
        if found is NOTHING:
            return spec.fallback()
        try:
            # Only what was cut must be copied, and most is small.
            small = isinstance(found, list | dict) and caps.within(arrived.reply.body)
            return spec.shape(found) if small else spec.fit(found)
        except UnfitError:
            return spec.fallback()

    return read


def _finder(spec: FieldSpec) -> Read:
    """What the reply holds for a field, or `NOTHING`."""
    if isinstance(spec.mark, Header):
        name = spec.mark.name.lower()
        return _waits(spec) if name == "retry-after" else lambda arrived: _header(arrived.reply, name)
    if isinstance(spec.mark, Body):
        path = spec.mark.path
        return lambda arrived: take(arrived.body, path)
    key = spec.details_key or spec.name
    return lambda arrived: arrived.said.details.get(key, NOTHING)


def _waits(spec: FieldSpec) -> Read:
    """The seconds of a Retry-After, whole ones for a field that takes no others."""
    exact = spec.hint in (float, float | None)

    def find(arrived: Arrived) -> Any:
        seconds = retry_after(arrived.reply.headers, now=arrived.reply.received)
        if seconds is None:
            return NOTHING
        return seconds if exact else whole_seconds(seconds)

    return find


def _header(reply: Reply, name: str) -> Any:
    said = reply.headers.get(name)
    # Cut without the "…" of other texts, which a header could not carry on.
    return NOTHING if said is None else said[: caps.TEXT]


def take(body: Any, path: str) -> Any:
    """The value at the dotted *path* of *body*, or `NOTHING`."""
    for name in path.split("."):
        if not isinstance(body, dict) or name not in body:
            return NOTHING
        body = body[name]
    return body


def build(cls: type[Error], values: dict[str, Any]) -> Error:
    """A *cls* with *values*. A hand-written constructor gets what it takes by name; the rest is set afterwards."""
    accepted = _parameters(cls)
    given = {name: value for name, value in values.items() if name in accepted}
    error = cls(**given)
    status = marks_of(cls).status
    for name, value in values.items():
        if name in accepted or value is None:
            continue
        # A range was filled in as 500: the status that was received says more.
        if name == status or getattr(error, name, NOTHING) is None:
            setattr(error, name, value)
    return error


def _built(cls: type[Error], values: dict[str, Any]) -> Error:
    """The same, of a value for every field: without the constructor, where that would do no more than this."""
    if not _is_plain(cls):
        return build(cls, values)
    error = cls.__new__(cls)
    error.__dict__.update(values)
    error.__post_init__()
    return error


def _is_plain(cls: type[Error]) -> bool:
    """Whether a *cls* is made by setting its fields: nobody wrote a constructor, and it takes every field but one."""
    known: bool | None = cls.__dict__.get("_plain")
    if known is None:
        written = any("_written_init" in base.__dict__ for base in cls.__mro__)
        known = not written and all(spec.init or spec.is_status for spec in specs_of(cls))
        cls._plain = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def _parameters(cls: type[Error]) -> frozenset[str]:
    """What the constructor of *cls* takes by name; remembered on the class."""
    known: frozenset[str] | None = cls.__dict__.get("_parameters")
    if known is None:
        written = "_written_init" in cls.__dict__
        from inspect import signature

        names = signature(cls).parameters if written else (spec.name for spec in specs_of(cls) if spec.init)
        known = frozenset(names)
        cls._parameters = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def snapshot(error: Error) -> tuple[Any, ...]:
    """What of *error* travels: its class, its case, its `args` and the fields that the wire carries."""
    fields = {spec.name: getattr(error, spec.name, None) for spec in specs_of(type(error)) if spec.travels}
    return type(error), error.case, error.args, fields
