"""Accounts: keys and payment, and quotas that fill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from scopix_server import Settings, Store
from scopix_server.accounts import set_account

from .api import Api, detail, error, picture


@pytest.mark.parametrize(
    ("key", "code"),
    [("expired", "EXPIRED_API_KEY"), ("revoked", "DEACTIVATED_API_KEY")],
)
def test_key_that_does_not_hold(api: Api, key: str, code: str) -> None:
    """
    A key that has expired, and one that was deactivated, are a 401 that says so.
    """
    assert (401, "error", code) == error(api.send("GET", "/files", key))


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer sk_short", "Bearer sk_" + "x" * 43, "Basic eDp5", "sk_" + "x" * 43]
)
def test_no_key(api: Api, header: str) -> None:
    """
    No key, a malformed one, and one that never was are INVALID_API_KEY.
    """
    answer = api.client.get("/files", headers={"Authorization": header} if header else {})

    assert (401, "error", "INVALID_API_KEY") == error(answer)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="scopix"')


def test_past_due(api: Api) -> None:
    """
    An account whose payment is past due gets a 402 for every call, until it has paid.
    """
    before = [error(api.send(method, "/files", "past_due")) for method in ("GET", "POST")]
    set_account(api.store, "initech")

    assert [(402, "error", "PAYMENT_REQUIRED")] * 2 == before
    assert 200 == api.send("GET", "/files", "past_due").status_code


def test_full(api: Api) -> None:
    """
    An account that is full gets a 413 with what is left and what there is; a deletion makes room.
    """
    (first,) = api.get("/files", "full")["data"]
    before = api.files()
    answer = api.put(picture(), key="full")

    assert (413, "detail", "STORAGE_QUOTA_EXCEEDED") == error(answer)
    assert {"available": 0, "limit": first["size"]} == detail(answer)
    assert before == api.files()
    assert 204 == api.send("DELETE", f"/files/{first['id']}", "full").status_code
    assert 201 == api.put(picture(), key="full").status_code


def test_used_up(api: Api, clock: VirtualClock) -> None:
    """
    An account whose month is used up gets a 429 with the numbers, and no Retry-After.

    A deletion does not help, the next month does.
    """
    (first,) = api.get("/files", "used_up")["data"]
    answer = api.put(picture(), key="used_up")
    api.send("DELETE", f"/files/{first['id']}", "used_up")
    again = api.put(picture(), key="used_up")
    clock.advance(31 * 24 * 3600.0)
    next_month = [api.put(picture(color), key="used_up").status_code for color in ("red", "blue")]

    assert (429, "detail", "USAGE_LIMIT_EXCEEDED") == error(answer) == error(again)
    assert {"available": 0, "limit": 1} == detail(answer)
    assert "retry-after" not in answer.headers
    assert [201, 429] == next_month


def test_quota_fills(serve: Callable[[Settings], Api]) -> None:
    """
    The quota of the settings fills file by file, and what is left is told; what just fits is taken.
    """
    contents = [picture(size=(size, size)) for size in (10, 20, 30)]
    first, second, third = map(len, contents)
    api = serve(Settings(storage_bytes=max(first + third, first + second + third - 1)))
    statuses = [api.put(content).status_code for content in contents[:2]]
    refused = api.put(contents[2])

    assert ([201, 201], 413) == (statuses, refused.status_code)
    assert {"available": third - 1, "limit": first + second + third - 1} == detail(refused)
    set_account(api.store, "acme", storage_limit=first + second + third)
    assert 201 == api.put(contents[2]).status_code


def test_monthly_limit_of_the_settings(serve: Callable[[Settings], Api]) -> None:
    """
    The monthly limit of the settings holds for who has none of his own; a refused file is not counted.
    """
    api = serve(Settings(monthly_images=2))
    statuses = [
        api.put(content).status_code
        for content in (picture("red"), picture("red"), b"broken", picture("blue"), picture("green"))
    ]

    assert [201, 409, 422, 201, 429] == statuses


def test_state_survives_a_restart(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    A server that is started anew on the folder has the accounts as they were left.
    """
    set_account(api.store, "initech")
    api.send("DELETE", f"/files/{api.get('/files', 'full')['data'][0]['id']}", "full")
    again = serve(Settings())

    assert (200, 201) == (
        again.send("GET", "/files", "past_due").status_code,
        again.put(picture(), key="full").status_code,
    )


def test_several_servers_start_at_once(tmp_path: Path) -> None:
    """
    Servers that start on a new folder at the same moment leave each demo account in its state, once.
    """
    script = (
        "import sys; from pathlib import Path; from failwell.clock import SystemClock;"
        "from scopix_server.vendor import serve; serve(Path(sys.argv[1]), SystemClock()).close()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "data")], env=environment) for _ in range(3)
    ]

    assert [0] * 3 == [process.wait(60) for process in started]
    store = Store(tmp_path / "data")
    with store.reading() as db:
        accounts = db.execute("SELECT tenant, storage_limit - storage_used, images, past_due FROM accounts").fetchall()
    store.close()
    assert [("hooli", 0, 1, 0), ("initech", None, 0, 1), ("umbrella", None, 1, 0)] == [tuple(row) for row in accounts]
