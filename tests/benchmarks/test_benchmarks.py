from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import calls, instructions, loopback, profiling
from benchmarks.imports import measure
from benchmarks.measuring import Spread, caught, compare
from benchmarks.peers import ask
from errata import Error
from pictograph.models import TrainingRun

ROOT = Path(__file__).parents[2]
PAIRS = calls.in_memory()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.what)
def test_both_sides_do_the_same(pair: calls.Pair) -> None:
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


def test_over_loopback() -> None:
    """
    Over sockets, too, both sides come to the same end, and the server ends with the block.
    """
    with loopback.running() as address, calls.over_loopback(address) as (good, refused):
        assert {"data": loopback.RUN} == good.ours() == good.bare()
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
        pytest.skip("valgrind is not installed: tools/find-valgrind installs it")
    counted = instructions.count(4)

    assert [pair.what for pair in PAIRS] == list(counted)
    for what, sides in counted.items():
        least = 5_000 if " to its error" in what else 200_000
        assert all(least < side < 5_000_000 for side in sides), what


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
    assert "errata/client/driver.py" in text
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
    `python -m benchmarks --quick` measures everything and writes the table, every goal of P1, P2 and P4 in it.
    """
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    written = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")

    for goal in (
        *(f"{pair.group} {pair.what}" for pair in PAIRS),
        "P1 GET to parsed JSON over loopback",
        "P2 whole failing call over loopback",
        "P1 GET on the fast transport",
        "P4 import of the exceptions",
        "P4 import of the client",
        "P4 memory of the client",
        "P4 the exceptions load no httpx2",
        "P4 models load when first used",
    ):
        assert goal in ran.stdout
        assert goal in written
    for profile in (tmp_path / "profiles").iterdir():
        assert f"profiles/{profile.name}" in written
