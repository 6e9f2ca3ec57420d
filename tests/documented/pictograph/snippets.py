"""The page's snippets: taken from it by line, run as they are, and watched line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from tests.documented.units import SNIPPET, units
from tests.spec import FOLDER, page

PAGE = FOLDER / "pictograph.txt"


@dataclass(frozen=True)
class Ran:
    """What became of a snippet: the *names* that it left behind, and the *lines* of the page that were executed."""

    names: dict[str, Any]
    lines: set[int]


@dataclass(frozen=True)
class Snippet:
    """One block of Python on the page; *lines* are those that can be executed."""

    code: CodeType
    lines: set[int]

    def run(self, before: Mapping[int, Callable[[], object]] | None = None, /, **names: Any) -> Ran:
        """Execute it where only *names* exist. *before* is what happens in the world before a line is executed."""
        happens = before or {}
        seen: set[int] = set()

        def watch_lines(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                if frame.f_lineno in happens:
                    happens[frame.f_lineno]()
                seen.add(frame.f_lineno)
            return watch_lines

        def watch(frame: FrameType, _event: str, _: Any) -> Any:
            return watch_lines if frame.f_code is self.code else None

        others = sys.gettrace()
        sys.settrace(watch)
        try:
            exec(self.code, names)  # noqa: S102 - the page's own code is what is tested
        finally:
            sys.settrace(others)
        return Ran(names, seen)


def snippet(first: int, last: int) -> Snippet:
    """The snippet on the lines *first* to *last* of the page, compiled with the page's name and line numbers."""
    found = {unit.lines: unit.text for unit in units(page("pictograph")) if unit.kind == SNIPPET}
    code = compile("\n" * (first - 1) + found[first, last], str(PAGE), "exec")
    # Line 0 is where the interpreter prepares the block.
    return Snippet(code, {line for _, _, line in code.co_lines() if line})
