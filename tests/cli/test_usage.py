from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import failwell as failwell_itself

from .command import FAILWELL, environment, failwell, run, with_vendors


@pytest.mark.parametrize("arguments", [(), ("--help",)], ids=["nothing", "help"])
def test_help(arguments: tuple[str, ...]) -> None:
    """
    Without arguments, or with --help, it lists its commands.
    """
    ran = failwell(*arguments)

    assert ("" if arguments else ran.err, ran.out) == (ran.err, ran.out)
    for command in ("check", "sandbox", "vendors"):
        assert f"\n  {command} " in ran.out + ran.err
    assert (0 if arguments else 2) == ran.code


def test_version() -> None:
    """
    With --version it says which version of the distribution this is, and nothing else.
    """
    ran = failwell("--version")

    assert (0, f"failwell {failwell_itself.__version__}\n", "") == (ran.code, ran.out, ran.err)
    assert version("failwell") == failwell_itself.__version__


def test_as_a_module() -> None:
    """
    `python -m failwell` is the command, for whoever has several Pythons, and calls itself by the same name.
    """
    ran, said = run(sys.executable, "-m", "failwell", "--help"), failwell("--help")

    assert said == ran
    assert "Usage: failwell [OPTIONS]" in ran.out


@pytest.mark.parametrize("program", ["failwell", "pictograph"])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(program: str, shell: str) -> None:
    """
    The commands complete in a shell, with a script that they print themselves.
    """
    env = environment(**{f"_{program.upper()}_COMPLETE": f"source_{shell}"})
    ran = run(str(Path(sys.executable).with_name(program)), env=env)

    assert (0, "", True) == (ran.code, ran.err, f"_{program.upper()}_COMPLETE=complete_{shell}" in ran.out)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("failwell ex", ["explain"]),
        ("failwell im", []),
        ("failwell in", ["init"]),
        ("failwell init openapi.yaml --client http", ["httpx", "httpx2"]),
        ("failwell check ", ["pictograph", "scopix", "subconscious", "vectorshift"]),
        ("failwell check pic", ["pictograph"]),
        ("failwell sandbox su", ["subconscious"]),
        ("failwell check nobody", []),
    ],
)
def test_completed(typed: str, completed: list[str]) -> None:
    """
    A shell that asks is told the commands, and the vendors that are installed.
    """
    asked = {"_FAILWELL_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    ran = run(FAILWELL, env=environment(**asked))

    assert (0, completed) == (ran.code, ran.out.split())


def test_completed_without_a_sandbox() -> None:
    """
    Where the extra of the sandbox is not installed, a shell that asks for vendors is told none, and no traceback.
    """
    without = (
        "import sys; sys.modules['uvicorn'] = None; sys.argv = ['failwell']; import failwell.__main__ as m; m.main()"
    )
    asked = {"_FAILWELL_COMPLETE": "complete_bash", "COMP_WORDS": "failwell check pic", "COMP_CWORD": "2"}
    ran = run(sys.executable, "-c", without, env=environment(**asked))

    assert (0, "", "") == (ran.code, ran.out.strip(), ran.err)


@pytest.mark.parametrize("command", ["check", "sandbox", "vendors"])
def test_help_of_a_command(command: str) -> None:
    """
    Every command says what it does, and which options it takes.
    """
    ran = failwell(command, "--help")

    assert (0, "", True) == (ran.code, ran.err, f"Usage: failwell {command} [OPTIONS]" in ran.out)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nope"], "No such command 'nope'."),
        (["check"], "Missing argument 'VENDOR'."),
        (["sandbox", "pictograph", "--port", "x"], "Invalid value for '--port'"),
        (["check", "pictograph", "scopix"], "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage(arguments: list[str], problem: str) -> None:
    """
    A command line that makes no sense is exit code 2 and a sentence, on stderr.
    """
    ran = failwell(*arguments)

    assert (2, "", True) == (ran.code, ran.out, problem in ran.err)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["check", "sandbox"])
def test_unknown_vendor(command: str) -> None:
    """
    An unknown vendor is exit code 2 and a sentence that names those that are installed.
    """
    ran = failwell(command, "nope")

    message = (
        "failwell: No vendor is called 'nope'. Installed: pictograph, scopix, subconscious, vectorshift. "
        "Install another with: pip install failwell-NAME\n"
    )
    assert (2, "", message) == (ran.code, ran.out, ran.err)


def test_vendors(tmp_path: Path) -> None:
    """
    The vendors that are installed are listed, one a line.
    """
    env = with_vendors(tmp_path, {"another": "tests.conformance.broken.vendors:INTACT"})

    assert "pictograph\nscopix\nsubconscious\nvectorshift\n" == failwell("vendors").out
    assert "another\npictograph\nscopix\nsubconscious\nvectorshift\n" == failwell("vendors", env=env).out


@pytest.mark.parametrize(
    ("command", "missing", "who", "extra"),
    [
        ("check", "typer", "The failwell command", "cli"),
        ("--help", "rich", "The failwell command", "cli"),
        ("check", "uvicorn", "failwell: failwell check", "sandbox"),
        ("sandbox", "trustme", "failwell: failwell sandbox", "sandbox"),
        ("vendors", "starlette", "failwell: failwell vendors", "sandbox"),
    ],
)
def test_missing_extra(tmp_path: Path, command: str, missing: str, who: str, extra: str) -> None:
    """
    Without its extras the command is a sentence that tells how to install them, not a traceback.
    """
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")

    arguments = ("pictograph",) if command in ("check", "sandbox") else ()
    ran = failwell(command, *arguments, env=environment(PYTHONPATH=str(tmp_path)))

    message = f'{who} needs {missing}, which is not installed. Install it with: pip install "failwell[{extra}]"\n'
    assert (2, "", message) == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize("missing", ["numpy", "PIL", "fastapi", "limits"])
def test_missing_extra_of_a_vendor(tmp_path: Path, missing: str) -> None:
    """
    A vendor whose server needs what is not installed says what, and how to get it.
    """
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")

    ran = failwell("sandbox", "pictograph", "--port", "0", env=environment(PYTHONPATH=str(tmp_path)))

    message = (
        f"failwell: The sandbox of 'pictograph' needs {missing}, which is not installed. "
        'Install it with: pip install "failwell-pictograph[server]"\n'
    )
    assert (2, "", message) == (ran.code, ran.out, ran.err)


TWO_CLAIMS = '''\
import failwell
from failwell.wire import ErrorObject


class ShopError(failwell.Error):
    """Base."""


class SoldError(ShopError, status=409):
    """One."""


class LostError(ShopError, status=409):
    """Two."""


errors = (SoldError, LostError)
SHOP = failwell.Catalogue("shop", base=ShopError, default=ShopError, errors=errors, envelope=ErrorObject())
'''


def test_two_claims(tmp_path: Path) -> None:
    """
    Two claims for one case are an error when the module is loaded, which names both classes and both lines.
    """
    module = tmp_path / "shop.py"
    module.write_text(TWO_CLAIMS)

    ran = run(sys.executable, str(module))

    assert 1 == ran.code
    message = ran.err.splitlines()[-1]
    assert f"SoldError ({module}:9)" in message
    assert f"LostError ({module}:13)" in message
    assert "Two classes of 'shop' claim" in message


def test_vendor_with_two_claims(tmp_path: Path) -> None:
    """
    For a user of the command, a vendor with two claims for one case is the same sentence without a traceback.
    """
    (tmp_path / "shop.py").write_text(TWO_CLAIMS)

    ran = failwell("check", "shop", env=with_vendors(tmp_path, {"shop": "shop:VENDOR"}))

    assert (2, "") == (ran.code, ran.out)
    assert "failwell: Two classes of 'shop' claim" in ran.err
    assert ["shop.py:9", "shop.py:13"] == [place for place in ("shop.py:9", "shop.py:13") if place in ran.err]
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["vendors"], ["check", "pictograph", "-k", "re_issue"], ["check", "pictograph", "-k", "re_issue", "-q"]],
    ids=" ".join,
)
def test_nobody_reads(arguments: list[str]) -> None:
    """
    Whoever stops reading, as `head` does, ends the command without a word, and not as if a row had fallen short.
    """
    reader, writer = os.pipe()
    os.close(reader)

    ran = failwell(*arguments, stdout=writer)
    os.close(writer)

    assert (141, "") == (ran.code, ran.err)


def test_closed_stdout() -> None:
    """
    A command that was started without stdout does its work.
    """
    ran = run("sh", "-c", 'exec "$0" vendors >&-', FAILWELL)

    assert (0, "") == (ran.code, ran.err)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")  # noqa: PTH110
def test_full_disk() -> None:
    """
    A disk that is full is a sentence.
    """
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ran = failwell("vendors", stdout=full.fileno())

    assert (2, "failwell: No space left on device. Nothing was written.\n") == (ran.code, ran.err)
