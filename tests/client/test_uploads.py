from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import failwell
from failwell import SourceChangedError
from failwell.client import upload_source
from failwell.clock import VirtualClock
from failwell.policy.resume_token import ResumeToken
from failwell.testing import replies
from failwell.wire import Reply
from pictograph.exceptions import (
    AuthError,
    ConfigurationError,
    NetworkError,
    NotFoundError,
    PictographError,
)

from .colours import KEY, every_colour, run_in
from .probe import core
from .upload_server import CHUNK, Depot, Uploads, taking_uploads

SOURCE = bytes(range(65, 65 + 40))
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def running() -> Generator[Uploads]:
    """The server of this file."""
    with taking_uploads() as server:
        yield server


@pytest.fixture
def server(running: Uploads) -> Uploads:
    """The server, as if nobody had asked it for anything."""
    running.forget()
    return running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 40 bytes."""
    path = tmp_path / "source.bin"
    path.write_bytes(SOURCE)
    return path


def asked(colour: str, server: Uploads, ask: Callable[[Any], Any], **settings: Any) -> Any:
    """What `ask(client)` gives in *colour*; its waits are virtual."""
    settings = {"clock": VirtualClock(), "timeout": 3.0, **settings}
    if colour == "blocking":
        engine = core(server.url, **settings)
        try:
            return ask(Depot(engine))
        finally:
            engine.close()

    async def run() -> Any:
        engine = core(server.url, awaiting=True, **settings)
        try:
            return await ask(Depot(engine))
        finally:
            await engine.aclose()

    return run_in(colour, run)


def uploading(source: Any, **settings: Any) -> Callable[[Any], Any]:
    """A call that uploads *source*."""
    return lambda client: client.files.upload(source, **settings)


def raised(colour: str, server: Uploads, ask: Callable[[Any], Any], **settings: Any) -> Any:
    """The error that `ask(client)` ends with."""
    with pytest.raises(failwell.Error) as caught:
        asked(colour, server, ask, **settings)
    return caught.value


@every_colour
def test_in_pieces(file: Path, server: Uploads, colour: str) -> None:
    """
    A file is sent in pieces, and the result is what the API says at the end.
    """
    told: list[tuple[int, int]] = []
    done = asked(colour, server, uploading(file, progress=lambda sent, total: told.append((sent, total))))
    sent = [(headers["upload-offset"], headers["upload-complete"]) for how, headers in server.asked if how == "PATCH"]

    assert ({"number": 0, "size": 40}, [SOURCE]) == (done, [bytes(each) for each in server.files])
    assert [("0", "?0"), ("16", "?0"), ("32", "?1")] == sent
    assert [(0, 40), (16, 40), (32, 40), (40, 40)] == told
    assert ["POST", "PATCH", "PATCH", "PATCH", "GET"] == server.methods()


@every_colour
def test_cut_at_every_byte(file: Path, server: Uploads, colour: str) -> None:
    """
    R14. An upload cut at any byte, the one after the last included, goes on from the server's offset.

    What is stored is the source, and each byte was taken once.
    """
    for cut in range(len(SOURCE) + 1):
        server.forget()
        server.cut = cut
        done = asked(colour, server, uploading(file))

        assert (cut, {"number": 0, "size": 40}, SOURCE, 40) == (cut, done, bytes(server.files[0]), server.received)
        assert (cut, ["POST"], ["HEAD"]) == (cut, server.methods("POST"), server.methods("HEAD"))


@every_colour
def test_cut_again_and_again(file: Path, server: Uploads, colour: str) -> None:
    """
    Cuts in a row that each let something arrive do not end an upload, however many they are.
    """

    def cut_soon(sent: int, _total: int) -> None:
        server.cut = sent + 3

    asked(colour, server, uploading(file, progress=cut_soon), max_retries=1)

    assert (SOURCE, 40, 13) == (bytes(server.files[0]), server.received, len(server.methods("HEAD")))


@every_colour
def test_nothing_arrives(file: Path, server: Uploads, colour: str) -> None:
    """
    When it fails as often in a row as calls are repeated, and nothing arrives, the error leaves, with the token.
    """
    clock = VirtualClock()

    def cut_at_once(sent: int, _total: int) -> None:
        server.cut = 16 if sent >= 16 else None

    error = raised(colour, server, uploading(file, progress=cut_at_once), max_retries=2, clock=clock)

    assert (NetworkError, 3, 2) == (type(error), len(server.methods("PATCH")) - 1, len(clock.waits()))
    assert error.resume_token == pickle.loads(pickle.dumps(error)).resume_token  # noqa: S301 - our own bytes

    server.cut = None
    done = asked(colour, server, lambda client: failwell.resume(error.resume_token, client))

    assert ({"number": 0, "size": 40}, SOURCE, 40) == (done, bytes(server.files[0]), server.received)


@every_colour
def test_errors_that_nobody_can_help(file: Path, server: Uploads, colour: str) -> None:
    """
    An error that another try would meet again ends the upload at once; the token goes on when it is repaired.
    """

    def refuse(sent: int, _total: int) -> None:
        server.refuse = 401 if sent == 16 else None

    error = raised(colour, server, uploading(file, progress=refuse))
    server.refuse = None
    asked(colour, server, lambda client: failwell.resume(error.resume_token, client))

    assert (AuthError, [], SOURCE) == (type(error), server.methods("HEAD")[1:], bytes(server.files[0]))


SCRIPT = """
import sys
from failwell.client import Core
from tests.client.probe import core
from tests.client.upload_server import Depot

