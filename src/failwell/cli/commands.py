"""What `failwell` can do: check an SDK against its page, and run an API with each failure on cue."""

from __future__ import annotations

import functools
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from failwell import __version__
from failwell.cli.looking import LOOK_UPS
from failwell.cli.report import report_to
from failwell.contract.extras import require
from failwell.contract.problems import ContractError

if TYPE_CHECKING:
    from failwell.conformance.promises import Colour, Promise, Promises
    from failwell.conformance.verdicts import Row
    from failwell.sandbox.vendor import Vendor

# What a sandbox needs is loaded by the commands that start one: the others run where it is not installed.

P = ParamSpec("P")

HELD, FELL_SHORT, UNUSABLE, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141

ENDING_SIGNALS = ("SIGTERM", "SIGHUP")
"""How a system asks a program to end, where it has them; the second comes from a terminal that is closed."""

app = typer.Typer(
    help="Error contracts for SDKs and HTTP APIs: raise it on the server, catch it in the client.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(metavar="VENDOR", help="Whose API, e.g. pictograph.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"failwell {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What is asked before any command."""


class Ended(KeyboardInterrupt):
    """Asked to end by the signal *number*. Everything is put away as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def told(command: Callable[P, int]) -> Callable[P, None]:
    """*command*, whose result is the exit code, and whose problems are sentences instead of tracebacks."""

    @functools.wraps(command)
    def run_told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except Ended as ended:
            code = 128 + ended.number
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            code = INTERRUPTED
        except ContractError as problem:
            typer.echo(f"failwell: {problem}", err=True)
            code = UNUSABLE
        except BrokenPipeError:
            # Whoever read the output has enough, as `head` has.
            _drop_output()
            code = UNREAD
        except OSError as problem:
            _drop_output()
            named = f"{problem.filename}: " if problem.filename else ""
            typer.echo(f"failwell: {named}{problem.strerror or problem}. Nothing was written.", err=True)
            code = UNUSABLE
        raise typer.Exit(code)

    return run_told


def _drop_output() -> None:
    """Let what is left of the output go nowhere: written again at the very end, it would only fail again."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
@told
def check(
    vendor: Name,
    *,
    json_file: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE", help="Write the rows as JSON to FILE, or - for the terminal."),
    ] = None,
    junit_file: Annotated[
        str | None,
        typer.Option("--junit", metavar="FILE", help="Write the rows as JUnit XML to FILE, or - for the terminal."),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="Check the SDK that this adapter drives, not ours."
        ),
    ] = None,
    python: Annotated[
        str | None, typer.Option(metavar="PYTHON", help="The interpreter that the adapter and its SDK run in.")
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="Let two calls meet every broken or odd reply, instead of the page.")
    ] = False,
) -> int:
    """Check that an SDK keeps its documentation page, sentence by sentence, over real sockets.

    With --faults, that whatever a network, a proxy or a server does ends in the documented error.
    Exits with 1 when a row falls short.
    """
    if python is not None and adapter is None:
        raise typer.BadParameter("it needs --adapter FILE, which says how to drive the SDK.", param_hint="--python")
    if json_file is not None and json_file == junit_file:
        raise typer.BadParameter(f"{junit_file!r} is where --json is written.", param_hint="--junit")
    require("sandbox", "failwell check")
    from failwell.conformance.faults.table import show_faults
    from failwell.conformance.junit import junit
    from failwell.conformance.promises import COLOURS
    from failwell.conformance.remote import RemoteAdapter
    from failwell.conformance.run import promises_of, sdk_of
    from failwell.conformance.table import show
    from failwell.sandbox.vendor import find_vendor

    found = find_vendor(vendor)
    promises = promises_of(found)
    with report_to(json_file) as report, report_to(junit_file) as junit_report, ExitStack() as stack:
        sdk, colours = sdk_of(vendor), COLOURS
        if adapter is not None:
            remote = stack.enter_context(RemoteAdapter(adapter, python=python, without=found.environment.values()))
            sdk, colours = remote.sdk, remote.colours
            promises = promises.through(remote)
        started = time.monotonic()
        rows = _met(found, promises, colours) if faults else _checked(found, promises, colours)
        seconds = time.monotonic() - started
        held = all(row.held for row in rows)
        if report is not None:
            content = {"vendor": vendor, "sdk": sdk, "held": held, "rows": [row.to_json() for row in rows]}
            report.write(json.dumps(content, indent=2) + "\n")
            report.flush()
        if junit_report is not None:
            junit_report.write(junit(rows, vendor=vendor, sdk=sdk))
            junit_report.flush()
    if "-" not in (json_file, junit_file):
        console = Console()
        shown = show_faults if faults else show
        shown(rows, console if console.is_terminal else Console(width=160), sdk=sdk, seconds=seconds)
    return HELD if held else FELL_SHORT


