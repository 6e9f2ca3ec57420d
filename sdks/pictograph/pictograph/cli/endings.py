"""How a command ends: each failure as an exit code and a sentence, without a traceback."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import typer

from pictograph.cli.streams import drop_output, remark
from pictograph.cli.told import told
from pictograph.exceptions import ConfigurationError, PictographError

FAILED, UNUSABLE, INTERRUPTED, UNREAD = 1, 2, 130, 141
"""It was tried and failed; it cannot be tried like this; Ctrl-C; nobody reads the output any more."""


@contextmanager
def telling(missing: str | None = None) -> Generator[None]:
    """Turn what ends the block early into an exit code, and a word on stderr.

    *missing* is the remedy where what the block asks for is not there.

    Raises:
        typer.Exit: with one of the codes above.
    """
    try:
        yield
    except KeyboardInterrupt:
        code, word = INTERRUPTED, "Interrupted."
    except PictographError as error:
        code, word = UNUSABLE if isinstance(error, ConfigurationError) else FAILED, told(error, missing)
    except BrokenPipeError:
        # Whoever read the output has enough, as `head` has.
        drop_output()
        code, word = UNREAD, ""
    except OSError as problem:
        drop_output()
        code, word = UNUSABLE, f"pictograph: {problem.strerror or problem}. The output is not whole."
    else:
        return
    if word:
        remark(word)
    raise typer.Exit(code)
