"""Trial of one call against one fault, with all assertions about how it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from unittest.mock import patch

from failwell.conformance.bench import Bench
from failwell.conformance.calls import Call
from failwell.conformance.errors import ShortfallError
from failwell.conformance.faults.expected import expected
from failwell.conformance.faults.model import ENOUGH, Answered, Dropped, Fault, RawServer
from failwell.conformance.faults.servers import NOWHERE, ListeningRawServer, refusing
from failwell.conformance.observation import Observation, expect_equal
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import whole_seconds
from failwell.contract.declaration import specs_of
from failwell.contract.error import Error
from failwell.contract.fields import Header
from failwell.wire.rate_limit import RESETS

ARMED = 20
"""How often a fault is there to be met: more often than any call is tried."""
SLACK = 5.0
"""Real seconds that a call may take beyond those of its attempts, on a machine that has other things to do."""
HEARSAY = 2.0
"""Real seconds after which a server knows that a client has hung up."""
LONGEST_MESSAGE = 4096
TRUST = "SSL_CERT_FILE"
PROXY = ("HTTPS_PROXY", "https_proxy")
NO_PROXY = ("NO_PROXY", "no_proxy")
"""Variables of the environment, in both of their spellings, that clients read when they are made."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A *call* of an SDK with this *catalogue* that meets *fault* at every attempt; *answers* are a session's."""

    fault: Fault
    call: Call
    catalogue: Catalogue
    answers: Sequence[object] = ()

    def check(self, bench: Bench) -> None:
        """Make the call, and hold what it ends in against what is promised.

        Raises:
            ShortfallError: it ends in anything else.
        """
        due = expected(self.fault, self.call, self.catalogue)
        seen, tries, seconds = self._made(bench, due.tries)
        if isinstance(seen.error, Error):
            due = expected(self.fault, self.call, self.catalogue, unsent=len(seen.error.attempts) - 1)
        seen.raised(bench.error(due.error.__name__))
        if tries is not None and (self.fault.timeout >= ENOUGH or tries > due.tries):
            # An attempt that has little time may be over before anybody has noticed it.
            expect_equal("attempts that were noticed", due.tries, tries)
        if isinstance(seen.error, Error):
            expect_equal("e.case", due.case, seen.error.case)
            expect_equal("e.attempts", due.tries, len(seen.error.attempts))
        expect_equal("the number of waits", len(due.waits), len(seen.waits))
        for (low, high), asked in zip(due.waits, seen.waits, strict=True):
            if not low - 1e-6 <= asked <= high + 1e-6:
                raise ShortfallError(f"expected a wait of {low:g} to {high:g} s, it asked for {asked:.3f} s")
        limit = due.tries * self.fault.timeout + SLACK
        if seconds > limit:
            raise ShortfallError(f"expected an end within {limit:g} s, it came after {seconds:.1f} s")
        self._whole()
        self._keys(seen)
        _speaks_to_people(seen, bench)
        if isinstance(seen.error, Error):
            self._evidence(seen.error, seen)

    def _made(self, bench: Bench, due: int) -> tuple[Observation, int | None, float]:
        """What the call did, how many of its tries were noticed (None where nobody could), and its real seconds."""
        place = self.fault.place
        if isinstance(place, RawServer):
            with ListeningRawServer(place) as door:
                if place.role == "proxy":
                    with patch.dict(os.environ, {**dict.fromkeys(PROXY, door.url), **dict.fromkeys(NO_PROXY, "")}):
                        seen, seconds = self._asked(bench, f"https://{NOWHERE}")
                else:
                    seen, seconds = self._asked(bench, door.url)
                return seen, door.met, seconds
        if place in ("refused", "nowhere"):
            with refusing() as url:
                seen, seconds = self._asked(bench, url if place == "refused" else f"http://{NOWHERE}")
            return seen, None, seconds
        bench.sandbox.arm(*self.fault.steps, times=ARMED)
        try:
            if place == "sandbox":
                seen, seconds = self._asked(bench, bench.sandbox.url)
            else:
                with patch.dict(os.environ, {TRUST: str(bench.sandbox.authority)}):
                    seen, seconds = self._asked(bench, bench.sandbox.https_url)
        finally:
            bench.sandbox.script.clear()
        entries = bench.sandbox.log.entries()
        if place == "sandbox-tls" or self.fault.timeout < ENOUGH:
            # Of a client that hangs up, the sandbox hears a little later.
            hung_up = min(due, seen.attempts) if isinstance(seen.error, Error) else due
            entries = bench.sandbox.log.wait_for(hung_up, timeout=HEARSAY)
        seen = bench.seen[-1] = replace(seen, requests=entries)
        return seen, len(entries), seconds

    def _asked(self, bench: Bench, url: str) -> tuple[Observation, float]:
        started = time.monotonic()
        seen = bench.call(self.call.action, base_url=url, timeout=self.fault.timeout)
        return seen, time.monotonic() - started

    def _whole(self) -> None:
        """Whether no answer of a session looked whole that was not."""
        whole = self.fault.ends.whole if isinstance(self.fault.ends, Dropped) else 0
        if whole is not None:
            expect_equal("answers that looked whole", whole, len(self.answers))

    def _keys(self, seen: Observation) -> None:
        """Whether every request has the key of the first, and the error has it too."""
        if isinstance(seen.error, Error):
            expect_equal("whether e.idempotency_key is there", self.call.keyed, bool(seen.error.idempotency_key))
        requests = tuple(entry for entry in seen.requests if entry.method != "TLS")
        if not requests:
            return
        keys = replace(seen, requests=requests).keys(self.catalogue.headers.idempotency_key.lower())
        expect_equal(f"different keys over {len(keys)} attempts", 1, len(set(keys)))
        expect_equal("whether the first attempt has a key", self.call.keyed, keys[0] != "")
        if isinstance(seen.error, Error):
            expect_equal("e.idempotency_key", keys[0] or None, seen.error.idempotency_key)

    def _evidence(self, error: Error, seen: Observation) -> None:
        """What every error of a catalogue carries: its status, its body, its cause."""
        ends = self.fault.ends
        if isinstance(ends, Dropped):
            if ends.code is not None:
                expect_equal("e.close_code", ends.code, error.close_code)
            return
        for spec in specs_of(type(error)):
            if spec.is_status and ends.status is not None:
                expect_equal(f"e.{spec.name}", ends.status, getattr(error, spec.name))
        if ends.body is not None:
            expect_equal("the bytes of e.body", ends.body[: self.catalogue.body_cap], error.body)
            expect_equal("e.body_length", len(ends.body), error.body_length)
        if isinstance(ends, Answered):
            _waits_are_told(error, ends.asks)
            expect_equal("whether a person finds the words of the body", True, ends.words in str(error))
        cause = error.__cause__
        if not isinstance(ends, Answered) and ends.caused:
            expect_equal("whether the library's exception is kept as the cause", True, cause is not None)
        expect_equal("whether another exception is its context", True, error.__context__ in (None, cause))
        if cause is not None:
            expect_equal("the traceback of its cause", None, cause.__traceback__)
            expect_equal("what its cause holds on to", {}, vars(cause))


