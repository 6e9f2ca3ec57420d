"""The `pictograph` command."""

from __future__ import annotations

import sys

from failwell.contract.extras import missing


def run() -> None:
    """Run the command with the program's arguments; without its extra, say how to get it. Ends the program."""
    if lacking := missing("cli"):
        needs = " and ".join(lacking)
        remedy = 'Install it with: pip install "failwell-pictograph[cli]"'
        sys.stderr.write(f"The pictograph command needs {needs}. {remedy}\n")
        sys.exit(2)
    try:
        from pictograph.cli.app import start
    except KeyboardInterrupt:
        sys.exit(130)
    start()
