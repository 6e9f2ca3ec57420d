"""Knowledge bases: uploads, ingestions, searches."""

from __future__ import annotations

from typing import Any

import pytest

from failwell.clock import VirtualClock
from vectorshift_server import Settings
from vectorshift_server.knowledge.files import KEPT
from vectorshift_server.knowledge.ingestions import Ingesting
from vectorshift_server.knowledge.passages import LONGEST, passages_of

from .api import Api, error

TEXT = b"Parcels are sent on Mondays."


def ingested(api: Api, content: bytes, name: str = "a.txt") -> Any:
    """How the ingestion of a file has ended."""
    base_id = api.base()
    file = {"id": api.file(content, name)}
    task = api.post(f"/knowledge-base/{base_id}/ingestions", {"file_data": {"file": file}})
    assert ("pending", 1) == (task["status"], len(task["item_ids"]))
    api.work()
    ended = api.get(f"/knowledge-base/{base_id}/ingestions/{task['task_id']}")
    assert task["item_ids"] == ended["item_ids"]
    return ended


def found(api: Api, base_id: str, *queries: str, **config: Any) -> list[str]:
    """The texts of the passages that are found."""
    answer = api.post(f"/knowledge-base/{base_id}/query", {"queries": [*queries], "search_metadata": config})
    return [one["chunk"]["content"] for one in answer["result"]["chunks"]["chunks"]]


def test_search(api: Api) -> None:
    """
    What fits best comes first, of at most as many as were asked for; what shares no word is not found.
    """
    base_id = api.base("Parcels are sent on Mondays.\n\nA parcel of letters.\n\nThe office is open.", "Empty boxes.")

    assert ["Parcels are sent on Mondays."] == found(api, base_id, "When are parcels sent?", top_k=1)
    assert ["Parcels are sent on Mondays.", "A parcel of letters."] == found(api, base_id, "When are parcels sent?")
    assert {"The office is open.", "Empty boxes."} == {*found(api, base_id, "office", "boxes")}
    assert [] == found(api, base_id, "zebra")
    assert [] == found(api, base_id, "?! \"*' OR NEAR(")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"queries": []}, "queries"),
        ({"queries": ["x"], "search_metadata": {"top_k": 0}}, "top_k"),
        ({"queries": ["x"], "search_metadata": {"filter": "{}"}}, "filter"),
        ({}, "queries"),
    ],
)
def test_searches_that_are_none(api: Api, body: Any, said: str) -> None:
    """
    A search that cannot be done as it was asked for is a 400 that names the field.
    """
    status, words = error(api.send("POST", f"/knowledge-base/{api.base()}/query", json=body))

    assert (400, True) == (status, said in words)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", '"a.txt" is no text in UTF-8 at byte 0. Save it as text, and add it again.'),
        (b"ok\0ok", '"a.txt" has bytes of zero, and is no text. Save it as text, and add it again.'),
        (b" \n\n ", '"a.txt" has no words in it.'),
    ],
)
def test_ingestions_that_fail(api: Api, content: bytes, said: str) -> None:
    """
    What has no text that can be searched fails, with the reason.
    """
    ended = ingested(api, content)

    assert ("failed", said) == (ended["status"], ended["error"])


def test_ingested(api: Api) -> None:
    """
    A file is ingested once: doing the job again, as after a crash, adds nothing.
    """
    base_id = api.base(TEXT.decode())
    with api.store.reading() as db:
        (task_id,) = db.execute("SELECT id FROM ingestions WHERE base_id = ?", (base_id,)).fetchone()
    Ingesting(api.store).ingest(task_id)
    Ingesting(api.store).give_up(task_id, "too late")

    ended = api.get(f"/knowledge-base/{base_id}/ingestions/{task_id}")
    assert ([TEXT.decode()], "completed", None) == (found(api, base_id, "parcels"), ended["status"], ended["error"])


