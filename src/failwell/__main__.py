"""Starts the `failwell` command, which is also `python -m failwell`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; without its extra, say how to get it."""
    from failwell.contract.extras import MissingExtraError

    try:
        from failwell.cli.commands import run
    except MissingExtraError as missing:
        sys.stderr.write(f"{missing}\n")
        # 1 would say that a row of the check fell short.
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
