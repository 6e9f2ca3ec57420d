from __future__ import annotations

import contextlib
import itertools
import time
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import example, given, strategies as st

from failwell.wire import sse
from failwell.wire.sse import Decoder, Event, EventTooLongError

from .event_streams import WEB_PLATFORM_TESTS, said, slowly

MEBIBYTE = 1024 * 1024
FRAGMENTS = st.sampled_from([
    b"data", b"data:", b"data: ", b"event:", b"event: a", b"id", b"id: ", b"id:7", b"retry:", b"retry: 30", b"retry:3x",
    b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\0", b"x", b"1", b"\xef\xbb\xbf", b"\xef\xbb",
    "…".encode(), "😀".encode(), b"\xf0\x9f", b"\x80", b"\xff", b"\xed\xa0\x80", b"\xc2", "\u2028\x85\x0b\x0c".encode(),
    b"\xd9\xa1",
])  # fmt: skip
STREAMS = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=4)), max_size=40).map(b"".join)


def decoded(pieces: Iterable[bytes]) -> tuple[list[Event], str, int | None]:
    """The events, the last event id and the retry of a stream that comes in *pieces*."""
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events, decoder.last_event_id, decoder.retry


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """*stream* cut at *places*."""
    borders = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(borders)]


def bytewise(stream: bytes) -> list[bytes]:
    """*stream*, a byte at a time."""
    return [stream[place : place + 1] for place in range(len(stream))]


@pytest.mark.parametrize("name", WEB_PLATFORM_TESTS)
def test_web_platform_tests(name: str) -> None:
    """
    The parse set of the Web Platform Tests holds, in one piece, byte by byte, and in two pieces cut anywhere.
    """
    case = WEB_PLATFORM_TESTS[name]
    stream = case.stream

    assert (case.events, case.retry) == decoded([stream])[::2]
    assert (case.events, case.retry) == decoded(bytewise(stream))[::2]
    for place in range(min(len(stream), 300)):
        assert case.events == decoded([stream[:place], stream[place:]])[0]
    assert case.events == slowly(stream)[0]


@given(STREAMS, st.lists(st.integers(0, 500), max_size=30))
@example(b"data: a\rb", [8])
@example(b"data: a\r\n\r\n", [8, 9, 10])
@example(b"\xef\xbb\xbfdata: a\n\n", [1, 2])
def test_any_cut(stream: bytes, places: list[int]) -> None:
    """
    However a stream is cut, its events are those of the slow reading, and so are the last event id and the retry.
    """
    expected = slowly(stream)

    assert expected == decoded(cut(stream, places))
    assert expected == decoded(bytewise(stream))
    assert expected == decoded([stream])


@given(STREAMS, st.lists(st.integers(0, 500), max_size=30))
def test_any_cut_of_long_lines(stream: bytes, places: list[int]) -> None:
    """
    Lines of more than what is held as it came are no different.
    """
    kept, sse.PART = sse.PART, 6
    try:
        assert slowly(stream) == decoded(cut(stream, places))
        assert slowly(stream) == decoded(bytewise(stream))
    finally:
        sse.PART = kept


@given(STREAMS)
def test_each_event_as_soon_as_it_can_be(stream: bytes) -> None:
    """
    Byte by byte, an event is given with the byte that ends it, be it the CR of a CRLF.
    """
    decoder = Decoder()
    given_out: list[Event] = []
    for end in range(1, len(stream) + 1):
        given_out += decoder.feed(stream[end - 1 : end])
        assert slowly(stream[:end])[0] == given_out


@given(STREAMS, st.sampled_from(["", "7", "…"]))
def test_earlier_id(stream: bytes, earlier: str) -> None:
    """
    A stream that names no id of its own goes on with that of the connection before.
    """
    decoder = Decoder(last_event_id=earlier)
    events = decoder.feed(stream)

    assert slowly(stream, last_event_id=earlier)[:2] == (events, decoder.last_event_id)


def test_id_without_data() -> None:
    """
    A block with an id and no data gives no event, and its id counts; one that has not ended does not.
    """
    assert (said("a", id="1"), "2", None) == decoded([b"id:1\ndata:a\n\nid:2\n\nid:3\n"])


def test_name_without_data() -> None:
    """
    A block with a name and no data gives no event, and its name is not that of the next.
    """
    assert said("a") == decoded([b"event:x\n\ndata:a\n\n"])[0]


@pytest.mark.parametrize(
    ("text", "retry"),
    [
        (b"retry: 1500", 1500),
        (b"retry:0", 0),
        (b"retry:0012", 12),
        (b"retry:1.5", None),
        (b"retry:-1", None),
        (b"retry:+1", None),
        (b"retry:1e3", None),
        (b"retry:  1", None),
        (b"retry:1 ", None),
        (b"retry:", None),
        ("retry:\u0661".encode(), None),
        ("retry:²".encode(), None),
        (b"retry:" + b"9" * 6000, 10**15 - 1),
        (b"retry:" + b"0" * 6000 + b"5", 5),
    ],
)
def test_retry(text: bytes, retry: int | None) -> None:
    """
    A retry is ASCII digits and nothing else, however many.
    """
    assert ([], "", retry) == decoded([text + b"\n\n"])