def _checked(vendor: Vendor, promises: Promises, colours: tuple[Colour, ...]) -> list[Row]:
    """The rows of *vendor*'s page."""
    from failwell.conformance.run import check as check_vendor

    agreed = promises.agreement
    total = len(promises) + (0 if agreed is None else len(agreed))
    return _watched(total, lambda told: check_vendor(vendor, promises=promises, colours=colours, progress=told))


def _met(vendor: Vendor, promises: Promises, colours: tuple[Colour, ...]) -> list[Row]:
    """The rows of the faults that calls to *vendor* meet, in every way that the *colours* can be called in."""
    # Not loaded before: of what can go wrong, much is 10 MB long.
    from failwell.conformance.faults import all_faults
    from failwell.conformance.faults.run import check_faults, ways_of

    faults, ways = all_faults(), ways_of(promises.adapter, colours)
    return _watched(len(faults), lambda told: check_faults(vendor, promises, faults=faults, ways=ways, progress=told))


def _watched(total: int, tried: Callable[[Callable[[Promise], None]], Iterator[Row]]) -> list[Row]:
    """The rows that are *tried*, with a progress bar while somebody watches."""
    rows: list[Row] = []
    errors = Console(stderr=True)
    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=total)

        def progress(promise: Promise) -> None:
            bar.update(task, completed=len(rows), description=promise.section)

        for row in tried(progress):
            rows.append(row)
            bar.update(task, completed=len(rows))
    return rows


@app.command()
@told
def sandbox(
    vendor: Name,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 8400,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the server's files in DIR; otherwise they are removed.")
    ] = None,
) -> int:
    """Run an API on this machine, behind a layer that can do every failure on cue. Ctrl-C ends it."""
    require("sandbox", "failwell sandbox")
    from failwell.sandbox.sandbox import Sandbox
    from failwell.sandbox.vendor import find_vendor

    found = find_vendor(vendor)
    with Sandbox(found, port=port, data=data) as running:
        names = found.environment
        lines = [
            f"{found.name} listens on {running.url}. Ctrl-C ends it.",
            "",
            *(f"  {role:<8} {key}" for role, key in running.keys.items()),
            "",
            f"  export {names['base_url']}={running.url}",
            f"  export {names['api_key']}={running.keys['member']}",
            "",
            f"It speaks TLS too: {running.https_url}, trusted with SSL_CERT_FILE={running.authority}.",
            "",
            "Arm a failure for the next two requests:",
            f"  curl -X POST {running.control_url}/errors -H 'X-Failwell-Token: {running.token}' \\",
            """       -d '{"error": "RateLimitError", "fields": {"retry_after": 2}, "times": 2}'""",
        ]
        typer.echo("\n".join(lines))
        # Not join(): a thread that waits without a limit cannot be interrupted on every system.
        while not threading.Event().wait(3600):
            pass
    return HELD


@app.command()
@told
def vendors() -> int:
    """List the vendors that are installed."""
    require("sandbox", "failwell vendors")
    from failwell.sandbox.vendor import known_vendors

    for name in known_vendors():
        typer.echo(name)
    return HELD


for _name, _command in LOOK_UPS.items():
    app.command(_name)(told(_command))


def run() -> None:
    """Run the command with the program's arguments; ends the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without "→" shows "?" there.
            stream.reconfigure(errors="replace")
    for number in (getattr(signal, name, None) for name in ENDING_SIGNALS):
        # `nohup` ignores one of them, and means it.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)
    app(prog_name="failwell")


def _end(number: int, _frame: object) -> None:
    raise Ended(number)
