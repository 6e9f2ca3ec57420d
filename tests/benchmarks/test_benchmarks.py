from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import adopting, calls, events, flows, instructions, loopback, profiling, retained
from benchmarks.imports import measure
from benchmarks.measuring import Spread, caught, compare
from benchmarks.pairs import Pair
from benchmarks.peers import ask
from benchmarks.servers import worker
from benchmarks.servers.load import CONNECTIONS
from benchmarks.servers.pairs import pairs as pairs_of_servers
from failwell import Error
from failwell.policy import RetryResult
from pictograph.models import TrainingRun

ROOT = Path(__file__).parents[2]
PAIRS = calls.in_memory()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.what)
def test_both_sides_do_the_same(pair: Pair) -> None:
    """
    The two sides of a ratio come to the same end: the same JSON, a run of the same id, an error of the same status.
    """
    ours, bare = pair.ours(), pair.bare()

    if isinstance(ours, Error):
        assert isinstance(bare, calls.BareError)
        assert calls.BY_STATUS[ours.status_on_the_wire] is type(bare)
    elif isinstance(ours, TrainingRun):
        assert {"data": {**loopback.RUN, "id": ours.id, "name": ours.name}} == bare
    else:
        assert {"data": loopback.RUN} == ours == bare


@pytest.mark.parametrize("pair", flows.pairs(), ids=lambda pair: pair.what)
def test_the_flow_brings_what_the_decorator_brings(pair: Pair) -> None:
    """
    The retry flow and the decorator by hand come to the same reply; the flow has counted its one try.
    """
    tried = pair.ours()

    assert isinstance(tried, RetryResult)
    assert (flows.FINE, 1) == (tried.outcome, len(tried.attempts))
    assert flows.FINE is pair.bare()


@pytest.mark.parametrize("pair", adopting.in_memory(), ids=lambda pair: pair.what)
def test_adopting_brings_what_requests_brings(pair: Pair) -> None:
    """
    `raise_for` and `calling` give back the response that requests gives.
    """
    assert 200 == pair.ours().status_code == pair.bare().status_code  # type: ignore[attr-defined]


def test_servers_answer_alike() -> None:
    """
    With a contract and without, an app answers with the same status over each connection; its worker's CPU time grows.
    """
    with worker.running() as served, pairs_of_servers(served) as pairs:
        before = served.cpu()
        answered: dict[str, tuple[Any, Any]] = {pair.what: (pair.ours(), pair.bare()) for pair in pairs}
        after = served.cpu()

    assert before < after
    assert [200, 200, 404, 404, 422, 200, 201, 201, 200, 200, 201] == [ours[0] for ours, _ in answered.values()]
    for what, (ours, bare) in answered.items():
        assert ours == bare == ours[:1] * CONNECTIONS, what


def test_decoders_agree() -> None:
    """
    Our decoder and the split loop find the same events, and the large ones are whole.
    """
    single, *_ = events.kept(events.large(3 * 1024 * 1024, 1))

    assert 2000 == events.decoded(events.PIECES_OF_SMALL) == events.split(events.PIECES_OF_SMALL)
    assert 2 == len(events.kept(events.large(events.HALF_MIB, 2)))
    assert "x" * (3 * 1024 * 1024) == single.data


def test_memory_of_errors() -> None:
    """
    What a kept error retains is measured with its traceback and its evidence: neither nothing nor a body.
    """
    assert 0.5 < retained.per_error(1, kept=50).middle < 40


def test_over_loopback() -> None:
    """
    Over sockets, too, both sides come to the same end, and the server ends with the block.
    """
    with loopback.running() as address, calls.over_loopback(address) as (good, fast, refused):
        assert {"data": loopback.RUN} == good.ours() == good.bare() == fast.ours()
        error, bare = refused.ours(), refused.bare()

    assert isinstance(error, Error)
    assert (422, calls.BareValidationError) == (error.status_on_the_wire, type(bare))


