"""What the API says of an object: one under "object", several under "objects"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.client import configuration_problem, json_body
from failwell.policy import UnreadableReplyError
from vectorshift.exceptions import CATALOGUE

if TYPE_CHECKING:
    from failwell.client import Api
    from failwell.policy import Flow
    from failwell.wire import Reply

T = TypeVar("T")


def fetched(
    api: Api,
    target: str,
    made: Callable[[Mapping[str, Any]], T],
    *,
    id: str | None,  # noqa: A002 - what the API calls it
    name: str | None,
) -> Flow[T]:
    """The object of this *id*, or of this *name*, as *made* makes it of what the API says.

    Raises:
        VectorshiftError: neither is given.
    """
    if not id and not name:
        raise configuration_problem(CATALOGUE, f"{api.operation} needs an id or a name, and has neither.")
    return api.call(
        "GET", target, lambda reply: made(_object(answer(reply, "object"))), params={"id": id, "name": name}
    )


def listed(reply: Reply) -> list[Mapping[str, Any]]:
    """What the API says of each object of a list."""
    found = answer(reply, "objects")
    if not isinstance(found, list):
        raise UnreadableReplyError(f"'objects' is of type {type(found).__name__}, expected a list")
    return [_object(entry) for entry in found]


def answer(reply: Reply, *keys: str) -> Any:
    """What stands under the first of *keys* in the JSON object that *reply* is.

    Raises:
        UnreadableReplyError: it is none, or has none of them.
    """
    body = json_body(reply)
    found = next((body[key] for key in keys if isinstance(body, dict) and body.get(key) is not None), None)
    if found is None:
        kind = "an object" if isinstance(body, dict) else f"{type(body).__name__}"
        raise UnreadableReplyError(f"{kind} without {' or '.join(map(repr, keys))}")
    return found


def text_of(found: Mapping[str, Any], *keys: str, default: str | None = None) -> str:
    """The text under the first of *keys*.

    Raises:
        UnreadableReplyError: there is none, and no *default*.
    """
    said = next((found[key] for key in keys if isinstance(found.get(key), str)), default)
    if said is None:
        raise UnreadableReplyError(f"an object without {' or '.join(map(repr, keys))}")
    return said


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableReplyError(f"an object of type {type(value).__name__}, expected a JSON object")
    return value
