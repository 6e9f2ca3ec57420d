"""What an import costs beside `import httpx2`: P4. Each in a fresh interpreter, in turns."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Spread, ratios, spread

# What the interpreter itself did is in neither number: its start is over when the first line runs.
PROGRAM = """
import sys, time

def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

before = memory() if sys.platform == "linux" else None
started = time.process_time()
exec(sys.argv[1])
seconds = time.process_time() - started
after = memory() if before is not None else None
grown = None if before is None else after - before
import json
print(json.dumps([seconds, grown, [name for name in sys.argv[2:] if name in sys.modules]]))
"""


@dataclass(frozen=True)
class Imported:
    """What one statement cost: CPU seconds, KiB of resident memory (None where nobody tells), both in rounds."""

    seconds: list[float]
    memory: list[int | None]
    loaded: frozenset[str]

    def over(self, bare: Imported) -> Spread:
        """Its CPU time in units of that of *bare*."""
        return ratios(self.seconds, bare.seconds)

    def more_than(self, bare: Imported) -> Spread | None:
        """How many MiB it takes more than *bare*."""
        pairs = [
            (mine - other) / 1024
            for mine, other in zip(self.memory, bare.memory, strict=True)
            if mine is not None and other is not None
        ]
        return spread(pairs) if pairs else None


def measure(
    python: Path, statements: dict[str, str], *, rounds: int, watch: tuple[str, ...] = ()
) -> dict[str, Imported]:
    """What each of *statements* costs the interpreter *python*; which modules of *watch* it loads."""
    # Installed packages have their bytecode beside them: it is written here too, whatever the environment says.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seen: dict[str, list[Any]] = {name: [] for name in statements}
    for round_ in range(rounds + 1):
        for name, statement in statements.items():
            command = [str(python), "-P", "-c", PROGRAM, statement, *watch]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            if round_:  # the first writes the bytecode, and warms the caches of the system
                seen[name].append(json.loads(done.stdout))
    return {
        name: Imported([row[0] for row in rows], [row[1] for row in rows], frozenset(rows[0][2]))
        for name, rows in seen.items()
    }