def test_sides_take_turns() -> None:
    """
    The rounds of both sides alternate, after one call of each that does not count.
    """
    made: list[str] = []

    def side(name: str) -> str:
        made.append(name)
        return "".join(str(number) for number in range(1000))

    found = compare(lambda: side("o"), lambda: side("b"), rounds=3, calls=2)

    assert "ob" + "oobb" + "bboo" + "oobb" == "".join(made)
    assert isinstance(found, Spread)
    assert 0 < found.low <= found.middle <= found.high


def test_a_benchmark_that_does_not_fail_as_it_should() -> None:
    """
    A failing call that succeeds is a fault of the benchmark, and is told as one.
    """
    with pytest.raises(AssertionError, match="ValueError was expected, and nothing was raised"):
        caught(lambda: None, ValueError)()


def test_counting_instructions() -> None:
    """
    A call of each side is counted by itself, under its pair's name: the order of magnitude is known.
    """
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind counts, and is not installed: `make bench` installs it, which wants root")
    counted = instructions.count(4)

    with instructions.counted() as pairs:
        assert [pair.what for pair in pairs] == list(counted)
    for what, sides in counted.items():
        short = " to its error" in what or what in {pair.what for pair in flows.pairs()}
        assert all((1_000 if short else 200_000) < side < 5_000_000 for side in sides), what


def test_without_valgrind(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where valgrind is missing, the reason says how it is had; nothing is counted silently wrong.
    """
    monkeypatch.setenv("PATH", "")

    with pytest.raises(FileNotFoundError, match="apt-get install valgrind"):
        instructions.count(1)


def test_imports() -> None:
    """
    Imports are timed in fresh interpreters: what was loaded is known, and the bare side is 1 to itself.
    """
    statements = {"json": "import json", "both": "import json, decimal"}
    found = measure(Path(sys.executable), statements, rounds=2, watch=("decimal", "asyncio"))

    assert (frozenset[str](), frozenset({"decimal"})) == (found["json"].loaded, found["both"].loaded)
    assert Spread(1.0, 1.0, 1.0) == found["json"].over(found["json"])
    assert all(second > 0 for second in found["both"].seconds)


def test_profiles(tmp_path: Path) -> None:
    """
    A profile says what it is of and where the time goes; it names no folder of this machine.
    """
    name = profiling.of_calls(tmp_path, "a Missed goal", PAIRS[0].ours, calls=2)
    text = (tmp_path / name).read_text(encoding="utf-8")

    assert "a-missed-goal.txt" == name
    assert text.startswith("a Missed goal: 2 calls under cProfile")
    assert "failwell/runtime/driver.py" in text
    assert str(ROOT) not in text
    assert not [line for line in text.splitlines() if " /" in line or "(/" in line]


def test_a_peer_that_cannot_be_measured() -> None:
    """
    A peer that fails is a row with the reason, never left out.
    """
    rows = list(ask.rows(Path(sys.executable), "http://127.0.0.1:1", rounds=1, calls=1))

    failed = [row for row in rows if row.what.endswith(", calls")]
    assert {f"{peer}, calls" for peer in ask.MODULES} - {row.what for row in failed} == set()
    assert all(row.note and row.verdict == "not measured" for row in failed)


def test_all_of_it(tmp_path: Path) -> None:
    """
    `python -m benchmarks --quick` measures everything and writes the table, every goal of P1 to P5 and P7 in it.
    """
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(tmp_path)]
    without_valgrind = {**os.environ, "PATH": ""}  # counting takes four times as long as the rest, and is tested above
    ran = subprocess.run(command, cwd=ROOT, env=without_valgrind, capture_output=True, text=True, check=True)
    written = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")

    for goal in (
        *(f"{pair.group} {pair.what}" for pair in (*PAIRS, *flows.pairs(), *events.pairs())),
        "P1 GET to parsed JSON over loopback",
        "P2 whole failing call over loopback",
        "P1 GET on the fast transport",
        "P4 import of the exceptions",
        "P4 import of the client",
        "P4 memory of the client",
        "P4 the exceptions load no httpx2",
        "P4 models load when first used",
        "P5 MB/s of events of 0.5 MiB, beside httpx-sse's",
        "P7 memory of an error that is kept, without a body",
    ):
        assert goal in ran.stdout
        assert goal in written
    for profile in (tmp_path / "profiles").iterdir():
        assert f"profiles/{profile.name}" in written
