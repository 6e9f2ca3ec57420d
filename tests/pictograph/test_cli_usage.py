"""The help of `pictograph`, and what it loads."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.command import PICTOGRAPH, environment, run

GROUPS = ("datasets", "images", "annotations", "exports", "training", "models", "batches", "imports")

LOADED = """
import sys
from pictograph.cli import run
try:
    run()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [(), ("--help",)], ids=["nothing", "help"])
def test_help(arguments: tuple[str, ...]) -> None:
    """
    Without arguments, or with --help, it lists its groups of commands; it needs no key for that.
    """
    ran = run(PICTOGRAPH, *arguments)

    listed = [line.split()[0] for line in (ran.out + ran.err).partition("Commands:\n")[2].splitlines()]
    assert (0 if arguments else 2, list(GROUPS)) == (ran.code, listed)


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_a_group(group: str) -> None:
    """
    Every group lists its commands, and what each does.
    """
    ran = run(PICTOGRAPH, group, "--help")

    commands = ran.out.partition("Commands:\n")[2].splitlines()
    assert (0, "") == (ran.code, ran.err)
    assert {"get", "list", "wait"} >= {line.split()[0] for line in commands} >= {"get"}
    assert all(len(line.split()) > 2 for line in commands)


@pytest.mark.parametrize(
    ("arguments", "light"),
    [
        (["--help"], {"anyio", "httpcore2", "httpx2", "pydantic", "rich"}),
        # typer itself reads arguments with pydantic.
        (["datasets", "list", "--help"], {"anyio", "httpcore2", "httpx2", "rich"}),
        (["datasets", "get"], {"anyio", "httpcore2", "httpx2", "rich"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_is_light(arguments: list[str], light: set[str]) -> None:
    """
    Help, and a command line that makes no sense, load neither the client nor what draws tables.
    """
    ran = run(sys.executable, "-c", LOADED, *arguments)

    loaded = set(ran.err.splitlines()[-1].split())
    assert ({"pictograph", "typer"}, set()) == (loaded & {"pictograph", "typer"}, loaded & light)


@pytest.mark.parametrize(
    ("missing", "named"), [(["typer"], "typer"), (["rich"], "rich"), (["typer", "rich"], "typer and rich")]
)
def test_missing_extra(tmp_path: Path, missing: list[str], named: str) -> None:
    """
    Without its extra the command is a sentence that tells how to install it, not a traceback.
    """
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nfor name in {missing}: sys.modules[name] = None\n")

    ran = run(PICTOGRAPH, "--help", env=environment(PYTHONPATH=str(tmp_path)))

    message = f'The pictograph command needs {named}. Install it with: pip install "failwell-pictograph[cli]"\n'
    assert (2, "", message) == (ran.code, ran.out, ran.err)


def test_closed_streams() -> None:
    """
    A command that was started without stdout or stderr ends as it would with them.
    """
    without_key = environment(PICTOGRAPH_API_KEY="")

    helped = run("sh", "-c", 'exec "$0" --help >&-', PICTOGRAPH)
    failed = run("sh", "-c", 'exec "$0" datasets list 2>&-', PICTOGRAPH, env=without_key)

    assert [(0, ""), (2, "")] == [(helped.code, helped.err), (failed.code, failed.out)]
