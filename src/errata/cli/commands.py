"""What `errata` can do: check an SDK against its page, and run an API with each failure on cue."""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from errata.conformance.promises import Promise
from errata.conformance.run import check as check_vendor
from errata.conformance.run import promises_of
from errata.conformance.table import show
from errata.conformance.verdicts import Row
from errata.contract.problems import Problem
from errata.sandbox.problems import SandboxError
from errata.sandbox.sandbox import Sandbox
from errata.sandbox.vendor import find_vendor, known_vendors

P = ParamSpec("P")

HELD, FELL_SHORT, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    help="Error contracts for SDKs and HTTP APIs: raise it on the server, catch it in the client.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(metavar="VENDOR", help="Whose API, e.g. pictograph.")]


def told(command: Callable[P, int]) -> Callable[P, None]:
    """*command*, whose result is the exit code, and whose problems are sentences instead of tracebacks."""

    @functools.wraps(command)
    def run_told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            code = INTERRUPTED
        except (Problem, SandboxError) as problem:
            typer.echo(f"errata: {problem}", err=True)
            code = UNUSABLE
        except OSError as problem:
            named = f"{problem.filename}: " if problem.filename else ""
            typer.echo(f"errata: {named}{problem.strerror or problem}. Nothing was written.", err=True)
            code = UNUSABLE
        raise typer.Exit(code)

    return run_told


@app.command()
@told
def check(
    vendor: Name,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the rows as JSON to FILE, or - for the terminal.")
    ] = None,
) -> int:
    """Check that an SDK keeps its documentation page, sentence by sentence, over real sockets.

    Exits with 1 when a row falls short.
    """
    found = find_vendor(vendor)
    promises = promises_of(found)
    started = time.monotonic()
    rows: list[Row] = []
    errors = Console(stderr=True)
    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=len(promises))

        def progress(promise: Promise) -> None:
            bar.update(task, completed=len(rows), description=promise.section)

        for row in check_vendor(found, promises=promises, progress=progress):
            rows.append(row)
            bar.update(task, completed=len(rows))
    held = all(row.held for row in rows)
    if json_file is not None:
        report = {"vendor": vendor, "held": held, "rows": [row.to_json() for row in rows]}
        _write(json_file, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if json_file != "-":
        console = Console()
        show(rows, console if console.is_terminal else Console(width=160), seconds=time.monotonic() - started)
    return HELD if held else FELL_SHORT


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
            "Arm a failure for the next two requests:",
            f"  curl -X POST {running.url}/_errata/errors -H 'X-Errata-Token: {running.token}' \\",
            """       -d '{"error": "RateLimitError", "fields": {"retry_after": 2}, "times": 2}'""",
        ]
        typer.echo("\n".join(lines))
        sys.stdout.flush()
        # Not join(): a thread that waits without a limit cannot be interrupted on every system.
        while not threading.Event().wait(3600):
            pass
    return HELD


@app.command()
@told
def vendors() -> int:
    """List the vendors that are installed."""
    for name in known_vendors():
        typer.echo(name)
    return HELD


def _write(where: str, text: str) -> None:
    """Write *text* to the file *where*, whole or not at all, or to the terminal for "-"."""
    if where == "-":
        typer.echo(text, nl=False)
        return
    path = Path(where)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def run() -> None:
    """Run the command with the program's arguments; ends the program."""
    app(prog_name="errata")
