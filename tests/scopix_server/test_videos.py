"""Videos: uploaded in chunks, put together, analysed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from failwell.clock import VirtualClock
from scopix_server import Settings
from scopix_server.engine.videos import METHOD

from .api import Api, detail, error, forget_answers
from .engine.test_videos import box, mp4

CHUNK = 1000
VIDEO = mp4() + box(b"free", bytes(range(256)) * 10)


@pytest.fixture
def api(serve: Callable[[Settings], Api]) -> Api:
    """A server that takes videos of 10,000 bytes, in chunks of 1,000."""
    return serve(Settings(max_video_bytes=10_000, video_chunk_bytes=CHUNK))


def begin(api: Api, content: bytes = VIDEO, key: str = "member", **more: Any) -> Any:
    """Begin the upload of *content*; the answer."""
    sha256 = hashlib.sha256(content).hexdigest()
    body = {"filename": "film.mp4", "size": len(content), "sha256": sha256, "content_type": "video/mp4", **more}
    return api.send("POST", "/videos", key, json=body)


def digest(content: bytes) -> str:
    """The Content-Digest of *content*."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def pieces(content: bytes) -> list[bytes]:
    """The chunks of *content*."""
    return [content[begin : begin + CHUNK] for begin in range(0, len(content), CHUNK)]


def put(api: Api, media_id: str, index: Any, content: Any, key: str = "member", **headers: str) -> Any:
    """Send a chunk; the answer."""
    if isinstance(content, bytes):
        headers.setdefault("Content-Digest", digest(content))
    return api.send("PUT", f"/videos/{media_id}/chunks/{index}", key, content=content, headers=headers)


def upload(api: Api, content: bytes = VIDEO, key: str = "member") -> str:
    """The id of a video that is there."""
    media_id = str(begin(api, content, key).json()["media_id"])
    for index, piece in enumerate(pieces(content)):
        assert 200 == put(api, media_id, index, piece, key).status_code
    answer = api.send("POST", f"/videos/{media_id}/complete", key)
    assert (200, "ready") == (answer.status_code, answer.json()["status"]), answer.text
    return media_id


def test_uploaded(api: Api) -> None:
    """
    A video arrives chunk by chunk, and is one file in the end; each answer says how far it has come.
    """
    before = api.files()
    answer = begin(api)
    media_id = answer.json()["media_id"]
    assert 201 == answer.status_code
    shown = {
        "media_id": media_id,
        "filename": "film.mp4",
        "size": len(VIDEO),
        "chunk_size": CHUNK,
        "received": 0,
        "chunks": 0,
        "status": "uploading",
    }
    assert shown == answer.json() == api.get(f"/videos/{media_id}")

    seen = [put(api, media_id, index, piece).json() for index, piece in enumerate(pieces(VIDEO))]
    assert [(1000, 1), (2000, 2), (3000, 3), (len(VIDEO), 4)] == [(one["received"], one["chunks"]) for one in seen]
    done = api.send("POST", f"/videos/{media_id}/complete")

    assert {**seen[-1], "status": "ready"} == done.json() == api.get(f"/videos/{media_id}")
    (file,) = set(api.files()) - set(before)
    assert VIDEO == api.store.folder.read(file)
    # All of it may be said once more.
    assert done.json() == api.send("POST", f"/videos/{media_id}/complete").json()
    assert done.json() == put(api, media_id, 0, pieces(VIDEO)[0]).json()
    assert (200, done.json()) == (begin(api).status_code, begin(api).json())
    assert len(before) + 1 == len(api.files())


def test_resumed(api: Api) -> None:
    """
    Who begins with the same content again, in another process, is told what there is from the beginning on.
    """
    media_id = begin(api).json()["media_id"]
    for index in (0, 1, 3):
        put(api, media_id, index, pieces(VIDEO)[index])
    put(api, media_id, 1, pieces(VIDEO)[1])

    again = begin(api)
    assert (200, media_id, 2000, 2) == (
        again.status_code,
        *(again.json()[name] for name in ("media_id", "received", "chunks")),
    )
    assert len(VIDEO) == put(api, media_id, 2, pieces(VIDEO)[2]).json()["received"]
    assert media_id != begin(api, key="other").json()["media_id"]


