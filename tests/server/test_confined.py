"""Calls in processes of their own, and what they cost when they never end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from failwell.server import ConfinedError, confined

pytestmark = pytest.mark.slow

FUNCTIONS = """
import os, time

def told(*args):
    print("for the log")
    return [os.getpid() != os.getppid(), *args]

def computes():
    while True:
        pass

def sleeps():
    time.sleep(60)

def takes():
    held = bytearray(2**31)
    return len(held)

def raises():
    raise ValueError("no")

def dies():
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that another process can import."""
    (tmp_path / "functions_of_a_test.py").write_text(FUNCTIONS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))


def call(name: str, *args: Any) -> Any:
    """Call a function of the test."""
    return confined(f"functions_of_a_test:{name}", *args, seconds=0.5, memory=2**28)


def test_result() -> None:
    """
    A function is given JSON and returns JSON; what it prints is not taken for its result.
    """
    assert [True, "ä", {"a": [1, None]}] == call("told", "ä", {"a": [1, None]})


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("computes", "it computed for more than 0.5 s"),
        ("sleeps", "it lasted more than 5 s"),
        ("takes", "it took more than 256 MiB of memory"),
        ("raises", "its process ended with 1"),
        ("dies", "its process ended with -9"),
    ],
)
def test_limits(name: str, limit: str) -> None:
    """
    A function that takes too much, raises or dies is an error of the call, and of nothing else.
    """
    with pytest.raises(ConfinedError) as caught:
        call(name)

    assert (f"functions_of_a_test:{name}", limit) == (caught.value.function, caught.value.limit)
