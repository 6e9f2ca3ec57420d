"""`raise_for`: a response of any library, or the contract's error that it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from failwell.adapt.libraries.recognition import SUCCESSES, UnknownResponseError, library_of_response

if TYPE_CHECKING:
    from failwell._support.secret import Secret
    from failwell.wire.contracts import AnyContract

R = TypeVar("R")


def raise_for(
    response: R, *contract: AnyContract, operation: str | None = None, secrets: Iterable[str | Secret] = ()
) -> R:
    """*response*, if it is a success; else the error that it is in *contract* is raised.

    *response* is one of requests, niquests, httpx, httpx2, urllib3, aiohttp, pyreqwest, urllib, http.client, or a dict
    of botocore. *contract* is a `Catalogue`, error classes, or a module that declares them. A body that was streamed
    and not read yet is read, within bounds. Request headers, query and body are searched for credentials, which the
    error does not show; name others as *secrets*. *operation* is the name of what was asked, where the contract tells
    them apart.

    Raises:
        Error: the contract's, with request id, status, body, one attempt and a hint.
        TypeError: *response* is of none of these libraries, *contract* is none, or *operation* is no name.
        CatalogueError: two of the classes claim the same.
    """
    library = library_of_response(response)
    if library is None:
        raise UnknownResponseError(response)
    if library.status(response) in SUCCESSES:
        return response
    # What only a failure needs is loaded with the first one.
    from failwell.adapt.exchange import error_from, replied
    from failwell.contract.mapping import domain_exception
    from failwell.wire.contracts import catalogue_of

    error = domain_exception(
        error_from(*replied(response, library), catalogue_of(*contract), operation=operation, secrets=secrets)
    )
    del response, secrets  # a traceback that shows local variables must not show what they hold
    try:
        raise error
    finally:
        del error  # which holds this frame by its traceback


async def araise_for(
    response: R, *contract: AnyContract, operation: str | None = None, secrets: Iterable[str | Secret] = ()
) -> R:
    """The same for a response whose body must be awaited: aiohttp's, and those that httpx and pyreqwest stream."""
    library = library_of_response(response)
    if library is None:
        raise UnknownResponseError(response)
    if library.status(response) in SUCCESSES:
        return response
    from failwell.adapt.exchange import areplied, error_from
    from failwell.contract.mapping import domain_exception
    from failwell.wire.contracts import catalogue_of

    found = await areplied(response, library)
    error = domain_exception(error_from(*found, catalogue_of(*contract), operation=operation, secrets=secrets))
    del response, found, secrets
    try:
        raise error
    finally:
        del error
