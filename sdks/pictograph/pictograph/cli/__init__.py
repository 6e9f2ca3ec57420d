"""The `pictograph` command."""

from __future__ import annotations

import sys
from importlib import import_module

from failwell import MissingExtraError


def run() -> None:
    """Run the command with the program's arguments; without its extra, say how to get it. Ends the program."""
    try:
        import_module("failwell.cli")
    except MissingExtraError as problem:
        needs = " and ".join(problem.missing)
        remedy = 'Install it with: pip install "failwell-pictograph[cli]"'
        sys.stderr.write(f"The pictograph command needs {needs}. {remedy}\n")
        sys.exit(2)
    try:
        from pictograph.cli.app import start
    except KeyboardInterrupt:
        sys.exit(130)
    start()
