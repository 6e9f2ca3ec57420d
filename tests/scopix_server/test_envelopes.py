"""One envelope for each layer, and one request id; nothing of the inside."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from .api import Api, error, picture

ID = "given-by-the-caller-1"


def answers(api: Api) -> dict[str, Any]:
    """An answer for each way in which a call can go wrong, by who says it."""
    api.upload()
    sent = {"X-Request-ID": ID}
    large = b"x" * (20 * 1024 * 1024 + 1)
    return {
        "error 401": api.client.get("/files", headers=sent),
        "error 402": api.send("GET", "/files", "past_due", headers=sent),
        "error 404": api.send("GET", "/nothing", headers=sent),
        "error 405": api.send("PATCH", "/files", headers=sent),
        "error 413": api.put(large, X_Request_ID=ID),
        "detail 422 of a key": api.send(
            "POST", "/uploads", headers={**sent, "Idempotency-Key": "no key"}, json={"files": 1}
        ),
        "detail 422 of nesting": api.send("POST", "/uploads", headers=sent, content=b"[" * 1000),
        "detail 403": api.send("POST", "/uploads", "viewer", headers=sent, json={"files": 1}),
        "detail 404": api.send("GET", "/files/img_1", headers=sent),
        "detail 409": api.put(picture(), X_Request_ID=ID),
        "detail 413": api.put(picture(), key="full", X_Request_ID=ID),
        "detail 422": api.send("GET", "/files?limit=no", headers=sent),
        "detail 422 of JSON": api.send("POST", "/uploads", headers=sent, content=b"{"),
        "detail 429": api.put(picture(), key="used_up", X_Request_ID=ID),
    }


def test_layers(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """
    S10. Each refusal is in the envelope of its layer, with the id of the request in header and log.

    Where the envelope has room for it, it is in the body, too.
    """
    caplog.set_level(logging.INFO, "failwell.server")
    seen = answers(api)

    assert {name: tuple(name.split()[:2]) for name in seen} == {
        name: (said, str(status)) for name, (status, said, _) in ((name, error(one)) for name, one in seen.items())
    }
    assert {ID} == {answer.headers["x-request-id"] for answer in seen.values()}
    assert all(error(answer)[2] for answer in seen.values())
    logged = [record for record in caplog.records if getattr(record, "request_id", None) == ID]
    assert len(seen) == len(logged)


def test_rate_limit(api: Api) -> None:
    """
    S13. A 429 says how long to wait, in whole seconds that are enough, and its headers agree.
    """
    while (limited := api.send("GET", "/files", "free")).status_code == 200:
        pass

    assert (429, "error", "RATE_LIMIT_ERROR") == error(limited)
    assert ("1", "20", "0") == tuple(
        limited.headers[name] for name in ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining")
    )
    assert "r=0;t=1" in limited.headers["ratelimit"]


def test_next_call_after_the_wait(api: Api, clock: Any) -> None:
    """
    S13. Who waits as long as the 429 says is let in.
    """
    while (limited := api.send("GET", "/files", "free")).status_code == 200:
        pass
    clock.advance(float(limited.headers["retry-after"]))

    assert 200 == api.send("GET", "/files", "free").status_code


def test_unhandled(api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """
    S9. An exception that nobody expected is a 500 of the middleware; what it says is in the log alone.
    """

    def fail(*_: object, **__: object) -> None:
        raise KeyError("SELECT secret FROM /srv/keys")

    monkeypatch.setattr("scopix_server.routes.files.get_file", fail)
    answer = api.send("GET", "/files/img_1")

    assert (500, "error", "INTERNAL_ERROR") == error(answer)
    assert "secret" not in answer.text
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/uploads", {"json": {"files": "hunter2"}}),
        ("POST", "/uploads", {"json": {"hunter2": 1}}),
        ("POST", "/uploads", {"content": b'{"files": hunter2'}),
        ("GET", "/files?kind=hunter2", {}),
        ("GET", "/files?limit=hunter2", {}),
        ("PUT", "/uploads/up_1/files?filename=%00hunter2", {"content": b"hunter2"}),
    ],
)
def test_nothing_that_was_sent(api: Api, method: str, path: str, more: dict[str, Any]) -> None:
    """
    S9. The values of what is refused are not repeated: they may be secrets.
    """
    answer = api.send(method, path, **more)

    assert 422 == answer.status_code
    said = json.dumps([entry["msg"] for entry in answer.json()["detail"].get("errors", [])])
    assert "hunter2" not in said
    assert "hunter2" not in answer.json()["detail"]["message"].replace("hunter2: Extra inputs are not permitted", "")


@pytest.mark.parametrize("sent", ["bad id with spaces", "x" * 300, "a\tb", ""])
def test_unfit_request_id(api: Api, sent: str) -> None:
    """
    S10. An id that cannot be one is not taken over.
    """
    answer = api.send("GET", "/files/img_1", headers={"X-Request-ID": sent})

    assert sent != answer.headers["x-request-id"]
    assert answer.headers["x-request-id"]


def test_no_body(api: Api) -> None:
    """
    S13. A 204 has no body.
    """
    answer = api.send("DELETE", f"/files/{api.upload()['id']}")

    assert (204, b"", None) == (answer.status_code, answer.content, answer.headers.get("content-type"))
