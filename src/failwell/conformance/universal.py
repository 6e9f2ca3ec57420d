"""Universal promises, which hold for any SDK whatever its page says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from failwell.conformance.bench import Bench
from failwell.conformance.observation import Observation, expect_equal
from failwell.conformance.promises import Promises
from failwell.contract.error_body import ErrorBody
from failwell.sandbox.faults.steps import Answer, DropReply
from failwell.wire import json

SECTION = "Beside the page"

STATUSES = (404, 503, 418)
DONE = re.compile(r"^(?:lost|passed) 2")
"""What became of a request that the server has done."""

FailureCheck = tuple[str, Callable[[Bench], Observation]]
"""The name of an exception class, and a way to it."""


def universal_promises(
    promises: Promises,
    call: Callable[[Any], Any],
    failures: Sequence[FailureCheck],
    *,
    write: Callable[[str], Callable[[Any], Any]] | None = None,
) -> None:
    """Add them to *promises*: *call* is one that is repeated after a 503, *failures* come from all sources there are.

    An error has the id of its request, tells nobody the key and survives pickling; no retry begins after the deadline.
    *write* makes the call that writes, for something of a name that there is not yet: it is done once, whatever becomes
    of its answer.
    """

    @promises(SECTION, "Every error has the id that the server gave the request")
    def request_id(bench: Bench) -> None:
        header = bench.sandbox.vendor.catalogue.headers.request_id
        for status in STATUSES:
            bench.sandbox.arm(Answer(status, ((header, f"req_{status}"),), b""))
            bench.call(call, max_retries=0).raised(_error(bench, status), request_id=f"req_{status}")

    @promises(SECTION, "No error tells the key, even if the server repeats it")
    def key_untold(bench: Bench) -> None:
        key = bench.sandbox.key()
        envelope, body = bench.sandbox.vendor.catalogue.envelope, dict[str, Any]()
        envelope.render(body, ErrorBody(status=401, code=key, message=f"{key} is not a key."))
        bench.sandbox.arm(Answer(401, (("Content-Type", envelope.content_type),), json.dumps(body)))
        for seen in (bench.call(call), bench.call(call, base_url="http://127.0.0.1:1", max_retries=0)):
            told: list[object] = [seen.error, *seen.attributes.values()]
            cause = seen.error
            while cause is not None:
                told += [repr(cause), cause.args, getattr(cause, "__notes__", None)]
                cause = cause.__cause__
            expect_equal("whether str(e) has the key", False, key in str(seen.error))
            expect_equal("whether anything of it has the key", False, any(key in str(part) for part in told))

    @promises(SECTION, "An error is the same after pickling")
    def pickling(bench: Bench) -> None:
        for name, fail in failures:
            seen = fail(bench)
            seen.raised(bench.error(name))
            seen.survives_pickling()

    @promises(SECTION, "No retry begins after the deadline of the call")
    def deadline(bench: Bench) -> None:
        rules = bench.sandbox.vendor.catalogue.retries
        bench.sandbox.arm(Answer(503), times=2)
        # The second pause would end too late.
        seen = bench.call(call, deadline=rules.first_delay * 2)
        seen.raised(_error(bench, 503))
        seen.tried(2)
        seen.waited([rules.first_delay], within=rules.jitter)

    if write is not None:
        _once(promises, write)


def _once(promises: Promises, write: Callable[[str], Callable[[Any], Any]]) -> None:
    calls = promises.calls
    method = "POST" if calls is None else calls.writes.method

    @promises(SECTION, "A call that writes is done once, also when its answer is lost")
    def done_once(bench: Bench) -> None:
        catalogue = bench.sandbox.vendor.catalogue
        bench.sandbox.arm(DropReply(), method=method)
        seen = bench.call(write(f"answered in vain, {bench.colour}"))
        done = [entry for entry in seen.requests if DONE.search(entry.outcome) and not entry.replayed]
        expect_equal("how often it was done", 1, len([entry for entry in done if entry.method == method]))
        if catalogue.idempotency == "server":
            seen.returned()
        else:
            seen.raised(bench.error(catalogue.occasion("network").__name__))


def _error(bench: Bench, status: int) -> Any:
    """The class that a reply of *status* is, as the SDK under test has it."""
    cls, _ = bench.sandbox.vendor.catalogue.resolve(status)
    return bench.error(cls.__name__)
