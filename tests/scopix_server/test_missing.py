"""What is another account's is answered like what is not there: for every kind of object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .api import Api, error
from .test_chats import ask, chat
from .test_cloud import connect
from .test_documents import HOUSE, document
from .test_videos import VIDEO, begin


def _job(api: Api, path: str, body: dict[str, Any]) -> str:
    return str(api.send("POST", path, "other", json=body).json()["id"])


def _import(api: Api) -> str:
    return _job(api, "/cloud-storage/imports", {"connection_id": connect(api, key="other"), "files": ["a"]})


def _analysis(api: Api) -> str:
    media_id = str(begin(api, VIDEO, "other").json()["media_id"])
    with api.store.writing() as db:
        db.execute("UPDATE videos SET file = 'none' WHERE id = ?", (media_id,))
    return _job(api, f"/videos/{media_id}/analyses", {})


def _message(api: Api) -> str:
    return str(ask(api, chat(api, "other"), key="other").json()["message_id"])


MADE: dict[str, Callable[[Api], str]] = {
    "document": lambda api: str(document(api, HOUSE, key="other")["id"]),
    "session": lambda api: chat(api, "other"),
    "video": lambda api: str(begin(api, VIDEO, "other").json()["media_id"]),
    "connection": lambda api: connect(api, key="other"),
    "cloud": _import,
    "s3": lambda api: _job(api, "/s3-connector/jobs", {"bucket": "photos"}),
    "analysis": _analysis,
    "message": _message,
}
"""Objects of another account, each by its kind."""

MESSAGE = {"content": "What?"}
CALLS: list[tuple[str, str, str, Any]] = [
    ("document", "GET", "/documents/{id}", None),
    ("document", "DELETE", "/documents/{id}", None),
    ("session", "GET", "/chat/sessions/{id}", None),
    ("session", "DELETE", "/chat/sessions/{id}", None),
    ("session", "GET", "/chat/sessions/{id}/messages", None),
    ("session", "POST", "/chat/sessions/{id}/messages", MESSAGE),
    ("message", "GET", "/chat/sessions/SESSION/messages/{id}/events", None),
    ("video", "GET", "/videos/{id}", None),
    ("video", "PUT", "/videos/{id}/chunks/0", None),
    ("video", "POST", "/videos/{id}/complete", None),
    ("video", "POST", "/videos/{id}/analyses", None),
    ("analysis", "GET", "/video-analysis/jobs/{id}", None),
    ("analysis", "POST", "/video-analysis/jobs/{id}/retry", {"media_id": "vid_1"}),
    ("connection", "DELETE", "/cloud-storage/connections/{id}", None),
    ("connection", "GET", "/cloud-storage/connections/{id}/objects", None),
    ("connection", "POST", "/cloud-storage/imports", {"connection_id": "{id}", "files": ["a"]}),
    ("connection", "POST", "/cloud-storage/exports", {"connection_id": "{id}", "file_ids": ["a"]}),
    ("cloud", "GET", "/cloud-storage/jobs/{id}", None),
    ("cloud", "POST", "/cloud-storage/jobs/{id}/cancel", None),
    ("s3", "GET", "/s3-connector/jobs/{id}", None),
]

PER_REQUEST = frozenset({"x-request-id", "x-ratelimit-remaining", "ratelimit"})


def looked_at(api: Api, number: int, wanted: str) -> tuple[Any, int]:
    """What the member is told of the object *wanted*, without what tells one request from another; and what is left."""
    _, method, path, body = CALLS[number]
    filled = None if body is None else {name: wanted if value == "{id}" else value for name, value in body.items()}
    api.statements.clear()
    more: dict[str, Any] = {} if filled is None else {"json": filled}
    answer = api.send(method, path.format(id=wanted), **more)
    told = (
        answer.status_code,
        {name: value for name, value in answer.headers.items() if name not in PER_REQUEST},
        answer.text.replace(wanted, "ID"),
        [said.replace(wanted, "ID") for said in api.statements],
    )
    return told, int(answer.headers["x-ratelimit-remaining"])


@pytest.mark.parametrize("number", range(len(CALLS)), ids=lambda number: " ".join(CALLS[number][1:3]))
def test_foreign_is_missing(api: Api, number: int) -> None:
    """
    S11. Another account's object is answered like one that is not there.

    That is true of status, headers, body, the cost of the call, and the statements that are executed.
    """
    foreign = MADE[CALLS[number][0]](api)
    missing = foreign.split("_")[0] + "_" + "0" * 32

    (one, first), (other, second), (_, third) = [
        looked_at(api, number, wanted) for wanted in (foreign, missing, foreign)
    ]

    assert one == other
    assert (1, 1) == (first - second, second - third)
    assert (404, True) == (one[0], "NOT_FOUND" in one[2])
    assert any("'ID'" in said for said in one[3])


def test_lists_are_ones_own(api: Api, tmp_path: Path) -> None:
    """
    No list, and no search, tells of what another account has.
    """
    for make in MADE.values():
        make(api)

    for path in (
        "/documents",
        "/documents/search?q=slate",
        "/chat/sessions",
        "/cloud-storage/connections",
        "/s3-connector/jobs",
    ):
        assert [] == api.get(path)["data"]


def test_jobs_of_other_kinds(api: Api) -> None:
    """
    A job is found where jobs of its kind are, and nowhere else.
    """
    s3 = str(api.send("POST", "/s3-connector/jobs", json={"bucket": "photos"}).json()["id"])

    assert [404, 404, 200] == [
        api.send("GET", f"/{room}/jobs/{s3}").status_code
        for room in ("cloud-storage", "video-analysis", "s3-connector")
    ]


WRITES: list[tuple[str, str, Any]] = [
    *[(method, path, body) for _, method, path, body in CALLS if method != "GET"],
    ("POST", "/documents?filename=a.txt", {}),
    ("POST", "/chat/sessions", {}),
    ("POST", "/videos", {}),
    ("POST", "/cloud-storage/connections", {}),
    ("POST", "/s3-connector/jobs", {}),
]


@pytest.mark.parametrize("number", range(len(WRITES)), ids=lambda number: " ".join(WRITES[number][:2]))
def test_viewers_only_read(api: Api, number: int) -> None:
    """
    A key that may only read is refused whatever would change something, before anybody looks whether it is there.
    """
    method, path, body = WRITES[number]

    assert (403, "detail", "AUTHZ_ERROR") == error(api.send(method, path.format(id="x"), "viewer", json=body))
