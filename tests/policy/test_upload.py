from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.contract import Error, RetryRules
from failwell.policy import ChunkedUpload, Flow, Piece, RetryPolicy, Standing
from failwell.policy.flow import notify
from failwell.policy.upload import may_go_on, upload
from failwell.testing import Player
from subconscious.exceptions import CATALOGUE, SubconsciousError
from tests.shop import (
    ApiError,
    ConflictError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ShopError,
    ValidationError,
)

RULES = RetryPolicy(RetryRules(max_retries=3))


class Bytes:
    """A source in memory."""

    name = "memory"

    def __init__(self, content: bytes) -> None:
        self.whole = content
        self.size = len(content)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"size": self.size}

    def content(self, offset: int, length: int) -> bytes:
        return self.whole[offset : offset + length]


class Store:
    """An API that takes pieces; *losses* says of each in turn how much of it arrives, and whether it is answered."""

    def __init__(self, losses: list[tuple[int, bool]]) -> None:
        self.losses = iter(losses)
        self.stored = b""
        self.asked: list[str] = []

    def how(self, chunk_size: int) -> ChunkedUpload[bytes]:
        return ChunkedUpload(self.create, self.offset, self.send, self.finish, chunk_size)

    def create(self, _source: Any) -> Flow[str]:
        yield from notify("create")
        return "/1"

    def offset(self, _address: str) -> Flow[int]:
        self.asked.append("offset")
        yield from notify("offset")
        return len(self.stored)

    def send(self, piece: Piece) -> Flow[int]:
        self.asked.append(f"send {piece.offset}")
        yield from notify("send")
        assert isinstance(piece.content, bytes)
        if piece.offset != len(self.stored):
            raise ConflictError("out of step")
        arrives, answered = next(self.losses, (piece.length or 0, True))
        self.stored += piece.content[:arrives]
        if not answered or arrives < (piece.length or 0):
            raise NetworkError("cut")
        return len(self.stored)

    def finish(self, address: str) -> Flow[bytes]:
        yield from notify("finish", address=address)
        return self.stored


def different(_name: str | None, before: Mapping[str, Any], now: Mapping[str, Any]) -> Error:
    """What a changed source is refused with."""
    return ValidationError(f"{before} {now}")


def played(store: Store, content: bytes, chunk_size: int = 10, **settings: Any) -> tuple[Any, Player]:
    """What uploading *content* returned or raised, and the world it happened in."""
    player = Player([])
    flow = upload(store.how(chunk_size), Bytes(content), policy=RULES, changed=different, **settings)
    try:
        return player.run(flow), player
    except ShopError as error:
        return error, player


@given(
    st.binary(max_size=200),
    st.integers(1, 64),
    st.lists(st.tuples(st.integers(1, 64), st.booleans()), max_size=20),
)
def test_whatever_is_lost(content: bytes, chunk_size: int, losses: list[tuple[int, bool]]) -> None:
    """
    R14. Wherever requests and answers are lost, what is stored at the end is the source, as long as something arrives.
    """
    store = Store(losses)
    done, _ = played(store, content, chunk_size)

    assert content == done == store.stored


class Busy(Store):
    """A store that answers with *statuses* in turn, until they are used up, and then as it should: 0 is that, too."""

    def __init__(self, statuses: dict[str, list[int]], losses: list[tuple[int, bool]]) -> None:
        super().__init__(losses)
        self.statuses = {what: iter(said) for what, said in statuses.items()}

    def refuse(self, what: str) -> None:
        """Raise what is next."""
        if status := next(self.statuses.get(what, iter(())), 0):
            raise ApiError("locked", status_code=status)

    def offset(self, address: str) -> Flow[int]:
        """Refuse, or tell."""
        self.asked.append("offset")
        self.refuse("offset")
        self.asked.pop()
        return (yield from super().offset(address))

    def send(self, piece: Piece) -> Flow[int]:
        """Refuse, or take."""
        self.asked.append(f"send {piece.offset}")
        self.refuse("send")
        self.asked.pop()
        return (yield from super().send(piece))


@pytest.mark.parametrize(
    ("statuses", "losses", "waited"),
    [
        ({"offset": [423]}, [(4, False)], [1.0, 2.0]),
        ({"offset": [423, 409]}, [(4, False)], [1.0, 2.0, 4.0]),
        ({"offset": [409]}, [(4, False)], [1.0, 2.0]),
        ({"send": [0, 423]}, [], [1.0]),
        ({"send": [423], "offset": [423]}, [], [1.0, 2.0]),
        ({"send": [423, 423]}, [], [1.0, 2.0]),
        ({"send": [0, 423, 0, 423]}, [], [1.0, 1.0]),
    ],
    ids=str,
)
def test_a_server_that_still_holds_the_upload(
    statuses: dict[str, list[int]], losses: list[tuple[int, bool]], waited: list[float]
) -> None:
    """
    R14. A server that holds a lock for a piece that broke off (423, 409) is waited for, and then gets the rest.
    """
    store = Busy(statuses, losses)
    done, player = played(store, bytes(range(25)))

    assert bytes(range(25)) == done, done
    assert waited == player.waited


@pytest.mark.parametrize("what", ["offset", "send"])
def test_a_server_that_holds_the_upload_for_ever(what: str) -> None:
    """
    It is not waited for longer than a call would be.
    """
    store = Busy({what: [423] * 100}, [(4, False)] if what == "offset" else [])
    done, player = played(store, bytes(25))

    assert isinstance(done, ApiError)
    assert 423 == done.status_code
    assert len(player.waited) <= 3


