"""Documents: uploaded, processed, searched, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scopix_server import Settings, Store
from scopix_server.schema import documents

from .api import Api, detail, error, forget_answers, picture
from .engine.test_texts import pdf

HOUSE = b"The house was built in 1931. Its roofs are made of slate."


def send(api: Api, content: bytes = HOUSE, filename: str = "house.txt", key: str = "member", **headers: str) -> Any:
    """Upload a document; the answer."""
    return api.send(
        "POST",
        "/documents",
        key,
        params={"filename": filename},
        content=content,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def document(api: Api, content: bytes = HOUSE, filename: str = "house.txt", key: str = "member") -> Any:
    """A document that has been processed."""
    answer = send(api, content, filename, key)
    assert 202 == answer.status_code, answer.text
    api.work()
    return api.get(f"/documents/{answer.json()['id']}", key)


@pytest.mark.parametrize(
    ("filename", "content", "expected"),
    [
        ("house.txt", HOUSE, ("text/plain", "completed", None, 57)),
        ("Haus.MD", "# Größe\n".encode(), ("text/markdown", "completed", None, 8)),
        ("house.pdf", pdf("One", "Two"), ("application/pdf", "completed", 2, 8)),
    ],
)
def test_processed(api: Api, filename: str, content: bytes, expected: tuple[str, str, int | None, int]) -> None:
    """
    A document is accepted at once, and processed after the answer; it is a file, too.
    """
    accepted = send(api, content, filename)
    queued = accepted.json()
    assert (202, "queued", None, None) == (
        accepted.status_code,
        queued["status"],
        queued["pages"],
        queued["characters"],
    )
    assert ("document", "processing") == tuple(api.get(f"/files/{queued['id']}")[name] for name in ("kind", "status"))
    assert 1 == api.jobs.nudges

    api.work()

    done = api.get(f"/documents/{queued['id']}")
    assert expected == (done["content_type"], done["status"], done["pages"], done["characters"])
    assert (filename, len(content), None) == (done["filename"], done["size"], done["error"])
    assert "ready" == api.get(f"/files/{queued['id']}")["status"]
    assert content == api.send("GET", f"/files/{queued['id']}/content").content
    assert [done] == api.get("/documents")["data"]


@pytest.mark.parametrize(
    ("filename", "content", "code"),
    [
        ("a.txt", b"\xff\xfe\xff", "NOT_TEXT"),
        ("b.pdf", pdf("One", password="secret"), "ENCRYPTED_PDF"),
        ("c.pdf", b"%PDF-garbage", "BROKEN_PDF"),
        ("d.pdf", pdf(*["x"] * 2001), "DOCUMENT_TOO_LONG"),
        ("e.md", b" \n\n ", "NO_TEXT"),
    ],
)
def test_failed(api: Api, filename: str, content: bytes, code: str) -> None:
    """
    A document whose text cannot be read fails with its reason; it can be deleted, and found in no search.
    """
    before = api.files()
    failed = document(api, content, filename)

    assert ("failed", code) == (failed["status"], failed["error"]["code"])
    assert "failed" == api.get(f"/files/{failed['id']}")["status"]
    assert 204 == api.send("DELETE", f"/documents/{failed['id']}").status_code
    assert before == api.files()


def test_deleting(api: Api) -> None:
    """
    A document that is being processed cannot be deleted, by either path; one that is done can, with its passages.
    """
    document_id = send(api).json()["id"]
    for path in (f"/documents/{document_id}", f"/files/{document_id}"):
        answer = api.send("DELETE", path)
        assert (409, "detail", "DOCUMENT_PROCESSING_ERROR") == error(answer)
        assert {"document_id": document_id, "status": "processing"} == detail(answer)

    api.work()
    assert [document_id] == [hit["document_id"] for hit in api.get("/documents/search?q=slate")["data"]]
    assert 204 == api.send("DELETE", f"/documents/{document_id}", headers={"Idempotency-Key": "k"}).status_code
    forget_answers(api)
    assert 204 == api.send("DELETE", f"/documents/{document_id}", headers={"Idempotency-Key": "k"}).status_code
    assert 404 == api.send("DELETE", f"/documents/{document_id}").status_code
    assert [] == api.get("/documents/search?q=slate")["data"]
    with api.store.reading() as db:
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("passages", "documents")]  # noqa: S608 - two names
    assert [0, 0] == counts


def test_image_is_no_document(api: Api) -> None:
    """
    The id of an image is not that of a document.
    """
    image_id = api.upload()["id"]

    for method in ("GET", "DELETE"):
        answer = api.send(method, f"/documents/{image_id}")
        assert (404, "detail", "NOT_FOUND") == error(answer)
        assert {"resource_type": "document", "resource_id": image_id} == detail(answer)
    assert 200 == api.send("GET", f"/files/{image_id}").status_code


@pytest.mark.parametrize(
    ("filename", "content", "field"),
    [
        ("house.png", HOUSE, "filename"),
        ("house", HOUSE, "filename"),
        ("a" * 252 + ".txt", HOUSE, "filename"),
        ("a\nb.txt", HOUSE, "filename"),
        (" ", HOUSE, "filename"),
        ("house.txt", b"", "body"),
    ],
)
def test_rejected(api: Api, filename: str, content: bytes, field: str) -> None:
    """
    A document of another kind, without a proper name, or empty is a 422 that names the field; no file is left.
    """
    before = api.files()
    answer = send(api, content, filename)

    assert (422, "detail", "VALIDATION_ERROR") == error(answer)
    assert field in answer.text
    assert before == api.files()


@pytest.mark.parametrize("filename", ["../../evil.txt", "/etc/passwd.txt", "..\\evil.md", "C:\\evil.txt"])
def test_filename_is_no_path(api: Api, filename: str) -> None:
    """
    A document may be called like a path; no file of the server is.
    """
    made = document(api, HOUSE, filename)

    assert ("completed", filename) == (made["status"], made["filename"])
    assert [name for name in api.files() if "evil" in name or "passwd" in name] == []


def test_too_large(serve: Callable[[Settings], Api]) -> None:
    """
    A document above the limit is a 413 with the limit, whether or not it was announced; no file is left.
    """
    api = serve(Settings(max_file_bytes=1000))
    before = api.files()

    announced = send(api, b"x" * 1001)
    streamed = api.send("POST", "/documents?filename=a.txt", content=iter([b"x" * 600, b"x" * 600]))

    assert [(413, "error", "HTTP_413")] * 2 == [error(announced), error(streamed)]
    assert "1,000" in announced.json()["error"]["message"]
    assert before == api.files()


def test_submitted_once(api: Api) -> None:
    """
    A repeated key is the same document, even if the server died before it kept its answer; other bytes are a 409.
    """
    before = api.files()
    first = send(api, Idempotency_Key="k").json()
    forget_answers(api)
    again = send(api, Idempotency_Key="k").json()
    other = send(api, b"Something else", Idempotency_Key="k")

    assert (first["id"], 409) == (again["id"], other.status_code)
    assert len(before) + 1 == len(api.files())


def test_same_bytes(api: Api) -> None:
    """
    The account's bytes a second time are a 409 that names the file; another account may have them, too.
    """
    first = document(api)
    again = send(api, filename="other.txt")

    assert (409, "detail", "CONFLICT") == error(again)
    assert first["id"] == detail(again)["file_id"]
    assert 202 == send(api, key="other").status_code


def test_viewers_do_not_upload(api: Api) -> None:
    """
    A key that may only read uploads nothing.
    """
    assert (403, "detail", "AUTHZ_ERROR") == error(send(api, key="viewer"))


def without_index(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server be one whose SQLite has no FTS5."""
    monkeypatch.setattr(api.store, "indexed", False)


