"""Does what the policies decide, blocking and awaiting, over httpx2."""

from errata.client.answers import Page, document, listing, nothing, one, page, raw
from errata.client.core import Core, configuration_problem
from errata.client.operation import operation
from errata.client.paging import Pages, paged
from errata.client.resource import Awaiting, Blocking, Resource
from errata.client.transport import AsyncTransport, Transport

__all__ = [
    "AsyncTransport",
    "Awaiting",
    "Blocking",
    "Core",
    "Page",
    "Pages",
    "Resource",
    "Transport",
    "configuration_problem",
    "document",
    "listing",
    "nothing",
    "one",
    "operation",
    "page",
    "paged",
    "raw",
]
