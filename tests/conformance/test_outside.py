"""SDKs that live outside, held against Pictograph's page: the guide's, and the same one with a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from failwell.clock import VirtualClock
from failwell.conformance import Bench, RemoteAdapter, Verdict, check
from failwell.conformance.runner import judge, promises_of
from failwell.sandbox import Sandbox
from pictograph_server.vendor import VENDOR
from tests.own_sleeps import noted_sleeps

from .broken.sdk import only
from .outside.adapters import GUIDE, guides_adapter, tiny

PAGE = {promise.name: promise for promise in promises_of(VENDOR)}


@pytest.fixture(scope="module")
def clock() -> VirtualClock:
    """The clock of the sandbox."""
    return VirtualClock()


@pytest.fixture(scope="module")
def sandbox(clock: VirtualClock) -> Iterator[Sandbox]:
    """One sandbox for all tests of this file: `judge` clears it before each promise."""
    with Sandbox(VENDOR, clock=clock) as sandbox:
        yield sandbox


def judged(file: Path, sandbox: Sandbox, clock: VirtualClock, *names: str, patience: float = 20.0) -> list[Verdict]:
    """What is thought of the SDK that the adapter in *file* drives, by the checks called *names*."""
    with RemoteAdapter(file, patience=patience) as adapter:
        bench = Bench(sandbox, clock, adapter, "blocking")
        return [judge(PAGE[name], bench) for name in names]


class Expected(NamedTuple):
    """What comes of a check of the guide's SDK."""

    held: bool
    offered: bool
    reason: str


def short(reason: str) -> Expected:
    """A shortfall."""
    return Expected(held=False, offered=True, reason=reason)


HELD = Expected(held=True, offered=True, reason="")
NO_CONFIG = Expected(held=False, offered=False, reason="a run takes no configuration")
TINY = {
    "configuration_error": HELD,
    "auth_error": HELD,
    "forbidden_error": short("the SDK has no operation datasets.create: neither its client nor the adapter"),
    "not_found_error": HELD,
    "payment_required_error": HELD,
    "rate_limit_error": HELD,
    "network_error": HELD,
    "poll_timeout_error": NO_CONFIG,
    "waits_below_the_cap": HELD,
    "backoff": HELD,
    "auto_waits": HELD,
    "network_retries": HELD,
    "payment_details": HELD,
    "payment_message": HELD,
    "request_timeout_error": short("the SDK has no RequestTimeoutError: the adapter's ERRORS name none"),
    "re_poll": NO_CONFIG,
}


