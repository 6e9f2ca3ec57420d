"""Where requests go, whatever stands where their target should: over sockets, by every way in, in each colour."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from io import BytesIO
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal

from failwell.client import (
    Awaiting,
    Blocking,
    Core,
    Resource,
    chunked_upload,
    event,
    json_body,
    nothing,
    operation,
    path,
    resumable,
    resumable_uploads,
    session,
    streamed,
)
from failwell.client.request import request_of
from failwell.client.transport.requests import RequestFactory
from failwell.client.transport.targets import BadTargetError
from failwell.contract import Body, Secret
from failwell.policy import Flow, SessionFlow, SessionProtocol, StreamFlow
from failwell.policy.resume_token import ResumeToken
from failwell.policy.stream.rules import StreamRules
from pictograph.exceptions import CATALOGUE, ConfigurationError, PictographError
from tests.servers.sockets import Peer, SocketServer, http, serving

from .colours import KEY, every_transport
from .talks import Plain

C = TypeVar("C", Blocking, Awaiting)

FOLLOWING = StreamRules(follow=Body("url"))


class Ways(Resource[C], name="ways"):
    """Every way in which a target comes to a client."""

    @operation
    def call(self, target: Any) -> Flow[Any]:
        """Ask there."""
        return (yield from self.core.call("ways.call", "GET", target, json_body))

    @operation
    def download(self, target: Any) -> Flow[Any]:
        """Ask there for what is not kept in memory."""
        return (yield from self.core.call("ways.download", "GET", target, nothing, into=lambda: len))

    @operation
    def put(self, target: Any) -> Flow[Any]:
        """Put a body there that is read meanwhile."""
        return (yield from self.core.call("ways.put", "PUT", target, json_body, content=lambda: [b"bytes"]))

    @streamed
    def stream(self, target: Any) -> StreamFlow[Any]:
        """Stream from there."""
        return self.core.stream("ways.stream", "GET", target, event)

    @streamed
    def follow(self, _target: Any) -> StreamFlow[Any]:
        """Begin something whose answer names where its stream is."""
        return self.core.stream("ways.follow", "POST", "/named", event, rules=FOLLOWING, payload={})

    @session
    def session(self, target: Any) -> SessionFlow[SessionProtocol[Any, Any]]:
        """Talk there."""
        return self.core.session("ways.session", target, Plain())

    @operation
    @resumable()
    def upload(self, _target: Any, *, resume_token: str | None = None) -> Flow[Any]:
        """Begin an upload, whose answer names where its pieces go."""
        how = resumable_uploads(
            self.core, "ways.upload", "/files", lambda at: self.core.call("ways.upload", "GET", at, json_body)
        )
        file = BytesIO(b"bytes")
        return (
            yield from chunked_upload(
                self.core, "ways.upload", file, how, argument="file", arguments={}, resume_token=resume_token
            )
        )

    @operation
    def resume(self, target: Any) -> Flow[Any]:
        """Go on with an upload by a forged token."""
        from hashlib import sha256

        whole = {"size": 5, "sha256": sha256(b"bytes").hexdigest()}
        token = ResumeToken(CATALOGUE.name, "ways.upload", {}, {"at": target, "source": whole}).text
        return (yield from Ways.upload.flow(self, target, resume_token=token))


ASKED = ("call", "download", "put", "stream", "session", "resume")
NAMED = ("follow", "upload")

NOWHERE = {
    "a suffix of the host": ".evil.example/x",
    "a user": "@{evil}/x",
    "a port": ":444@{evil}/x",
    "a suffix of the port": "1/x",
    "nothing": "",
    "a name": "x",
    "a query": "?x=1",
    "a fragment": "#x",
    "another host": "//{evil}/x",
    "another host, backwards": "\\\\{evil}\\x",
    "another host, half backwards": "/\\{evil}/x",
    "no host": "http:///x",
    "one slash": "http:/{evil}/x",
    "no slash": "http:{evil}/x",
    "half an address": "http://[::1/x",
    "half an address and a port": "http://[::1]80/x",
    "an own host before a backslash": "http://{api}\\@{evil}/x",
    "an own host behind a backslash": "http://{evil}\\@{api}/x",
    "an own host as a user": "http://{api}@{evil}/x",
    "a user and a password": "http://me:secret@{evil}/x",
    "a host that is encoded": "http://%65vil.example/x",
    "full-width letters": "http://\uff45\uff56\uff49\uff4c.example/x",
    "a lone surrogate": "http://\ud800.example/x",
    "a path with a lone surrogate": "http://{evil}/\ud800",
    "a port of five digits": "http://127.0.0.1:70000/x",
    "a port of many digits": "http://127.0.0.1:999999999999999999999999/x",
    "the port 0": "http://127.0.0.1:0/x",
    "digits of another alphabet": "http://127.0.0.1:٨٠/x",
    "NUL": "http://{evil}/\0x",
    "NUL in the host": "http://evil\0.example/x",
    "a line": "http://{evil}/x\r\nX: y",
    "70,000 letters": "http://{evil}/" + "x" * 70_000,
    "a host of 70,000 letters": "http://" + "x" * 70_000,
    "a file": "file:///etc/passwd",
    "a script": "javascript:alert(1)",
    "another protocol": "ftp://{evil}/x",
}
LEAVING = {
    "..": "/products/../openapi.json",
    "two dots, encoded": "/products/%2e%2E/openapi.json",
    "a dot, half encoded": "/products/.%2e",
    "slashes, encoded": "/products/..%2fopenapi.json",
    "all encoded": "/products/%2E%2e%2Fopenapi.json",
    "slashes, encoded, further inside": "/products/a%2f..%2F..%2fopenapi.json",
    "a backslash, encoded": "/products/..%5Copenapi.json",
    "behind dots a parameter": "/products/..;v=1/openapi.json",
    "dots at the end": "/products/..",
    "a dot": "/products/./x",
    "a fragment": "/products/a#b",
    "None": f"/products/{None}",
    "nothing": "/products//reviews",
    "a line": "/products/a\r\nX: y",
    "NUL": "/products/\0",
    "a backslash": "/products/..\\x",
    "half a character": "/products/\ud800",
    "70,000 letters": "/" + "x" * 70_000,
}


class Rig:
    """The API, somebody else's server, and what the API names."""

    def __init__(self, api: SocketServer, evil: SocketServer) -> None:
        self.api = api
        self.evil = evil
        self.named = ""

    def whole(self, target: str) -> str:
        """*target* with the addresses of both."""
        return target.replace("{api}", self.api.url[7:]).replace("{evil}", self.evil.url[7:])

    def answer(self, peer: Peer) -> None:
        """What the API says."""
        assert peer.seen is not None
        if peer.seen.target == "/named":
            peer.say(http(202, json.dumps({"url": self.named}).encode()))
        elif peer.seen.target == "/files":
            where = self.named.encode("utf-8", "surrogatepass").decode("latin-1")
            peer.say(http(201, b"", f"Location: {where}"))
        else:
            peer.say(http(200, b"{}"))

    @contextmanager
    def client(self, colour: str) -> Generator[Callable[[str, str], BaseException | None]]:
        """What a client of *colour* raises that comes to a target by some way: `raised(way, target)`."""
        kind, _, fast = colour.partition(" ")
        settings: dict[str, Any] = {"http": "fast"} if fast else {}
        awaiting = kind != "blocking"
        core = Core(
            CATALOGUE,
            base_url=self.api.url,
            credentials=(("X-API-Key", Secret(KEY)),),
            awaiting=awaiting,
            timeout=3.0,
            max_retries=0,
            **settings,
        )
        if not awaiting:
            with closing(core):
                yield lambda way, target: self._raised(lambda: _try(core, way, target), target)
            return
        with start_blocking_portal(backend=kind) as portal:
            try:
                yield lambda way, target: self._raised(lambda: portal.call(_atry, core, way, target), target)
            finally:
                portal.call(core.aclose)

    def try_it(self, colour: str, way: str, target: str) -> BaseException | None:
        """What a new client of *colour* raises that comes to *target* by *way*."""
        with self.client(colour) as raised:
            return raised(way, target)

    def _raised(self, call: Callable[[], object], target: str) -> BaseException | None:
        for server in (self.api, self.evil):
            server.seen.clear()
            server.connections = 0
        self.named = target
        try:
            call()
        except Exception as problem:  # noqa: BLE001 - which it is, is what the tests are about
            return problem
        return None

    @property
    def keys(self) -> list[bool]:
        """Whether each request that the other server got had the key in it."""
        return [KEY in str(seen) for seen in self.evil.seen]


