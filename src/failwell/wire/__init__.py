"""How an error travels: envelopes, headers, Retry-After. Text and bytes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports

if TYPE_CHECKING:
    from failwell.wire.envelopes import Detail, ErrorObject, FirstOf, Layered, Problem, summarize_field_errors
    from failwell.wire.messages import Failure, Reply, Request
    from failwell.wire.parse import parse_reply, snapshot
    from failwell.wire.render import render_error
    from failwell.wire.retry_after import parse_retry_after
    from failwell.wire.sse import Event

# A contract needs the envelopes alone; the rest loads when something travels.
lazy_exports(
    __name__,
    {
        "envelopes": "Detail ErrorObject FirstOf Layered Problem summarize_field_errors",
        "messages": "Failure Reply Request",
        "parse": "parse_reply snapshot",
        "render": "render_error",
        "retry_after": "parse_retry_after",
        "sse": "Event",
    },
)

__all__ = [
    "Detail",
    "ErrorObject",
    "Event",
    "Failure",
    "FirstOf",
    "Layered",
    "Problem",
    "Reply",
    "Request",
    "parse_reply",
    "parse_retry_after",
    "render_error",
    "snapshot",
    "summarize_field_errors",
]
