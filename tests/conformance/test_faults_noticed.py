"""What `failwell check --faults` says of SDKs that do not bear a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from failwell.cli import commands
from failwell.conformance import Call, Calls, Promises
from failwell.conformance.faults import all_faults, runner, trial
from failwell.policy.flow import Flow
from pictograph.exceptions import PictographError
from pictograph.promises import CALLS, PROMISES

from .broken import faults
from .broken.sdk import Broken, Talkative
from .outside.adapters import tiny

ALL = {fault.name: fault for fault in all_faults()}
REFUSED = "a 404 with a sentence as detail"
BUSY = "a 503 with plain text"
RESET = "RST before any reply"
EXISTS = "a 409 with a detail with an error_code"
WAITS = "a 429 that asks for 2.5 seconds"
SILENT = "no answer"
UNREADABLE = "a 200 with JSON null"
BYSTANDER = "a 403 with an error that is a sentence"
EVERYWHERE = tuple(f"{call}, {way}" for call in ("reads", "writes") for way in ("blocking", "asyncio", "trio"))
WRITES = EVERYWHERE[3:]


def on_errors(change: Callable[[PictographError], None]) -> Any:
    """A fault that does something to every error."""

    def fault(flow: Flow[Any]) -> Flow[Any]:
        try:
            return (yield from flow)
        except PictographError as e:
            change(e)
            raise

    return fault


def _long(e: PictographError) -> None:
    e.args = ("x" * 5000,)


def _traceback(e: PictographError) -> None:
    e.args = (f"Traceback (most recent call last): {e}",)


def _causeless(e: PictographError) -> None:
    e.__cause__ = None


def _live_cause(e: PictographError) -> None:
    try:
        raise ValueError("with its frames")
    except ValueError as live:
        e.__cause__ = live


def _burdened_cause(e: PictographError) -> None:
    e.__cause__ = ValueError("with its request")
    vars(e.__cause__)["request"] = "POST /"


def _bodiless(e: PictographError) -> None:
    e.body = b""


def _keyless(e: PictographError) -> None:
    e.idempotency_key = None


def _attempt_lost(e: PictographError) -> None:
    e.attempts = e.attempts[1:]


class Seed(NamedTuple):
    """An SDK that is *broken*, the fault that shows it, where, and what is said about it."""

    broken: Callable[[Flow[Any]], Flow[Any]]
    fault: str
    reason: str
    lanes: tuple[str, ...] = EVERYWHERE
    settings: Mapping[str, Any] = {}
    adapter: type[Broken] = Broken


SEEDS = {
    "a raw error": Seed(faults.library_error_leaks, RESET, "expected NetworkError, it raised httpx2.ReadError: "),
    "another class": Seed(faults.wrong_class, EXISTS, "expected ConflictError, it raised pictograph."),
    "no error at all": Seed(
        faults.cut_body_swallowed,
        "FIN in the body of a 200",
        "expected NetworkError, it returned []",
        lanes=EVERYWHERE[:3],
    ),
    "no key": Seed(faults.no_key, REFUSED, "whether the first attempt has a key: expected True, saw False", WRITES),
    "a key for each attempt": Seed(
        faults.new_key_per_attempt, BUSY, "different keys over 4 attempts: expected 1, saw 4", WRITES
    ),
    "the key is not on the error": Seed(
        on_errors(_keyless), REFUSED, "whether e.idempotency_key is there: expected True, saw False", WRITES
    ),
    "too many tries": Seed(faults.retries(404), REFUSED, "attempts that were noticed: expected 1, saw 2"),
    "too few tries": Seed(
        faults.intact, BUSY, "attempts that were noticed: expected 4, saw 2", settings={"max_retries": 1}
    ),
    "a try that is not told": Seed(on_errors(_attempt_lost), RESET, "e.attempts: expected 4, saw 3"),
    "Retry-After ignored": Seed(faults.retry_after_ignored, WAITS, "expected a wait of 2.5 to 2.75 s, it asked for "),
    "a pause that does not grow": Seed(
        faults.same_pause, RESET, "expected a wait of 1.5 to 2.5 s, it asked for 1.000 s"
    ),
    "the timeout not heard": Seed(
        faults.intact, SILENT, "expected an end within 0.29 s, it came after ", settings={"timeout": 0.15}
    ),
    "the status lost": Seed(faults.status_lost, REFUSED, "e.status_code: expected 404, saw None"),
    "the body lost": Seed(on_errors(_bodiless), UNREADABLE, "the bytes of e.body: expected b'null', saw b''"),
    "the cause lost": Seed(
        on_errors(_causeless), RESET, "whether the library's exception is kept as the cause: expected True, saw False"
    ),
    "a cause with frames": Seed(on_errors(_live_cause), RESET, "the traceback of its cause: expected None, saw <trace"),
    "a cause with a request": Seed(
        on_errors(_burdened_cause), RESET, "what its cause holds on to: expected {}, saw {'request': 'POST /'}"
    ),
    "a long message": Seed(on_errors(_long), REFUSED, "whether the message is below 4 KiB: expected True, saw False"),
    "a traceback for people": Seed(
        on_errors(_traceback), RESET, "whether the message has a traceback: expected False, saw True"
    ),
    "the key told": Seed(
        faults.intact, REFUSED, "whether it tells the key: expected False, saw True", adapter=Talkative
    ),
}


def armed(monkeypatch: pytest.MonkeyPatch, promises: Promises, *names: str) -> None:
    """Let `failwell check` try the SDK of *promises* with the faults called *names*."""
    chosen = tuple(ALL[name] for name in names)
    monkeypatch.setattr("failwell.conformance.runner.promises_of", lambda _vendor: promises)
    monkeypatch.setattr(runner, "all_faults", lambda _talk: chosen)


def checked(*arguments: str) -> Any:
    """How `failwell check pictograph --faults` ended, with further *arguments*."""
    return CliRunner().invoke(commands.app, ["check", "pictograph", "--faults", *arguments])


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_broken_sdk(seed: Seed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A broken SDK is exit code 1, by the fault that it does not bear, in each colour, with what was expected and seen.
    """
    armed(monkeypatch, Promises(seed.adapter(seed.broken, seed.settings), calls=CALLS), seed.fault)
    monkeypatch.setattr(trial, "SLACK", 0.05 if seed.fault == SILENT else trial.SLACK)
    report = tmp_path / "r.json"

    ran = checked("--json", str(report))

    (row,) = json.loads(report.read_text(encoding="utf-8"))["rows"]
    assert (1, seed.fault, False) == (ran.exit_code, row["sentence"], row["held"])
    assert dict.fromkeys(seed.lanes, (False, seed.reason)) == {
        lane: (row[lane]["held"], row[lane]["reason"][: len(seed.reason)]) for lane in seed.lanes
    }