def told(token):
    print(token, flush=True)

Depot(core(sys.argv[1])).files.upload(sys.argv[2], on_token=told)
"""


@every_colour
@pytest.mark.parametrize("at", [0, 21, 40])
def test_killed(file: Path, server: Uploads, at: int, colour: str) -> None:
    """
    R14. An upload whose process is killed (kill -9) is gone on with by another, with the token alone.

    No byte is taken twice, and the token holds no secret.
    """
    server.hold = at
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, server.url, file.name], cwd=file.parent, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with program:
        assert program.stdout is not None
        token = program.stdout.readline().strip()
        server.wait_for(at)
        program.kill()
    assert -signal.SIGKILL == program.returncode
    server.hold = None
    done = asked(colour, server, lambda client: failwell.resume(token, client))

    assert ({"number": 0, "size": 40}, SOURCE, 40) == (done, bytes(server.files[0]), server.received)
    assert (["POST"], KEY) == (server.methods("POST"), server.asked[-1][1]["x-api-key"])
    assert KEY not in token


def token_of(colour: str, server: Uploads, source: Any, **settings: Any) -> str:
    """The token of an upload that was cut after 21 bytes."""
    tokens: list[str] = []
    server.cut = 21
    raised(colour, server, uploading(source, on_token=tokens.append, **settings), max_retries=0)
    [token] = tokens
    return token


@every_colour
def test_changed_file(file: Path, server: Uploads, colour: str) -> None:
    """
    A file that was changed since is not mixed with what the server has: a typed error says what is different.
    """
    token = token_of(colour, server, file)
    file.write_bytes(SOURCE + b"!")
    error = raised(colour, server, lambda client: failwell.resume(token, client))

    assert (SourceChangedError, 40, 41, str(file)) == (
        type(error),
        error.before["size"],
        error.now["size"],
        error.filename,
    )
    assert str(error).startswith(f"{file} is not what the upload began with: size was 40 and is 41, mtime_ns was ")
    assert ["Upload it anew, without the resume token, and leave it alone until the upload is done."] == error.__notes__
    assert (21, None) == (server.received, error.resume_token)
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 - our own bytes


@every_colour
@pytest.mark.parametrize("new", [SOURCE + b"!", SOURCE[:20], SOURCE[::-1]])
def test_file_that_changes_meanwhile(file: Path, server: Uploads, new: bytes, colour: str) -> None:
    """
    A file that is changed between two pieces is refused before another byte of it is sent.
    """
    before = file.stat()

    def change(sent: int, _total: int) -> None:
        if sent == CHUNK:
            file.write_bytes(new)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))

    error = raised(colour, server, uploading(file, progress=change))

    assert (SourceChangedError, CHUNK) == (type(error), server.received)


@every_colour
def test_open_files(server: Uploads, colour: str) -> None:
    """
    An open file is uploaded from where it stands, and is gone on with by the operation itself: it must be the same.
    """
    opened = io.BytesIO(b"skipped" + SOURCE)
    opened.seek(7)
    token = token_of(colour, server, opened)
    nameless = raised(colour, server, lambda client: failwell.resume(token, client))
    other = raised(colour, server, uploading(io.BytesIO(SOURCE[::-1]), resume_token=token))
    asked(colour, server, uploading(io.BytesIO(SOURCE), resume_token=token))

    assert (ConfigurationError, SourceChangedError) == (type(nameless), type(other))
    assert "which nobody can go on with" in str(nameless)
    assert (SOURCE, 40, 1) == (bytes(server.files[0]), server.received, len(server.files))


@every_colour
def test_open_files_on_a_disk(file: Path, server: Uploads, colour: str) -> None:
    """
    An open file on a disk is known by its size and the time of its last change, also by its path.
    """
    with file.open("rb") as opened:
        token = token_of(colour, server, opened)
    asked(colour, server, lambda client: failwell.resume(token, client))
    stored = bytes(server.files[0])
    server.forget()
    with file.open("rb") as opened:

        def change(sent: int, _total: int) -> None:
            if sent == CHUNK:
                file.write_bytes(SOURCE + b"!")

        error = raised(colour, server, uploading(opened, progress=change))

    assert (SOURCE, SourceChangedError, CHUNK) == (stored, type(error), server.received)


@every_colour
def test_memory_that_changes_meanwhile(server: Uploads, colour: str) -> None:
    """
    Bytes in memory that are changed before a piece is sent again are refused.
    """
    memory = io.BytesIO(SOURCE)
    server.cut = 21

    def change(sent: int, _total: int) -> None:
        if sent == 21:
            memory.getbuffer()[0] = 0

    error = raised(colour, server, uploading(memory, progress=change))

    assert (SourceChangedError, 21) == (type(error), server.received)


@every_colour
def test_streams(server: Uploads, colour: str) -> None:
    """
    What can be read only once is sent in one piece, and without a token.
    """

    def pieces() -> Iterator[bytes]:
        yield SOURCE[:25]
        yield SOURCE[25:]

    tokens: list[str] = []
    asked(colour, server, uploading(pieces(), on_token=tokens.append))

    assert ([], SOURCE, ["POST", "PATCH", "GET"]) == (tokens, bytes(server.files[0]), server.methods())


@every_colour
def test_empty_file(file: Path, server: Uploads, colour: str) -> None:
    """
    An empty file is complete when it is created.
    """
    file.write_bytes(b"")
    done = asked(colour, server, uploading(file))

    assert ({"number": 0, "size": 0}, "?1") == (done, server.asked[0][1]["upload-complete"])
    assert ["POST", "GET"] == server.methods()


@every_colour
@pytest.mark.parametrize("location", ["http://127.0.0.1:9/files/{number}", "/files/{number}?signature=s3cret"])
def test_no_token_of_what_may_be_a_key(location: str, file: Path, server: Uploads, colour: str) -> None:
    """
    R4. An address elsewhere, or with a query, may be a key by itself: no token is made of it, and no key is sent there.
    """
    tokens: list[str] = []
    server.location = location
    server.cut = 21
    error = raised(colour, server, uploading(file, on_token=tokens.append), max_retries=0)

    assert (NetworkError, [], None) == (type(error), tokens, error.resume_token)


@every_colour
def test_upload_that_the_server_forgot(file: Path, server: Uploads, colour: str) -> None:
    """
    When the server no longer knows the upload, the error is its own, and there is nothing to go on with.
    """
    token = token_of(colour, server, file)
    server.files.clear()
    error = raised(colour, server, lambda client: failwell.resume(token, client))

    assert (NotFoundError, None) == (type(error), error.resume_token)


@every_colour
@pytest.mark.parametrize(("lie", "kind"), [(41, SourceChangedError), (3, PictographError)])
def test_offsets_that_cannot_be(lie: int, kind: type[Exception], file: Path, server: Uploads, colour: str) -> None:
    """
    A server that says it has more than there is, or never what it has, ends the upload with an error, not a loop.
    """
    token = token_of(colour, server, file)
    server.lie = lie
    error = raised(colour, server, lambda client: failwell.resume(token, client))

    assert isinstance(error, kind)
    assert 21 == server.received


@every_colour
def test_pieces_that_never_arrive(file: Path, colour: str) -> None:
    """
    A server that takes every piece, and still has nothing, ends the upload with an error, not a loop.
    """
    answers = {"POST": Reply(201, {"location": "/files/0"}), "PATCH": Reply(204, {"upload-offset": "0"})}

    async def awaited(client: Any) -> Any:
        with replies(client, then=lambda asked: answers[asked.method]) as sent:
            with pytest.raises(PictographError, match="its Upload-Offset is 0, after a piece from 0 on"):
                await client.files.upload(file)
            return sent.requests

    def blocking(client: Any) -> Any:
        with replies(client, then=lambda asked: answers[asked.method]) as sent:
            with pytest.raises(PictographError, match="its Upload-Offset is 0, after a piece from 0 on"):
                client.files.upload(file)
            return sent.requests

    with taking_uploads() as server:
        sent = asked(colour, server, blocking if colour == "blocking" else awaited)

    assert ["POST", "PATCH"] == [each.method for each in sent]


def test_texts(file: Path, server: Uploads) -> None:
    """
    A file that was opened for text is refused before anything is sent.
    """
    for source in (file.open(encoding="utf-8"), io.StringIO("text")):
        with source, pytest.raises(TypeError, match=r"gives text\. Open the file for bytes, with mode 'rb'"):
            asked("blocking", server, uploading(source))

    assert [] == server.asked


def test_file_that_was_opened_elsewhere(file: Path, server: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    R14. The token of a file that was opened by a relative path leads back to it from another folder.
    """
    tokens: list[str] = []
    monkeypatch.chdir(file.parent)
    with open(file.name, "rb") as opened:  # noqa: PTH123 - what remembers the name as it was given
        asked("blocking", server, uploading(opened, on_token=tokens.append))
    monkeypatch.chdir("/")

    assert {"number": 0, "size": 40} == asked("blocking", server, lambda client: failwell.resume(tokens[0], client))


