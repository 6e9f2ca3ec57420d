from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given

from failwell import Catalogue
from failwell._support import truncation
from failwell.wire import Reply, parse_reply
from tests.contract.samples import CATALOGUES
from tests.contract.samples.strategies import bytes_of_text
from tests.wire.samples import LARGE_REPLIES, MEGABYTE, REPLIES, as_json

large_replies = pytest.mark.parametrize(("status", "body"), LARGE_REPLIES.values(), ids=LARGE_REPLIES)


@pytest.fixture
def traced() -> Iterator[None]:
    """Count the memory that is taken in the test."""
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
@large_replies
def test_a_thousand_errors_from_large_replies_cost_less_than_20_mb(status: int, body: bytes) -> None:
    """
    R5. 1,000 errors from 1 MB replies cost < 20 MB: three of them stay below 60 kB.
    """
    reply = Reply(status, {"x-request-id": "r" * 40}, body)
    parse_reply(reply, CATALOGUES["pictograph"])
    before = tracemalloc.get_traced_memory()[0]
    kept = [parse_reply(reply, CATALOGUES["pictograph"]) for _ in range(3)]
    cost = tracemalloc.get_traced_memory()[0] - before

    assert cost < 20 * MEGABYTE / 1000 * len(kept)


def check_texts(reply: Reply, catalogue: Catalogue) -> None:
    """Nothing that is read of *reply* is long."""
    error = parse_reply(reply, catalogue)
    texts = [value for value in vars(error).values() if isinstance(value, str)]

    assert len(str(error)) < 4096
    assert all(len(text.encode()) <= truncation.TEXT for text in texts)


@large_replies
def test_text_of_large_replies_is_short(status: int, body: bytes) -> None:
    """
    R5. `len(str(e))` stays below 4 KiB, and each string that was read below 2 KiB, however long the reply.
    """
    check_texts(Reply(status, {"x-request-id": "r" * 9000}, body), CATALOGUES["pictograph"])


@pytest.mark.parametrize("key", ["detail", "error", "message", "errors", "title", "code", "error_code"])
@pytest.mark.parametrize("letter", ["x", "é", "€", "😀"])
def test_any_text_is_short(key: str, letter: str) -> None:
    """
    R5. A long text is cut wherever it stands, in bytes and not in letters.
    """
    long = letter * 3000
    for body in (
        {key: long},
        {"detail": {key: long}},
        {"error": {key: long}},
        {"detail": [{"loc": [long], "msg": long}]},
    ):
        for catalogue in CATALOGUES.values():
            for status in (401, 409, 422, 500):
                check_texts(Reply(status, {"x-request-id": long, "x-depot": long}, as_json(body)), catalogue)


@given(REPLIES)
def test_structures_are_short(reply: Reply) -> None:
    """
    R5. Lists and maps that were read hold at most 100 entries a level, and 8 KiB of text together.
    """
    for catalogue in CATALOGUES.values():
        for value in vars(parse_reply(reply, catalogue)).values():
            if isinstance(value, list | dict):
                assert len(value) <= truncation.ENTRIES
                assert bytes_of_text(value) <= truncation.STRUCTURE
