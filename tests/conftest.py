"""For every test: how hard Hypothesis tries, which event loops run, what Ctrl-C does, where helpers come from."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `from tests.spec import page` works however pytest was started, also in the processes that tests spawn.
ROOT = str(Path(__file__).parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

# Hundreds of stores and folders are made on disk, and each waits for it to have written: in memory none of them waits.
# What is promised about a power cut is what SQLite is told, and that is tested as such.
IN_MEMORY, ENOUGH = Path("/dev/shm"), 4 * 1024**3
if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ENOUGH:
    os.environ["TMPDIR"] = str(IN_MEMORY)
    tempfile.tempdir = None  # which has looked already

# A shell that runs tests in the background has its children ignore Ctrl-C, and theirs: no command would end at one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from tests.dice import SEED, VARIABLE  # noqa: E402 - it is found from now on

pytest_plugins = ["tests.postgres"]

# `pytest --hypothesis-profile=thorough` looks for a few minutes.
SLOW_MACHINES = [HealthCheck.too_slow]
settings.register_profile("daily", deadline=None, max_examples=30, suppress_health_check=SLOW_MACHINES, print_blob=True)
settings.register_profile("thorough", settings.get_profile("daily"), max_examples=2000)
settings.load_profile("daily")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let Hypothesis try other examples each day, and the same ones all day."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SEED)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of garbage from what lasts as long as the tests do: modules, classes, 18,000 items.

    It would walk through all of them again and again, for a tenth of the time that everything takes.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where something failed, say what the dice of its random tests can be thrown with again."""
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"{VARIABLE}={SEED} throws the same dice in all random tests.")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run a test marked `anyio` on each event loop."""
    return str(request.param)
