"""The page that builds an SDK, followed word for word in an empty folder."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "build-an-sdk.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(re.findall(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))
COMMANDS: list[str] = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
INSTALLING = ("python3 -m venv", ".venv/bin/pip")
PATIENCE = 300
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK as the page builds it, but for what pip does: it is found as if it was installed."""
    folder = tmp_path_factory.mktemp("parcel")
    for command in COMMANDS[:2]:
        ran(command, folder)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    about = folder / "installed" / "parcel-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: parcel\nVersion: 0.1.0\n")
    points = re.findall(r'\[project\.entry-points\."(.*?)"\]\n(\w+) = "(.*?)"', FILES["pyproject.toml"])
    (about / "entry_points.txt").write_text("\n".join(f"[{group}]\n{name} = {where}" for group, name, where in points))
    ran(snapshot(), folder)
    return folder


def ran(command: str, folder: Path) -> str:
    """What *command* of the page prints in *folder*; it has to exit with 0."""
    done = subprocess.run(  # noqa: S602 - our own page
        command.replace(".venv/bin/", f"{shlex.quote(str(BIN))}/"),
        shell=True,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def environment(folder: Path) -> Mapping[str, str]:
    """That of a user who has installed the SDK in *folder*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "PARCEL"))}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "installed")]), "PYTHONUTF8": "1"}


def snapshot() -> str:
    """The command that keeps the contract."""
    return next(command for command in COMMANDS if "failwell snapshot" in command)


def test_every_command_is_known() -> None:
    """
    The page has two commands for folders, those that install, the snapshot, and the three that try the SDK.
    """
    others = [command for command in COMMANDS if not command.startswith(INSTALLING)]

    assert ["mkdir", "touch"] == [command.split()[0] for command in others[:2]]
    assert [snapshot()] == others[2:3]
    assert ["pytest", "mypy", "failwell"] == [Path(command.split()[0]).name for command in others[3:]]


def test_every_file_has_a_name() -> None:
    """
    Above each block that is no command stands the file that it goes into.
    """
    assert len(re.findall(r"^```(?:python|toml)$", PAGE, re.MULTILINE)) == len(FILES)


def test_pytest(folder: Path) -> None:
    """
    The tests of the page pass, with the fixtures that Failwell brings.
    """
    assert re.search(r"^=+ 7 passed in", ran(COMMANDS[-3], folder), re.MULTILINE)


def test_mypy(folder: Path) -> None:
    """
    The SDK, its server and its tests have no error under mypy --strict.
    """
    assert ran(COMMANDS[-2], folder).startswith("Success: no issues found in 8 source files")


def test_check(folder: Path) -> None:
    """
    `failwell check` holds every sentence and every case of it.
    """
    found = re.search(r"^(\d+) of (\d+) rows held", ran(COMMANDS[-1], folder), re.MULTILINE)

    assert found is not None
    assert ("17", "17") == found.groups()


def names_of(text: str) -> set[str]:
    """What the Python code in *text* takes from Failwell: each name that is imported, or looked up on the package."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "failwell":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "failwell":
            names.add(node.attr)
    return names


@pytest.mark.parametrize(
    ("files", "most"),
    [(["parcel/errors.py", "parcel/client.py"], 15), ([name for name in FILES if name.endswith(".py")], 30)],
    ids=["before the first call", "on the whole page"],
)
def test_how_many_names_one_has_to_learn(files: list[str], most: int) -> None:
    """
    With at most 15 names of Failwell the first call works, and the whole page needs at most 30.
    """
    names = set[str]().union(*(names_of(FILES[name]) for name in files))

    assert {"StandardError", "Catalogue", "ApiKeyClient"} <= names
    assert most >= len(names), sorted(names)