def test_deleted(api: Api) -> None:
    """
    A knowledge base is deleted with all that is in it, ingestions that wait included.
    """
    base_id = api.base(TEXT.decode())
    body = {"file_data": {"file": {"id": api.file(TEXT)}}}
    api.post(f"/knowledge-base/{base_id}/ingestions", body)

    assert {"status": "success"} == api.send("DELETE", f"/knowledge-base/{base_id}").json()
    api.work()
    assert 404 == api.send("POST", f"/knowledge-base/{base_id}/query", json={"queries": ["x"]}).status_code
    with api.store.reading() as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'passages_%'")]
        left = db.execute("SELECT count(*) FROM ingestions WHERE base_id = ?", (base_id,)).fetchone()[0]
    # Those of the two demo organisations are there.
    assert (2, 0) == (len({name.split("_")[1] for name in names}), left)


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (TEXT[:-1], 400, "27 bytes came with the SHA-256"),
        (TEXT.upper(), 400, "and 28 were announced"),
        (TEXT + b"!" * 100, 413, "bytes"),
    ],
)
def test_other_bytes(tmp_path: Any, content: bytes, status: int, said: str) -> None:
    """
    Other bytes than those that were announced, or too many, are refused, and nothing is left of them.
    """
    api = Api(tmp_path / "data", VirtualClock(), Settings(max_file_bytes=100))
    files = api.files()
    target = api.offered(TEXT)

    answer = api.client.put(target["presigned_url"], content=content)

    assert (status, True) == (answer.status_code, said in answer.text), answer.text
    assert files == api.files()
    assert (422, "No bytes were uploaded yet. Send them to the presigned_url first.") == error(
        api.send("POST", "/files/", json={"s3_key": target["s3_key"]})
    )
    api.close()


def test_signed_urls(api: Api, clock: VirtualClock) -> None:
    """
    A signed URL takes the bytes as often as they are sent, until a file is made of them or its time is over.
    """
    target = api.offered(TEXT)
    url = target["presigned_url"]
    wrong = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert [403, 200, 200] == [api.client.put(each, content=TEXT).status_code for each in (wrong, url, url)]
    file_id = api.post("/files/", {"s3_key": target["s3_key"]})["file_id"]
    assert file_id == api.post("/files/", {"s3_key": target["s3_key"]})["file_id"]
    assert (403, True) == (
        (used := api.client.put(url, content=TEXT)).status_code,
        "was used, or is no longer known" in used.text,
    )
    late = api.offered(TEXT)["presigned_url"]
    clock.advance(Settings().upload_seconds + 1)

    assert (403, True) == ((over := api.client.put(late, content=TEXT)).status_code, "expired" in over.text)


def test_uploads_are_forgotten(api: Api, clock: VirtualClock) -> None:
    """
    Bytes of which nobody made a file are removed a day after their URL has expired; files stay.
    """
    api.file(TEXT)
    files = api.files()
    api.client.put(api.offered(TEXT)["presigned_url"], content=TEXT)
    assert len(files) + 1 == len(api.files())
    clock.advance(Settings().upload_seconds + KEPT + 1)
    api.offered(TEXT)

    assert files == api.files()


def test_files_that_are_too_large(api: Api) -> None:
    """
    A file above the limit is refused before a byte of it is sent.
    """
    about = {"file_name": "large.txt", "file_size": 20 * 1024 * 1024 + 1}

    assert (400, "A file may have 20,971,520 bytes, and this one has 20,971,521. Split it.") == error(
        api.send("POST", "/files/presigned-upload-url", json=about)
    )


@pytest.mark.parametrize(
    "text", ["Short. " * 300, "long" * 1000, "No sentence ends here " * 100, "One.\n\n\n \nTwo.", "\ufeffÄ"]
)
def test_passages(text: str) -> None:
    """
    Passages are not too long, none is empty, and together they are the text.
    """
    passages = passages_of("a.txt", text.encode())

    assert LONGEST >= max(map(len, passages))
    assert all(passages)
    assert "".join(text.removeprefix("\ufeff").split()) == "".join("".join(passages).split())
