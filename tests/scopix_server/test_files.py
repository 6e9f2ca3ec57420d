"""Files: found, listed, deleted; and not told to anybody else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from failwell.clock import VirtualClock
from failwell.server import REMEMBERED

from .api import Api, detail, error, forget_answers, picture


def test_file(api: Api) -> None:
    """
    A file is told with all that is known of it; there is no description before somebody has made one.
    """
    content = picture(size=(7, 5), kind="JPEG")
    uploaded = api.upload(content, "Ünï cat.jpg")

    assert uploaded == api.get(f"/files/{uploaded['id']}")
    assert re.fullmatch("img_[0-9a-f]{32}", uploaded.pop("id"))
    assert re.fullmatch("[0-9a-f]{64}", uploaded.pop("sha256"))
    assert {
        "kind": "image",
        "filename": "Ünï cat.jpg",
        "size": len(content),
        "content_type": "image/jpeg",
        "width": 7,
        "height": 5,
        "status": "ready",
        "description": None,
        "description_status": "pending",
        "description_error": None,
        "created_at": "2026-09-21T14:13:20.000Z",
    } == uploaded


def test_content(api: Api) -> None:
    """
    The content of a file is what was uploaded, byte for byte, with its type and length.
    """
    content = picture(size=(300, 200), kind="BMP")
    answer = api.send("GET", f"/files/{api.upload(content)['id']}/content")

    assert (200, content, "image/bmp", str(len(content))) == (
        answer.status_code,
        answer.content,
        answer.headers["content-type"],
        answer.headers["content-length"],
    )


def test_list(api: Api) -> None:
    """
    Files are listed newest first, in pages, by kind.
    """
    made = [api.upload(picture(size=(n, 1)))["id"] for n in range(1, 6)]
    pages = [api.get(f"/files?limit=2&offset={offset}") for offset in (0, 2, 4, 6)]

    assert made[::-1] == [file["id"] for page in pages for file in page["data"]]
    assert [True, True, False, False] == [page["pagination"]["has_more"] for page in pages]
    assert {"limit": 2, "offset": 2, "total": 5, "has_more": True} == pages[1]["pagination"]
    assert [5, 0] == [api.get(f"/files?kind={kind}")["pagination"]["total"] for kind in ("image", "document")]


def test_long_list_is_bounded(api: Api, clock: VirtualClock) -> None:
    """
    Of 10,000 files a page has at most 1,000, and costs two statements however many there are.
    """
    columns = "id, tenant, kind, filename, file, size, content_type, sha256, created_at"
    with api.store.writing() as db:
        db.executemany(
            f"INSERT INTO files ({columns}) VALUES (?, 'acme', 'image', 'x.png', ?, 1, 'image/png', ?, ?)",  # noqa: S608
            [(f"img_{n}", f"f{n}", f"h{n}", clock.wall()) for n in range(10_000)],
        )
    api.statements.clear()
    page = api.get("/files?limit=100000&offset=9500")

    assert ({"limit": 1000, "offset": 9500, "total": 10_000, "has_more": False}, 500) == (
        page["pagination"],
        len(page["data"]),
    )
    assert 1000 == len(api.get("/files?limit=100000")["data"])
    assert 2 * 2 == len([said for said in api.statements if said.startswith("SELECT")])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("kind=video", "kind"),
    ],
)
def test_bad_queries(api: Api, query: str, field: str) -> None:
    """
    A query that cannot be answered is a 422 that names the field, said by the handler's layer.
    """
    answer = api.send("GET", f"/files?{query}")

    assert ((422, "detail", "VALIDATION_ERROR"), field) == (error(answer), detail(answer)["field"])


def test_delete(api: Api) -> None:
    """
    A deleted file is gone, with its bytes, and its room is free again.
    """
    kept, file = api.upload(picture("blue")), api.upload()
    before = len(api.files())
    answer = api.send("DELETE", f"/files/{file['id']}")

    assert (204, b"", 1) == (answer.status_code, answer.content, before - len(api.files()))
    assert [404, 404] == [api.send("GET", f"/files/{file['id']}{end}").status_code for end in ("", "/content")]
    assert [kept["id"]] == [each["id"] for each in api.get("/files")["data"]]
    assert kept["size"] == used(api)


def used(api: Api, tenant: str = "acme") -> int:
    """The storage that *tenant* uses."""
    with api.store.reading() as db:
        return int(db.execute("SELECT storage_used FROM accounts WHERE tenant = ?", (tenant,)).fetchone()[0])


def test_delete_again_with_its_key(api: Api, clock: VirtualClock) -> None:
    """
    A deletion that is repeated with its key has been done, also where the server died before it kept its answer.

    Without the key, with another one, or a day later, the file is not there.
    """
    path, key = f"/files/{api.upload()['id']}", {"Idempotency-Key": "once"}
    first = api.send("DELETE", path, headers=key)
    replayed = api.send("DELETE", path, headers=key)
    forget_answers(api)
    statuses = [api.send("DELETE", path, headers=sent).status_code for sent in (key, {"Idempotency-Key": "two"}, {})]
    clock.advance(REMEMBERED + 1)
    forget_answers(api)
    late = api.send("DELETE", path, headers=key)

    assert (204, 204, "true") == (first.status_code, replayed.status_code, replayed.headers["idempotent-replayed"])
    assert ([204, 404, 404], 404) == (statuses, late.status_code)


CALLS = {
    "get": ("GET", "/files/{id}"),
    "content": ("GET", "/files/{id}/content"),
    "delete": ("DELETE", "/files/{id}"),
    "describe": ("POST", "/files/{id}/description"),
}


@pytest.mark.parametrize("call", CALLS)
def test_foreign_is_missing(api: Api, call: str) -> None:
    """
    S11. Another account's file is answered like one that is not there.

    That is true of status, headers, body, the cost of the call, and the statements that are executed.
    """
    foreign = api.upload(key="other")["id"]
    missing = "img_" + "0" * 32
    seen: list[Any] = []
    for file_id in (foreign, missing, foreign):
        method, path = CALLS[call]
        api.statements.clear()
        answer = api.send(method, path.format(id=file_id))
        seen.append(
            (
                answer.status_code,
                {
                    name: value
                    for name, value in answer.headers.items()
                    if name not in {"x-request-id", "x-ratelimit-remaining", "ratelimit"}
                },
                int(answer.headers["x-ratelimit-remaining"]),
                answer.text.replace(file_id, "ID"),
                [said.replace(file_id, "ID") for said in api.statements],
            )
        )
        api.client.cookies.clear()

    one, other, again = seen
    assert one[:2] + one[3:] == other[:2] + other[3:]
    assert (1, 1) == (one[2] - other[2], other[2] - again[2])
    assert (404, "detail", "NOT_FOUND") == error(api.send("GET", f"/files/{missing}"))
    assert 200 == api.send("GET", f"/files/{foreign}", "other").status_code


def test_not_found_says_what(api: Api) -> None:
    """
    A 404 tells the type and the id of what was asked for.
    """
    answer = api.send("GET", "/files/img_1")

    assert {"resource_type": "file", "resource_id": "img_1"} == detail(answer)
    assert 'There is no file "img_1". Verify the id with `files.list`.' == answer.json()["detail"]["message"]


def test_document_that_is_worked_on(api: Api) -> None:
    """
    A document that is being processed is not deleted: 409 with its id and status.
    """
    file_id = api.upload()["id"]
    with api.store.writing() as db:
        db.execute("UPDATE files SET kind = 'document', status = 'processing'")
    answer = api.send("DELETE", f"/files/{file_id}")

    assert (409, "detail", "DOCUMENT_PROCESSING_ERROR") == error(answer)
    assert {"document_id": file_id, "status": "processing"} == detail(answer)
    assert 200 == api.send("GET", f"/files/{file_id}").status_code
