# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import re

import pytest

import scopix
from scopix.exceptions import CATALOGUE
from tests.documented.restored import units_of
from tests.documented.units import TREE_LINE
from tests.signatures import printed_parameters, real_parameters
from tests.spec import constructors, page

DRAWN = [unit.text for unit in units_of(page("scopix-sdk")) if unit.kind == TREE_LINE]
BLOCKS = [unit.text for unit in units_of(page("scopix-sdk")) if unit.text.startswith("class ")]
ATTRIBUTES = re.compile(r"(\w+): (?:Optional\[\w+\]|dict\[.*?\]|str|float)(?= #)")


@pytest.mark.documented("scopix-sdk", line=3)
@pytest.mark.documented("scopix-sdk", line=5)
def test_importable() -> None:
    """
    Exception hierarchy and error types in the SDK

    All SDK exceptions inherit from ScopixError and are importable directly from scopix, e.g. from scopix import
    AuthenticationError, RateLimitError, ScopixError.
    """
    for cls in CATALOGUE.errors:
        assert issubclass(cls, scopix.ScopixError)
        assert getattr(scopix, cls.__name__) is cls
        assert cls.__name__ in scopix.__all__


@pytest.mark.documented("scopix-sdk", line=7, part=1)
@pytest.mark.documented("scopix-sdk", line=7, part=2)
@pytest.mark.documented("scopix-sdk", line=7, part=3)
@pytest.mark.documented("scopix-sdk", line=7, part=4)
@pytest.mark.documented("scopix-sdk", line=7, part=5)
@pytest.mark.documented("scopix-sdk", line=7, part=6)
@pytest.mark.documented("scopix-sdk", line=7, part=7)
@pytest.mark.documented("scopix-sdk", line=7, part=8)
@pytest.mark.documented("scopix-sdk", line=7, part=9)
@pytest.mark.documented("scopix-sdk", line=7, part=10)
@pytest.mark.documented("scopix-sdk", line=7, part=11)
@pytest.mark.documented("scopix-sdk", line=7, part=12)
@pytest.mark.documented("scopix-sdk", line=7, part=13)
@pytest.mark.documented("scopix-sdk", line=7, part=14)
@pytest.mark.documented("scopix-sdk", line=7, part=15)
@pytest.mark.documented("scopix-sdk", line=7, part=16)
@pytest.mark.documented("scopix-sdk", line=7, part=17)
@pytest.mark.documented("scopix-sdk", line=7, part=18)
@pytest.mark.documented("scopix-sdk", line=7, part=19)
@pytest.mark.documented("scopix-sdk", line=7, part=20)
@pytest.mark.documented("scopix-sdk", line=7, part=21)
@pytest.mark.parametrize("line", DRAWN)
def test_tree(line: str) -> None:
    """
    ScopixError (base)
    ├── AuthenticationError # Invalid API key (401)
    ├── ScopixPermissionError # Insufficient permissions (403)
    ├── ResourceNotFoundError # Resource not found (404)
    ├── ValidationError # Invalid request data (400/422)
    ├── QuotaExceededError # Upload/API quota exceeded
    ├── PaymentRequiredError # Subscription payment past due (402)
    ├── RateLimitError # Too many requests (429)
    ├── ScopixTimeoutError # Operation timed out
    ├── ServerError # Server-side error (5xx)
    ├── ScopixConnectionError # Network connection failed
    ├── CircuitBreakerError # Circuit breaker open
    ├── UploadError # Image upload operation failed
    ├── DescriptionError # Description generation failed
    ├── ChatError # Chat operation failed
    ├── DocumentProcessingError # Document processing failed
    ├── CloudStorageError # Cloud storage job failed
    ├── S3ConnectorError # S3 connector job failed
    ├── VideoUploadError # Video upload failed
    ├── VideoAnalysisError # Video analysis failed
    └── SSEStreamError # SSE streaming failed

    Where a line names a status, replies of it are that class.
    """
    name, status = re.findall(r"\w+Error", line)[0], re.search(r"\((\S+)\)", line)
    cls = getattr(scopix, name)
    assert cls is scopix.ScopixError or cls.__base__ is scopix.ScopixError

    for one in re.findall(r"\d{3}|5(?=xx)", status[1] if status else ""):
        assert cls is CATALOGUE.resolve(int(one) if len(one) == 3 else 500)[0]


@pytest.mark.documented("scopix-sdk", lines=(10, 11))
@pytest.mark.documented("scopix-sdk", line=16)
@pytest.mark.documented("scopix-sdk", line=20)
@pytest.mark.documented("scopix-sdk", lines=(23, 24))
@pytest.mark.documented("scopix-sdk", lines=(28, 29))
@pytest.mark.documented("scopix-sdk", lines=(34, 35))
@pytest.mark.documented("scopix-sdk", lines=(37, 38))
@pytest.mark.documented("scopix-sdk", lines=(43, 44))
@pytest.mark.documented("scopix-sdk", line=46)
@pytest.mark.documented("scopix-sdk", line=48)
@pytest.mark.documented("scopix-sdk", line=50)
@pytest.mark.documented("scopix-sdk", lines=(53, 54))
@pytest.mark.documented("scopix-sdk", lines=(58, 59))
@pytest.mark.documented("scopix-sdk", lines=(63, 64))
@pytest.mark.documented("scopix-sdk", lines=(68, 69))
@pytest.mark.documented("scopix-sdk", lines=(71, 72))
@pytest.mark.documented("scopix-sdk", lines=(76, 77))
@pytest.mark.documented("scopix-sdk", lines=(81, 82))
@pytest.mark.documented("scopix-sdk", lines=(84, 85))
@pytest.mark.documented("scopix-sdk", line=89)
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[6:20])
def test_class(block: str) -> None:
    """
    A class has the constructor, the code, the attributes and the keys of its details that its block has.
    """
    name = block.removeprefix("class ").partition("(")[0]
    cls = getattr(scopix, name)
    printed = constructors().get(name)
    assert (printed is None) == ("def __init__" not in block)
    if printed is not None:
        assert printed_parameters(printed) == real_parameters(cls)

    needs = {"message": "m", "code": "c", "resource_type": "file", "resource_id": "f1"}
    taken = {key: value for key, value in needs.items() if key in {one for one, *_ in real_parameters(cls)}}
    error = cls(**taken)
    for code in re.findall(r'# code = "(\w+)"', block):
        assert code == error.code
    for keys in re.findall(r"# details contains: ((?:\w+, )*\w+)", block):
        assert {*keys.split(", ")} == error.details.keys()
    for attribute in ATTRIBUTES.findall(block.partition("def __init__")[0]):
        assert hasattr(error, attribute)


def test_attributes_of_the_blocks() -> None:
    """
    The blocks name nine attributes: of the base, of a rate limit, of a time-out and of an open circuit.
    """
    found = [name for block in BLOCKS for name in ATTRIBUTES.findall(block.partition("def __init__")[0])]

    assert "code message details retry_after limit remaining reset last_result retry_after" == " ".join(found)