def _try(core: Core, way: str, target: str) -> None:
    found = getattr(Ways(core), way)(target)
    if way in ("stream", "follow"):
        list(found)
    elif way == "session":
        found.close()


async def _atry(core: Core, way: str, target: str) -> None:
    found = getattr(Ways(core), way)(target)
    if way in ("stream", "follow"):
        async for _ in found:
            pass
    elif way == "session":
        await (await found).aclose()
    else:
        await found


@pytest.fixture(scope="module")
def rig() -> Generator[Rig]:
    """Both servers, for all targets."""
    with serving(http(200, b"{}")) as evil, serving(b"") as api:
        found = Rig(api, evil)
        api.steps[:] = [found.answer]
        yield found


@every_transport
@pytest.mark.parametrize("way", ASKED)
def test_what_is_no_target(rig: Rig, way: str, colour: str) -> None:
    """
    A target that is neither a path nor a whole URL is refused, with the vendor's error, before anything is sent.
    """
    ended = {}
    with rig.client(colour) as raised:
        for name, text in {**NOWHERE, **LEAVING}.items():
            if way == "resume" and (len(text) > 65_000 or "\ud800" in text):
                continue  # in no token
            problem = raised(way, rig.whole(text))
            ended[name] = (type(problem), rig.api.connections, rig.evil.connections, len(str(problem)) < 600)

    assert dict.fromkeys(ended, (ConfigurationError, 0, 0, True)) == ended


