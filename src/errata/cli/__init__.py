"""The `errata` command."""

from __future__ import annotations

import sys

EXTRAS = ("typer", "rich", "uvicorn", "fastapi", "limits")


def main() -> None:
    """Run the command; without its extras, say how to get them."""
    try:
        from errata.cli.commands import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in EXTRAS:
            raise
        sys.exit(f"The errata command needs {missing.name}. Install it with: pip install 'errata[cli,server]'")
    except KeyboardInterrupt:
        sys.exit(130)
    run()
