"""What `failwell` can do: check an SDK against its page, and run an API with each failure on cue."""

from __future__ import annotations

import functools
import io
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from failwell import __version__
from failwell.cli.console import Console
from failwell.cli.diff import diff
from failwell.cli.explain import explain
from failwell.cli.init import init
from failwell.cli.kit.streams import drop_output
from failwell.cli.openapi import openapi
from failwell.cli.reference import reference
from failwell.cli.report import report_to
from failwell.cli.snapshot import snapshot
from failwell.contract.errors import ContractError
from failwell.contract.extras import missing, require

if TYPE_CHECKING:
    from failwell.conformance.adapter import Colour
    from failwell.conformance.promise import Promise
    from failwell.conformance.promises import Promises
    from failwell.conformance.verdicts import Row
    from failwell.sandbox.vendor import Vendor

# What a sandbox needs is loaded by the commands that start one: the others run where it is not installed.

P = ParamSpec("P")

HELD, FELL_SHORT, UNUSABLE, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141

ENDING_SIGNALS = ("SIGTERM", "SIGHUP")
"""How a system asks a program to end, where it has them; the second comes from a terminal that is closed."""

LONGEST_WAIT = 0.5
"""Seconds after which the sandbox looks whether it was asked to end."""

NO_DATABASE = (
    "the reference servers keep their data in SQLite and in files beside it, and in no other database: their search is "
    "that of SQLite (FTS5), and their transactions count on one writer at a time. Leave it out, and use --workers for "
    "more processes on one machine. Your own app may keep its jobs and idempotency keys in Postgres: docs/deploy.md."
)

app = typer.Typer(
    help="Error contracts for SDKs and HTTP APIs: raise it on the server, catch it in the client.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _completed(begun: str) -> list[str]:
    """The installed vendors whose names begin so, for the shell; none where no sandbox can run."""
    if missing("sandbox"):
        return []
    from failwell.sandbox.vendor import known_vendors

    return [name for name in known_vendors() if name.startswith(begun)]


Name = Annotated[str, typer.Argument(metavar="VENDOR", help="Whose API, e.g. pictograph.", autocompletion=_completed)]


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
            drop_output()
            code = UNREAD
        except OSError as problem:
            drop_output()
            named = f"{problem.filename}: " if problem.filename else ""
            typer.echo(f"failwell: {named}{problem.strerror or problem}. Nothing was written.", err=True)
            code = UNUSABLE
        raise typer.Exit(code)

    return run_told


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
    words: Annotated[
        str, typer.Option("-k", metavar="WORDS", help="Only rows that have all WORDS in their section or sentence.")
    ] = "",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every row, with what was raised, tried and waited.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the last line only.")] = False,
) -> int:
    """Check that an SDK keeps its documentation page, sentence by sentence, over real sockets.

    With --faults, that whatever a network, a proxy or a server does ends in the documented error.
    It prints a line for each section, and what falls short in full. Exits with 1 when a row falls short.
    """
    if quiet and verbose:
        raise typer.BadParameter("--quiet prints the last line only.", param_hint="--verbose")
    if python is not None and adapter is None:
        raise typer.BadParameter("it needs --adapter FILE, which says how to drive the SDK.", param_hint="--python")
    if json_file is not None and json_file == junit_file:
        raise typer.BadParameter(f"{junit_file!r} is where --json is written.", param_hint="--junit")
    require("sandbox", "failwell check")
    from failwell.conformance.adapter import COLOURS
    from failwell.conformance.remote.adapter import RemoteAdapter
    from failwell.conformance.reports.junit import junit
    from failwell.conformance.runner import promises_of, sdk_of
    from failwell.sandbox.vendor import find_vendor

    found = find_vendor(vendor)
    promises = promises_of(found)
    with ExitStack() as stack:
        report, junit_report = (
            None if where is None else stack.enter_context(report_to(where)) for where in (json_file, junit_file)
        )
        sdk, colours = sdk_of(vendor), COLOURS
        if adapter is not None:
            remote = stack.enter_context(RemoteAdapter(adapter, python=python, without=found.environment.values()))
            sdk, colours = remote.sdk, remote.colours
            promises = promises.through(remote)
        plan = _met(found, promises, colours, words) if faults else _checked(found, promises, colours, words)
        shown = None if "-" in (json_file, junit_file) else _Shown(plan, sdk, quiet=quiet, verbose=verbose)
        started = time.monotonic()
        rows = _watched(plan, shown, quiet=quiet)
        seconds = time.monotonic() - started
        held = all(row.held for row in rows)
        if report is not None:
            content = {"vendor": vendor, "sdk": sdk, "held": held, "rows": [row.to_json() for row in rows]}
            report.write(json.dumps(content, indent=2) + "\n")
            report.flush()
        if junit_report is not None:
            junit_report.write(junit(rows, vendor=vendor, sdk=sdk))
            junit_report.flush()
    if shown is not None:
        shown.end(rows, seconds)
    return HELD if held else FELL_SHORT


@dataclass(frozen=True)
class _Plan:
    """The *promises* that a check tries, how they are *tried*, and how what came of them is shown."""

    promises: Sequence[Promise]
    tried: Callable[[Callable[[Promise], None]], Iterator[Row]]
    table: Callable[..., None]
    sum_of: Callable[[Sequence[Row], float], str]


