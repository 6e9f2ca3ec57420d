"""Resumable uploads as operations, in the IETF draft's dialect of upload offsets or one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar

from failwell._support.frozen import changed
from failwell.client.core import Core
from failwell.client.operations.resuming import checked_token
from failwell.client.operations.upload_sources import Uploadable, source_of
from failwell.client.transport.targets import BadTargetError, below, origin, whole
from failwell.contract.construction import configuration_problem, error_for
from failwell.contract.error import Error
from failwell.policy.batch import declared
from failwell.policy.decoding_errors import UnreadableReplyError
from failwell.policy.flow import Flow
from failwell.policy.resume_token import ResumeToken, arguments_of
from failwell.policy.retry.policy import RetryPolicy
from failwell.policy.upload import (
    CHUNK_SIZE,
    ChunkedUpload,
    Piece,
    SourceChangedError,
    UploadProgress,
    UploadSource,
    upload,
)
from failwell.wire.addresses import resolved
from failwell.wire.messages import Reply

T = TypeVar("T")

Dialect = Literal["ietf", "tus"]
"""Resumable Uploads for HTTP (the IETF's draft), or tus 1.0, from which it comes."""
PIECES: Mapping[str, str] = {"ietf": "application/partial-upload", "tus": "application/offset+octet-stream"}
GONE = frozenset({404, 410})


def resumable_uploads(
    core: Core,
    operation: str,
    path: str,
    finish: Callable[[str], Flow[T]],
    *,
    dialect: Dialect = "ietf",
    chunk_size: int = CHUNK_SIZE,
    headers: tuple[tuple[str, str], ...] = (),
    keyed: bool = True,
) -> ChunkedUpload[T]:
    """Uploads that POST to *path* creates, HEAD asks for their offset and PATCH adds to.

    *headers* go with the creation: what kind of file it is. *keyed* says whether the API knows idempotency keys;
    without them a creation that got no answer is not repeated.
    """
    spoken = (("Tus-Resumable", "1.0.0"),) if dialect == "tus" else ()

    def create(source: UploadSource) -> Flow[str]:
        if source.size is None and dialect == "tus":
            raise configuration_problem(core.catalogue, "A stream of unknown length cannot be uploaded; pass a file.")
        length = () if source.size is None else (("Upload-Length", str(source.size)),)
        # Of an empty source nothing more will come.
        complete = (("Upload-Complete", "?0" if source.size != 0 else "?1"),) if dialect == "ietf" else ()
        sent = (*headers, *spoken, *length, *complete)
        return core.call(operation, "POST", path, located(core, path), headers=sent, mutating=keyed)

    def offset(address: str) -> Flow[int]:
        return core.call(operation, "HEAD", address, _offset, headers=spoken)

    def send(piece: Piece) -> Flow[int]:
        sent = [*spoken, ("Content-Type", PIECES[dialect]), ("Upload-Offset", str(piece.offset))]
        if dialect == "ietf":
            sent.append(("Upload-Complete", "?1" if piece.last else "?0"))
        if piece.length is not None:
            sent.append(("Content-Length", str(piece.length)))

        def taken(reply: Reply) -> int:
            if "upload-offset" not in reply.headers:
                return piece.offset + (piece.length or 0)  # with 2xx, all of it
            reached = _offset(reply)
            if piece.length and reached <= piece.offset:
                raise UnreadableReplyError(f"its Upload-Offset is {reached}, after a piece from {piece.offset} on")
            return reached

        return core.call(
            operation,
            "PATCH",
            piece.address,
            taken,
            headers=tuple(sent),
            content=piece.content,
        )

    return ChunkedUpload(create, offset, send, finish, chunk_size)


def located(core: Core, path: str) -> Callable[[Reply], str]:
    """Read the address of what was created at *path*, as a whole URL."""

    def decode(reply: Reply) -> str:
        location = reply.headers.get("location")
        if not location:
            raise UnreadableReplyError("it has no Location")
        address = resolved(core.base_url, path, location)
        try:
            return str(whole(location if address is None else address))
        except BadTargetError as problem:
            refused = f"its Location {problem}"
        raise UnreadableReplyError(refused)

    return decode


def chunked_upload(
    core: Core,
    operation: str,
    what: Uploadable,
    how: ChunkedUpload[T],
    *,
    argument: str,
    arguments: Mapping[str, Any],
    resume_token: str | None = None,
    progress: UploadProgress | None = None,
    on_token: Callable[[str], object] | None = None,
) -> Flow[T]:
    """What an *operation* marked `@resumable()` uploads by, in both colours.

    *what* it was given as *argument*, and its other *arguments*, go into the token with which another process goes on:
    *on_token* is told it as soon as the server knows the upload, and errors carry it. *progress* is told how many bytes
    the server has, and how many there are. The token holds no address elsewhere, and none with a query: those may be
    keys by themselves. Then there is none.

    Raises:
        OSError: *what* cannot be read.
        SourceChangedError: it changes while it is uploaded, or is not what *resume_token* was made for. A catalogue may
            declare a class of its own for the occasion "source_changed".
        Error: the catalogue's "configuration" error for a token of something else; whatever the requests meet.
    """
    source = upload_source(core, what)
    at = None if resume_token is None else _address(core, operation, resume_token, source)
    known = arguments_of({**arguments, **({argument: source.name} if source.name is not None else {})})
    token, there = resume_token, at is not None

    def begun(address: str) -> None:
        nonlocal token, there
        there = True
        place = _place(core, address)
        if place is None or known is None or source.size is None:
            return
        state = {"at": place, "source": dict(source.identity)}
        token = ResumeToken(core.catalogue.name, operation, known, state).text
        if token is not None and on_token is not None:
            on_token(token)

    policy = RetryPolicy(changed(core.catalogue.retries, max_retries=core.max_retries))
    try:
        return (
            yield from upload(
                how,
                source,
                policy=policy,
                changed=partial(_changed, core),
                at=at,
                begun=begun,
                progress=progress or (lambda _sent, _total: None),
            )
        )
    except Error as error:
        if there:
            error.effect = "done"  # of the upload, whatever its last request did
        gone = error.known_status in GONE
        if token is not None and not gone and not isinstance(error, SourceChangedError):
            error.resume_token = token
        raise


def upload_source(core: Core, what: Uploadable) -> UploadSource:
    """*what* as an operation sends it in one request: `content=source.content(0, source.size)`, opened for every try.

    Raises:
        OSError: there is no such file, it is no regular one, or it may not be read.
        SourceChangedError: where it is read, and has changed meanwhile; or the catalogue's class for that occasion.
    """
    return source_of(what, partial(_changed, core))


def _address(core: Core, operation: str, text: str, source: UploadSource) -> str:
    """Where the upload of *source* goes on that the token *text* names."""
    token = checked_token(core.catalogue, text)
    place, before = token.state.get("at"), token.state.get("source")
    whose = f"{token.vendor}.{token.operation}"
    if whose != f"{core.catalogue.name}.{operation}" or not isinstance(place, str) or not isinstance(before, dict):
        refused = f"The resume token is for {whose}, not for an upload by {operation}. Call it, or failwell.resume."
        raise configuration_problem(core.catalogue, refused)
    try:
        address = below(core.prepared.base.copy_with(path="/"), place)
    except BadTargetError:
        address = None
    if address is None:
        refused = f"The resume token leads to {place[:100]!r}, which is no path of the API. Upload it anew."
        raise configuration_problem(core.catalogue, refused)
    if before != source.identity:
        raise _changed(core, source.name, before, source.identity)
    return str(address)


def _place(core: Core, address: str) -> str | None:
    """The path of *address*, if nothing else of it is needed to come back."""
    try:
        url = whole(address)
    except BadTargetError:
        return None
    plain = origin(url) == core.prepared.origin and not url.query and not url.fragment
    return url.raw_path.decode() if plain else None


def _changed(core: Core, name: str | None, before: Mapping[str, Any], now: Mapping[str, Any]) -> Error:
    what = ", ".join(f"{key} was {before.get(key)!r} and is {now[key]!r}" for key in now if before.get(key) != now[key])
    message = f"{name or 'The source'} is not what the upload began with: {what}."
    cls, case = declared(core.catalogue, SourceChangedError)
    error = error_for(cls, case, message=message, filename=name, before=dict(before), now=dict(now))
    if fix := error.case.fix:
        error.add_note(fix)
    return error


def _offset(reply: Reply) -> int:
    said = reply.headers.get("upload-offset", "")
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise UnreadableReplyError(f"its Upload-Offset is {said[:40]!r}, not a number of bytes")
    return int(said)