@every_colour
def test_tokens_of_other_uploads(file: Path, server: Uploads, colour: str) -> None:
    """
    A token of something else is refused before any request.
    """
    wait = str(ResumeToken("pictograph", "training.wait_for_completion", {"run_id": "run_1"}))
    foreign = str(ResumeToken("pictograph", "files.upload", {}, {"at": "//evil.test/x", "source": {}}))
    for token in ("garbage", wait, foreign):
        error = raised(colour, server, uploading(file, resume_token=token))
        assert (ConfigurationError, []) == (type(error), server.asked)


@every_colour
def test_a_file_in_one_request(file: Path, server: Uploads, colour: str) -> None:
    """
    An operation may send a source in one request: opened for every try, of the size that it was, or refused.
    """
    sizes: list[int | None] = []

    def looked(client: Any) -> Any:
        source = upload_source(client.core, file)
        sizes.append(source.size)
        content: Any = source.content(0, 40)
        assert [SOURCE, SOURCE] == [b"".join(content()), b"".join(content())]
        file.write_bytes(b"other")
        with pytest.raises(SourceChangedError, match="size was 40 and is 5"):
            b"".join(content())
        return client.files.upload(file)

    asked(colour, server, looked)

    assert [40] == sizes
    with pytest.raises(FileNotFoundError):
        asked(colour, server, lambda client: upload_source(client.core, file.with_name("nowhere")))