def test_an_upload_that_is_taken_up_again_while_it_is_held() -> None:
    """
    Another process that goes on waits for the lock of the one before.
    """
    store = Busy({"offset": [423, 423]}, [])
    store.stored = bytes(10)
    done, player = played(store, bytes(25), at="/1")

    assert (bytes(25), [1.0, 2.0]) == (done, player.waited)


@pytest.mark.parametrize("status", [404, 410, 403, 500])
def test_an_offset_that_is_refused(status: int) -> None:
    """
    Any other answer to the question how far it came ends the upload.
    """
    done, _ = played(Busy({"offset": [status]}, [(4, False)]), bytes(25))

    assert isinstance(done, ApiError)
    assert status == done.status_code


def test_waits_and_asks() -> None:
    """
    After a failure it waits as long as a retry would, asks for the offset, and observers hear of it.
    """
    store = Store([(10, True), (4, False)])
    _, player = played(store, bytes(25))

    assert ["send 0", "send 10", "offset", "send 14", "send 24"] == store.asked
    assert [1.0] == player.waited
    assert [{"sent": 10, "delay": 1.0, "reason": "NetworkError"}] == [
        told.facts for told in player.emitted if told.name == "upload_interrupted"
    ]


def test_failures_in_a_row() -> None:
    """
    Failures in a row after which nothing more is there end it: as many as a call is retried.
    """
    store = Store([(10, True), *[(0, False)] * 9])
    error, player = played(store, bytes(25))

    assert (NetworkError, [1.0, 2.0, 4.0], 5) == (
        type(error),
        player.waited,
        len([each for each in store.asked if each.startswith("send")]),
    )


def test_going_on() -> None:
    """
    An upload that was begun before is asked for its offset first, and is not created again.
    """
    store = Store([])
    store.stored = b"0123456"
    begun: list[str] = []
    done, player = played(store, b"0123456789", at="/1", begun=begun.append)

    assert (b"0123456789", ["offset", "send 7"], []) == (done, store.asked, begun)
    assert "create" not in [told.name for told in player.emitted]


def test_complete_before() -> None:
    """
    Of an upload that is complete already nothing is sent; it is only finished.
    """
    store = Store([])
    store.stored = b"0123456789"
    done, _ = played(store, b"0123456789", at="/1")

    assert (b"0123456789", ["offset"]) == (done, store.asked)


def test_more_than_there_is() -> None:
    """
    A server that has more than there is has something else.
    """
    store = Store([])
    store.stored = bytes(11)
    error, _ = played(store, bytes(10), at="/1")

    assert "{'size': 11} {'size': 10}" == str(error)


def test_progress() -> None:
    """
    Progress is what the server has, also when that is less than was sent.
    """
    told: list[tuple[int, int | None]] = []
    played(Store([(10, True), (4, False)]), bytes(25), progress=lambda *facts: told.append(facts))

    assert [(0, 25), (10, 25), (14, 25), (24, 25), (25, 25)] == told


def test_what_may_go_on() -> None:
    """
    The server is asked again after what says nothing against the upload: no answer, 5xx, out of step.
    """
    errors = [
        NetworkError("cut"),
        RequestTimeoutError("late"),
        ServerError("down"),
        ConflictError("out of step"),
        ValidationError("bad"),
        RateLimitError("wait"),
        SubconsciousError("service_unavailable", "cut", 0).become(CATALOGUE.raised_on("network")[1]),
    ]

    assert [True, True, True, True, False, False, True] == [may_go_on(error) for error in errors]


class Counting(Store):
    """An API that counts chunks of four bytes, and knows a source again that it has a part of."""

    def __init__(self, losses: list[tuple[int, bool]], stored: bytes = b"") -> None:
        super().__init__(losses)
        self.stored = stored
        self.numbers: list[int] = []

    def create(self, _source: Any) -> Flow[Standing]:  # type: ignore[override]
        yield from notify("create")
        return Standing("/1", len(self.stored), 4)

    def offset(self, _address: str) -> Flow[Standing]:  # type: ignore[override]
        self.stored = self.stored[: len(self.stored) // 4 * 4]
        yield from notify("offset")
        return Standing("/1", len(self.stored), 4)

    def send(self, piece: Piece) -> Flow[int]:
        self.numbers.append(piece.number)
        return super().send(piece)


@pytest.mark.parametrize(
    ("stored", "losses", "numbers"),
    [
        (b"", [], [0, 1, 2]),
        (b"0123", [], [1, 2]),
        (b"01234567", [], [2]),
        (b"0123456789", [], []),
        (b"", [(4, True), (2, False)], [0, 1, 1, 2]),
        (b"", [(4, True), (4, False)], [0, 1, 2]),
        (b"0123", [(4, True), (1, False)], [1, 2, 2]),
    ],
)
def test_numbered_chunks(stored: bytes, losses: list[tuple[int, bool]], numbers: list[int]) -> None:
    """
    A server may say with the first answer what it has already, and how large its chunks are: these are counted.
    """
    store = Counting(losses, stored)
    done, _ = played(store, b"0123456789")

    assert (b"0123456789", numbers) == (done, store.numbers)


def test_going_on_with_numbered_chunks() -> None:
    """
    So may it when it is asked how far it came.
    """
    store = Counting([], b"012345")
    done, _ = played(store, b"0123456789", at="/1")

    assert (b"0123456789", [1, 2]) == (done, store.numbers)
