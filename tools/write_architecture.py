"""Write the list of files in ARCHITECTURE.md from their first lines: python tools/write_architecture.py.

What stands above the marker is written by hand and kept.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
MARKER = "<!-- From here on written by `make architecture`, from the first lines of the files. -->"
PACKAGE = ROOT / "src" / "failwell"
ROOMS = (
    "_support",
    "clock.py",
    "contract",
    "wire",
    "policy",
    "runtime",
    "client",
    "adapt",
    "server",
    "reference",
    "sandbox",
    "conformance",
    "testing",
    "cli",
)
"""From the bottom up."""


def first_line(path: Path) -> str:
    """The first line of the docstring of the module at *path*; "" where it has none."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def rooms() -> Iterator[Path]:
    """The rooms from the bottom up, then what nobody has placed yet."""
    known = [PACKAGE / name for name in ROOMS]
    found = sorted(path for path in PACKAGE.iterdir() if path.name not in ("__init__.py", "__pycache__", "py.typed"))
    yield from (path for path in known if path in found)
    yield from (path for path in found if path not in known)


def lines(path: Path, depth: int) -> Iterator[str]:
    """A line for *path*, and for what is in it: its files first, then its folders."""
    indent = "  " * depth
    if path.is_file():
        yield f"{indent}- `{path.name}` {first_line(path)}"
        return
    yield f"{indent}- **`{path.name}/`** {first_line(path / '__init__.py')}"
    inside = [entry for entry in sorted(path.iterdir()) if entry.name not in ("__init__.py", "__pycache__")]
    for entry in inside:
        if entry.suffix == ".py":
            yield from lines(entry, depth + 1)
    for entry in inside:
        if (entry / "__init__.py").is_file():
            yield from lines(entry, depth + 1)


def page() -> str:
    """The whole page as it should be."""
    tour, marker, _ = PAGE.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        raise SystemExit(f"ARCHITECTURE.md has lost the line {MARKER!r}. Put it back below the tour.")
    listed = "\n".join(line for room in rooms() for line in lines(room, 0))
    return f"{tour}{MARKER}\n\n## Every file of src/failwell\n\n{listed}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
