from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from failwell.contract import log_fields
from pictograph import AsyncClient, Client
from tests.servers.sockets import Step, http, serving

from .colours import KEY, every_colour, mutate, raised, read

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

SITUATIONS: dict[str, Step] = {
    "404": http(404, b'{"detail": "Run not found"}', "X-Request-ID: req-1"),
    "402": http(402, b'{"detail": {"message": "Out", "required": 5, "remaining": 1, "upgrade_url": "https://u"}}'),
    "422": http(422, b'{"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}'),
    "429": http(429, b'{"detail": "Slow down"}', "Retry-After: 300"),
    "418": http(418, b'{"detail": "teapot"}'),
    "500 that echoes": http(500, b"X-API-Key: " + KEY.encode(), kind="text/plain"),
    "200 that cannot be read": http(200, b"[]"),
    "closed": b"",
    "no HTTP": b"garbage\r\n\r\n",
}


def facts(error: Any) -> dict[str, Any]:
    """All that an error says."""
    return {**vars(error), "args": error.args, "str": str(error), "case": error.case, **log_fields(error)}


@every_colour
@pytest.mark.parametrize("call", [read, mutate])
@pytest.mark.parametrize("name", SITUATIONS)
def test_errors_of_live_clients(name: str, call: Any, colour: str) -> None:
    """
    R3. An error raised by a live client pickles with every protocol, says the same afterwards, and holds no key.
    """
    with serving(SITUATIONS[name]) as server:
        error = raised(colour, call, base_url=server.url)

    for protocol in PROTOCOLS:
        dumped = pickle.dumps(error, protocol)
        assert KEY.encode() not in dumped
        assert facts(error) == facts(pickle.loads(dumped))  # noqa: S301 - our own bytes
    assert facts(error) == facts(copy.copy(error)) == facts(copy.deepcopy(error))


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_clients(client: Any, protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A pickled client holds no key: it reads the environment's where it is loaded. Its other settings stay.
    """
    dumped = pickle.dumps(client(KEY, base_url="http://127.0.0.1:9/x", timeout=7.0, max_retries=1), protocol)
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "another")
    loaded = pickle.loads(dumped)  # noqa: S301 - our own bytes

    assert KEY.encode() not in dumped
    assert (client, "http://127.0.0.1:9/x", 7.0, 1) == (
        type(loaded),
        loaded.base_url,
        loaded.timeout,
        loaded.max_retries,
    )


def test_deadline_of_a_pickled_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A pickled client keeps its deadline.
    """
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "another")
    loaded = pickle.loads(pickle.dumps(Client(KEY, deadline=9.0)))  # noqa: S301 - our own bytes

    assert 9.0 == loaded.core.deadline


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_bound_methods(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A bound method pickles, without the key, as the same method of a client made anew: for process pools.
    """
    dumped = pickle.dumps(client(KEY, base_url="http://127.0.0.1:9").training.get)
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "another")
    loaded = pickle.loads(dumped)  # noqa: S301 - our own bytes

    assert KEY.encode() not in dumped
    assert ("get", "Training") == (loaded.__name__, type(loaded.__self__).__name__)
    assert "http://127.0.0.1:9" == loaded.__self__.core.base_url


def test_a_loaded_method_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A bound method that was pickled and loaded again can be called, with the key of the environment.
    """
    with serving(http(404, b'{"detail": "Run not found"}')) as server:
        dumped = pickle.dumps(Client(KEY, base_url=server.url).training.get)
        monkeypatch.setenv("PICTOGRAPH_API_KEY", "another")
        with pytest.raises(Exception, match="Run not found"):
            pickle.loads(dumped)("run_1")  # noqa: S301 - our own bytes

    assert "another" == server.seen[0].headers["x-api-key"]


def test_a_loaded_client_needs_a_key() -> None:
    """
    Where no key is set, a pickled client is refused with the usual message.
    """
    dumped = pickle.dumps(Client(KEY))

    with pytest.raises(Exception, match="PICTOGRAPH_API_KEY is not set"):
        pickle.loads(dumped)  # noqa: S301 - our own bytes
