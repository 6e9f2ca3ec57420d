"""The `scopix` command."""

from __future__ import annotations

from failwell import run_command


def run() -> None:
    """Run the command with the program's arguments; without its extra, say how to get it. Ends the program."""
    run_command("scopix", "scopix.cli.app", "failwell-scopix[cli]")
