from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import failwell
import pictograph

PROGRAM = Path(__file__).with_name("program.txt").read_text()
ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (failwell, pictograph)]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program, which our own `make lint` must not see."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def wrong_lines() -> list[int]:
    """The lines that say that they are wrong."""
    return [number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")]


def run(*command: str, folder: Path) -> str:
    """What a type checker tells of the program in *folder*."""
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(ROOTS), "PYTHONPATH": ""}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    ).stdout


def test_mypy(program: Path) -> None:
    """
    With --strict, mypy flags every wrong line of a caller's program, in both colours, and no other.
    """
    told = run("mypy", "--strict", "--follow-imports=silent", "--config-file=", "program.py", folder=program.parent)

    assert wrong_lines() == sorted(
        {int(line) for line in re.findall(r"^program\.py:(\d+): error", told, re.MULTILINE)}
    ), told


def test_pyright(program: Path) -> None:
    """
    So does pyright: it flags every wrong line of a caller's program, in both colours, and no other.
    """
    (program.parent / "pyrightconfig.json").write_text(json.dumps({"extraPaths": ROOTS, "include": ["program.py"]}))
    told = run("pyright", "--outputjson", "--pythonpath", sys.executable, folder=program.parent)
    found = json.loads(told)["generalDiagnostics"]

    assert wrong_lines() == sorted(
        {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}
    ), told


def test_the_program_is_not_trivial() -> None:
    """
    The program has wrong lines in both colours, and more right ones than wrong ones.
    """
    assert 20 <= len(wrong_lines()) <= len(PROGRAM.splitlines()) / 2
