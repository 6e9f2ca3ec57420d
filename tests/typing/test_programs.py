from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT, ROOT / "src", *sorted((ROOT / "sdks").iterdir())]
# The programs are kept as text: they are wrong on purpose, and no check of the repository should stumble over them.
PROGRAMS = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("programs/*.txt"))
}

Findings = Mapping[str, Mapping[int, list[str]]]


def run(*command: str, **environment: str) -> str:
    """What a checker prints. That it finds errors is no failure of its own."""
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def judged_by_mypy(folder: Path) -> Findings:
    """The errors that mypy --strict finds, by program and line."""
    printed = run(
        "mypy",
        "--strict",
        "--config-file=",
        "--python-version=3.11",
        "--follow-imports=silent",
        "--namespace-packages",
        "--explicit-package-bases",
        f"--cache-dir={folder / 'cache'}",
        "--no-error-summary",
        "--hide-error-context",
        *(str(path) for path in sorted(folder.glob("*.py"))),
        MYPYPATH=os.pathsep.join(map(str, SOURCES)),
    )
    found: dict[str, dict[int, list[str]]] = {}
    for name, line, text in re.findall(r"^.*?(\w+)\.py:(\d+): error: (.*)$", printed, re.MULTILINE):
        found.setdefault(name, {}).setdefault(int(line), []).append(text)
    return found


def judged_by_pyright(folder: Path) -> Findings:
    """The errors that pyright finds in strict mode, by program and line."""
    settings = {
        "include": ["."],
        "extraPaths": [str(source) for source in SOURCES],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnusedExpression": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    printed: dict[str, Any] = json.loads(run("pyright", "--outputjson", "--project", str(folder)))
    found: dict[str, dict[int, list[str]]] = {}
    for entry in printed["generalDiagnostics"]:
        line = entry["range"]["start"]["line"] + 1
        found.setdefault(Path(entry["file"]).stem, {}).setdefault(line, []).append(entry["message"])
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs as Python files, where nothing else is."""
    folder = tmp_path_factory.mktemp("programs")
    for name, text in PROGRAMS.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("judged", [judged_by_mypy, judged_by_pyright], ids=["mypy", "pyright"])
def test_wrong_uses(judged: Any, folder: Path) -> None:
    """
    C1. Both mypy --strict and pyright find the lines marked wrong, and no other.
    """
    marked = {
        name: {number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# wrong")}
        for name, text in PROGRAMS.items()
    }
    found: Findings = judged(folder)
    overlooked = [(name, line) for name in marked for line in sorted(marked[name] - found.get(name, {}).keys())]
    besides = [(name, line, found[name][line]) for name in found for line in sorted(found[name].keys() - marked[name])]

    assert ([], []) == (overlooked, besides)


@pytest.mark.parametrize("name", PROGRAMS)
def test_right_uses_run(name: str, tmp_path: Path) -> None:
    """
    What the checkers find right is right when it runs.
    """
    right = [line for line in PROGRAMS[name].splitlines() if not line.endswith("# wrong")]
    (tmp_path / "right.py").write_text("\n".join(right), encoding="utf-8")

    assert "annotations" in runpy.run_path(str(tmp_path / "right.py"), run_name="right")