def _waits_are_told(error: Error, asks: float | None) -> None:
    """Whether what the reply *asks* for stands on *error*, if it has a place for it: exactly, or in whole seconds.

    A moment of reset that has a field of its own stands there alone.
    """
    if any(
        isinstance(spec.mark, Header) and spec.mark.name.lower() in RESETS and getattr(error, spec.name) is not None
        for spec in specs_of(type(error))
    ):
        asks = None
    for spec in specs_of(type(error)):
        if isinstance(spec.mark, Header) and spec.mark.name.lower() == "retry-after":
            exact = spec.hint in (float, float | None)
            expect_equal(
                f"e.{spec.name}", asks if exact or asks is None else whole_seconds(asks), getattr(error, spec.name)
            )


def _speaks_to_people(seen: Observation, bench: Bench) -> None:
    """Whether its text is for people, not too long, and tells nobody the key."""
    error, key = seen.error, bench.sandbox.key()
    text = str(error)
    expect_equal("whether the message is below 4 KiB", True, len(text.encode("utf-8", "replace")) < LONGEST_MESSAGE)
    expect_equal("whether the message has a traceback", False, "Traceback (most recent call last)" in text)
    told: BaseException | None = error
    while told is not None:
        parts = (str(told), repr(told), repr(told.args), repr(getattr(told, "__notes__", None)))
        expect_equal("whether it tells the key", False, any(key in part for part in parts))
        told = told.__cause__
