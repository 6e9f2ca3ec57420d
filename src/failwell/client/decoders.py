"""Decoders of successful replies (2xx): JSON, pydantic models, pages, events."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from failwell._support.frozen import Frozen
from failwell.policy.decoding_errors import UnreadableReplyError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from failwell.wire.messages import Reply
    from failwell.wire.sse import Event

    M = TypeVar("M", bound=BaseModel)

T = TypeVar("T")


class Page(Frozen, Generic[T]):
    """Some rows of a list, and whether there are more."""

    rows: list[T]
    has_more: bool


def raw(reply: Reply) -> bytes:
    """The body as it is."""
    return reply.body


def json_body(reply: Reply) -> Any:
    """The body as parsed JSON."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        kind = reply.headers.get("content-type", "no content type")
        size = f"{len(reply.body)} bytes" if reply.body else "an empty body"
        problem = f"status {reply.status} with {size} of {kind}, expected JSON"
    raise UnreadableReplyError(problem)


def nothing(_reply: Reply) -> None:
    """The operation answers with nothing."""


def model(model: type[M], key: str | None = None) -> Callable[[Reply], M]:
    """Read the body (or what stands below *key*) as a pydantic *model*."""
    return lambda reply: _read(model, _below(json_body(reply), key))


def model_list(model: type[M], key: str = "data") -> Callable[[Reply], list[M]]:
    """Read the list below *key* as pydantic *model*s."""
    return lambda reply: _rows(model, json_body(reply), key)


def event(event: Event) -> Event:
    """An event of a stream as it is."""
    return event


def event_model(model: type[M], key: str | None = None) -> Callable[[Event], M]:
    """Read the data of an event (or what stands below *key*) as a pydantic *model*."""

    def decode(event: Event) -> M:
        try:
            found = json.loads(event.data)
        except (ValueError, RecursionError):
            problem = f"an event {event.name!r} with {len(event.data)} characters of data, expected JSON"
        else:
            return _read(model, _below(found, key))
        raise UnreadableReplyError(problem)

    return decode


def model_page(model: type[M], key: str = "data") -> Callable[[Reply], Page[M]]:
    """Read the list below *key* as pydantic *model*s, and `pagination.has_more`."""

    def decode(reply: Reply) -> Page[M]:
        body = json_body(reply)
        rows = _rows(model, body, key)
        has_more = _below(_below(body, "pagination"), "has_more")
        if not isinstance(has_more, bool):
            raise UnreadableReplyError(f"'pagination.has_more' is {_named(has_more)}, expected a boolean")
        if has_more and not rows:
            raise UnreadableReplyError(f"{key!r} has no rows, and yet there are said to be more: it would never end")
        return Page(rows, has_more)

    return decode


def decoder(wanted: type[T] | Callable[[Reply], T]) -> Callable[[Reply], T]:
    """What reads an answer as *wanted*, a pydantic model or a list of one; any other callable does so itself."""
    kind: Any = wanted
    if getattr(kind, "__origin__", None) is list:
        return cast("Callable[[Reply], T]", model_list(kind.__args__[0]))
    return cast("Callable[[Reply], T]", model(kind) if hasattr(kind, "model_validate") else kind)


def page_decoder(wanted: type[T] | Callable[[Reply], Page[T]]) -> Callable[[Reply], Page[T]]:
    """The same of a page, whose rows are *wanted*."""
    kind: Any = wanted
    return cast("Callable[[Reply], Page[T]]", model_page(kind) if hasattr(kind, "model_validate") else kind)


def _rows(model: type[M], body: Any, key: str) -> list[M]:
    found = _below(body, key)
    if not isinstance(found, list):
        raise UnreadableReplyError(f"{key!r} is {_named(found)}, expected a list")
    return [_read(model, entry) for entry in found]


def _below(value: Any, key: str | None) -> Any:
    if key is None:
        return value
    if not isinstance(value, dict) or key not in value:
        raise UnreadableReplyError(f"{_named(value)} without the key {key!r}")
    return value[key]


def _read(model: type[M], value: Any) -> M:
    from pydantic import ValidationError

    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        places = [".".join(str(part) for part in error["loc"]) or "it" for error in invalid.errors()[:3]]
        problem = f"{_named(value)} is no {model.__name__}: {', '.join(places)} does not fit"
    raise UnreadableReplyError(problem)


def _named(value: Any) -> str:
    """The JSON name of *value*'s type, never its content."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
