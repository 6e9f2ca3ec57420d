"""The commands `failwell` and `pictograph`, started the way a user starts them."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .warm import COMMANDS, Forked, warm

ROOT = Path(__file__).parents[2]
FAILWELL = str(Path(sys.executable).with_name("failwell"))
PICTOGRAPH = str(Path(sys.executable).with_name("pictograph"))
SCOPIX = str(Path(sys.executable).with_name("scopix"))
PATIENCE = 300.0

NOT_A_USERS = (
    "PYTEST",
    "PICTOGRAPH_",
    "SCOPIX_",
    "PYTHON",
    "COV_",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "TERM",
    "TMPDIR",
)
"""How the names of variables begin that are not handed on: pytest's, and those that change what is printed."""


POOR_LOCALE = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"} | (
    {"PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"} if str(ROOT).isascii() else {}
)
"""Where "ü" cannot be written. In a folder with "ü" in its name Python itself would not start in such a locale."""

FOR_INTERPRETERS = ("PYTHON", "LC_", "LANG")
"""How the names of variables begin that an interpreter reads when it starts."""


Running: TypeAlias = subprocess.Popen[str] | Forked
"""A command that has been started."""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """The variables of a user's shell, and *variables*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_A_USERS)}
    return {**kept, "PYTHONUTF8": "1", **variables}


def run(*command: str, env: Mapping[str, str] | None = None, **options: int) -> Ran:
    """Run *command* to its end: in a fork of a process that has loaded it, unless *env* is for an interpreter."""
    env = environment() if env is None else env
    if _can_be_forked(command[0], env):
        return _forked(command, env, options.get("stdout"))
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=options.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        env=env,
        timeout=PATIENCE,
        encoding="utf-8",
        check=False,
    )
    return Ran(done.returncode, done.stdout or "", done.stderr)


def _can_be_forked(program: str, env: Mapping[str, str]) -> bool:
    """Whether a fork of a process that has loaded *program* is as good: nothing of *env* is for an interpreter."""
    ordinary = {**environment(), "PYTHONPATH": env.get("PYTHONPATH", "")}
    theirs = {name: value for name, value in env.items() if name.startswith(FOR_INTERPRETERS)}
    customized = any(Path(folder, "sitecustomize.py").exists() for folder in ordinary["PYTHONPATH"].split(os.pathsep))
    return Path(program).name in COMMANDS and theirs.items() <= ordinary.items() and not customized


def _forked(command: Sequence[str], env: Mapping[str, str], stdout: int | None) -> Ran:
    """Run *command* to its end, warm."""
    with _started(command, env, stdout) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return Ran(process.wait(), out, err)


@contextmanager
def _started(
    command: Sequence[str], env: Mapping[str, str], stdout: int | None = None, *, session: bool = False
) -> Generator[Forked]:
    """*command* while it runs warm, perhaps in a *session* of its own; it writes into pipes, or to *stdout*."""
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    with os.fdopen(out, encoding="utf-8") as read_out, os.fdopen(err, encoding="utf-8") as read_err:
        with Path(os.devnull).open() as nothing:
            streams = nothing.fileno(), to_out if stdout is None else stdout, to_err
            told = warm().start(command, env, streams, session=session)
        os.close(to_out)
        os.close(to_err)
        yield Forked(told, read_out, read_err)


def failwell(*arguments: str, env: Mapping[str, str] | None = None, **options: int) -> Ran:
    """Run `failwell` with *arguments* to its end."""
    return run(FAILWELL, *arguments, env=env, **options)


@contextmanager
def running(
    *arguments: str, env: Mapping[str, str] | None = None, program: str = FAILWELL, anew: bool = False
) -> Generator[Running]:
    """
    *program* with *arguments* while it runs, in a process group of its own; killed if it is there at the end.

    It is a fork, as in `run`; *anew* is for what is said of an interpreter that starts and ends.
    """
    env = environment() if env is None else env
    with contextlib.ExitStack() as stack:
        process: Running
        if anew or not _can_be_forked(program, env):
            with hearing_hangups():
                started = subprocess.Popen(
                    [program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=env,
                    encoding="utf-8",
                    start_new_session=True,
                )
            process = stack.enter_context(started)
        else:
            process = stack.enter_context(_started([program, *arguments], env, session=True))
        try:
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)


@contextmanager
def hearing_hangups() -> Generator[None]:
    """What is started here hears SIGHUP, as from a user's shell, also where `nohup make test` has it ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def ended(process: Running, by: signal.Signals) -> Ran:
    """What came of *process* after the signal *by*."""
    process.send_signal(by)
    out, err = process.communicate(timeout=PATIENCE)
    return Ran(process.wait(), out, err)


def on_a_terminal(
    *arguments: str,
    env: Mapping[str, str],
    program: str = FAILWELL,
    columns: int = 140,
    until: tuple[str, signal.Signals | str] | None = None,
) -> tuple[int, str]:
    """
    The exit code of *program*, and all that it wrote to a terminal of so many *columns*.

    *until* is what it must have written before it is sent a signal, or something is typed.
    """
    ours, theirs = pty.openpty()
    env = {**env, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    command, streams = [program, *arguments], (theirs, theirs, theirs)
    process: subprocess.Popen[bytes] | Forked
    if _can_be_forked(program, env):
        process = Forked(warm().start(command, env, streams))
    else:
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    written, pressed = bytearray(), None
    # Linux tells of the end by an error, others by nothing to read.
    with contextlib.suppress(OSError):
        while data := _read(ours, process, pressed):
            written += data
            if until is not None and until[0].encode() in written:
                if isinstance(until[1], str):
                    os.write(ours, until[1].encode())
                else:
                    pressed = until[1]
                    process.send_signal(pressed)
                until = None
    code = process.wait(PATIENCE)
    os.close(ours)
    assert until is None, f"It ended without {until}, after {written.decode()!r}"
    return code, written.decode()


def _read(terminal: int, process: subprocess.Popen[bytes] | Forked, pressed: signal.Signals | None) -> bytes:
    """
    What *process* writes next to *terminal*; it is killed if that takes too long.

    What was *pressed* is pressed again each second: Python does not see a signal that comes just before a read begins.
    """
    for _ in range(int(PATIENCE)):
        if select.select([terminal], [], [], 1.0)[0]:
            return os.read(terminal, 65_536)
        if pressed is not None:
            process.send_signal(pressed)
    process.kill()
    return os.read(terminal, 65_536)


def left_running(process: Running) -> bool:
    """Whether anything of the process group of *process*, which has ended, still runs."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def printed_until(process: Running, mark: str) -> str:
    """What *process* prints, up to the line that has *mark*."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if mark in line:
            return "".join(lines)
    raise AssertionError(f"It ended without {mark!r}, after {''.join(lines)!r}: {process.communicate()[1]}")


def with_vendors(folder: Path, vendors: Mapping[str, str]) -> dict[str, str]:
    """
    An environment where a distribution "failwell-broken" is installed in *folder*.

    *vendors* are its entry points, such as {"new-key": "tests.conformance.broken.vendors:NEW_KEY"}.
    """
    about = folder / "failwell_broken-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: failwell-broken\nVersion: 1.0\n")
    points = [f"{name} = {where}" for name, where in vendors.items()]
    (about / "entry_points.txt").write_text("\n".join(["[failwell.vendors]", *points, ""]))
    return environment(PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)]))