def _checked(vendor: Vendor, promises: Promises, colours: tuple[Colour, ...], words: str) -> _Plan:
    """To try the rows of *vendor*'s page that have *words*."""
    from failwell.conformance import runner
    from failwell.conformance.reports import terminal

    def tried(told: Callable[[Promise], None]) -> Iterator[Row]:
        return runner.check(vendor, promises=promises, colours=colours, words=words, progress=told)

    return _Plan(runner.planned(vendor, promises, words), tried, terminal.show, terminal.sum_of)


def _met(vendor: Vendor, promises: Promises, colours: tuple[Colour, ...], words: str) -> _Plan:
    """To let calls to *vendor* meet the faults that have *words*, in every way that the *colours* can be called in."""
    # Not loaded before: of what can go wrong, much is 10 MB long.
    from failwell.conformance.faults import runner
    from failwell.conformance.reports import terminal

    calls, faults = runner.calls_of(promises, vendor), runner.faults_of(promises, vendor)

    def tried(told: Callable[[Promise], None]) -> Iterator[Row]:
        ways = runner.ways_of(promises.adapter, colours)
        return runner.check_faults(vendor, promises, faults=faults, ways=ways, words=words, progress=told)

    planned = [promise for _, promise in runner.planned(faults, calls, vendor, words)]
    return _Plan(planned, tried, terminal.show_faults, terminal.sum_of_faults)


WIDE = 120
"""Columns of a terminal that a table needs."""


class _Shown:
    """What is printed of a check: lines as they come, or all at the end where a bar is drawn meanwhile."""

    def __init__(self, plan: _Plan, sdk: str, *, quiet: bool, verbose: bool) -> None:
        from failwell.conformance.reports.lines import Lines

        self._plan, self._sdk, self._quiet = plan, sdk, quiet
        self._console = Console()
        self._table = verbose and self._console.is_terminal and self._console.width >= WIDE
        sections = [promise.section for promise in plan.promises]
        self._lines = Lines(self._console, sdk=sdk, sections=sections, verbose=verbose)
        self.as_they_come = not (quiet or self._console.is_terminal)

    def add(self, row: Row) -> None:
        """Print *row*, if it is time."""
        if self.as_they_come:
            self._lines.add(row)

    def end(self, rows: Sequence[Row], seconds: float) -> None:
        """Print what is left to say of *rows*, and the sum."""
        from failwell.conformance.reports.terminal import tell_shortfalls

        if self._table:
            self._plan.table(rows, self._console, sdk=self._sdk, seconds=seconds)
            return
        if not self._quiet:
            for row in rows if not self.as_they_come else ():
                self._lines.add(row)
            tell_shortfalls(rows, self._console)
        self._console.print(self._plan.sum_of(rows, seconds), style="bold", soft_wrap=True, highlight=False)


def _watched(plan: _Plan, shown: _Shown | None, *, quiet: bool) -> list[Row]:
    """The rows of *plan*, each as it is *shown*, or with a progress bar while somebody watches."""
    rows: list[Row] = []
    errors = Console(stderr=True)
    no_bar = quiet or not errors.is_terminal or (shown is not None and shown.as_they_come)
    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=errors, transient=True, disable=no_bar) as bar:
        task = bar.add_task("", total=len(plan.promises))

        def progress(promise: Promise) -> None:
            bar.update(task, completed=len(rows), description=promise.section)

        for row in plan.tried(progress):
            rows.append(row)
            if shown is not None:
                shown.add(row)
            bar.update(task, completed=len(rows))
    return rows


@app.command()
@told
def sandbox(
    vendor: Name,
    *,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 8400,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the server's files in DIR; otherwise they are removed.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that serve it; they share DIR, and each counts rate limits by itself.")
    ] = 1,
    store: Annotated[
        str, typer.Option(metavar="URL", envvar="FAILWELL_STORE", help="A Redis or Postgres for idempotency keys.")
    ] = "",
    database: Annotated[str, typer.Option(metavar="URL", help="Refused: the reference servers need SQLite.")] = "",
) -> int:
    """Run an API on this machine, behind a layer that can do every failure on cue. Ctrl-C ends it."""
    require("sandbox", "failwell sandbox")
    from failwell.sandbox.sandbox import Sandbox
    from failwell.sandbox.vendor import find_vendor

    if database:
        raise typer.BadParameter(NO_DATABASE, param_hint="--database")
    found = find_vendor(vendor)
    with Sandbox(found, port=port, data=data, workers=workers, store=store) as running:
        names = found.environment
        lines = [
            f"{found.name} listens on {running.url}. Ctrl-C ends it.",
            "",
            *(f"  {role:<8} {key}" for role, key in running.keys.items()),
            "",
            f"  export {names['base_url']}={running.url}",
            f"  export {names['api_key']}={running.key()}",
            "",
            f"It speaks TLS too: {running.https_url}, trusted with SSL_CERT_FILE={running.authority}.",
            "",
            "Arm a failure for the next two requests:",
            f"  curl -X POST {running.control_url}/errors -H 'X-Failwell-Token: {running.token}' \\",
            """       -d '{"error": "RateLimitError", "fields": {"retry_after": 2}, "times": 2}'""",
        ]
        typer.echo("\n".join(lines))
        # A signal that comes just before the wait begins, or to another thread, does not end it: the next one sees it.
        while not threading.Event().wait(LONGEST_WAIT):
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


# What looks something up in a contract runs without a server, and where none is installed.
app.command()(told(explain))
app.command()(told(reference))
app.command()(told(openapi))
app.command()(told(snapshot))
app.command()(told(diff))
app.command()(told(init))


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