@every_transport
@pytest.mark.parametrize("way", NAMED)
def test_what_an_answer_names(rig: Rig, way: str, colour: str) -> None:
    """
    Whatever an answer names as the next address: the vendor's error or a request without the key, never anything else.
    """
    ended = {}
    for name, text in {**NOWHERE, **LEAVING}.items():
        if way == "upload" and ("\0" in text or "\r" in text or "\ud800" in text or "70,000" in name):
            continue  # in no header
        problem = rig.try_it(colour, way, rig.whole(text))
        ended[name] = (problem is None or isinstance(problem, PictographError), True in rig.keys)

    assert dict.fromkeys(ended, (True, False)) == ended


@every_transport
@pytest.mark.parametrize("way", ["call", "download", "put", "stream", "follow", "upload"])
def test_whose_server_gets_the_key(rig: Rig, way: str, colour: str) -> None:
    """
    A whole URL of the client's own origin gets the key, however it is spelled; that of another origin does not.
    """
    seen = {}
    for text in ("http://{api}/a", "HTTP://{api}/a", "http://{api}/a?next=http://{evil}/x", "http://{api}/a#@{evil}"):
        rig.try_it(colour, way, rig.whole(text))
        seen[text] = (KEY in str(rig.api.seen[-1]), rig.evil.connections)
    foreign = ("http://{evil}/a", "HTTP://{evil}/a?x=http://{api}/", "http://{evil}#@{api}/a", "http://{evil}?@{api}/a")
    others = {}
    for text in foreign:
        rig.try_it(colour, way, rig.whole(text))
        others[text] = set(rig.keys)

    assert dict.fromkeys(seen, (True, 0)) == seen
    assert [{False}] * len(foreign) == list(others.values())


@every_transport
def test_addresses_inside_of_paths(rig: Rig, colour: str) -> None:
    """
    A path or a query with a whole URL inside of it is a path below the base URL.
    """
    for target in ("/fetch?url=http://e/x", "/proxy/http://e/x", "/a//x?b=//c".replace("a//x", "a:b")):
        assert rig.try_it(colour, "call", target) is None
        assert [(target, True)] == [(seen.target, KEY in str(seen)) for seen in rig.api.seen]


