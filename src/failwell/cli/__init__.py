"""The `failwell` command."""

from __future__ import annotations

import sys

EXTRAS = ("typer", "rich", "uvicorn", "fastapi", "limits", "trustme")
LOOK_UPS = ("explain", "reference", "openapi", "snapshot", "diff", "import")
"""What can be asked where no server is installed."""


def main() -> None:
    """Run the command; without its extras, say how to get them."""
    try:
        from failwell.cli.commands import run
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        if sys.argv[1:2] and sys.argv[1] in LOOK_UPS and package not in ("typer", "rich"):
            from failwell.cli.looking import run as look_up

            look_up()
        sys.stderr.write(f"The failwell command needs {package}. Install it with: pip install 'failwell[cli,server]'\n")
        # 1 would say that a row of the check fell short.
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    run()
