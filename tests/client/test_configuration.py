from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx2
import pytest

from failwell.clock import VirtualClock
from pictograph import AsyncClient, Client
from pictograph.exceptions import ConfigurationError
from tests.servers.sockets import http, serving

from .colours import KEY, RUN, asked, every_colour, read

every_client = pytest.mark.parametrize("client", [Client, AsyncClient])

BAD_BASE_URLS = [
    "api.pictograph.io",
    "//api.pictograph.io",
    "/api",
    "https:",
    "https://",
    "https:///path",
    "https:/api.pictograph.io",
    "ftp://api.pictograph.io",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ws://api.pictograph.io",
    "https://api pictograph.io",
    "https://api.pictograph.io/a b",
    " https://api.pictograph.io",
    "https://api.pictograph.io\n",
    "https://api.pictograph.io\r\nX-Evil: 1",
    "https://api.pictograph.io\t",
    "https://api.pictograph.io:port",
    "https://api.pictograph.io:99999",
    "https://api.pictograph.io:-1",
    "https://api.pictograph.io:0",
    "https://[::1",
    "https://[zz]",
    "https://[::1]x",
    "https://me:secret@api.pictograph.io",
    "https://me@api.pictograph.io",
    "https://@",
    "https://:443",
    "https://api.pictograph.io?x=1",
    "https://api.pictograph.io/#top",
    "https://?",
    "https://\x00",
    "https://exa\x00mple.com",
    "https://exa\x7fmple.com",
    "https://\udcff.com",
    "https://api.pictograph.io/" + "x" * 70_000,
]


@every_client
@pytest.mark.parametrize("url", BAD_BASE_URLS, ids=lambda url: str(BAD_BASE_URLS.index(url)))
def test_bad_base_url(url: str, client: Any) -> None:
    """
    A base URL to which nothing can be sent is refused when the client is made, with what it must be like.
    """
    with pytest.raises(ConfigurationError) as caught:
        client(KEY, base_url=url)

    assert str(caught.value).startswith("base_url ")
    assert len(str(caught.value)) < 400
    assert "like https://api.example.com" in str(caught.value) or "pass credentials as an argument" in str(caught.value)


@every_client
@pytest.mark.parametrize(
    "url", [5, 5.0, True, b"https://api.pictograph.io", ["https://x"], httpx2.URL("https://x"), object()]
)
def test_base_url_of_another_type(url: Any, client: Any) -> None:
    """
    A base URL that is no text is refused in the same way.
    """
    with pytest.raises(ConfigurationError, match="base_url"):
        client(KEY, base_url=url)