OWN = [
    ("https://api.example.com", "https://api.example.com:443/x"),
    ("https://api.example.com:443", "https://api.example.com/x"),
    ("HTTPS://API.example.com:443/v1", "https://api.EXAMPLE.com/x"),
    ("http://api.example.com", "http://api.example.com:80/x"),
    ("https://bücher.example", "https://xn--bcher-kva.example/x"),
    ("https://xn--bcher-kva.example", "https://BÜCHER.example/x"),
    ("http://[::1]:8000", "http://[0:0:0:0:0:0:0:1]:8000/x"),
    ("https://api.example.com", "https://api.example.com"),
    ("https://api.example.com", "https://api.example.com?x=1"),
]
OTHERS = [
    ("https://api.example.com", "http://api.example.com/x"),
    ("https://api.example.com", "https://api.example.com:444/x"),
    ("https://api.example.com", "https://api.example.com.evil.example/x"),
    ("https://api.example.com", "https://evil-api.example.com/x"),
    ("https://api.example.com", "https://api.example.com./x"),
    ("https://api.example.com", "https://evil.example/api.example.com"),
    ("http://127.0.0.1", "http://127.1/x"),
    ("http://[::1]", "http://[::2]/x"),
]


@pytest.mark.parametrize(("base", "target"), OWN)
def test_spellings_of_one_origin(base: str, target: str) -> None:
    """
    A default port, capitals, IDNA and the long form of an address make no other origin.
    """
    assert RequestFactory(base).place(target).own


@pytest.mark.parametrize(("base", "target"), OTHERS)
def test_other_origins(base: str, target: str) -> None:
    """
    Another scheme, port or host is another origin, however much it looks like the client's own.
    """
    assert not RequestFactory(base).place(target).own


@pytest.mark.parametrize("base", ["https://api.example.com", "https://api.example.com/v1/", "http://[::1]:8000/%2f"])
@pytest.mark.parametrize("target", ["/x", "/x?y=1", "/ä ö", "/x?ü=http://e/", "/%2F/x", "/a:@b", "/x?", "/'(x)'"])
def test_paths_stay_below_the_base(base: str, target: str) -> None:
    """
    A path changes neither scheme nor host nor port, and comes behind the path of the base URL.
    """
    place, root = RequestFactory(base).place(target), httpx2.URL(base)

    assert (root.scheme, root.netloc, True) == (place.url.scheme, place.host, place.own)
    assert place.url.raw_path.startswith(root.raw_path.rstrip(b"/") + b"/")
    assert str(httpx2.URL(base.rstrip("/") + target)) == str(place.url)


@pytest.mark.parametrize("base", ["https://api.example.com#", "https://api.example.com?", "https://api.example.com/?#"])
def test_base_urls_that_would_swallow_every_path(base: str) -> None:
    """
    A base URL that ends in "#" or "?" is refused.
    """
    with pytest.raises(ConfigurationError, match="query or a fragment"):
        Core(CATALOGUE, base_url=base)


class Size(Enum):
    """Members of an enum are sent as their value."""

    BIG = "big & round"


