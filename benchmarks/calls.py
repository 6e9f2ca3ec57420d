"""What a call costs beside a bare one: P1, P2 and P4 as ratios. Run it: python benchmarks/calls.py

Both sides of a ratio run interleaved, calls in one process over an in-memory transport, imports in fresh interpreters;
the median of the rounds counts. The goals are those of the project's requirements; a figure above its goal is printed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import httpx2

import pictograph
from errata.client import Blocking, Core, Resource, document, operation
from errata.policy import Flow
from pictograph.exceptions import CATALOGUE

ROUNDS, CALLS = 15, 200
RUN = {
    "id": "run_1",
    "organization_id": "o",
    "name": "r1",
    "pipeline_type": "yolox",
    "status": "completed",
    "created_at": "2026-01-01T00:00:00Z",
}
PAGE = json.dumps({"data": RUN}).encode()
REFUSED = json.dumps({"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}).encode()


class Documents(Resource[Blocking], name="documents"):
    """A client that answers with parsed JSON, to compare like with like."""

    @operation
    def get(self, path: str) -> Flow[object]:
        """Get the document at *path*."""
        return (yield from self.core.call("documents.get", "GET", path, document))


def transport(status: int, body: bytes) -> httpx2.Client:
    """A client whose server is a function."""
    answer = httpx2.MockTransport(lambda _request: httpx2.Response(status, content=body))
    return httpx2.Client(base_url="http://test", transport=answer)


def ratio(ours: Callable[[], object], bare: Callable[[], object]) -> float:
    """The CPU time of *ours* over that of *bare*."""
    spent: dict[Callable[[], object], list[float]] = {ours: [], bare: []}
    for _ in range(ROUNDS):
        for side, times in spent.items():
            started = time.process_time()
            for _ in range(CALLS):
                side()
            times.append(time.process_time() - started)
    return statistics.median(spent[ours]) / statistics.median(spent[bare])


def caught(call: Callable[[], object], error: type[Exception]) -> Callable[[], object]:
    """*call*, whose *error* is expected."""

    def attempt() -> object:
        try:
            return call()
        except error as expected:
            return expected

    return attempt


def imports(*modules: str) -> list[float]:
    """Seconds that a fresh interpreter takes to import each of *modules*, in turns."""
    code = "import sys, time; t = time.perf_counter(); __import__(sys.argv[1]); print(time.perf_counter() - t)"
    taken: dict[str, list[float]] = {module: [] for module in modules}
    for _ in range(ROUNDS):
        for module, times in taken.items():
            done = subprocess.run([sys.executable, "-c", code, module], capture_output=True, check=True)
            times.append(float(done.stdout))
    return [statistics.median(times) for times in taken.values()]


def main() -> None:
    """Print each figure beside its goals."""
    good, refusing = transport(200, PAGE), transport(422, REFUSED)
    typed = pictograph.Client("pk_live_x", base_url="http://test", http_client=good)
    plain = Documents(Core(CATALOGUE, base_url="http://test", http_client=good))
    failing = pictograph.Client("pk_live_x", base_url="http://test", http_client=refusing)
    path = "/api/v1/developer/training/run_1"

    def bare() -> object:
        return good.get(path).json()

    def bare_refused() -> object:
        response = refusing.get(path)
        raise ValueError(response.json()["detail"])

    exceptions, client, httpx = imports("pictograph.exceptions", "pictograph.client", "httpx2")
    figures = [
        ("P1 GET to parsed JSON", ratio(lambda: plain.get(path), bare), 1.00, 0.80),
        ("P1 GET to a typed model", ratio(lambda: typed.training.get("run_1"), bare), 1.25, 1.05),
        (
            "P2 whole failing call",
            ratio(
                caught(lambda: failing.training.get("run_1"), pictograph.ValidationError),
                caught(bare_refused, ValueError),
            ),
            1.10,
            0.90,
        ),
        ("P4 import of the exceptions", exceptions / httpx, 0.20, 0.10),
        ("P4 import of the client", client / httpx, 1.15, 1.08),
    ]
    print(f"{'':30} {'ratio':>6} {'ship':>6} {'stretch':>8}")
    for name, figure, ship, stretch in figures:
        verdict = "stretch" if figure <= stretch else "ship" if figure <= ship else "falls short"
        print(f"{name:30} {figure:6.2f} {ship:6.2f} {stretch:8.2f}  {verdict}")


if __name__ == "__main__":
    main()
