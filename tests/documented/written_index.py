"""INDEX.md: every sentence, row and snippet of a page, the tests that hold it and the rows that check it.

`python -m tests.documented.written_index` writes it; it fails on what nothing holds or no `failwell check` row tries.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from failwell.conformance import Promise
from tests.spec import page

from .index import Documented, documented, without_a_test
from .restored import units_of as restored
from .units import SNIPPET, Unit, in_one_line, units

HERE = Path(__file__).parent
INDEX = HERE / "INDEX.md"
PAGES: Mapping[str, str] = {
    "pictograph": "pictograph.promises",
    "scopix-api": "scopix.promises.api_page",
    "scopix-sdk": "scopix.promises.sdk_page",
    "subconscious": "subconscious.promises",
    "vectorshift": "vectorshift.promises",
}
"""The pages that are kept, each with the module of its promises."""
WITHOUT_BREAKS = ("scopix-api", "scopix-sdk")
"""The pages that lost line breaks."""


def units_of(name: str) -> list[Unit]:
    """The units of the page *name*."""
    return (restored if name in WITHOUT_BREAKS else units)(page(name))


def written(name: str) -> str:
    """The part of the index that is about the page *name*."""
    tests, promises = tests_of(name), promises_of(name)
    rows = [_row(unit, tests, promises) for unit in units_of(name)]
    head = [
        f"## spec/{name}.txt",
        "",
        f"{len(rows)} sentences, rows and snippets.",
        "",
        "| Lines | What the page says | Tests | Rows of the check |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])


def whole() -> str:
    """The whole index."""
    head = (
        "# What holds the pages\n\nEvery sentence, row and snippet of the published pages in `spec/`, the tests that "
        "hold it, and the rows of `failwell check`\nthat try it. Written by `make documented`, not by hand.\n"
    )
    return "\n".join([head, *map(written, PAGES)])


def tests_of(name: str) -> list[Documented]:
    """The tests that hold lines of the page *name*."""
    return documented(HERE / name.replace("-", "_"))


def promises_of(name: str) -> tuple[Promise, ...]:
    """The promises of the page *name*, as `failwell check` tries them."""
    return tuple(importlib.import_module(PAGES[name]).PROMISES)


def without_a_row(name: str) -> list[Unit]:
    """Those units of the page *name* that no row of the check tries."""
    tried = {lines for promise in promises_of(name) for lines in promise.lines}
    return [unit for unit in units_of(name) if unit.lines not in tried]


def shortfalls() -> Iterator[str]:
    """What is missing, in words."""
    for name in PAGES:
        for what, missing in (
            ("test", without_a_test(units_of(name), tests_of(name))),
            ("row in the check", without_a_row(name)),
        ):
            for unit in missing:
                yield f"spec/{name}.txt:{unit.first}: no {what} for: {in_one_line(unit.text)}"


def _row(unit: Unit, tests: list[Documented], promises: tuple[Promise, ...]) -> str:
    holding = dict.fromkeys(
        f"{test.file.removesuffix('.py')}::{test.test}" for test in tests if test.lines == unit.lines
    )
    trying = dict.fromkeys(promise.name for promise in promises if unit.lines in promise.lines)
    place = str(unit.first) if unit.first == unit.last else f"{unit.first}-{unit.last}"
    place += f" ({unit.part})" if unit.part is not None else ""
    said = f"the snippet that begins `{unit.text.strip().splitlines()[0]}`" if unit.kind == SNIPPET else unit.text
    cells = (place, in_one_line(said).strip("| ").replace("|", "\\|"), _listed(holding), _listed(trying))
    return f"| {' | '.join(cells)} |"


def _listed(names: Mapping[str, object]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


def main() -> int:
    """Write the index; 1 if something is missing."""
    missing = list(shortfalls())
    for line in missing:
        print(line, file=sys.stderr)  # noqa: T201 - telling is what it is for
    INDEX.write_text(whole(), encoding="utf-8")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
