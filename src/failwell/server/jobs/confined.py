"""Confined calls: a function in a process of its own, under limits of time and memory, that can be killed.

What comes from outside may take more than a machine has. Here it costs its job the result, and nobody else anything.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from failwell._support.exception_fields import ExceptionFields

PATIENCE = 10.0
"""How many times its seconds a call may last that does not compute: on a busy machine, or on a disk that is slow."""

_OUT_OF_MEMORY = 77


class ConfinedError(ExceptionFields, Exception):
    """The call of *function* ended without a result: it took more than *limit*, or its process died."""

    function: str
    limit: str
    template = "{function} did not come to an end: {limit}."


def confined(function: str, *args: Any, seconds: float, memory: int) -> Any:
    """What the *function*, named "module:name", returns for *args*; JSON, both of them.

    It may compute for *seconds*, and take *memory* bytes more than its process has when it begins.

    Raises:
        ConfinedError: it takes more than that, raises, or ends its process.
    """
    command = [sys.executable, "-m", __name__, function, str(seconds), str(memory)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=json.dumps(args).encode(), stdout=subprocess.PIPE, timeout=PATIENCE * seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise ConfinedError(function, f"it lasted more than {PATIENCE * seconds:g} s") from None
    if done.returncode == -signal.SIGXCPU:
        raise ConfinedError(function, f"it computed for more than {seconds:g} s")
    if done.returncode == _OUT_OF_MEMORY:
        raise ConfinedError(function, f"it took more than {memory / 2**20:g} MiB of memory")
    if done.returncode:
        raise ConfinedError(function, f"its process ended with {done.returncode}")
    return json.loads(done.stdout)


def limit_memory(most: int) -> None:
    """Let this process take at most *most* bytes more than it has, where the system knows such a limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # What was mapped for libraries counts as well, so the limit is above what there is.
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + most
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def limit_seconds(most: float) -> None:
    """Let this process compute for about *most* seconds more; then the system ends it, in whatever it is."""
    with contextlib.suppress(ImportError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + most), hard))


def main() -> None:
    """Call the function, and write what it returns."""
    # What the function prints is for the log: the pipe is for its result.
    result = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    spec, seconds, memory = sys.argv[1:]
    function, args = pkgutil.resolve_name(spec), json.load(sys.stdin)
    limit_memory(int(memory))
    limit_seconds(float(seconds))
    try:
        said = json.dumps(function(*args))
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    result.write(said)
    result.close()


if __name__ == "__main__":
    main()
