"""The sentences of Scopix's page on the exceptions of its SDK, each with the check that holds it."""

from __future__ import annotations

from failwell.conformance import Bench, Promises
from scopix.promises.ways import ADAPTER, gets, lists, opens

PROMISES = Promises(ADAPTER)

HIERARCHY = "Exception Hierarchy"


@PROMISES(HIERARCHY, "AuthenticationError: Invalid API key (401)")
def authentication_error(bench: Bench) -> None:
    seen = bench.call(lists, key="sk_unknown")
    seen.raised(bench.error("AuthenticationError"), code="AUTH_ERROR", status_code=401)
    seen.tried(1)


@PROMISES(HIERARCHY, "ScopixPermissionError: Insufficient permissions (403)")
def permission_error(bench: Bench) -> None:
    seen = bench.call(opens, role="viewer")
    seen.raised(bench.error("ScopixPermissionError"), code="PERMISSION_DENIED", status_code=403)
    seen.tried(1)


@PROMISES(HIERARCHY, "ResourceNotFoundError: Resource not found (404)")
def resource_not_found_error(bench: Bench) -> None:
    seen = bench.call(gets)
    seen.raised(bench.error("ResourceNotFoundError"), code="NOT_FOUND", status_code=404)
    seen.tried(1)
