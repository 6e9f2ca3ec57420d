"""Streams of events: P5. Ours beside a plain split loop, and one large event beside many smaller ones."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.goals import Goal
from benchmarks.pairs import Pair
from failwell.wire.sse import Decoder, Event

PIECE = 64 * 1024
"""Bytes that arrive at once."""
SMALL = b"".join(b'event: token\nid: %d\ndata: {"delta": "hello %d"}\n\n' % (number, number) for number in range(2000))
HALF_MIB, LARGEST = 512 * 1024, 64 * 1024 * 1024
PIECES_OF_SMALL = [SMALL[start : start + PIECE] for start in range(0, len(SMALL), PIECE)]


def pairs() -> list[Pair]:
    """What is measured without peers."""
    single = [part + b"\n\n" for part in SMALL.split(b"\n\n")[:-1]]
    return [
        Pair(
            "P5",
            "small events, beside a split loop",
            lambda: decoded(PIECES_OF_SMALL),
            lambda: split(PIECES_OF_SMALL),
            Goal(2.0, 1.6),
            often=0.05,
        ),
        Pair(
            "P5",
            "small events that arrive one by one",
            lambda: decoded(single),
            lambda: split(single),
            Goal(2.0, 1.6),
            often=0.05,
        ),
        # A rate is bytes by time: that of the one over that of the others is the time of these over the one's.
        Pair(
            "P5",
            "MB/s of an event of 64 MiB, beside 0.5 MiB",
            lambda: kept(large(HALF_MIB, LARGEST // HALF_MIB)),
            lambda: kept(large(LARGEST, 1)),
            Goal(0.7, at_least=True),
            often=0.005,
        ),
    ]


def large(length: int, times: int) -> Iterable[bytes]:
    """*times* events of *length* bytes, in pieces as they arrive."""
    middle = b"x" * PIECE
    for _ in range(times):
        yield b"data: "
        for _ in range(length // PIECE):
            yield middle
        yield b"\n\n"


def decoded(pieces: Iterable[bytes]) -> int:
    """How many events our decoder finds in *pieces*."""
    decoder, count = Decoder(), 0
    for piece in pieces:
        for _ in decoder.feed(piece):
            count += 1
    return count


def kept(pieces: Iterable[bytes]) -> list[Event]:
    """The events themselves: both sides come to as much text, which the system must find room for."""
    decoder = Decoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def split(pieces: Iterable[bytes]) -> int:
    """How many a loop finds that knows just the usual case: whole characters, LF, one space after the colon."""
    count, rest = 0, ""
    for piece in pieces:
        rest += piece.decode()
        *blocks, rest = rest.split("\n\n")
        for block in blocks:
            name, data, last_id = "message", list[str](), ""
            for line in block.split("\n"):
                if line.startswith("data: "):
                    data.append(line[6:])
                elif line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("id: "):
                    last_id = line[4:]
            if (name, "\n".join(data), last_id)[1]:
                count += 1
    return count
