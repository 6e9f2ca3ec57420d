"""Snippets of a page, run as they are and watched line by line; of one that lost its line breaks, these restored."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Generator, Iterator
from types import CodeType, FrameType
from typing import Any

from tests.documented.restored import python, units_of as restored
from tests.documented.units import units
from tests.spec import page


class Program:
    """The snippet from the line *first* to *last* of the page *name*; of a *whole* page, with its line breaks.

    *lines* are those of the restored program that can be executed, *seen* those that were.
    """

    def __init__(self, name: str, first: int, last: int, *, whole: bool = False) -> None:
        found = units(page(name)) if whole else restored(page(name))
        [text] = [unit.text for unit in found if unit.lines == (first, last)]
        self.text = text if whole else python(text)
        where = f"{name}.txt:{first}-{last}"
        self._code: CodeType = compile(self.text, where, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        self._own = {*_nested(self._code)}
        self.lines = {line for code in self._own for _, _, line in code.co_lines() if line}
        self.seen: set[int] = set()

    async def run(self, **names: Any) -> dict[str, Any]:
        """Execute it where only *names* exist; return what there is then."""
        going = eval(self._code, names)  # noqa: S307 - the page's own code is what is tested
        if going is not None:
            await going
        return names

    @contextlib.contextmanager
    def watched(self) -> Generator[None]:
        """Note the lines that this thread executes meanwhile."""

        def watch_lines(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                self.seen.add(frame.f_lineno)
            return watch_lines

        def watch(frame: FrameType, _event: str, _: Any) -> Any:
            return watch_lines if frame.f_code in self._own else None

        others = sys.gettrace()
        sys.settrace(watch)
        try:
            yield
        finally:
            sys.settrace(others)


def _nested(code: CodeType) -> Iterator[CodeType]:
    """*code*, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
