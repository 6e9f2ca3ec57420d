"""Render an error as the reply it travels as: status, headers and body in the catalogue's envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import whole_seconds
from failwell.contract.declaration import FieldSpec, marks_of, specs_of
from failwell.contract.error import Error
from failwell.contract.error_body import ErrorBody
from failwell.contract.fields import AllDetails, Body, Details, Header
from failwell.wire import json
from failwell.wire.envelopes import CLASHING, DETAILS
from failwell.wire.messages import NO_HEADERS, Reply


def render_error(
    error: Error, catalogue: Catalogue, *, request_id: str | None = None, more: Mapping[str, str] = NO_HEADERS
) -> Reply:
    """The reply *error* travels as in the envelope of *catalogue*; never raises, whatever the fields hold.

    *more* are headers of the reply that are not the error's, with names in lower case.
    """
    status = error.status_on_the_wire
    body: dict[str, Any] = {}
    details: dict[str, Any] = {}
    headers: dict[str, str] = {"content-type": catalogue.envelope.content_type}
    message: str | None = None
    for spec in specs_of(type(error)):
        if spec.is_code or spec.is_status:
            continue  # the envelope says them
        value = getattr(error, spec.name, None)
        if spec.is_message:
            message = str(json.plain(value))
        elif not spec.travels or _silent(spec, value):
            continue
        elif isinstance(spec.mark, Header):
            if (text := header_text(spec.mark.name, value)) is not None:
                headers[spec.mark.name.lower()] = text
        elif isinstance(spec.mark, Body):
            put(body, spec.mark.path, json.plain(value))
        elif isinstance(spec.mark, Details) and spec.details_key is not None:
            details[spec.details_key] = json.plain(value)
        elif isinstance(spec.mark, AllDetails) and isinstance(value, dict):
            own = {key for _, key in marks_of(type(error)).mirrored}
            free = {key: part for key, part in json.plain(value).items() if key not in own}
            clashing = {key: free.pop(key) for key in CLASHING.intersection(free)}
            details.update({**free, **({DETAILS: clashing} if clashing else {})})
    if message is None:
        message = str(json.plain(error))
    code = error.code_on_the_wire
    spoken = None if code is None else str(json.plain(code))
    address = None if spoken is None else catalogue.address(spoken)
    said = ErrorBody(status, spoken, message, details, request_id, address, layer=error.case.layer)
    catalogue.envelope.render(body, said)
    if request_id is not None:
        headers[catalogue.headers.request_id.lower()] = request_id
    headers.update(more)
    return Reply.arrived(status, headers, json.dumps_plain(body), None)


def _silent(spec: FieldSpec, value: Any) -> bool:
    """Whether leaving the field out says the same: the parser fills in the same value."""
    if spec.declared.required or (isinstance(spec.mark, Details) and spec.mark.always):
        return False
    fallback = spec.fallback()
    return type(value) is type(fallback) and bool(value == fallback)


def header_text(name: str, value: Any) -> str | None:
    """*value* as a header's text, printable ASCII and whole seconds for Retry-After; None if nothing can be said."""
    if name.lower() == "retry-after":
        seconds = whole_seconds(value)
        return None if seconds is None else str(seconds)
    carried = json.plain(value)
    if carried is None or isinstance(carried, bool):
        return None if carried is None else str(carried).lower()
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in str(carried)).strip()


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at the dotted *path* of *body*, making the objects on the way."""
    *parents, last = path.split(".")
    for name in parents:
        inner = body.get(name)
        if not isinstance(inner, dict):
            inner = body[name] = {}
        body = inner
    body[last] = value
