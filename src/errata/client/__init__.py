"""Does what the policies decide, blocking and awaiting, over httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errata.contract.late import load_late

if TYPE_CHECKING:
    from errata.client.answers import Page, data, document, event, listing, nothing, one, page, raw
    from errata.client.checks import configuration_problem
    from errata.client.core import Core
    from errata.client.operation import operation
    from errata.client.paging import Pages, paged
    from errata.client.resource import Awaiting, Blocking, Resource
    from errata.client.streamed import AsyncEventStream, EventStream, streamed
    from errata.client.transport import AsyncTransport, Transport

# Pages, streams and answers load with the first resource that has them.
load_late(
    __name__,
    {
        "answers": ("Page", "data", "document", "event", "listing", "nothing", "one", "page", "raw"),
        "checks": ("configuration_problem",),
        "core": ("Core",),
        "operation": ("operation",),
        "paging": ("Pages", "paged"),
        "resource": ("Awaiting", "Blocking", "Resource"),
        "streamed": ("AsyncEventStream", "EventStream", "streamed"),
        "transport": ("AsyncTransport", "Transport"),
    },
)

__all__ = [
    "AsyncEventStream",
    "AsyncTransport",
    "Awaiting",
    "Blocking",
    "Core",
    "EventStream",
    "Page",
    "Pages",
    "Resource",
    "Transport",
    "configuration_problem",
    "data",
    "document",
    "event",
    "listing",
    "nothing",
    "one",
    "operation",
    "page",
    "paged",
    "raw",
    "streamed",
]