def test_guides_sdk(tmp_path: Path, sandbox: Sandbox, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The adapter of docs/check-your-sdk.md drives its SDK: what that keeps is held, and the rest has its reasons.

    It retries by `time.sleep` for minutes, and nobody waits for it.
    """
    slept = noted_sleeps(monkeypatch)

    found = judged(tiny(tmp_path), sandbox, clock, *TINY)

    told = {
        name: Expected(verdict.held, verdict.offered, verdict.reason) for name, verdict in zip(TINY, found, strict=True)
    }
    assert TINY == told
    waits = {name: verdict.seen.waits for name, verdict in zip(TINY, found, strict=True)}
    assert ((1, 2, 4), (1, 2, 4)) == (waits["backoff"], waits["network_retries"])
    assert [] == [seconds for seconds in slept if seconds >= 0.5]


def test_guides_table() -> None:
    """
    The guide explains each name that its adapter defines, and the others that an adapter may have.
    """
    explained = set(re.findall(r"^\| `(\w+)` \|", GUIDE.read_text("utf-8"), re.MULTILINE))
    defined = set(re.findall(r"^(?:def )?(SDK|ERRORS|OPERATIONS|client)\b", guides_adapter(), re.MULTILINE))

    assert {"SDK", "ERRORS", "OPERATIONS", "client", "async_client", "close"} == explained
    assert {"SDK", "ERRORS", "OPERATIONS", "client"} == defined


class Seed(NamedTuple):
    """A fault of the SDK, the check that has to notice, and what it says."""

    fault: str
    check: str
    reason: str


SEEDS = {
    "402 retried": Seed("tiny.RETRIED.add(402)", "payment_required_error", "requests at the server: expected 1, saw 4"),
    "waits too long": Seed(
        "tiny.LONGEST_WAIT = 1e9", "waits_below_the_cap", "expected TooFastError, it returned [namespace(id="
    ),
    "waits too short": Seed(
        """
        waits = tiny.Tiny._wait
        tiny.Tiny._wait = lambda *args: waits(*args) and 0.5
        """,
        "auto_waits",
        "expected a wait of 2 s (up to 25% over), it asked for 0.500 s",
    ),
    "waits where nobody sees it": Seed(
        """
        import threading
        tiny.time = SimpleNamespace(sleep=lambda seconds: threading.Event().wait(seconds / 100))
        """,
        "backoff",
        "the number of waits: expected 3, saw 0",
    ),
    "a library's error leaks": Seed(
        """
        import urllib.error
        ask = tiny.Tiny._ask
        def raw(*args):
            try:
                return ask(*args)
            except tiny.NoAnswerError as error:
                raise error.__cause__
        tiny.Tiny._ask = raw
        """,
        "network_error",
        "expected NoAnswerError, it raised urllib.error.URLError: '<urlopen error [Errno 111] Connection refused>'",
    ),
    "an attribute is not there": Seed(
        """
        init = tiny.RefusedError.__init__
        def poor(self, *args):
            init(self, *args)
            vars(self).pop("required", None)
        tiny.RefusedError.__init__ = poor
        """,
        "payment_message",
        "e.required: expected 10, saw no such attribute",
    ),
    "another class": Seed(
        "tiny.CLASSES[402] = tiny.UnknownError",
        "payment_required_error",
        "expected OutOfCreditsError, it raised tiny.UnknownError: 'The run costs ",
    ),
    "hangs": Seed(
        """
        import threading
        OPERATIONS["datasets.list"] = lambda client: threading.Event().wait()
        """,
        "backoff",
        "the call did not end: no sign of life for 2 s, so the SDK's process was ended",
    ),
    "never gives up": Seed(
        """
        init = tiny.Tiny.__init__
        tiny.Tiny.__init__ = lambda self, *args, **settings: init(self, *args, **{**settings, "retries": 9})
        """,
        "backoff",
        "expected DownError, it returned [namespace(id=",
    ),
    "dies": Seed(
        """
        import os
        OPERATIONS["datasets.list"] = lambda client: os._exit(5)
        """,
        "backoff",
        "the SDK's process ended with exit code 5; it said nothing",
    ),
}


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_fault_is_reported(tmp_path: Path, sandbox: Sandbox, clock: VirtualClock, seed: Seed) -> None:
    """
    A fault of an SDK outside is reported by the row that it breaks; a row that it does not touch holds.
    """
    file = tiny(tmp_path, seed.fault)

    row, bystander = judged(file, sandbox, clock, seed.check, "not_found_error", patience=2.0)

    assert (False, True, seed.reason) == (row.held, row.offered, row.reason[: len(seed.reason)])
    assert (True, "") == (bystander.held, bystander.reason)


def test_facts_of_a_row(tmp_path: Path, sandbox: Sandbox, clock: VirtualClock) -> None:
    """
    A row tells what the SDK raised, all that its exception has, the requests and the waits, in JSON types.
    """
    (found,) = judged(tiny(tmp_path), sandbox, clock, "payment_message")

    facts = {
        "raised": "OutOfCreditsError",
        "message": "You need 7 more credits.",
        "attributes": {"required": 10, "remaining": 3, "status_code": 402},
        "attempts": 1,
        "requests": 1,
        "waits": [],
    }
    assert {"held": True, "offered": True, "reason": "", **facts, "calls": [facts]} == found.to_json()


def test_only_the_colours_there_are(tmp_path: Path) -> None:
    """
    An SDK without an awaiting client is checked without one, and its rows have one verdict each.
    """
    with RemoteAdapter(tiny(tmp_path)) as adapter:
        (row,) = check(VENDOR, promises=only(adapter, "not_found_error"), colours=adapter.colours)

    assert (True, ["blocking"]) == (row.held, list(row.verdicts))