@pytest.mark.parametrize(
    ("index", "content", "said", "message"),
    [
        (0, VIDEO[:1000], digest(b"else"), "are not those that its Content-Digest is of"),
        (0, VIDEO[:999], digest(VIDEO[:999]), "Chunk 0 has 1,000 bytes, 999 came."),
        (0, b"", digest(b""), "Chunk 0 has 1,000 bytes, 0 came."),
        (3, VIDEO[:1000], digest(VIDEO[:1000]), f"Chunk 3 has {len(VIDEO) - 3000} bytes, 1,000 came."),
        (4, VIDEO[:1000], digest(VIDEO[:1000]), "The video has 4 chunks, counted from 0."),
    ],
)
def test_bad_chunk(api: Api, index: int, content: bytes, said: str, message: str) -> None:
    """
    A chunk that is not what it should be is refused, and what was there before stays; no file is left of it.
    """
    media_id = begin(api).json()["media_id"]
    put(api, media_id, 1, pieces(VIDEO)[1])
    put(api, media_id, 0, pieces(VIDEO)[0])
    before = api.files()
    refused = put(api, media_id, index, content, **{"Content-Digest": said})

    assert (422, "detail", "VIDEO_UPLOAD_ERROR") == error(refused)
    assert {"media_id": media_id, "stage": "chunk_upload", "partial_chunks": 2} == detail(refused)
    assert message in refused.json()["detail"]["message"]
    assert before == api.files()


@pytest.mark.parametrize(
    ("index", "header", "field"),
    [
        (0, "sha-256=abc", "content-digest"),
        (0, "sha-256=:!!!:", "content-digest"),
        (0, "sha-256=:YWJj:", "content-digest"),
        ("-1", "", "index"),
        ("x", "", "index"),
        ("99999999999999999999", "", "index"),
    ],
)
def test_unreadable_chunk(api: Api, index: Any, header: str, field: str) -> None:
    """
    A digest that is none, and an index that is none, are a 422 that names them.
    """
    media_id = begin(api).json()["media_id"]
    refused = put(api, media_id, index, VIDEO[:1000], **{"Content-Digest": header})

    assert (422, "detail", "VALIDATION_ERROR") == error(refused)
    assert field in refused.text


@pytest.mark.parametrize("header", ["", "sha-512=:YWJj:", f"sha-512=:YWJj:, {digest(VIDEO[:1000])}"])
def test_other_digests(api: Api, header: str) -> None:
    """
    A chunk without a SHA-256 is checked with the whole (RFC 9530: an algorithm that is not known is left out).
    """
    media_id = begin(api).json()["media_id"]

    assert 200 == put(api, media_id, 0, VIDEO[:1000], **{"Content-Digest": header}).status_code


def test_incomplete(api: Api) -> None:
    """
    A video whose chunks are not all there is not complete; one that is something else loses its chunks.
    """
    before = api.files()
    media_id = begin(api).json()["media_id"]
    put(api, media_id, 0, pieces(VIDEO)[0])
    missing = api.send("POST", f"/videos/{media_id}/complete")
    for index, piece in enumerate(pieces(bytes(len(VIDEO)))):
        put(api, media_id, index, piece)
    wrong = api.send("POST", f"/videos/{media_id}/complete")

    assert [(422, "detail", "VIDEO_UPLOAD_ERROR")] * 2 == [error(missing), error(wrong)]
    assert "3 of 4 chunks are missing" in missing.json()["detail"]["message"]
    assert {"media_id": media_id, "stage": "complete", "partial_chunks": 1} == detail(missing)
    assert {"media_id": media_id, "stage": "complete", "partial_chunks": 0} == detail(wrong)
    assert before == api.files()
    assert media_id == upload(api)


def test_too_large(api: Api) -> None:
    """
    A video above the cap is a 413 with its size and the limit, before any byte of it; so is a chunk above its size.
    """
    media_id = begin(api).json()["media_id"]
    before = api.files()

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield bytes(1000)

    announced = begin(api, size=2 * 1024**3, sha256="0" * 64)
    assert (413, "detail", "HTTP_413") == error(announced)
    assert {"size": 2 * 1024**3, "limit": 10_000, "stage": "initiate"}.items() <= detail(announced).items()
    assert (413, "error", "HTTP_413") == error(put(api, media_id, 0, bytes(1001)))
    assert (413, "error", "HTTP_413") == error(put(api, media_id, 0, endless()))
    assert before == api.files()


