"""Keys: which let nobody in, in which words, and within which limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from failwell.server import KeyStore
from vectorshift_server.vendor import KEYS

from .api import Api, error


@pytest.mark.parametrize(
    ("authorization", "said"),
    [
        (None, 'No API key was sent. Send it as "Authorization: Bearer <key>".'),
        ("Bearer vs-x", 'The API key in "Authorization" is malformed'),
        ("Basic vs-x", 'The API key in "Authorization" is malformed'),
        (f"Bearer vs-{'x' * 43}", "This API key is unknown or revoked."),
        ("expired", "This API key has expired."),
        ("revoked", "This API key was revoked."),
    ],
)
@pytest.mark.parametrize("path", ["/pipelines", "/no/such/path"])
def test_keys_that_let_nobody_in(api: Api, path: str, authorization: str | None, said: str) -> None:
    """
    A key that is missing, malformed, unknown, expired or revoked is a 401 each, told apart in words.
    """
    named = api.served.keys.get(authorization or "")
    headers = {"Authorization": f"Bearer {named}" if named else authorization} if authorization else {}

    answer = api.client.get(path, headers=headers)

    assert 401 == answer.status_code
    assert said in error(answer)[1]


def test_demo_keys(api: Api) -> None:
    """
    Each demo key is of its user of its organisation, in its role and tier; two are of nobody.
    """
    folder: Path = api.store.folder.path
    keys = KeyStore(folder / "keys.sqlite", header="Authorization", prefix="vs-", clock=VirtualClock())
    found = {name: keys.find(key) for name, key in api.served.keys.items()}
    keys.close()

    nobody = {"expired", "revoked"}
    assert {name: None if name in nobody else KEYS[name] for name in KEYS} == {
        name: caller and (caller.tenant, caller.role, caller.tier) for name, caller in found.items()
    }


def test_limits(api: Api) -> None:
    """
    A 429 names the limit and the wait, in words and in its header.
    """
    answers = [api.send("GET", "/pipelines", "free") for _ in range(21)]

    status, words = error(answers[-1])
    wait = answers[-1].headers["retry-after"]
    assert ({200}, 429) == ({answer.status_code for answer in answers[:-1]}, status)
    assert f'Rate limit exceeded: 60 per 1 minute, 20 at once (tier "free"). Try again in {wait} s.' == words


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", "/pipelines", 405)])
def test_addresses_that_are_none(api: Api, method: str, path: str, status: int) -> None:
    """
    S10. What has no address, or takes no such method, has the envelope and the request id of the contract.
    """
    answer = api.send(method, path)

    assert (status, {"error"}, True) == (
        answer.status_code,
        {*answer.json()},
        bool(answer.headers["x-request-id"]),
    )


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1"])
def test_queries_that_do_not_fit(api: Api, query: str) -> None:
    """
    A query that does not fit is a 400 that names the field.
    """
    status, words = error(api.send("GET", f"/pipelines?{query}"))

    assert (400, True) == (status, query.partition("=")[0] in words)
