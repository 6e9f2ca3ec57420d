"""How an error travels: envelopes, headers, Retry-After. Text and bytes only."""

from errata.wire.envelopes import Detail, ErrorObject, FirstOf, Problem
from errata.wire.messages import Failure, Reply, Request
from errata.wire.parse import parse, snapshot
from errata.wire.render import render
from errata.wire.retry_after import retry_after

__all__ = [
    "Detail",
    "ErrorObject",
    "Failure",
    "FirstOf",
    "Problem",
    "Reply",
    "Request",
    "parse",
    "render",
    "retry_after",
    "snapshot",
]