def test_quota(api: Api) -> None:
    """
    A video counts towards the storage of its account.
    """
    upload(api)
    refused = begin(api, key="full")

    assert (413, "detail", "STORAGE_QUOTA_EXCEEDED") == error(refused)


def test_abandoned(api: Api, clock: VirtualClock) -> None:
    """
    An upload that is not completed is forgotten after a week, with its chunks; a video that is complete stays.
    """
    complete = upload(api, VIDEO + b"\0\0")
    before = api.files()
    media_id = begin(api).json()["media_id"]
    put(api, media_id, 0, pieces(VIDEO)[0])
    clock.advance(7 * 24 * 3600 + 1)

    assert (201, 0) == (begin(api).status_code, begin(api).json()["chunks"])
    assert before == api.files()
    assert [404, 200] == [api.send("GET", f"/videos/{one}").status_code for one in (media_id, complete)]


def test_other_size(api: Api) -> None:
    """
    The same content cannot have another size.
    """
    begin(api)
    refused = begin(api, size=len(VIDEO) + 1)

    assert (422, "detail", "VIDEO_UPLOAD_ERROR") == error(refused)
    assert "initiate" == detail(refused)["stage"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"filename": ""}, "filename"),
        ({"filename": "a\0b"}, "filename"),
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"size": "10"}, "size"),
        ({"size": 2**60}, "size"),
        ({"sha256": "x"}, "sha256"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": None}, "sha256"),
        ({"content_type": "video"}, "content_type"),
        ({"content_type": "video/mp4\r\nX: y"}, "content_type"),
        ({"more": 1}, "more"),
    ],
)
def test_bad_video(api: Api, more: dict[str, Any], field: str) -> None:
    """
    A video that is announced badly is a 422 that names the field.
    """
    refused = begin(api, **more)

    assert (422, "detail", "VALIDATION_ERROR") == error(refused)
    assert field in refused.text


@pytest.mark.parametrize("filename", ["../../evil.mp4", "/etc/passwd", "..\\evil"])
def test_filename_is_no_path(api: Api, filename: str) -> None:
    """
    A video may be called like a path; no file of the server is.
    """
    assert 201 == begin(api, filename=filename).status_code
    assert 200 == put(api, begin(api).json()["media_id"], 0, VIDEO[:1000]).status_code
    assert [] == [name for name in api.files() if "evil" in name or "passwd" in name]


def analysis(api: Api, media_id: str, **more: Any) -> Any:
    """The analysis of a video once it has ended."""
    answer = api.send("POST", f"/videos/{media_id}/analyses", **more)
    assert (202, "queued") == (answer.status_code, answer.json()["status"]), answer.text
    api.work()
    return api.get(f"/video-analysis/jobs/{answer.json()['id']}")


def test_analysed(api: Api) -> None:
    """
    An analysis tells what the container says, and that nobody looked at the pictures.
    """
    media_id = upload(api)
    job = analysis(api, media_id)

    assert ("completed", None, media_id) == (job["status"], job["error"], job["media_id"])
    assert ("mp4", 5.0, METHOD) == tuple(job["result"][name] for name in ("format", "duration", "method"))
    assert {"kind": "video", "codec": "avc1", "width": 640, "height": 480} == job["result"]["tracks"][0]


def test_no_video(api: Api) -> None:
    """
    An analysis of what is no video fails with its reason, and again when it is retried: as a new job.
    """
    media_id = upload(api, b"no video at all")
    job = analysis(api, media_id)
    assert ("failed", "UNKNOWN_VIDEO_FORMAT", None) == (job["status"], job["error"]["code"], job["result"])

    retried = api.send("POST", f"/video-analysis/jobs/{job['id']}/retry", json={"media_id": media_id})
    assert (202, "queued") == (retried.status_code, retried.json()["status"])
    assert job["id"] != retried.json()["id"]
    busy = api.send("POST", f"/video-analysis/jobs/{retried.json()['id']}/retry", json={"media_id": media_id})
    assert (409, "detail", "CONFLICT") == error(busy)
    api.work()
    assert "failed" == api.get(f"/video-analysis/jobs/{retried.json()['id']}")["status"]


