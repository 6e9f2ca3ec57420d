from __future__ import annotations

import base64
from typing import Any

import pytest

from pictograph.exceptions import AuthError, NetworkError

from .colours import RUN, asked, every_colour, read
from .socket_server import http, serving

ELSEWHERE = "http://pictograph.test"


def names(port: int, *, user: str = "") -> str:
    """The URL of a proxy on this machine."""
    return f"http://{user}127.0.0.1:{port}"


@every_colour
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_honoured(variable: str, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A client of ours goes through the proxy that the environment names.
    """
    with serving(http(200, RUN)) as proxy:
        monkeypatch.setenv(variable, names(proxy.port))
        run = asked(colour, read, base_url=ELSEWHERE)

    assert ("run_1", "http://pictograph.test/api/v1/developer/training/run_1") == (run.id, proxy.seen[0].target)


@every_colour
def test_without_a_scheme(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A proxy may be named by host and port alone.
    """
    with serving(http(200, RUN)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")

        assert "run_1" == asked(colour, read, base_url=ELSEWHERE).id


@every_colour
def test_user_and_password(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    User and password of the proxy are sent to it.
    """
    with serving(http(200, RUN)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", names(proxy.port, user="me:p%40ss@"))
        asked(colour, read, base_url=ELSEWHERE)

    assert f"Basic {base64.b64encode(b'me:p@ss').decode()}" == proxy.seen[0].headers["proxy-authorization"]


@every_colour
@pytest.mark.parametrize("excepted", ["127.0.0.1", "*", "other.test, 127.0.0.1", "127.0.0.0/8", "127.0.0.1:{port}"])
def test_no_proxy(excepted: str, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    NO_PROXY names hosts that are reached straight: an address, with a port, a network, or "*" for all.
    """
    with serving(http(200, RUN)) as server, serving(http(502)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", names(proxy.port))
        monkeypatch.setenv("NO_PROXY", excepted.format(port=server.port))
        asked(colour, read, base_url=server.url)

    assert (1, 0) == (server.connections, proxy.connections)


@every_colour
@pytest.mark.parametrize("excepted", ["other.test", "27.0.0.1", "10.0.0.0/8", "127.0.0.1:1", ",", "graph.test"])
def test_not_excepted(excepted: str, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    NO_PROXY excepts no other hosts, also not those whose names only end alike.
    """
    with serving(http(200, RUN)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", names(proxy.port))
        monkeypatch.setenv("NO_PROXY", excepted)
        asked(colour, read, base_url=ELSEWHERE)

    assert 1 == proxy.connections


@every_colour
@pytest.mark.parametrize("excepted", ["pictograph.test", ".test", "test", "*.test", "PICTOGRAPH.TEST"])
def test_excepted_domains(excepted: str, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    NO_PROXY names domains with and without a dot.
    """
    with serving(http(200, RUN)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", names(proxy.port))
        monkeypatch.setenv("NO_PROXY", excepted)
        with pytest.raises(NetworkError):
            asked(colour, read, base_url="http://pictograph.test:1")

    assert 0 == proxy.connections


@every_colour
def test_each_request_by_its_own_host(colour: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whether a proxy is used depends on where a request goes: a signed URL of an excepted host is reached straight.
    """
    picture = tmp_path / "x.png"
    picture.write_bytes(b"bytes")
    with serving(http(200)) as store:
        target = http(200, b'{"data": {"upload_url": "%s/x.png?s=1"}}' % store.url.encode())
        with serving(target, http(401)) as proxy:
            monkeypatch.setenv("HTTP_PROXY", names(proxy.port))
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            with pytest.raises(AuthError):
                asked(colour, lambda client: client.images.upload("ds", picture), base_url=ELSEWHERE)

    assert ["PUT"] == [seen.method for seen in store.seen]
    assert ["POST", "POST"] == [seen.method for seen in proxy.seen]


@every_colour
def test_other_schemes(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A proxy for HTTPS is not used for HTTP.
    """
    with serving(http(200, RUN)) as server, serving(http(502)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", names(proxy.port))
        asked(colour, read, base_url=server.url)

    assert (1, 0) == (server.connections, proxy.connections)


@every_colour
@pytest.mark.parametrize("answer", [http(407), http(502, b"<html>"), b""])
def test_tunnel_refused(answer: bytes, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A proxy that does not open a tunnel for HTTPS is a NetworkError, and no key reaches it.
    """
    with serving(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", names(proxy.port))
        with pytest.raises(NetworkError):
            asked(colour, read, base_url="https://pictograph.test")

    assert [("CONNECT", "pictograph.test:443")] == [(seen.method, seen.target) for seen in proxy.seen]
    assert "x-api-key" not in proxy.seen[0].headers


@every_colour
def test_proxy_away(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A proxy that does not answer is a NetworkError.
    """
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    with pytest.raises(NetworkError):
        asked(colour, read, base_url=ELSEWHERE)
