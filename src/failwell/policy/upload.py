"""Resumable uploads in chunks: after a failure the server is asked for its offset, and the rest follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, Protocol, TypeVar

from failwell._support.frozen import Frozen
from failwell.contract.error import Error
from failwell.contract.fields import Local, Message, field
from failwell.policy.flow import Flow, notify, random, sleep
from failwell.policy.retry.policy import RetryPolicy
from failwell.wire.messages import Content, Failure

T = TypeVar("T")

CHUNK_SIZE = 8 * 1024 * 1024
"""Bytes of one request, unless an SDK says otherwise."""
INTERRUPTED = Failure("network", "the upload was interrupted")
OUT_OF_STEP = frozenset({308, 409, 423})
"""Statuses of a server that has another offset than the one it was sent (Resumable Uploads for HTTP, 4.4; tus), or that
is still busy with a piece that broke off: it holds a lock until it has noticed."""
HELD = frozenset({409, 423})
"""Statuses of a server that cannot say how far it came, since it holds such a lock."""

UploadProgress = Callable[[int, int | None], object]
"""Told how many bytes the server has, and how many there are (None: nobody knows)."""


class SourceChangedError(
    Error,
    source="client",
    on="source_changed",
    fix="Upload it anew, without the resume token, and leave it alone until the upload is done.",
):
    """What is being uploaded is no longer what the server has the beginning of."""

    message: Message = field(kw_only=False)
    filename: Annotated[str | None, Local()] = None
    """The file, where it has a name."""
    before: Annotated[dict[str, Any], Local()] = field(default_factory=dict)
    """Its size in bytes, and the time of its last change or its hash, when the upload began."""
    now: Annotated[dict[str, Any], Local()] = field(default_factory=dict)
    """The same, as found."""


class UploadSource(Protocol):
    """What is uploaded."""

    @property
    def name(self) -> str | None:
        """Its path, where it has one."""
        ...

    @property
    def size(self) -> int | None:
        """Bytes; None for a stream, which is sent once and in one piece."""
        ...

    @property
    def identity(self) -> Mapping[str, Any]:
        """What must stay the same while it is uploaded; JSON."""
        ...

    def content(self, offset: int, length: int) -> Content:
        """*length* bytes from *offset*. Where they are read, a changed source is refused."""
        ...


class Standing(Frozen):
    """Where the server stands: it has *offset* bytes of the upload at *address*.

    *chunk_size* is how many bytes it takes with one request; None is as many as the SDK declares.
    """

    address: str
    offset: int = 0
    chunk_size: int | None = None


class Piece(Frozen):
    """One request's part of an upload: *length* bytes from *offset* (None: all there are); *last* ends it.

    *number* is how many whole pieces come before it, for an API that counts them.
    """

    address: str
    offset: int
    length: int | None
    content: Content
    last: bool
    number: int = 0


class ChunkedUpload(Frozen, Generic[T]):
    """How an API takes a file in pieces: what an SDK declares. `failwell.client.resumable_uploads` is the standard's.

    *create* begins an upload and gives its address, or where it stands, if the server knows that source already.
    *offset* asks how many bytes are there, or where it stands; *send* sends a piece and gives how many are there then,
    *finish* gives the result once all are.
    """

    create: Callable[[UploadSource], Flow[str | Standing]]
    offset: Callable[[str], Flow[int | Standing]]
    send: Callable[[Piece], Flow[int]]
    finish: Callable[[str], Flow[T]]
    chunk_size: int = CHUNK_SIZE


def upload(
    how: ChunkedUpload[T],
    source: UploadSource,
    *,
    policy: RetryPolicy,
    changed: Callable[[str | None, Mapping[str, Any], Mapping[str, Any]], Error],
    at: str | None = None,
    begun: Callable[[str], object] = lambda _address: None,
    progress: UploadProgress = lambda _sent, _total: None,
) -> Flow[T]:
    """Send *source* piece by piece, and after a failure from where the server stands; the result of *how* to finish.

    *at* is the address of an upload that was begun before, *begun* is told a new one. *policy* says how often it fails
    in a row, with nothing arriving, until the error is raised, and after which delay the server is asked. *changed*
    makes the error for a source of a name that was one thing and is another: the server has more than there is.
    """
    if at is None:
        created = yield from how.create(source)
        stands = Standing(created) if isinstance(created, str) else created
        begun(stands.address)
    else:
        stands, _ = yield from _reached(how, at, policy)
    address, offset, at_once = stands.address, stands.offset, stands.chunk_size or how.chunk_size
    if source.size is None:
        yield from how.send(Piece(address, 0, None, source.content(0, 0), last=True))
        return (yield from how.finish(address))
    size, fruitless = source.size, 0
    while True:
        if offset > size:
            raise changed(source.name, {"size": offset}, source.identity)
        progress(offset, size)
        if offset >= size:
            return (yield from how.finish(address))
        length = min(at_once, size - offset)
        last, number = offset + length == size, offset // at_once
        piece = Piece(address, offset, length, source.content(offset, length), last, number)
        try:
            offset, fruitless = (yield from how.send(piece)), 0
            continue
        except Error as error:
            chance = yield from random()
            delay = policy.backoff(fruitless + 1, INTERRUPTED, chance=chance) if may_go_on(error) else None
            if delay is None:
                raise
            reason = type(error).__name__
        yield from notify("upload_interrupted", sent=offset, delay=delay, reason=reason)
        yield from sleep(delay)
        # A piece that broke off may have arrived in part, or whole. Only the server knows.
        stands, fruitless = yield from _reached(how, address, policy, offset, fruitless + 1)
        fruitless = 0 if stands.offset > offset else fruitless
        offset = stands.offset


def _reached(
    how: ChunkedUpload[T], address: str, policy: RetryPolicy, sent: int = 0, fruitless: int = 0
) -> Flow[tuple[Standing, int]]:
    """How far the server came, and how often it was *fruitless* by now; asked again while the server is not free."""
    while True:
        try:
            reached = yield from how.offset(address)
            return Standing(address, reached) if isinstance(reached, int) else reached, fruitless
        except Error as error:
            chance = yield from random()
            held = error.known_status in HELD
            delay = policy.backoff(fruitless + 1, INTERRUPTED, chance=chance) if held else None
            if delay is None:
                raise
            reason = type(error).__name__
        fruitless += 1
        yield from notify("upload_interrupted", sent=sent, delay=delay, reason=reason)
        yield from sleep(delay)


def may_go_on(error: Error) -> bool:
    """Whether the server may be asked how far it came: nothing is wrong with what was sent."""
    if error.case.source(error.source) == "transport" or error.case.retry in ("transient", "in_progress"):
        return True
    return error.known_status in OUT_OF_STEP