@pytest.mark.parametrize("indexed", [True, False])
def test_search(api: Api, monkeypatch: pytest.MonkeyPatch, *, indexed: bool) -> None:
    """
    Search finds the documents of the account that share a word with the question, each once, the best first.

    It does so with an index of words and without one.
    """
    house = document(api)["id"]
    roofs = document(api, b"Roofs! Roofs and roofs, of slate. " * 100 + b"A garden.", "roofs.md")["id"]
    document(api, b"Cars have wheels.", "cars.txt")
    foreign = document(api, b"A secret roof.", "foreign.txt", "other")["id"]
    if not indexed:
        without_index(api, monkeypatch)

    found = api.get("/documents/search?q=Which+roof%3F")["data"]

    assert {house, roofs} == {hit["document_id"] for hit in found}
    assert "Its roofs are made of slate." in {hit["snippet"] for hit in found}
    assert sorted((hit["score"] for hit in found), reverse=True) == [hit["score"] for hit in found]
    assert 1 == len(api.get("/documents/search?q=roof&limit=1")["data"])
    assert [foreign] == [hit["document_id"] for hit in api.get("/documents/search?q=roof", "other")["data"]]
    for nothing in ("wheelbarrow", "%22", "x%22+OR+text%3A*", "NEAR(", "-", "ä"):
        assert [] == api.get(f"/documents/search?q={nothing}")["data"]


@pytest.mark.parametrize("query", ["", "q=", "q=+", "q=x&limit=0", "q=x&limit=ten", "q=" + "x" * 1001])
def test_bad_search(api: Api, query: str) -> None:
    """
    A search for nothing is a 422.
    """
    assert (422, "detail", "VALIDATION_ERROR") == error(api.send("GET", f"/documents/search?{query}"))


def test_sqlite_without_fts5(api: Api, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A SQLite without FTS5 is found out when the store is opened.
    """
    monkeypatch.setattr("scopix_server.store.INDEX", [documents.INDEX[0].replace("fts5", "fts99")])
    store = Store(tmp_path / "other")

    assert (False, True) == (store.indexed, api.store.indexed)
    store.close()


def test_pictures_are_not_read(api: Api) -> None:
    """
    A picture that is called a text is none.
    """
    assert "NOT_TEXT" == document(api, picture(), "cat.txt")["error"]["code"]