QUERIES: list[tuple[dict[str, object], str]] = [
    ({"tag": ["a", "b"], "on": True}, "tag=a&tag=b&on=true"),
    ({"tag": ("a",), "off": False, "none": None}, "tag=a&off=false"),
    ({"tag": [], "x": None}, ""),
    ({"n": 1, "f": 1.5, "d": Decimal("1.50"), "big": 10**30}, f"n=1&f=1.5&d=1.50&big={10**30}"),
    ({"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}, "at=2026-01-02T03%3A04%3A05%2B00%3A00"),
    ({"on": date(2026, 1, 2)}, "on=2026-01-02"),
    ({"size": Size.BIG, "sizes": [Size.BIG]}, "size=big+%26+round&sizes=big+%26+round"),
    ({"id": UUID(int=0)}, "id=00000000-0000-0000-0000-000000000000"),
    ({"u": "http://e/x?a=1#b", "a&b": "ü"}, "u=http%3A%2F%2Fe%2Fx%3Fa%3D1%23b&a%26b=%C3%BC"),
    ({"flags": [True, False, 0]}, "flags=true&flags=false&flags=0"),
]


@pytest.mark.parametrize(("params", "sent"), QUERIES)
def test_what_params_are_sent_as(params: dict[str, object], sent: str) -> None:
    """
    A list repeats its name, booleans are "true" and "false", dates ISO 8601, None is left out; no Python text is sent.
    """
    assert (f"/x?{sent}" if sent else "/x") == request_of(CATALOGUE, "x", "GET", "/x", params=params).target


@pytest.mark.parametrize("value", [{"a": 1}, {1, 2}, object(), b"x", float("nan"), [None], [["a"]], "\ud800", [{}]])
def test_params_that_no_query_can_hold(value: object) -> None:
    """
    A value that a query has no form for is refused with its name, before anything is sent.
    """
    core = Core(CATALOGUE, base_url="https://api.example.com")

    with pytest.raises((TypeError, ValueError), match=r"An argument of x\.list cannot be sent in a query"):
        next(core.call("x.list", "GET", "/x", json_body, params={"filter": value}))


@pytest.mark.parametrize("target", ["/x?a=1", "https://api.example.com/x?a=1", "https://api.example.com/x#top"])
def test_a_query_stands_in_one_place(target: str) -> None:
    """
    A target with a query, and params: refused, where "?a=1?b=2" would be sent.
    """
    with pytest.raises(ConfigurationError, match="Pass all of them as params"):
        next(Core(CATALOGUE, base_url="https://api.example.com").call("x", "GET", target, json_body, params={"b": 2}))


@pytest.mark.parametrize("target", [None, 5, b"/x", ["/x"]])
def test_targets_that_are_no_text(target: Any) -> None:
    """
    A target that is no text is refused with the vendor's error.
    """
    with pytest.raises(ConfigurationError, match="it must be text"):
        next(Core(CATALOGUE, base_url="https://api.example.com").call("x", "GET", target, json_body))


PARTS = {
    "a b": "/v1/a%20b",
    "a/b": "/v1/a%2Fb",
    "a#b": "/v1/a%23b",
    "a?x=1": "/v1/a%3Fx%3D1",
    "a\\b": "/v1/a%5Cb",
    "%2e%2e": "/v1/%252e%252e",
    "..a": "/v1/..a",
    "a..": "/v1/a..",
    "http://e/x": "/v1/http%3A%2F%2Fe%2Fx",
    "None": "/v1/%4Eone",
    "\r\n": "/v1/%0D%0A",
    "@evil.example": "/v1/%40evil.example",
}


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_paths(part: str) -> None:
    """
    `path` spells a part so that it stays one, and a client accepts it.
    """
    found = path("/v1", part)

    assert PARTS[part] == found
    assert RequestFactory("https://api.example.com").place(found).own


@pytest.mark.parametrize(
    "part", ["", ".", "..", "../x", "x/..", "x/../y", "..\\x", "\\..", "/../", None, 5, b"x", "\ud800"]
)
def test_parts_that_lead_elsewhere(part: Any) -> None:
    """
    `path` refuses a part that is empty, no text, or leads up, also for a server that decodes before it looks.
    """
    with pytest.raises((TypeError, ValueError), match=r"cannot be part of a path|no URL can carry"):
        path("/v1", part)


@pytest.mark.parametrize(
    "target", ["https://me:secret@api.example.com/x", "https://me:secret@[x/", "/s3cret/../?k=secret"]
)
def test_no_secret_in_a_refusal(target: str) -> None:
    """
    What is refused is named without its user, its password and its query.
    """
    with pytest.raises(BadTargetError) as caught:
        RequestFactory("https://api.example.com").place(target)

    assert "secret" not in str(caught.value)


@every_transport
@pytest.mark.parametrize("target", ["http://[::1/x", "ftp://e/x", "javascript:alert(1)", "http://\uff45[/x"])
def test_a_stream_whose_address_is_none(rig: Rig, target: str, colour: str) -> None:
    """
    An answer that names no URL for its stream could not be read, and says what it names.
    """
    problem = rig.try_it(colour, "follow", target)

    assert "could not be read" in str(problem)
    assert "which is no URL" in str(problem)