def test_retry_of_another(api: Api) -> None:
    """
    A retry names the video of the job: another one is a 404, and none a 422.
    """
    one, other = upload(api), upload(api, VIDEO + b"\0\0")
    path = f"/video-analysis/jobs/{analysis(api, one)['id']}/retry"

    assert (404, "detail", "NOT_FOUND") == error(api.send("POST", path, json={"media_id": other}))
    for body in ({}, {"media_id": ""}, {"media_id": 7}):
        refused = api.send("POST", path, json=body)
        assert ((422, "detail", "VALIDATION_ERROR"), True) == (error(refused), "media_id" in refused.text)


def test_analysis_of_what_is_not_there_yet(api: Api) -> None:
    """
    A video that is not complete is not analysed.
    """
    media_id = begin(api).json()["media_id"]

    assert (409, "detail", "CONFLICT") == error(api.send("POST", f"/videos/{media_id}/analyses"))


def test_analysed_once(api: Api) -> None:
    """
    A repeated key is the same job, even if the server died before it kept its answer.
    """
    path = f"/videos/{upload(api)}/analyses"
    first = api.send("POST", path, headers={"Idempotency-Key": "k"}).json()
    forget_answers(api)

    assert first == api.send("POST", path, headers={"Idempotency-Key": "k"}).json()


def test_deleted(api: Api) -> None:
    """
    A video is deleted with all that is there of it, complete or not; its room is free, and its content may come again.
    """
    before, room = api.files(), used(api)
    begun = begin(api).json()["media_id"]
    put(api, begun, 0, pieces(VIDEO)[0])
    assert 204 == api.send("DELETE", f"/videos/{begun}").status_code
    whole = upload(api)
    assert begun != whole
    assert len(VIDEO) == used(api) - room
    assert 204 == api.send("DELETE", f"/videos/{whole}").status_code

    assert (before, room) == (api.files(), used(api))
    assert {(404, "detail", "NOT_FOUND")} == {
        error(api.send(method, f"/videos/{media_id}")) for method in ("GET", "DELETE") for media_id in (begun, whole)
    }
    assert (201, 0) == (begin(api).status_code, begin(api).json()["chunks"])


def used(api: Api) -> int:
    """The bytes of storage that the account has used."""
    with api.store.reading() as db:
        row = db.execute("SELECT storage_used FROM accounts WHERE tenant = 'acme'").fetchone()
    return 0 if row is None else int(row[0])


def test_deleted_once(api: Api) -> None:
    """
    A deletion that is asked for again under its key is done already, even if the server died before it kept its answer.
    """
    path, keyed = f"/videos/{upload(api)}", {"Idempotency-Key": "gone"}
    assert 204 == api.send("DELETE", path, headers=keyed).status_code
    forget_answers(api)
    room = used(api)

    assert (204, room) == (api.send("DELETE", path, headers=keyed).status_code, used(api))


def test_not_deleted_while_it_is_analysed(api: Api) -> None:
    """
    A video whose analysis has not ended stays; then it may go, and its jobs are still told of.
    """
    media_id = upload(api)
    job = api.send("POST", f"/videos/{media_id}/analyses").json()
    assert (409, "detail", "CONFLICT") == error(api.send("DELETE", f"/videos/{media_id}"))
    api.work()

    assert 204 == api.send("DELETE", f"/videos/{media_id}").status_code
    assert ("completed", media_id) == tuple(
        api.get(f"/video-analysis/jobs/{job['id']}")[name] for name in ("status", "media_id")
    )
    again = api.send("POST", f"/video-analysis/jobs/{job['id']}/retry", json={"media_id": media_id})
    assert (404, "detail", "NOT_FOUND") == error(again)


@pytest.mark.parametrize(
    ("key", "refused"), [("other", (404, "detail", "NOT_FOUND")), ("viewer", (403, "detail", "AUTHZ_ERROR"))]
)
def test_not_deleted_by_others(api: Api, key: str, refused: tuple[int, str, str]) -> None:
    """
    Nobody else deletes a video.
    """
    media_id = upload(api)

    assert refused == error(api.send("DELETE", f"/videos/{media_id}", key))
    assert "ready" == api.get(f"/videos/{media_id}")["status"]
