"""The `errata` command."""

from __future__ import annotations

import sys

EXTRAS = ("typer", "rich", "uvicorn", "fastapi", "limits")


def main() -> None:
    """Run the command; without its extras, say how to get them."""
    try:
        from errata.cli.commands import run
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        sys.stderr.write(f"The errata command needs {package}. Install it with: pip install 'errata[cli,server]'\n")
        # 1 would say that a row of the check fell short.
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    run()