@every_client
def test_bad_base_url_in_the_environment(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A bad base URL from the environment is refused like an argument.
    """
    monkeypatch.setenv("PICTOGRAPH_BASE_URL", "nonsense")

    with pytest.raises(ConfigurationError, match="base_url is 'nonsense'"):
        client(KEY)


@every_client
@pytest.mark.parametrize("setting", ["timeout", "deadline"])
@pytest.mark.parametrize(
    "value",
    [-1, 0, -0.1, float("nan"), float("inf"), -float("inf"), True, False, "30", b"30", [], Decimal(3), 1j, 10**400],
    ids=lambda value: ascii(value)[:20],
)
def test_bad_seconds(setting: str, value: Any, client: Any) -> None:
    """
    Both timeout and deadline must be a number above 0, or None; the message quotes what was given.
    """
    with pytest.raises(ConfigurationError, match=rf"^{setting} is .*; it must be a number of seconds"):
        client(KEY, **{setting: value})


@every_client
@pytest.mark.parametrize("value", [-1, 1.5, 3.0, True, False, "3", float("nan"), []])
def test_bad_max_retries(value: Any, client: Any) -> None:
    """
    max_retries must be a whole number from 0.
    """
    with pytest.raises(ConfigurationError, match=r"^max_retries is .*; it must be a whole number from 0"):
        client(KEY, max_retries=value)


@every_client
@pytest.mark.parametrize("key", [None, ""])
def test_no_key(key: str | None, client: Any) -> None:
    """
    Without an API key the client is refused, and the message names the variable and the argument.
    """
    with pytest.raises(ConfigurationError) as caught:
        client(key)

    assert "PICTOGRAPH_API_KEY is not set. Set it, or pass api_key= to the client." == str(caught.value)


@every_client
@pytest.mark.parametrize("key", ["a b", " a", "a ", "a\n", "a\r\nX-Evil: 1", "a\tb", "k\xe9y", "\x00", "🔑", "a\x7f"])
def test_bad_key(key: str, client: Any) -> None:
    """
    A key that no header can carry is refused when the client is made, without being shown.
    """
    with pytest.raises(
        ConfigurationError, match=r"^The API key \(\d+ characters\) has spaces, line breaks or non-ASCII"
    ):
        client(key)


@every_client
@pytest.mark.parametrize("key", [5, b"key", ["key"], object()], ids=lambda key: type(key).__name__)
def test_key_of_another_type(key: Any, client: Any) -> None:
    """
    A key that is no text is refused in the same way.
    """
    with pytest.raises(ConfigurationError, match="API key"):
        client(key)


@every_client
def test_what_to_do(client: Any) -> None:
    """
    A client that cannot be built says what to do, once.
    """
    with pytest.raises(ConfigurationError) as caught:
        client()

    assert "PICTOGRAPH_API_KEY is not set. Set it, or pass api_key= to the client." == str(caught.value)
    assert [] == getattr(caught.value, "__notes__", [])


@every_client
def test_key_of_the_environment(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Key and base URL come from the environment when they are not given.
    """
    monkeypatch.setenv("PICTOGRAPH_API_KEY", KEY)
    monkeypatch.setenv("PICTOGRAPH_BASE_URL", "http://127.0.0.1:8000/")

    assert "http://127.0.0.1:8000" == client().base_url


@every_client
def test_defaults(client: Any) -> None:
    """
    The defaults are those of the page: 30 s, 3 retries.
    """
    made = client(KEY)

    assert (30.0, 3, "https://api.pictograph.io") == (made.timeout, made.max_retries, made.base_url)


@every_colour
@pytest.mark.parametrize(
    ("suffix", "target"),
    [
        ("", "/api/v1/developer/training/run_1"),
        ("/", "/api/v1/developer/training/run_1"),
        ("///", "/api/v1/developer/training/run_1"),
        ("/prefix", "/prefix/api/v1/developer/training/run_1"),
        ("/a/b/", "/a/b/api/v1/developer/training/run_1"),
    ],
)
def test_good_base_urls(suffix: str, target: str, colour: str) -> None:
    """
    A base URL may end with a slash and may have a path, below which everything then stands.
    """
    with serving(http(200, RUN)) as server:
        asked(colour, read, base_url=server.url + suffix)

    assert [target] == [seen.target for seen in server.seen]


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "https://[::1]:8000", "HTTPS://API.EXAMPLE.COM", "https://b\xfccher.example"]
)
def test_more_good_base_urls(url: str) -> None:
    """
    Ports, IPv6, capitals and international names are fine.
    """
    assert url == Client(KEY, base_url=url).base_url


@every_client
@pytest.mark.parametrize("proxy", ["http://host:port", "ftp://host", "://", "http://", "socks5://host"])
def test_bad_proxy_in_the_environment(proxy: str, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A proxy in the environment that is none is named when the client is made.
    """
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(ConfigurationError, match=r"(?i)https_proxy"):
        client(KEY)


@pytest.mark.parametrize("key", ["", "a\nb", "k\xe9y", "x" * 256, " key", "key ", " "])
@every_colour
def test_bad_idempotency_key(key: str, colour: str) -> None:
    """
    An idempotency key that no header can carry is refused before anything is sent.
    """
    with serving(http(200, RUN)) as server, pytest.raises(ConfigurationError, match="idempotency_key"):
        asked(colour, lambda client: client.training.create("ds", "exp", idempotency_key=key), base_url=server.url)

    assert 0 == server.connections


class Closing(VirtualClock):
    """A clock on which the client is closed while a call waits."""

    client: Any

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if isinstance(self.client, Client):
            self.client.close()

    async def asleep(self, seconds: float) -> None:
        await super().asleep(seconds)
        await self.client.close()


@every_colour
def test_closed_meanwhile(colour: str) -> None:
    """
    R1. A call whose client somebody closes while it waits ends with that, in the vendor's own words.
    """
    clock = Closing()

    def ask(client: Any) -> Any:
        clock.client = client
        return read(client)

    with serving(http(503, b"{}")) as server, pytest.raises(ConfigurationError) as caught:
        asked(colour, ask, base_url=server.url, max_retries=2, clock=clock)

    assert ("The client was closed meanwhile. Close it later.", None) == (str(caught.value), caught.value.__context__)
    assert 1 == len(clock.waits())
