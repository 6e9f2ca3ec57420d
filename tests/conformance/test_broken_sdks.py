from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from failwell.cli import commands
from failwell.conformance import check
from failwell.policy.flow import Flow
from pictograph_server.vendor import VENDOR

from .broken import faults
from .broken.sdk import Broken, Talkative, only

BYSTANDER = "every_field"
"""A check that only the fault about `e.errors` disturbs."""


class Seed(NamedTuple):
    """An SDK with one fault, the check that has to notice, its sentence, and what it says about the fault."""

    fault: Callable[[Flow[Any]], Flow[Any]]
    check: str
    sentence: str
    reason: str
    settings: Mapping[str, Any] = {}
    bystander: str = BYSTANDER
    adapter: type[Broken] = Broken


NETWORK = "NetworkError — connection / DNS / TLS failure"
DROPPED = "NetworkError: Connection dropped — Retry idempotent ops; investigate non-idempotent"
BACKOFF = "5xx responses — up to 3 retries, backoff 1s → 2s → 4s."
SEEDS = {
    "a new key for every attempt": Seed(
        faults.new_key_per_attempt,
        "retries_keep_the_key",
        "Idempotency — retried requests inherit the original Idempotency-Key header, so the backend dedupes.",
        "different keys over 3 attempts: expected 1, saw 3",
    ),
    "no key": Seed(
        faults.no_key,
        "generates_a_key",
        "For mutating ops the SDK auto-generates an Idempotency-Key header",
        "whether both had one: expected True, saw False",
    ),
    "a key that comes too late": Seed(
        faults.new_key_per_attempt,
        "retries_are_safe",
        "so retries are safe",
        "expected a result, it raised pictograph.exceptions.ConflictError",
    ),
    "402 retried": Seed(
        faults.retries(402),
        "payment_required_error",
        "PaymentRequiredError — 402 (out of credits)",
        "requests at the server: expected 1, saw 2",
    ),
    "404 retried": Seed(
        faults.retries(404),
        "not_found_error",
        "NotFoundError — 404 (resource missing)",
        "requests at the server: expected 1, saw 2",
    ),
    "409 retried": Seed(
        faults.retries(409),
        "not_retried",
        "What is not transient is not retried: 400, 401, 402, 403, 404, 409, 422",
        "expected ConflictError, it returned TrainingRun",
    ),
    "errors dropped": Seed(
        faults.errors_dropped,
        "every_field",
        "The backend returns a structured body listing every offending field",
        "whether e.errors lists fields: expected True, saw False",
        bystander="auth_error",
    ),
    "Retry-After ignored": Seed(
        faults.retry_after_ignored,
        "auto_waits",
        "429 with Retry-After ≤ 120s — auto-waits then retries.",
        "expected a wait of 2 s (up to 25% over), it asked for ",
    ),
    "waits over the cap": Seed(
        faults.waits_over_the_cap,
        "waits_below_the_cap",
        "RateLimitError (429): SDK auto-retries when `Retry-After < 120s`; otherwise raise",
        "expected RateLimitError, it returned [Dataset(",
    ),
    "a pause that does not grow": Seed(
        faults.same_pause, "backoff", BACKOFF, "expected a wait of 2 s (within 25%), it asked for 1.000 s"
    ),
    "5xx not retried": Seed(
        faults.server_error_ends_the_wait, "backoff", BACKOFF, "requests at the server: expected 4, saw 1"
    ),
    "max_retries not heard": Seed(
        faults.intact,
        "override",
        "Override on the Client: Client(timeout=30.0, max_retries=5)",
        "requests at the server: expected 6, saw 4",
        settings={"max_retries": 3},
    ),
    "409 as another class": Seed(
        faults.wrong_class,
        "conflict_error",
        "ConflictError — 409 (duplicate name, optimistic-lock fail)",
        "expected ConflictError, it raised pictograph.exceptions.ApiError",
    ),
    "status code lost": Seed(
        faults.status_lost,
        "auth_error",
        "AuthError — 401 (bad / missing / revoked key)",
        "e.status_code: expected 401, saw None",
        bystander="summary",
    ),
    "message lost": Seed(
        faults.message_lost,
        "payment_message",
        "fall back to plain str(e) if you only need a user-facing message",
        "str(e): expected 'You need 7 more credits.', saw 'PaymentRequiredError'",
    ),
    "a library's error leaks": Seed(
        faults.library_error_leaks, "network_error", NETWORK, "expected NetworkError, it raised httpx2.ReadError"
    ),
    "a cut body passes": Seed(
        faults.cut_body_swallowed, "connection_dropped", DROPPED, "requests at the server: expected 2, saw 1"
    ),
    "the request id lost": Seed(
        faults.request_id_lost,
        "request_id",
        "Every error has the id that the server gave the request",
        "e.request_id: expected 'req_404', saw None",
    ),
    "the key told": Seed(
        faults.intact,
        "key_untold",
        "No error tells the key, even if the server repeats it",
        "whether str(e) has the key: expected False, saw True",
        adapter=Talkative,
    ),
    "the key told in a log": Seed(
        faults.intact,
        "log_and_rethrow",
        "Catch the specific subclass; catch the base class to log and rethrow.",
        "whether it names no key: expected False, saw True",
        adapter=Talkative,
    ),
    "cannot be pickled": Seed(
        faults.not_picklable,
        "pickling",
        "An error is the same after pickling",
        "AuthError does not survive pickling: TypeError: cannot pickle '_thread.lock' object",
    ),
    "the deadline not heard": Seed(
        faults.intact,
        "deadline",
        "No retry begins after the deadline of the call",
        "expected ServerError, it returned [Dataset(",
        settings={"deadline": None},
    ),
    "run id lost": Seed(
        faults.run_id_lost,
        "poll_timeout_error",
        "PollTimeoutError — long-running job (training, batch SAM3) didn't finish",
        "e.run_id: expected ",
    ),
    "a network error not retried": Seed(
        faults.library_error_leaks,
        "network_retries",
        "Network errors (connection reset, DNS blip) — same 3-retry policy.",
        "expected NetworkError, it raised httpx2.ReadError",
    ),
}


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_fault_is_reported(seed: Seed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A seeded fault is exit code 1, in both colours, by the row that names the broken sentence and says what was seen.
    """
    promises = only(seed.adapter(seed.fault, seed.settings), seed.check, seed.bystander)
    monkeypatch.setattr("failwell.conformance.runner.promises_of", lambda _vendor: promises)
    report = tmp_path / "r.json"

    ran = CliRunner().invoke(commands.app, ["check", "pictograph", "--json", str(report)])

    rows = {row["check"]: row for row in json.loads(report.read_text(encoding="utf-8"))["rows"]}
    row = rows[seed.check]
    assert (1, seed.sentence, False) == (ran.exit_code, row["sentence"], row["held"])
    for colour in ("blocking", "awaiting"):
        assert (False, seed.reason) == (row[colour]["held"], row[colour]["reason"][: len(seed.reason)])
    assert rows[seed.bystander]["held"], "a row that the fault does not touch"


def test_intact_sdk_is_not_reported() -> None:
    """
    The seam that the faults are put into breaks nothing by itself.
    """
    promises = only(Broken(), "retries_keep_the_key", "auto_waits", "connection_dropped", "re_poll", "every_field")

    assert [True] * 5 == [row.held for row in check(VENDOR, promises=promises)]
