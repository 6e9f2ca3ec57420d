"""What a call costs beside a bare one, and what peers cost: python -m benchmarks [--peers PYTHON] [--out FOLDER]

Prints figure, goals and verdict of each, and writes them to RESULTS.md in the folder; a missed goal names its profile.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import (
    adopting,
    calls,
    events,
    flows,
    imports,
    instructions,
    loopback,
    profiling,
    results,
    retained,
)
from benchmarks.goals import Goal
from benchmarks.measuring import compare
from benchmarks.pairs import Pair
from benchmarks.peers import ask
from benchmarks.rows import KIB, MIB, Row
from benchmarks.servers import worker
from benchmarks.servers.pairs import PARTS, pairs as pairs_of_servers

EXCEPTIONS, CLIENT, MADE, MADE_BARE = "the exceptions", "the client", "a client that was made", "httpx2's client"
ADOPTED, CALLED = "raise_for, translating and calling", "calling with its first call"
STATEMENTS = {
    "httpx2": "import httpx2",
    EXCEPTIONS: "import pictograph.exceptions",
    CLIENT: "from pictograph import Client",
    MADE_BARE: "import httpx2; httpx2.Client()",
    MADE: "from pictograph import Client; Client('pk_live_x')",
    "requests": "import requests",
    ADOPTED: "from failwell import calling, raise_for, translating",
    CALLED: "from failwell import StandardError, calling; calling(StandardError, lambda attempt: None)",
}


@dataclass(frozen=True)
class Effort:
    """How long is measured: rounds, calls of each side in a round, and what is counted, profiled and imported."""

    rounds: int = 15
    calls: int = 200
    counted: int = 100
    profiled: int = 3000
    imports: int = 25
    peer_calls: int = 40
    peer_imports: int = 7
    memory_rounds: int = 3
    kept: int = retained.KEPT


QUICK = Effort(2, calls=5, counted=3, profiled=5, imports=2, peer_calls=3, peer_imports=2, memory_rounds=1, kept=50)


class Bench:
    """Measures with some *effort*; the profiles of missed goals go below *out*."""

    def __init__(self, effort: Effort, out: Path) -> None:
        self.effort = effort
        self.profiles = out / "profiles"

    def rows(self, peers: Path | None) -> Iterator[Row]:
        """Every figure; those of the peers if *peers* is the Python of their environment."""
        for old in self.profiles.glob("*.txt"):
            old.unlink()  # its goal may be reached by now
        yield from self.of_calls()
        yield from self.of_imports()
        yield from self.of_streams(peers)
        yield from self.of_memory()
        yield from self.of_servers()
        if peers is None:
            yield Row("peer", "all", note="no environment was named; make bench builds it")
        else:
            yield from self.of_peers(peers)

    def of_calls(self) -> Iterator[Row]:
        """P1, P2, P3 and P9."""
        for pair in (*calls.in_memory(), *flows.pairs()):
            yield self._counted_row(pair)
        with loopback.running() as address, calls.over_loopback(address) as pairs:
            for pair in pairs:
                yield self._row(pair)
        with loopback.running() as address, adopting.over_loopback(address) as pairs:
            for pair in pairs:
                yield self._counted_row(pair)

    def of_imports(self) -> Iterator[Row]:
        """P4."""
        watched = ("httpx2", "pydantic", "pictograph.models")
        seen = imports.measure(Path(sys.executable), STATEMENTS, rounds=self.effort.imports, watch=watched)
        for what, module, beyond, goal in (
            (EXCEPTIONS, "pictograph.exceptions", "sys", Goal(0.20, 0.10)),
            (CLIENT, "pictograph.client", "httpx2", Goal(1.15, 1.08)),
        ):
            row = Row("P4", f"import of {what}", goal, seen[what].over(seen["httpx2"]))
            profile = functools.partial(profiling.of_import, self.profiles, row.what, module, beyond)
            yield self._with_profile(row, profile)
        beside = seen[ADOPTED].over(seen["requests"])
        yield Row("P9", f"import of {ADOPTED} beside that of requests", Goal(15 / 82, 0.12), beside)
        called = seen[CALLED].over(seen["requests"])
        yield Row("P9", f"import of {CALLED} beside that of requests", time=called)
        yield Row("P9", "they load no HTTP library", held="httpx2" not in seen[ADOPTED].loaded)
        grown = seen[CLIENT].more_than(seen["httpx2"])
        note = "" if grown is not None else "this system does not tell the resident memory"
        yield Row("P4", f"memory of {CLIENT} above httpx2's", Goal(3.0, 1.5), grown, unit=MIB, note=note)
        yield Row("P4", "the exceptions load no httpx2", held="httpx2" not in seen[EXCEPTIONS].loaded)
        yield Row("P4", "models load when first used", held=not {*watched[1:]} & seen[MADE].loaded)
        yield Row("P4", "import and first client, beside httpx2's", time=seen[MADE].over(seen[MADE_BARE]))

    def of_streams(self, peers: Path | None) -> Iterator[Row]:
        """P5; beside httpx-sse if *peers* is the Python of an environment that has it."""
        for pair in events.pairs():
            yield self._row(pair)
        goal = Goal(0.8, 1.0, at_least=True)
        if peers is None:
            yield Row("P5", ask.LARGE_EVENTS, goal, note="it is in the environment of the peers: make bench builds it")
        else:
            yield from ask.event_rows(peers, goal, rounds=self.effort.rounds)

    def of_memory(self) -> Iterator[Row]:
        """P7."""
        kept = retained.per_error(self.effort.memory_rounds, self.effort.kept)
        yield Row("P7", "memory of an error that is kept, without a body", Goal(4.0), kept, unit=KIB)

    def of_servers(self) -> Iterator[Row]:
        """P6."""
        with worker.running() as served, pairs_of_servers(served) as pairs:
            for pair in pairs:
                yield self._counted_row(pair)

    def of_peers(self, python: Path) -> Iterator[Row]:
        """The same of published clients."""
        with loopback.running() as address:
            yield from ask.rows(python, address, rounds=self.effort.rounds, calls=self.effort.peer_calls)
        yield from ask.import_rows(python, rounds=self.effort.peer_imports)

    def _counted_row(self, pair: Pair) -> Row:
        counted, lacking = self._counted
        return self._row(pair, counted.get(pair.what), lacking)

    @functools.cached_property
    def _counted(self) -> tuple[dict[str, tuple[float, float]], str]:
        """Instructions of both sides of each pair; or none, and why."""
        try:
            return instructions.count(self.effort.counted), ""
        except FileNotFoundError as problem:
            return {}, str(problem)

    def _row(self, pair: Pair, counted: tuple[float, float] | None = None, note: str = "") -> Row:
        often = max(int(self.effort.calls * pair.often), 1)
        time = compare(pair.ours, pair.bare, rounds=self.effort.rounds, calls=often, clock=pair.clock)
        ratio = None if counted is None else counted[0] / counted[1]
        floor = self._floor(pair)
        row = Row(pair.group, pair.what, pair.goal, time, ratio, note=note, by_count=pair.by_count, floor=floor)
        profiled = max(int(self.effort.profiled * min(pair.often, 1)), 1)
        profile = functools.partial(
            profiling.of_calls,
            self.profiles,
            pair.what,
            pair.ours,
            calls=profiled,
            profiler=pair.profiler,
            floor=floor,
        )
        return self._with_profile(row, profile)

    def _floor(self, pair: Pair) -> str:
        """What *pair* has as its floor, and what such parts cost, where that was counted."""
        if not pair.floor:
            return ""
        counted, _ = self._counted
        costs = {part: counted[pair][0] / counted[pair][1] - 1 for pair, part in PARTS.items() if pair in counted}
        parts = " and ".join(f"{part} {cost:.1%}" for part, cost in costs.items())
        said = f", of which costs {parts} of the instructions of a bare success" if parts else ""
        return f"However fast it is, it has {pair.floor}{said}."

    def _with_profile(self, row: Row, profile: Callable[[], str]) -> Row:
        return replace(row, profile=profile()) if row.missed else row


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", type=Path, help="the Python of the peers' environment")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where RESULTS.md is written")
    parser.add_argument("--quick", action="store_true", help="see that all of it runs; the figures mean nothing")
    asked = parser.parse_args()
    rows = list(Bench(QUICK if asked.quick else Effort(), asked.out).rows(asked.peers))
    versions = {} if asked.peers is None else ask.versions(asked.peers)
    print(results.printed(rows))
    for row in rows:
        if row.profile:
            print(f"{row.group} {row.what} missed its goal: see {asked.out.name}/profiles/{row.profile}")
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "RESULTS.md").write_text(results.markdown(rows, versions), encoding="utf-8")


if __name__ == "__main__":
    main()
