"""The tests and the tools work wherever a clone lies, whatever its folder is called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracked import ROOT, tracked

NAMES = ["failwell", "errata", "with a blank and ü"]

KNOW_WHERE = """
import sys, pytest
files = ["tests/client/test_frames.py", "tests/client/test_streamed.py"]
rows = "blocking and (402-read or no_secret) or three_frames and trio"
code = pytest.main(["-q", "-p", "no:cacheprovider", *files, "-k", rows])
print(sys.modules["failwell"].__file__, sys.modules["pictograph"].__file__, sep="\\n", flush=True)
sys.exit(code)
"""
"""Runs tests that look at the names of files, then says where the packages are."""


@pytest.fixture(params=NAMES)
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A copy of the repository in a folder of each name."""
    folder = tmp_path / str(request.param)
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    yield folder
    # pytest keeps the folders of several runs.
    shutil.rmtree(folder)


def run_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What came of *command* in a copy, which comes before what is installed."""
    packages = ("src", "sdks/pictograph", "sdks/scopix", "sdks/subconscious", "sdks/vectorshift")
    own = {"PYTHONPATH": os.pathsep.join(str(folder / package) for package in packages), "PYTHONDONTWRITEBYTECODE": "1"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        command, cwd=folder, env={**env, **own}, capture_output=True, encoding="utf-8", timeout=300, check=False
    )


def test_anywhere(copy: Path) -> None:
    """
    Tests that know where files are pass in a folder of any name, and make lists its targets.
    """
    ran = run_in(copy, sys.executable, "-c", KNOW_WHERE)
    listed = run_in(copy, "make", "help")

    packages = [copy / "src/failwell/__init__.py", copy / "sdks/pictograph/pictograph/__init__.py"]
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert packages == [Path(line) for line in ran.stdout.splitlines()[-2:]]
    assert (0, True) == (listed.returncode, "make test " in listed.stdout)
