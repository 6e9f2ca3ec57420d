"""Exit codes of a command: each failure ends it with a code and a sentence, without a traceback."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

import typer

from failwell.cli.kit.cells import sentence
from failwell.cli.kit.streams import drop_output, remark
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.contract.reporting import hint

FAILED, UNUSABLE, INTERRUPTED, UNREAD = 1, 2, 130, 141
"""It was tried and failed; it cannot be tried like this; Ctrl-C; nobody reads the output any more."""


def worded(error: Error, fix: str, message: str | None = None, *more: str) -> str:
    """What a user of a command reads of *error*, in lines: its class and *message*, *more*, and *fix* in a shell.

    The last line has what to quote to support, too.
    """
    facts = error.become(replace(error.case, fix=fix))
    said = f"{type(error).__name__}: {sentence(str(error) if message is None else message)}"
    return "\n".join(line for line in (said, *more, sentence(hint(facts))) if line)


@contextmanager
def telling(name: str, catalogue: Catalogue, told: Callable[[Error], str]) -> Generator[None]:
    """Turn what ends the block of the command *name* early into an exit code, and a word on stderr.

    *told* is what its user reads of an error of *catalogue*.

    Raises:
        typer.Exit: with one of the codes above.
    """
    try:
        yield
    except KeyboardInterrupt:
        code, word = INTERRUPTED, "Interrupted."
    except catalogue.base as error:
        code = UNUSABLE if error.case.on == "configuration" else FAILED
        word = told(error)
    except BrokenPipeError:
        # Whoever read the output has enough, as `head` has.
        drop_output()
        code, word = UNREAD, ""
    except OSError as problem:
        drop_output()
        code, word = UNUSABLE, f"{name}: {problem.strerror or problem}. The output is not whole."
    else:
        return
    if word:
        remark(word)
    raise typer.Exit(code)
