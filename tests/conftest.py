"""For every test: how hard Hypothesis tries, which event loops run, what Ctrl-C does, where helpers come from."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `from tests.spec import page` works however pytest was started, also in the processes that tests spawn.
ROOT = str(Path(__file__).parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

# A shell that runs tests in the background has its children ignore Ctrl-C, and theirs: no command would end at one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# `pytest --hypothesis-profile=thorough` looks for a few minutes; "ci" tries the same examples every time.
SLOW_MACHINES = [HealthCheck.too_slow]
settings.register_profile("dev", deadline=None, max_examples=30, suppress_health_check=SLOW_MACHINES)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run a test marked `anyio` on each event loop."""
    return str(request.param)
