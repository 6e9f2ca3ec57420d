"""Which Pythons of a machine the tests run on, and where each has its environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def python(path: Path, version: str) -> Path:
    """A Python that has *version*, as far as anybody asks it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = ", ".join(version.split("."))
    path.write_text(
        # A path with a blank in it cannot stand in the first line. What the shell runs is a string to Python.
        "#!/bin/sh\n"
        f'\'\'\'exec\' "{sys.executable}" "$0" "$@"\n'
        "' '''\n"
        "import sys\n"
        "from types import SimpleNamespace\n"
        "class Version(tuple): major, minor, micro, releaselevel = None, None, None, 'final'\n"
        f"version = Version(({numbers}))\n"
        f"version.major, version.minor, version.micro = {numbers}\n"
        f"sys.version_info, sys.executable = version, {str(path)!r}\n"
        "sys.argv = sys.argv[2:]\n"
        "code = sys.argv[0]\n"
        "exec(code)\n"
    )
    path.chmod(0o755)
    return path


def run(tool: str, *arguments: str | Path, here: Path) -> list[str]:
    """The lines that *tool* prints in the folder *here*, which is also the home of who runs it."""
    environment = {"PATH": f"{here / 'bin'}:/usr/bin:/bin", "HOME": str(here)}
    return subprocess.run(
        [TOOLS / tool, *arguments], cwd=here, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_each_version_once(tmp_path: Path) -> None:
    """
    The newest patch release of each version that Failwell runs on is tested, the oldest version first.
    """
    python(tmp_path / "bin" / "python3", "3.12.99")
    python(tmp_path / "bin" / "python3.13", "3.13.99")
    (tmp_path / "bin" / "python3.14").symlink_to("nowhere")
    versions = tmp_path / ".pyenv" / "versions"
    for version in ("3.10.1", "3.12.100", "3.12.98", "3.15.0"):
        python(versions / version / "bin" / "python", version)
    python(tmp_path / ".local/share/uv/python/cpython-3.14.99-linux/bin/python3", "3.14.99")

    found = run("find-pythons", here=tmp_path)

    ours = [line for line in found if line.startswith(str(tmp_path))]
    assert [
        str(versions / "3.12.100/bin/python"),
        str(tmp_path / "bin/python3.13"),
        str(tmp_path / ".local/share/uv/python/cpython-3.14.99-linux/bin/python3"),
    ] == ours


@pytest.mark.parametrize(
    ("there", "wanted", "folder"),
    [
        (None, "3.13.0", ".venv"),
        ("3.13.4", "3.13.0", ".venv"),
        ("3.11.7", "3.13.0", ".venv-3.13"),
        ("3.13.0", "3.11.7", ".venv-3.11"),
        ("3.11.7", None, ".venv-missing"),
    ],
)
def test_environments(tmp_path: Path, there: str | None, wanted: str | None, folder: str) -> None:
    """
    An environment with another version of Python in it is left as it is.
    """
    if there is not None:
        python(tmp_path / ".venv" / "bin" / "python", there)
    asked = tmp_path / "python"
    if wanted is not None:
        python(asked, wanted)

    assert [folder] == run("name-venv", asked, here=tmp_path)


def test_first_that_runs(tmp_path: Path) -> None:
    """
    Of several names the first that can be run decides.
    """
    python(tmp_path / ".venv" / "bin" / "python", "3.11.7")

    assert [".venv-3.12"] == run("name-venv", "no-python", python(tmp_path / "b", "3.12.1"), here=tmp_path)
