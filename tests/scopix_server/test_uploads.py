"""Uploads: sessions, pictures, and what is refused of them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from failwell.clock import VirtualClock
from scopix_server import Settings
from scopix_server.files.uploads import PAGE

from .api import Api, detail, error, forget_answers, picture


def test_session(api: Api) -> None:
    """
    A session tells the files that have arrived in it, oldest first.
    """
    session = api.session(files=2)
    files = [api.upload(picture(color), f"{color}.png", session=session) for color in ("red", "blue")]

    assert {"session_id": session, "describe": True, "files": files} == api.get(f"/uploads/{session}")


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 10_000])
def test_session_of_many_files(api: Api, clock: VirtualClock, count: int) -> None:
    """
    A session of 10,000 files is told whole and in order, a page at a time: no more of them are read at once.
    """
    session = api.session(files=10_000)
    columns = "id, tenant, session_id, kind, filename, file, size, content_type, sha256, created_at"
    with api.store.writing() as db:
        db.executemany(
            f"INSERT INTO files ({columns}) VALUES (?, 'acme', ?, 'image', 'x.png', ?, 1, 'image/png', ?, ?)",  # noqa: S608
            [(f"img_{n}", session, f"f{n}", f"h{n}", clock.wall()) for n in range(count)],
        )
    api.statements.clear()
    found = api.get(f"/uploads/{session}")

    assert [f"img_{n}" for n in range(count)] == [file["id"] for file in found["files"]]
    pages = [said for said in api.statements if said.startswith("SELECT * FROM files")]
    assert -(-count // PAGE) + 1 == len(pages)


def test_new_session(api: Api) -> None:
    """
    A new session is empty, and its files are described unless it says otherwise.
    """
    answer = api.send("POST", "/uploads", json={"files": 3, "describe": False})

    assert (201, False, []) == (answer.status_code, answer.json()["describe"], answer.json()["files"])
    assert answer.json()["session_id"].startswith("up_")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "files"),
        ({"files": 0}, "files"),
        ({"files": -1}, "files"),
        ({"files": 100_001}, "files"),
        ({"files": "1"}, "files"),
        ({"files": 1.5}, "files"),
        ({"files": True}, "files"),
        ({"files": 1, "describe": "maybe"}, "describe"),
        ({"files": 1, "surplus": 1}, "surplus"),
        ([], ""),
        (None, ""),
    ],
)
def test_bad_session(api: Api, body: Any, field: str) -> None:
    """
    A session for no file, or with anything that it does not have, is a 422 that names the field.
    """
    answer = api.send("POST", "/uploads", json=body)

    assert ((422, "detail", "VALIDATION_ERROR"), field) == (error(answer), detail(answer)["field"])


@pytest.mark.parametrize(
    "query", ["", "?filename=", "?filename=%20", f"?filename={'x' * 256}", "?filename=a%0Ab", "?filename=%00"]
)
def test_bad_filename(api: Api, query: str) -> None:
    """
    A file needs a name that can be shown: 422 with the field, and nothing is kept.
    """
    before = api.files()
    answer = api.send("PUT", f"/uploads/{api.session()}/files{query}", content=picture())

    assert ((422, "detail", "VALIDATION_ERROR"), "filename") == (error(answer), detail(answer)["field"])
    assert before == api.files()


@pytest.mark.parametrize("filename", ["x", "a/b.png", "..", "ünï.png", "x" * 255, "a?b#c&d=e.png", "C:\\x.png"])
def test_any_filename(api: Api, filename: str) -> None:
    """
    Any name that can be shown is kept as it is; no file of the server is named after it.
    """
    assert filename == api.upload(filename=filename)["filename"]
    assert all(name.isalnum() for name in api.files())


@pytest.mark.parametrize(
    "content", [b"", b"no picture", picture()[:60], b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "cut", "signature"]
)
def test_broken_picture(api: Api, content: bytes) -> None:
    """
    What is no picture is a 422 with the file and the stage; nothing of it is kept, and nothing is counted.
    """
    before = api.files()
    answer = api.put(content, "broken.png")

    assert (422, "detail", "IMAGE_PROCESSING_ERROR") == error(answer)
    assert {"filename": "broken.png", "stage": "upload"} == detail(answer)
    assert (before, 0) == (api.files(), api.get("/files")["pagination"]["total"])


def test_too_many_pixels(serve: Callable[[Settings], Api]) -> None:
    """
    A picture of more pixels than are taken is a 422 with both numbers.
    """
    answer = serve(Settings(max_image_pixels=99)).put(picture(size=(10, 10)))

    assert (422, "detail", "IMAGE_PROCESSING_ERROR") == error(answer)
    assert "The picture has 100 pixels, the most we take is 99." in answer.json()["detail"]["message"]


@pytest.mark.parametrize("key", ["", "once"])
@pytest.mark.parametrize("chunked", [False, True])
def test_too_large(serve: Callable[[Settings], Api], *, chunked: bool, key: str) -> None:
    """
    A file above the limit is a 413 with its size, where that is told before, and the limit; nothing of it is kept.
    """
    api = serve(Settings(max_file_bytes=1000))
    before = api.files()
    content: bytes | Iterator[bytes] = itertools.repeat(b"x" * 100, 11) if chunked else b"x" * 1100
    answer = api.put(content, **({"Idempotency_Key": key} if key else {}))

    assert (413, "error", "HTTP_413") == error(answer)
    facts = detail(answer)
    assert (1000, None if chunked else 1100) == (facts["limit"], facts.get("size"))
    assert "A request may have 1,000 bytes of body" in answer.json()["error"]["message"]
    assert before == api.files()


@pytest.mark.parametrize("surplus", [0, 1])
def test_largest(serve: Callable[[Settings], Api], surplus: int) -> None:
    """
    A file of exactly the limit is taken, one byte more is not.
    """
    content = picture()
    api = serve(Settings(max_file_bytes=len(content) - surplus))

    assert 413 if surplus else 201 == api.put(content).status_code


def test_duplicate(api: Api) -> None:
    """
    Bytes that the account has already are a 409 that names the file, whatever they are called now.
    """
    first = api.upload(filename="one.png")
    before = api.files()
    answer = api.put(picture(), "two.png")

    assert (409, "detail", "CONFLICT") == error(answer)
    assert {"filename": "two.png", "stage": "upload", "file_id": first["id"]} == detail(answer)
    assert before == api.files()


def test_duplicate_of_somebody_else(api: Api) -> None:
    """
    The same bytes of another account are no duplicate: nobody can find out what others have.
    """
    assert api.upload()["id"] != api.upload(key="other")["id"]


def test_no_duplicate_after_deletion(api: Api) -> None:
    """
    What was deleted may come again.
    """
    api.send("DELETE", f"/files/{api.upload()['id']}")

    assert 201 == api.put(picture()).status_code


@pytest.mark.parametrize("forgotten", [False, True], ids=["replayed", "done before a crash"])
def test_upload_again_with_its_key(api: Api, *, forgotten: bool) -> None:
    """
    An upload that is repeated with its key has the same answer, also where the server died before it kept that.

    The file is counted once.
    """
    session, content = api.session(), picture()
    first = api.put(content, session=session, Idempotency_Key="once")
    if forgotten:
        forget_answers(api)
    before = api.files()
    again = api.put(content, session=session, Idempotency_Key="once")

    assert (201, first.json()) == (again.status_code, again.json())
    assert ("true" if not forgotten else None) == again.headers.get("idempotent-replayed")
    assert (before, 1) == (api.files(), api.get("/files")["pagination"]["total"])


@pytest.mark.parametrize("forgotten", [False, True], ids=["remembered", "forgotten"])
def test_key_for_other_bytes(api: Api, *, forgotten: bool) -> None:
    """
    A key that was used for other bytes is a 409, said by the middleware; the other bytes are not kept.
    """
    session = api.session()
    api.put(picture(), session=session, Idempotency_Key="once")
    if forgotten:
        forget_answers(api)
    before = api.files()
    other = api.put(picture("blue"), session=session, Idempotency_Key="once")

    assert ((409, "error", "IDEMPOTENCY_CONFLICT"), before) == (error(other), api.files())


def test_session_again_with_its_key(api: Api) -> None:
    """
    A session that is opened again with its key is the same, also where the server died before it kept the answer.
    """
    key = {"Idempotency-Key": "once"}
    sessions = set[str]()
    for _ in range(3):
        sessions.add(api.send("POST", "/uploads", json={"files": 1}, headers=key).json()["session_id"])
        if len(sessions) == 1:
            forget_answers(api)

    assert 1 == len(sessions)


@pytest.mark.parametrize("call", [("GET", "/uploads/{id}"), ("PUT", "/uploads/{id}/files?filename=x.png")])
def test_foreign_session_is_missing(api: Api, call: tuple[str, str]) -> None:
    """
    S11. Another account's session is answered like one that is not there, and the same statements are executed.
    """
    foreign, missing = api.session("other"), "up_" + "0" * 32
    before, seen = api.files(), list[Any]()
    for session in (foreign, missing):
        api.statements.clear()
        answer = api.send(call[0], call[1].format(id=session), content=picture())
        said = [statement.replace(session, "ID") for statement in api.statements]
        seen.append((error(answer), answer.text.replace(session, "ID"), said))

    assert (seen[0], (404, "detail", "NOT_FOUND"), before) == (seen[1], seen[0][0], api.files())


def test_the_same_picture_at_once(api: Api) -> None:
    """
    Of many uploads of the same picture at the same moment one succeeds, and the others are duplicates.
    """
    session, start = api.session(), threading.Barrier(8)

    def put() -> int:
        start.wait()
        return api.put(picture(), session=session).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(future.result() for future in [pool.submit(put) for _ in range(8)])

    assert [201] + 7 * [409] == statuses
    assert 1 == len(api.get(f"/uploads/{session}")["files"])


def test_the_last_of_the_month_at_once(serve: Callable[[Settings], Api]) -> None:
    """
    Of many uploads at the same moment as many succeed as the quota has room for.
    """
    api = serve(Settings(monthly_images=3))
    session, start = api.session(), threading.Barrier(8)

    def put(number: int) -> int:
        start.wait()
        return api.put(picture(size=(number, 1)), session=session).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(put, range(1, 9)))

    assert 3 * [201] + 5 * [429] == statuses


def test_viewer(api: Api) -> None:
    """
    A key that may only read may neither open a session, nor upload, nor delete: 403, said by the handler.
    """
    file = api.upload()
    answers = [
        api.send("POST", "/uploads", "viewer", json={"files": 1}),
        api.send("PUT", f"/uploads/{api.session()}/files?filename=x.png", "viewer", content=picture()),
        api.send("DELETE", f"/files/{file['id']}", "viewer"),
        api.send("POST", f"/files/{file['id']}/description", "viewer"),
    ]

    assert [(403, "detail", "AUTHZ_ERROR")] * 4 == [error(answer) for answer in answers]
    assert [200, 200] == [api.send("GET", path, "viewer").status_code for path in ("/files", f"/files/{file['id']}")]


def test_unreadable_length(api: Api, clock: VirtualClock) -> None:
    """
    A length that is no number is no length: what comes is counted.
    """
    del clock
    answer = api.put(picture(), Content_Length="many")

    assert 201 == answer.status_code
