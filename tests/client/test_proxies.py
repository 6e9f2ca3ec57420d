from __future__ import annotations

import base64
import traceback
from typing import Any

import httpx2
import pytest

from failwell.client.transport.httpx.proxies import Proxies, of_environment
from pictograph.exceptions import AuthError, ConfigurationError, NetworkError
from tests.servers.sockets import http, serving

from .colours import RUN, asked, every_colour, read

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


MEANT = [
    ("example.com:443", "https://example.com/x"),
    ("example.com:80", "http://example.com"),
    ("example.com:8080", "http://www.example.com:8080"),
    ("[::1]:8080", "http://[::1]:8080"),
    ("[::1]", "http://[::1]:8080"),
    ("::1", "http://[0:0:0:0:0:0:0:1]"),
    ("[fe80::/10]:8080", "http://[fe80::1]:8080"),
    ("fe80::/10", "http://[fe80::1]"),
    ("10.0.0.0/8:8080", "http://10.1.2.3:8080"),
    ("10.0.0.0/8", "http://[::ffff:10.1.2.3]"),
    ("example.com.", "https://example.com"),
    ("example.com", "https://example.com."),
    (".example.com.:443", "https://a.example.com."),
    ("*.example.com", "https://a.b.example.com"),
    ("bücher.example", "https://xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "https://bücher.example"),
    (".bücher.example:443", "https://www.bücher.example"),
    ("*:443", "https://example.com"),
    ("*", "http://example.com:81"),
    ("other.example example.com", "https://example.com"),
    ("other.example\texample.com:443", "https://example.com"),
    ("other.example,,\n example.com ,", "https://example.com"),
]
NOT_MEANT = [
    ("example.com:443", "http://example.com"),
    ("example.com:443", "https://example.com:444"),
    ("[::1]:8080", "http://[::1]"),
    ("[::1]:8080", "http://[::2]:8080"),
    ("10.0.0.0/8:8080", "http://10.1.2.3"),
    ("10.0.0.0/8:8080", "http://11.1.2.3:8080"),
    ("example.com", "https://badexample.com"),
    ("bücher.example", "https://bucher.example"),
    ("0.0.1", "http://127.0.0.1"),
    ("*:443", "http://example.com"),
    ("example.com:", "https://other.com"),
    ("example.com:http", "https://example.com"),
    ("example.com:99999999999999", "https://example.com"),
    ("[::1", "http://127.0.0.1"),
    ("10.0.0.0/99", "http://10.0.0.0"),
    (".", "https://example.com"),
    ("[]:443", "https://example.com"),
    ("\ud800", "https://example.com"),
]


@pytest.mark.parametrize(("entry", "url"), MEANT)
def test_what_no_proxy_means(entry: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An entry of NO_PROXY may have a port, brackets, a dot at its end, or letters of any alphabet.
    """
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", f"first.example, {entry}")

    assert of_environment().name_for(httpx2.URL(url)) is None


@pytest.mark.parametrize(("entry", "url"), NOT_MEANT)
def test_what_no_proxy_does_not_mean(entry: str, url: str) -> None:
    """
    An entry means no other port, network or host, and one that is nonsense means nothing.
    """
    proxies = Proxies({"all": httpx2.Proxy("http://proxy.example:3128")}, (entry,))

    assert "all" == proxies.name_for(httpx2.URL(url))


@every_colour
@pytest.mark.parametrize("fast", [False, True], ids=["httpx2", "fast"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://u:s3cretpw@127.0.0.1:70000",
        "http://u:s3cretpw@127.0.0.1:0",
        "http://u:s3cretpw@127.0.0.1:port",
        "http://u:s3cretpw@[::1",
        "socks5://u:s3cretpw@127.0.0.1:1",
        "http://u:s3cretpw@",
        "u:s3cretpw@127.0.0.1:70000",
        "http://u:s3cretpw@ho st:80",
        "http://u:s3cretpw@h%20t:80",
        "http://u:s3cretpw@h|t",
        "http://u:s3cretpw@127.0.0.1:99999999999999999999",
    ],
)
def test_proxies_that_are_none(proxy: str, fast: bool, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A proxy that no request can go through is the configuration error, and nothing of it shows the password.
    """
    monkeypatch.setenv("HTTP_PROXY", proxy)
    settings: dict[str, Any] = {"http": "fast"} if fast else {}
    with pytest.raises(ConfigurationError) as caught:
        asked(colour, read, base_url=ELSEWHERE, **settings)

    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    ours = [line for line in told.splitlines() if "proxy = " not in line and "settings = " not in line]
    assert "HTTP_PROXY " in str(caught.value)
    assert [] == [line for line in ours if "s3cretpw" in line]
