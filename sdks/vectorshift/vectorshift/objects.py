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


def passages(reply: Reply) -> list[dict[str, Any]]:
    """The passages that a search found: the text of each, its score, and where it stands.

    They are chunks, or whole documents, in a list or below their own name once more.
    """
    body = json_body(reply)
    found = body.get("result", body) if isinstance(body, dict) else {}
    for kind in ("chunks", "documents", "results"):
        rows = found.get(kind) if isinstance(found, dict) else None
        rows = rows.get(kind) if isinstance(rows, dict) else rows
        if isinstance(rows, list):
            return [_passage(_object(row)) for row in rows]
    raise UnreadableReplyError("an object without 'chunks' or 'documents'")


def _passage(row: Mapping[str, Any]) -> dict[str, Any]:
    inside = row.get("chunk")
    said = {**row, **inside} if isinstance(inside, Mapping) else {**row}
    score = next((said[key] for key in ("score", "relevance_score") if isinstance(said.get(key), int | float)), 0.0)
    return {
        "text": text_of(said, "content", "text", "page_content", "snippet", default=""),
        "score": score,
        "item_id": text_of(said, "item_id", "document_id", default=""),
        "chunk_id": text_of(said, "chunk_id", "id", default=""),
    }


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableReplyError(f"an object of type {type(value).__name__}, expected a JSON object")
    return value