def test_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The terminal shows a row per fault and what fell short in which colour; JSON and JUnit have the same.
    """
    armed(monkeypatch, Promises(Broken(faults.retries(404)), calls=CALLS), REFUSED, BYSTANDER)
    files = tmp_path / "r.json", tmp_path / "r.xml"

    ran = checked("--verbose", "--json", str(files[0]), "--junit", str(files[1]))

    reason = "attempts that were noticed: expected 1, saw 2"
    lines = ran.stdout.splitlines()
    assert f"  FALLS SHORT: {REFUSED}" in lines
    assert f"  held: {BYSTANDER}" in lines
    assert all(f"\n{lane}: {REFUSED}\n    {reason}\n" in ran.stdout for lane in EVERYWHERE)
    assert lines[-1].startswith("1 of 2 faults held, 6 of 12 calls, blocking and asyncio and trio, in ")
    told = json.loads(files[0].read_text(encoding="utf-8"))
    assert [("Error bodies", False), ("Error bodies", True)] == [(row["section"], row["held"]) for row in told["rows"]]
    root = ET.parse(files[1]).getroot()  # noqa: S314 - our own file
    assert ("12", "6", "0") == (root.get("tests"), root.get("failures"), root.get("errors"))
    assert [*EVERYWHERE] == [str(suite.get("name")).partition(", ")[2] for suite in root]


def test_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where every fault holds the exit code is 0; the seam that faults are put into breaks nothing by itself.
    """
    armed(monkeypatch, Promises(Broken(), calls=CALLS), REFUSED, RESET, UNREADABLE)

    ran = checked()

    assert 0 == ran.exit_code
    assert "\n3 of 3 faults held, 18 of 18 calls, blocking and asyncio and trio, in " in ran.stdout


def test_no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A vendor that names no calls is told what to name, and the exit code is 2.
    """
    armed(monkeypatch, Promises(Broken()), REFUSED)

    ran = checked()

    assert 2 == ran.exit_code
    assert "Give its Promises calls=Calls(reads=..., writes=...)." in ran.stderr


def test_sdk_of_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An SDK in an environment of its own meets the same faults, in the colours that its adapter has.
    """
    armed(monkeypatch, PROMISES, REFUSED, "a 429 that asks for words")

    ran = checked("--adapter", str(tiny(tmp_path)))

    assert 1 == ran.exit_code
    assert "could not convert string to float: 'in a moment'" in ran.stdout
    assert "writes, blocking: a 404" in ran.stdout
    assert "\n0 of 2 faults held, 1 of 4 calls, blocking, in " in ran.stdout


def test_calls_are_the_vendors() -> None:
    """
    A call may be sent twice if its method says so, or if it carries a key: of nothing else the suite knows anything.
    """
    calls = Calls(Call("a", "GET", str), Call("b", "POST", str))

    assert (True, False, True) == (calls.reads.repeatable, calls.writes.repeatable, CALLS.writes.repeatable)