def test_invalid_bytes() -> None:
    """
    Bytes that are not UTF-8 are "�", one for each that cannot begin or go on.
    """
    assert said("a�b��c�") == decoded([b"data:a\xffb\xc3\xf0\x9fc\xe2\x82\n\n"])[0]


def test_other_line_ends() -> None:
    """
    What other standards take for the end of a line is text.
    """
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"

    assert said(text) == decoded([f"data:{text}\n\n".encode()])[0]


def test_event_that_is_too_long() -> None:
    """
    Of an event more than the longest is not held: the piece after that raises, and says how much that was.
    """
    decoder = Decoder(longest=100)
    for _ in range(10):
        decoder.feed(b"data: 56789")
    with pytest.raises(EventTooLongError) as caught:
        decoder.feed(b"data")

    assert (100, "one event has more than 100 bytes") == (caught.value.longest, str(caught.value))


def test_event_of_too_many_lines() -> None:
    """
    All lines of an event count together.
    """
    decoder = Decoder(longest=100)
    for _ in range(12):
        decoder.feed(b"data: 78\n")
    with pytest.raises(EventTooLongError):
        decoder.feed(b"data")


@pytest.mark.parametrize(
    "line", [b"data:\n", b"data:x\n", b"data: \xc3\xa4\n", b"data\n", b":x\ndata:y\n", b"id:1\ndata:\n"]
)
def test_memory_of_an_event_of_many_small_lines(line: bytes) -> None:
    """
    What is held of an event takes memory near to its bytes, also where it comes in the smallest of lines.
    """
    longest, piece = MEBIBYTE, line * (16_384 // len(line))
    decoder, fed = Decoder(longest=longest), 0
    tracemalloc.start()
    try:
        with contextlib.suppress(EventTooLongError):
            while fed < 2 * longest:
                decoder.feed(piece)
                fed += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert fed <= longest + 2 * len(piece)
    assert peak < 1.5 * longest


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 1000])
def test_many_lines_in_one_event(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    However many lines an event has, empty ones too, it is given whole, and the next begins with nothing of it.
    """
    monkeypatch.setattr(sse, "LINES", 2)
    decoder = Decoder()
    lines = ["" if n % 3 else str(n) for n in range(count)]
    events = [event for line in lines for event in decoder.feed(f"data:{line}\n".encode())]
    events += decoder.feed(b"\ndata:next\n\n")

    assert ["\n".join(lines), "next"] == [event.data for event in events]


@pytest.mark.parametrize("line", [b"data: 78\n\n", b": nobody holds a comment\n", b"id: 5\n"])
def test_what_is_not_held(line: bytes) -> None:
    """
    Events that have ended, and lines that nothing is kept of, do not count.
    """
    decoder = Decoder(longest=100)
    for _ in range(1000):
        decoder.feed(line)

    assert 1 == len(decoder.feed(b"data\n\n"))


@pytest.mark.slow
@pytest.mark.parametrize("size", [16 * 1024, MEBIBYTE, 64 * MEBIBYTE])
def test_event_of_64_mebibytes(size: int) -> None:
    """
    One event of 64 MiB comes whole, whatever the pieces.
    """
    stream = b"id: 1\ndata: " + b"x" * (64 * MEBIBYTE) + b"\n\n"
    (event,), last_event_id, _ = decoded(stream[at : at + size] for at in range(0, len(stream), size))

    assert (64 * MEBIBYTE, "1") == (event.data.count("x"), last_event_id)


def seconds(mebibytes: float, size: int, *, lines: int) -> float:
    """CPU time of this thread, the best of three, for one event of so many *mebibytes* in pieces of *size* bytes."""
    line = b"data: " + b"x" * int(mebibytes * MEBIBYTE / lines) + b"\n"
    stream = line * lines + b"\n"
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    best = float("inf")
    for _ in range(3):
        started = time.thread_time()
        assert 1 == len(decoded(pieces)[0])
        best = min(best, time.thread_time() - started)
    return best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mebibytes", "size", "lines"), [(0.025, 1, 1), (0.025, 1, 250), (0.25, 100, 1), (0.125, 100, 12_500)]
)
def test_linear(mebibytes: float, size: int, lines: int) -> None:
    """
    An event of 32 times the size takes about 32 times as long, also byte by byte; 1,024 would be quadratic.
    """
    assert 180 * seconds(mebibytes, size, lines=lines) > seconds(32 * mebibytes, size, lines=32 * lines)
