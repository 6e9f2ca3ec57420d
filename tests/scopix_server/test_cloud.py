"""Cloud storage: connections to buckets, and jobs between them and the account's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from failwell.server import Step
from scopix_server import Settings
from scopix_server.cloud.transfers import Transferring

from .api import Api, detail, error, forget_answers, picture
from .test_documents import HOUSE, document


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """The bucket "photos", with a picture, a document and something else."""
    folder = tmp_path / "data" / "buckets" / "photos"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "cat.png").write_bytes(picture())
    (folder / "house.txt").write_bytes(HOUSE)
    (folder / "2026" / "cat.xml").write_bytes(b"<cat/>")
    return folder


def connect(api: Api, bucket: str = "photos", key: str = "member", **more: Any) -> str:
    """The id of a new connection."""
    answer = api.send("POST", "/cloud-storage/connections", key, json={"provider": "s3", "bucket": bucket, **more})
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


def start(api: Api, kind: str, **body: Any) -> Any:
    """Start a job, and return it."""
    path = {"import": "/cloud-storage/imports", "export": "/cloud-storage/exports", "s3": "/s3-connector/jobs"}[kind]
    answer = api.send("POST", path, json=body)
    assert (202, "queued") == (answer.status_code, answer.json()["status"]), answer.text
    return answer.json()


def ended(api: Api, job: Any) -> Any:
    """A job once it has ended."""
    api.work()
    return api.get(f"/{'s3-connector' if 'bucket' in job else 'cloud-storage'}/jobs/{job['id']}")


def test_connections(api: Api) -> None:
    """
    A connection is made whether or not its bucket is there, listed, and deleted.
    """
    one, other = connect(api, "no-such-bucket", prefix="/a/b/"), connect(api)

    listed = api.get("/cloud-storage/connections")["data"]
    assert [(other, "photos", ""), (one, "no-such-bucket", "a/b")] == [
        (entry["id"], entry["bucket"], entry["prefix"]) for entry in listed
    ]
    assert 204 == api.send("DELETE", f"/cloud-storage/connections/{one}").status_code
    assert 404 == api.send("DELETE", f"/cloud-storage/connections/{one}").status_code
    assert [other] == [entry["id"] for entry in api.get("/cloud-storage/connections")["data"]]


def test_objects(api: Api, bucket: Path) -> None:
    """
    The objects of a connection are listed by their keys, in pages, below its prefix.
    """
    keys = ["2026/cat.png", "2026/cat.xml", "house.txt"]
    path = f"/cloud-storage/connections/{connect(api)}/objects"

    listed = api.get(path)["data"]
    assert keys == [entry["key"] for entry in listed]
    assert (len(HOUSE), 24) == (listed[-1]["size"], len(listed[-1]["last_modified"]))
    page = api.get(f"{path}?limit=2&offset=1")
    assert (keys[1:], {"limit": 2, "offset": 1, "total": 3, "has_more": False}) == (
        [entry["key"] for entry in page["data"]],
        page["pagination"],
    )
    below = api.get(f"/cloud-storage/connections/{connect(api, prefix='2026')}/objects")["data"]
    assert keys[:2] == [entry["key"] for entry in below]


@pytest.mark.parametrize(("name", "code"), [("no-such-bucket", "BUCKET_NOT_FOUND"), ("denied", "ACCESS_DENIED")])
def test_objects_of_no_bucket(api: Api, bucket: Path, name: str, code: str) -> None:
    """
    A bucket that is not there, or denied, cannot be listed: the reason says which.
    """
    answer = api.send("GET", f"/cloud-storage/connections/{connect(api, name)}/objects")

    assert (422, "detail", "VALIDATION_ERROR") == error(answer)
    assert {"field": "connection_id", "reason": code} == detail(answer)


def test_imported(api: Api, bucket: Path) -> None:
    """
    Objects become files: pictures are described, documents processed, and what is there already is not there twice.
    """
    known = document(api)["id"]
    job = ended(api, start(api, "import", connection_id=connect(api), files=["2026/cat.png", "house.txt"]))

    assert ("completed", None, 2) == (job["status"], job["error"], job["result"]["total"])
    image_id, document_id = job["result"]["done"]
    assert known == document_id
    image = api.get(f"/files/{image_id}")
    assert ("image", "cat.png", "image/png", "pending") == tuple(
        image[name] for name in ("kind", "filename", "content_type", "description_status")
    )
    api.work()
    assert "completed" == api.get(f"/files/{image_id}")["description_status"]
    assert picture() == api.send("GET", f"/files/{image_id}/content").content


def test_exported(api: Api, bucket: Path) -> None:
    """
    Files become objects below the prefixes, each under its name, or its id where another has that name.
    """
    names = ["cat.png", "cat.png", "../a/b#1", "..", "x" * 255]
    ids = [api.upload(picture(size=(10 + n, 10)), name)["id"] for n, name in enumerate(names)]
    connection_id = connect(api, prefix="out")
    job = ended(api, start(api, "export", connection_id=connection_id, file_ids=[*ids, ids[0]], prefix="/now/"))

    keys = ["cat.png", f"{ids[1]}.png", *ids[2:]]
    assert ("completed", [f"out/now/{key}" for key in keys]) == (job["status"], job["result"]["done"])
    assert [picture(size=(10 + n, 10)) for n in range(5)] == [
        (bucket / "out" / "now" / key).read_bytes() for key in keys
    ]
    again = ended(api, start(api, "export", connection_id=connection_id, file_ids=ids, prefix="now"))
    assert "completed" == again["status"]


def test_s3_connector(api: Api, bucket: Path) -> None:
    """
    The S3 connector imports every picture and document of a bucket, or below a prefix, and counts what it skips.
    """
    whole = ended(api, start(api, "s3", bucket="photos"))
    below = ended(api, start(api, "s3", bucket="photos", prefix="2026"))

    assert [("completed", 2, 1), ("completed", 1, 1)] == [
        (job["status"], len(job["result"]["done"]), job["result"]["skipped"]) for job in (whole, below)
    ]
    assert whole["result"]["done"][0] == below["result"]["done"][0]
    assert [below["id"], whole["id"]] == [job["id"] for job in api.get("/s3-connector/jobs")["data"]]


FAILURES: dict[str, tuple[str, list[str], str]] = {
    "no bucket": ("no-such-bucket", ["a.txt"], "BUCKET_NOT_FOUND"),
    "denied": ("denied", ["a.txt"], "ACCESS_DENIED"),
    "no object": ("photos", ["house.txt", "nothing.txt"], "OBJECT_NOT_FOUND"),
    "a folder": ("photos", ["house.txt", "folder.txt"], "OBJECT_NOT_FOUND"),
    "outside": ("photos", ["house.txt", "link.txt"], "OBJECT_NOT_FOUND"),
    "broken": ("photos", ["house.txt", "broken.png"], "IMAGE_PROCESSING_ERROR"),
    "empty": ("photos", ["house.txt", "empty.txt"], "EMPTY_OBJECT"),
    "too large": ("photos", ["house.txt", "large.txt"], "OBJECT_TOO_LARGE"),
    "another kind": ("photos", ["house.txt", "2026/cat.xml"], "UNSUPPORTED_OBJECT"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_import_fails(serve: Callable[[Settings], Api], bucket: Path, name: str) -> None:
    """
    A bucket that is not there or denied, and an object that is broken, fail the job with the reason; the rest stays.
    """
    api = serve(Settings(max_file_bytes=1000))
    (bucket / "folder.txt").mkdir()
    (bucket / "link.txt").symlink_to("/etc/hostname")
    (bucket / "broken.png").write_bytes(picture()[:50])
    (bucket / "empty.txt").touch()
    (bucket / "large.txt").write_bytes(b"x" * 1001)
    named, files, code = FAILURES[name]
    before = api.files()
    job = ended(api, start(api, "import", connection_id=connect(api, named), files=files))

    assert ("failed", code) == (job["status"], job["error"]["code"])
    assert job["error"]["message"].endswith(".")
    assert str(bucket.parent) not in job["error"]["message"]
    done = [] if job["result"] is None else job["result"]["done"]
    assert (len(files) - 1, len(before) + len(files) - 1) == (len(done), len(api.files()))


@pytest.mark.parametrize(("name", "code"), [("no-such-bucket", "BUCKET_NOT_FOUND"), ("denied", "ACCESS_DENIED")])
def test_others_fail(api: Api, bucket: Path, name: str, code: str) -> None:
    """
    So do exports, and jobs of the S3 connector.
    """
    file_id = api.upload()["id"]
    export = ended(api, start(api, "export", connection_id=connect(api, name), file_ids=[file_id]))
    s3 = ended(api, start(api, "s3", bucket=name))

    assert [("failed", code)] * 2 == [(job["status"], job["error"]["code"]) for job in (export, s3)]


def test_broken_object_of_a_bucket(api: Api, bucket: Path) -> None:
    """
    A broken picture fails a job of the S3 connector; the object is named.
    """
    (bucket / "broken.png").write_bytes(b"broken")
    job = ended(api, start(api, "s3", bucket="photos"))

    assert ("failed", "IMAGE_PROCESSING_ERROR", 1) == (job["status"], job["error"]["code"], len(job["result"]["done"]))
    assert '"broken.png"' in job["error"]["message"]


def test_file_deleted_before_its_export(api: Api, bucket: Path) -> None:
    """
    A file that was deleted meanwhile fails the export.
    """
    file_id = api.upload()["id"]
    job = start(api, "export", connection_id=connect(api), file_ids=[file_id])
    api.send("DELETE", f"/files/{file_id}")

    assert "FILE_NOT_FOUND" == ended(api, job)["error"]["code"]


def test_full(api: Api, bucket: Path) -> None:
    """
    An import into an account without room fails with the code of the quota.
    """
    connection_id = connect(api, key="full")
    body = {"connection_id": connection_id, "files": ["2026/cat.png"]}
    job = api.send("POST", "/cloud-storage/imports", "full", json=body).json()
    api.work()

    failed = api.get(f"/cloud-storage/jobs/{job['id']}", "full")
    assert ("failed", "STORAGE_QUOTA_EXCEEDED") == (failed["status"], failed["error"]["code"])


def test_cancelled(api: Api, bucket: Path) -> None:
    """
    A job that is cancelled ends before its next item; what was done stays, and a second cancel changes nothing.
    """
    job = start(api, "import", connection_id=connect(api), files=["2026/cat.png", "house.txt"])
    path = f"/cloud-storage/jobs/{job['id']}"

    def step(function: Any, *args: Any) -> Any:
        result = function(*args)
        if function.__name__ == "transfer" and args[1] == 0:
            assert "canceled" == api.send("POST", f"{path}/cancel").json()["status"]
        return result

    services = api.services
    Transferring(api.store, services.clock, services.settings).run(cast("Step", step), job["id"])

    ended_job = api.get(path)
    assert ("canceled", 1, None) == (ended_job["status"], len(ended_job["result"]["done"]), ended_job["error"])
    assert ended_job == api.send("POST", f"{path}/cancel").json()


def test_steps_again(api: Api, bucket: Path) -> None:
    """
    A step that was interrupted after its work, and is done again, brings nothing twice.
    """
    job = start(api, "import", connection_id=connect(api), files=["2026/cat.png", "house.txt"])
    before = api.files()

    def twice(function: Any, *args: Any) -> Any:
        function(*args)
        return function(*args)

    services = api.services
    Transferring(api.store, services.clock, services.settings).run(cast("Step", twice), job["id"])

    done = api.get(f"/cloud-storage/jobs/{job['id']}")
    assert ("completed", 2, len(before) + 2) == (done["status"], len(done["result"]["done"]), len(api.files()))


def test_deleted_connection(api: Api, bucket: Path) -> None:
    """
    A job goes on without the connection that it was started with.
    """
    connection_id = connect(api)
    job = start(api, "import", connection_id=connection_id, files=["house.txt"])
    api.send("DELETE", f"/cloud-storage/connections/{connection_id}")

    assert "completed" == ended(api, job)["status"]


@pytest.mark.parametrize("kind", ["import", "export", "s3"])
def test_started_once(api: Api, bucket: Path, kind: str) -> None:
    """
    A repeated key is the same job, even if the server died before it kept its answer.
    """
    connection_id = connect(api)
    path, body = {
        "import": ("/cloud-storage/imports", {"connection_id": connection_id, "files": ["house.txt"]}),
        "export": ("/cloud-storage/exports", {"connection_id": connection_id, "file_ids": [api.upload()["id"]]}),
        "s3": ("/s3-connector/jobs", {"bucket": "photos"}),
    }[kind]
    first = api.send("POST", path, json=body, headers={"Idempotency-Key": "k"}).json()
    forget_answers(api)

    assert first == api.send("POST", path, json=body, headers={"Idempotency-Key": "k"}).json()


def test_deleted_once(api: Api) -> None:
    """
    A repeated deletion with its key has been done already; without, there is nothing to delete.
    """
    path = f"/cloud-storage/connections/{connect(api)}"
    first = api.send("DELETE", path, headers={"Idempotency-Key": "k"})
    forget_answers(api)
    again = api.send("DELETE", path, headers={"Idempotency-Key": "k"})

    assert [204, 204, 404] == [answer.status_code for answer in (first, again, api.send("DELETE", path))]


def test_export_of_nothing(api: Api) -> None:
    """
    A file that is not there is a 404 that names it, before anything is exported.
    """
    body = {"connection_id": connect(api), "file_ids": [api.upload()["id"], "img_1"]}
    answer = api.send("POST", "/cloud-storage/exports", json=body)

    assert (404, "detail", "NOT_FOUND") == error(answer)
    assert {"resource_type": "file", "resource_id": "img_1"} == detail(answer)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("connections", {"provider": "ftp", "bucket": "photos"}, "provider"),
    ("connections", {"provider": "s3"}, "bucket"),
    *[("connections", {"provider": "s3", "bucket": name}, "bucket") for name in ("..", "a/b", "../x", "/etc", "", 7)],
    *[
        ("connections", {"provider": "s3", "bucket": "photos", "prefix": prefix}, "prefix")
        for prefix in ("../x", "a/../b", "a\0", "a//b", None)
    ],
    ("connections", {"provider": "s3", "bucket": "photos", "more": 1}, "more"),
    *[
        ("imports", {"connection_id": "conn_1", "files": files}, "files")
        for files in ([], ["../../etc/passwd"], ["/etc/passwd"], ["a", "a/../../b"], [""], [7], "a", None)
    ],
    ("imports", {"files": ["a"]}, "connection_id"),
    *[("exports", {"connection_id": "conn_1", "file_ids": ids}, "file_ids") for ids in ([], [7], "a")],
    ("exports", {"connection_id": "conn_1", "file_ids": ["img_1"], "prefix": "../x"}, "prefix"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_bodies(api: Api, number: int) -> None:
    """
    What leads out of a bucket, and what has no proper type, is a 422 that names the field.
    """
    path, body, field = BAD[number]
    answer = api.send("POST", f"/cloud-storage/{path}", json=body)

    assert (422, "detail", "VALIDATION_ERROR") == error(answer)
    assert field in answer.text


@pytest.mark.parametrize(
    ("body", "field"), [({}, "bucket"), ({"bucket": "../x"}, "bucket"), ({"bucket": "abc", "prefix": ".."}, "prefix")]
)
def test_bad_s3_job(api: Api, body: dict[str, Any], field: str) -> None:
    """
    The same goes for the S3 connector.
    """
    answer = api.send("POST", "/s3-connector/jobs", json=body)

    assert ((422, "detail", "VALIDATION_ERROR"), True) == (error(answer), field in answer.text)


def test_demo_bucket(api: Api) -> None:
    """
    Each server has a bucket with a picture and a document, to begin with.
    """
    job = ended(api, start(api, "s3", bucket="demo"))

    assert ("completed", 2) == (job["status"], len(job["result"]["done"]))
