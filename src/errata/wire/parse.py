"""From any reply to an error: total, whatever the status, the bytes and the headers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from errata.contract import caps
from errata.contract.case import phrase
from errata.contract.catalogue import Catalogue, Said
from errata.contract.error import Error
from errata.contract.evidence import Body as KeptBody
from errata.contract.evidence import attach
from errata.contract.fields import Body, Header
from errata.contract.spec import FieldSpec, specs_of
from errata.contract.types import UnfitError
from errata.wire import json
from errata.wire.messages import Reply
from errata.wire.render import whole_seconds
from errata.wire.retry_after import retry_after

NOTHING = object()


def parse(reply: Reply, catalogue: Catalogue, *, operation: str | None = None) -> Error:
    """The error that *reply* is. Always an instance of the catalogue's base, never another exception."""
    try:
        body = json.loads(reply.body)
        said = catalogue.envelope.parse(body)
    except json.UnreadableError:
        body, said = None, Said(message=plain_text(reply))
    cls, case = catalogue.resolve(reply.status, said.code, operation=operation)
    values = {spec.name: _value(spec, said, body, reply) for spec in specs_of(cls)}
    error = build(cls, values)
    if error.case != case:
        error.become(case)  # the table knows the operation, the error does not
    request_id = reply.headers.get(catalogue.headers.request_id.lower()) or said.request_id
    attach(
        error,
        request_id=caps.text(request_id) if request_id else None,
        body=KeptBody(reply.body[: catalogue.body_cap], reply.body_length),
    )
    return error


def message_of(said: str | None, status: int) -> str:
    """What the server said, or a sentence about its silence."""
    if said is not None:
        return caps.text(said)
    return f"{status} {phrase(status)}".rstrip() + ", without a readable message"


def plain_text(reply: Reply) -> str | None:
    """The body of a reply that says in its headers that a person can read it, if it is short."""
    if not reply.headers.get("content-type", "").startswith("text/plain") or len(reply.body) > caps.TEXT:
        return None
    text = reply.body.decode("utf-8", "replace").strip()
    return text or None


def _value(spec: FieldSpec, said: Said, body: Any, reply: Reply) -> Any:
    if spec.is_message:
        return message_of(said.message, reply.status)
    if spec.is_status:
        return reply.status
    if spec.is_code:
        return caps.text(said.code) if said.code is not None else spec.fallback()
    if not spec.travels:
        return spec.fallback()
    found = _found(spec, said, body, reply)
    if found is NOTHING:
        return spec.fallback()
    try:
        return spec.fit(found)
    except UnfitError:
        return spec.fallback()


def _found(spec: FieldSpec, said: Said, body: Any, reply: Reply) -> Any:
    """What the reply holds for a field, or `NOTHING`."""
    if isinstance(spec.mark, Header):
        name = spec.mark.name.lower()
        if name == "retry-after":
            seconds = retry_after(reply.headers, now=reply.received)
            if seconds is None:
                return NOTHING
            return seconds if spec.hint in (float, float | None) else whole_seconds(seconds)
        said_there = reply.headers.get(name)
        # Cut without the "…" of other texts, which a header could not carry on.
        return NOTHING if said_there is None else said_there[: caps.TEXT]
    if isinstance(spec.mark, Body):
        return take(body, spec.mark.path)
    return said.details.get(spec.details_key or spec.name, NOTHING)


def take(body: Any, path: str) -> Any:
    """The value at the dotted *path* of *body*, or `NOTHING`."""
    for name in path.split("."):
        if not isinstance(body, Mapping) or name not in body:
            return NOTHING
        body = body[name]
    return body


def build(cls: type[Error], values: dict[str, Any]) -> Error:
    """A *cls* with *values*. A hand-written constructor gets what it takes by name; the rest is set afterwards."""
    accepted = _parameters(cls)
    given = {name: value for name, value in values.items() if name in accepted}
    error = cls(**given)
    statuses = {spec.name for spec in specs_of(cls) if spec.is_status}
    for name, value in values.items():
        if name in accepted or value is None:
            continue
        # A range was filled in as 500: the status that was received says more.
        if name in statuses or getattr(error, name, NOTHING) is None:
            setattr(error, name, value)
    return error


def _parameters(cls: type[Error]) -> frozenset[str]:
    """What the constructor of *cls* takes by name; remembered on the class."""
    known: frozenset[str] | None = cls.__dict__.get("_parameters")
    if known is None:
        written = "_written_init" in cls.__dict__
        names = inspect.signature(cls).parameters if written else (spec.name for spec in specs_of(cls) if spec.init)
        known = frozenset(names)
        cls._parameters = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def snapshot(error: Error) -> tuple[Any, ...]:
    """What of *error* travels: its class, its case, its `args` and the fields that the wire carries."""
    fields = {spec.name: getattr(error, spec.name, None) for spec in specs_of(type(error)) if spec.travels}
    return type(error), error.case, error.args, fields
