"""Broken SDKs as vendors, for the `failwell` command."""

from __future__ import annotations

from dataclasses import replace

from failwell.conformance import Bench, Promises
from failwell.sandbox import Silence
from pictograph.promises import ADAPTER
from pictograph_server.vendor import VENDOR

from .faults import errors_dropped, new_key_per_attempt, retries
from .sdk import Broken, only

HERE = __name__

NEW_KEY_PROMISES = only(Broken(new_key_per_attempt), "auth_error", "retries_keep_the_key")
NEW_KEY = replace(VENDOR, promises=f"{HERE}:NEW_KEY_PROMISES")

PAYMENT_RETRIED_PROMISES = only(Broken(retries(402)), "payment_required_error", "validation_error")
PAYMENT_RETRIED = replace(VENDOR, promises=f"{HERE}:PAYMENT_RETRIED_PROMISES")

ERRORS_DROPPED_PROMISES = only(Broken(errors_dropped), "every_field", "payment_message")
ERRORS_DROPPED = replace(VENDOR, promises=f"{HERE}:ERRORS_DROPPED_PROMISES")

INTACT_PROMISES = only(ADAPTER, "auth_error", "not_found_error", "request_timeout_error")
INTACT = replace(VENDOR, promises=f"{HERE}:INTACT_PROMISES")


def _waits_for_ever(colour: str) -> Promises:
    """A promise whose call in *colour* gets no answer, and takes its time to give up."""
    promises = Promises(ADAPTER)

    @promises("Waiting", "The SDK waits for an answer")
    def waiting(bench: Bench) -> None:
        if bench.colour == colour:
            bench.sandbox.arm(Silence())
            print("waiting", flush=True)  # noqa: T201 - the test waits for it
            bench.call(lambda client: client.datasets.list(), timeout=50)

    return promises


WAITING_PROMISES = _waits_for_ever("blocking")
WAITING = replace(VENDOR, promises=f"{HERE}:WAITING_PROMISES")

AWAITING_PROMISES = _waits_for_ever("awaiting")
AWAITING = replace(VENDOR, promises=f"{HERE}:AWAITING_PROMISES")

SLOW_END_PROMISES = only(ADAPTER, "auth_error")
for promise in WAITING_PROMISES:
    SLOW_END_PROMISES(promise.section, promise.sentence)(promise.check)
SLOW_END = replace(VENDOR, promises=f"{HERE}:SLOW_END_PROMISES")

NOWHERE = replace(VENDOR, name="nowhere", promises="no_such_module:PROMISES")
NO_NAME = replace(VENDOR, name="no-name", promises=f"{HERE}:NO_SUCH")
BROKEN_MODULE = replace(VENDOR, name="broken-module", promises="tests.conformance.broken.does_not_load:PROMISES")
