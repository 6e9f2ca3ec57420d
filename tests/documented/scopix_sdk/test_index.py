from __future__ import annotations

import ast

import pytest

from tests.documented.restored import python, units_of
from tests.documented.units import ROW, SENTENCE, SNIPPET, TREE_LINE, in_one_line
from tests.spec import page

PAGES = {name: units_of(page(name)) for name in ("scopix-api", "scopix-sdk")}
PROGRAMS = [
    pytest.param(unit.text, id=f"{name}-{unit.first}")
    for name, units in PAGES.items()
    for unit in units
    if unit.kind == SNIPPET and not unit.text.startswith(("class", "{"))
]
HEADINGS = """
Application Error Codes Authentication Errors AuthenticationError Base Exception CircuitBreakerError ChatError
CloudStorageError Comprehensive Error Handling DescriptionError Documentation Error Body Shapes Error Codes Reference
Error Handling Best Practices Error Handling Patterns Error Response Format Example Exception Handling
Exception Hierarchy HTTP Status Codes Network Errors Note Operation Errors Processing Errors Quota Errors
QuotaExceededError Rate Limiting Errors RateLimitError ResourceNotFoundError Retry with Exponential Backoff
S3ConnectorError SDK Reference: Exceptions SSEStreamError ScopixConnectionError ScopixError ScopixPermissionError
ScopixTimeoutError ServerError Upload Errors UploadError Validation Errors ValidationError VideoAnalysisError
VideoUploadError DocumentProcessingError // or, for structured errors:
"""


@pytest.mark.parametrize(("name", "numbers"), [("scopix-api", [9, 25, 0, 4]), ("scopix-sdk", [25, 0, 21, 32])])
def test_kinds(name: str, numbers: list[int]) -> None:
    """
    Each page has so many sentences, rows, lines of the tree and snippets.
    """
    kinds = [unit.kind for unit in PAGES[name]]

    assert numbers == [kinds.count(kind) for kind in (SENTENCE, ROW, TREE_LINE, SNIPPET)]


@pytest.mark.parametrize("name", PAGES)
def test_units_leave_nothing_out(name: str) -> None:
    """
    What is no unit is a heading, also one that was glued to what stands before it.
    """
    left = page(name)
    for unit in sorted(PAGES[name], key=lambda unit: -len(unit.text)):
        assert unit.text in left
        left = left.replace(unit.text, "\n", 1)

    assert [] == [line for line in map(in_one_line, left.splitlines()) if line not in in_one_line(HEADINGS)]


def test_programs() -> None:
    """
    The pages have thirteen programs.
    """
    assert 13 == len(PROGRAMS)


@pytest.mark.parametrize("lost", PROGRAMS)
def test_only_breaks_are_restored(lost: str) -> None:
    """
    A restored program has the page's characters, and no others but white space; and it is one.
    """
    restored = python(lost)

    assert "".join(lost.split()) == "".join(restored.split())
    compile(restored, "restored", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize(
    ("lost", "restored"),
    [
        ("import asynciofrom scopix import A", "import asyncio\nfrom scopix import A"),
        (
            "try: a = await b(1)except C as e: print(e) raise",
            "try:\n    a = await b(1)\nexcept C as e:\n    print(e)\n    raise",
        ),
        (
            "for a in b: if a: return c\nif d in a: continue\nraise e",
            "for a in b:\n    if a:\n        return c\n    if d in a:\n        continue\n    raise e",
        ),
        ("if a: b = not c else: d = [1, 2] e = d[0]", "if a:\n    b = not c\nelse:\n    d = [1, 2]\n    e = d[0]"),
        ('def f(a: int, b={"c": 1}): """Do.""" return a', 'def f(a: int, b={"c": 1}):\n    """Do."""\n    return a'),
        ("a = 1 # Optionally retry b = 2", "a = 1\n# Optionally retry\nb = 2"),
    ],
)
def test_breaks(lost: str, restored: str) -> None:
    """
    A statement ends where the next word cannot go on with it; a block after what leaves it.
    """
    assert restored == python(lost)
