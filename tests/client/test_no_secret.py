from __future__ import annotations

import gzip
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from failwell.contract import log_fields
from pictograph import AsyncClient, Client, PictographError
from pictograph.exceptions import ConfigurationError
from tests.servers.sockets import Peer, Step, http, serving

from .colours import KEY, asked, every_colour, mutate, raised, read
from .leaks import everything, frames, leaked
from .probe import Probe

K = KEY.encode()
SIGNATURE = "CANARY5167b0d1"
SIGNED = f"/signed/x.png?X-Signature={SIGNATURE}&expires=99"


def silence(peer: Peer) -> None:
    """Say nothing."""
    peer.silence()


ECHOES: dict[str, Step] = {
    "in a sentence": http(401, b'{"detail": "Unknown key %s"}' % K),
    "in the code": http(409, b'{"detail": {"message": "No", "error_code": "%s"}}' % K),
    "in details": http(402, b'{"detail": {"message": "No", "upgrade_url": "https://u/?key=%s", "x": ["%s"]}}' % (K, K)),
    "in field errors": http(422, b'{"detail": [{"loc": ["%s"], "msg": "%s", "type": "t", "input": "%s"}]}' % (K, K, K)),
    "as a key": http(404, b'{"%s": 1, "detail": {"%s": 1}}' % (K, K)),
    "in plain text": http(500, b"boom: X-API-Key=" + K, kind="text/plain"),
    "in HTML": http(502, b"<pre>X-API-Key: %s</pre>" % K, kind="text/html"),
    "in headers": http(429, b"", f"X-Echo: {KEY}", f"Retry-After: {KEY}", f"WWW-Authenticate: {KEY}"),
    "in the request id": http(404, b'{"detail": "No"}', f"X-Request-ID: {KEY}"),
    "in the content type": http(200, b"<html>", kind=f"text/{KEY}"),
    "in the request id of an unreadable 200": http(200, b"{}", f"X-Request-ID: {KEY}"),
    "in the body of an unreadable 200": http(200, b'{"no": "%s"}' % K),
    "in broken JSON of a 200": http(200, b'{"data": "%s' % K),
    "in a redirect": http(302, b"", f"Location: https://elsewhere.test/?key={KEY}"),
    "in a status line": b"HTTP/1.1 " + K + b"\r\n\r\n",
    "in the reason": b"HTTP/1.1 500 " + K + b"\r\nContent-Length: 0\r\n\r\n",
    "in a broken header": b"HTTP/1.1 200 OK\r\n" + K + b"\r\n\r\n",
    "in a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + K + b"\r\n",
    "in a length": b"HTTP/1.1 200 OK\r\nContent-Length: " + K + b"\r\n\r\n",
    "cut in the middle": http(500, b"x" * (8_192 - 5) + K),
    "nothing, and a close": b"",
    "nothing, and a timeout": silence,
}


@every_colour
@pytest.mark.parametrize("call", [read, mutate])
@pytest.mark.parametrize("name", ECHOES)
def test_key_in_a_header(
    name: str, call: Any, colour: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    R4. The API key shows nowhere on an error, its causes, its frames or in debug logs, even when the server echoes it.
    """
    caplog.set_level(logging.DEBUG)
    with serving(ECHOES[name]) as server:
        error = raised(colour, call, base_url=server.url, timeout=0.2 if name.endswith("timeout") else 5.0)

    assert [] == leaked(KEY, everything(error))
    assert [] == leaked(KEY, repr(log_fields(error)))
    assert [] == leaked(KEY, logged(caplog))


HALF = b'{"detail": "Unknown key %s' % K[:-3]
BROKEN_OFF: dict[str, Step] = {
    "shorter than it says": http(404, HALF).replace(b"Content-Length: ", b"Content-Length: 9"),
    "chunks": b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(HALF) + 3, HALF),
    "until the close": b"HTTP/1.1 404 X\r\nContent-Type: text/plain\r\n\r\n" + HALF,
    "gzip": http(500, gzip.compress(b"{}" + os.urandom(50) + HALF)[:-8], "Content-Encoding: gzip"),
    "JSON in JSON": http(404, b'{"x": "' + json.dumps(HALF.decode()).encode()[1:-1]).replace(b"Length: ", b"Length: 9"),
}


@every_colour
@pytest.mark.parametrize("name", BROKEN_OFF)
def test_half_a_key(name: str, colour: str) -> None:
    """
    Of a key in which a reply breaks off nothing is shown either.
    """
    with serving(BROKEN_OFF[name]) as server:
        error = raised(colour, read, base_url=server.url, max_retries=0)

    assert error.body.endswith(b"Unknown key ***")
    assert [] == leaked(KEY[:-3], everything(error))


@every_colour
@pytest.mark.parametrize(
    "echo",
    [json.dumps({"detail": 'Key pk/a+b"c\\d=='}).encode(), b'{"detail": "Key pk\\/a+b\\"c\\\\d=="}'],
    ids=["escaped", "with escaped slashes"],
)
def test_key_that_json_escapes(echo: bytes, colour: str) -> None:
    """
    A key with characters that JSON escapes is masked in what was parsed, too.
    """
    with serving(http(401, echo)) as server:
        error = raised(colour, read, base_url=server.url, api_key='pk/a+b"c\\d==')

    assert "Key ***" == str(error)
    assert b"a+b" not in error.body


def signs(peer: Peer) -> None:
    """Say where to upload to: a signed URL on this server."""
    url = f"http://127.0.0.1:{peer.sock.getsockname()[1]}{SIGNED}"
    peer.say(http(200, json.dumps({"data": {"upload_url": url}}).encode()))


@every_colour
@pytest.mark.parametrize(
    "step",
    [
        b"",
        http(403, b"<Error><SignatureProvided>%s</SignatureProvided></Error>" % SIGNATURE.encode(), kind="text/xml"),
        http(403, b'{"detail": "bad: %s"}' % SIGNED.encode()),
        http(307, b"", f"Location: http://127.0.0.1:1{SIGNED}"),
        b"HTTP/1.1 200 OK\r\n" + SIGNED.encode() + b"\r\n\r\n",
        silence,
    ],
    ids=["closed", "xml", "json", "redirect", "broken", "timeout"],
)
def test_signature_in_a_query(step: Step, colour: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    R4. The query of a signed URL shows nowhere either.
    """
    caplog.set_level(logging.DEBUG)
    picture = tmp_path / "x.png"
    picture.write_bytes(b"bytes")
    with serving(signs, step) as server:
        # Long enough for a request to arrive where every core is busy; only silence uses it up.
        timeout = 1.0 if step is silence else 30.0
        error = raised(colour, lambda client: client.images.upload("ds", picture), base_url=server.url, timeout=timeout)

    assert 2 == len(server.seen)
    assert [] == leaked(SIGNATURE, everything(error))
    assert [] == leaked(SIGNATURE, logged(caplog))


@every_colour
@pytest.mark.parametrize("problem", [OSError("disk on fire"), ValueError("no image"), TimeoutError("slow disk")])
def test_content_that_cannot_be_read(problem: Exception, colour: str) -> None:
    """
    When the user's own body fails, that is what is raised, and no frame of ours or of the transport shows a secret.
    """

    def chunks() -> Any:
        yield b"x"
        raise problem

    def upload(client: Any) -> Any:
        return Probe(client.core).upload(chunks)

    with serving(signs, silence) as server, pytest.raises(type(problem)) as caught:
        asked(colour, upload, base_url=server.url)

    assert problem is caught.value
    assert "chunks" == caught.traceback[-1].name
    assert (None, None) == (problem.__cause__, problem.__context__)
    assert [] == leaked(SIGNATURE, "\n".join(frames(problem)))
    assert [] == leaked(KEY, "\n".join(frames(problem)))


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    "settings",
    [{"timeout": -1}, {"max_retries": -1}, {"base_url": "nonsense"}, {"http_client": 5}, {"deadline": 0}],
    ids=repr,
)
def test_refused_settings(settings: dict[str, Any], client: Any) -> None:
    """
    A client that cannot be built shows its key in no frame of ours.
    """
    with pytest.raises(ConfigurationError) as caught:
        client(api_key=KEY, **settings)

    assert [] == leaked(KEY, everything(caught.value))


@pytest.mark.parametrize("key", [KEY + "\n", f" {KEY}", KEY + "\xe9"])
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_refused_key(key: str, client: Any) -> None:
    """
    R4. A key that is refused is not shown, in no frame of ours either.
    """
    with pytest.raises(ConfigurationError) as caught:
        client(api_key=key)

    assert [] == leaked(KEY, everything(caught.value))


@pytest.mark.parametrize("url", ["http://me:{}@host", "http://me:{}@ho st", "ftp://me:{}@host", "http://host/?key={}"])
def test_refused_base_url(url: str) -> None:
    """
    A base URL that is refused is quoted without its user, password and query.
    """
    with pytest.raises(ConfigurationError) as caught:
        Client(api_key="k", base_url=url.format(KEY))

    assert [] == leaked(KEY, f"{caught.value!s} {caught.value!r} {vars(caught.value)}")


def test_repr_of_clients() -> None:
    """
    Neither a client nor what hangs on it shows the key.
    """
    client = Client(api_key=KEY)
    parts = [client, client.training, client.training.get, client.core, client.core._transport]

    assert [] == leaked(KEY, " ".join(f"{part!r} {part!s}" for part in parts))


@every_colour
@pytest.mark.parametrize("step", [b"", http(407, b"{}"), None], ids=["closed", "407", "echo"])
def test_password_of_a_proxy(
    step: Step | None, colour: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    R4. The password of a proxy in the environment shows nowhere, even when the proxy echoes it.
    """
    password = "CANARYpw5512"
    caplog.set_level(logging.DEBUG)

    def echo(peer: Peer) -> None:
        assert peer.seen is not None
        said = f"{password} {peer.seen.headers['proxy-authorization']}"
        peer.say(http(407, json.dumps({"detail": said}).encode(), f"X-Echo: {said}"))

    with serving(step if step is not None else echo) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:{password}@127.0.0.1:{proxy.port}")
        error = raised(colour, read, base_url="http://pictograph.test")

    assert [] == leaked(password, everything(error))
    assert [] == leaked(password, logged(caplog))


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, arguments included."""
    return "\n".join(f"{record.getMessage()} {record.msg} {record.args}" for record in caplog.records)


def test_something_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """
    The debug logs that are searched above are not empty, and their queries are masked.
    """
    caplog.set_level(logging.DEBUG)
    with serving(http(404)) as server:
        raised("blocking", lambda client: client.training.list(limit=77), base_url=server.url)

    assert {"httpx2", "httpcore2.connection", "httpcore2.http11"} <= {record.name for record in caplog.records}
    assert "limit=77" not in logged(caplog)


def test_the_search_finds() -> None:
    """
    What searches for secrets finds one in text, in base64, in a local variable and in an attribute.
    """

    def fail() -> None:
        error = PictographError(KEY)
        raise error

    with pytest.raises(PictographError) as caught:
        fail()

    assert [] != leaked(KEY, everything(caught.value))
    assert [] != leaked("CANARYpw5512", "Basic bWU6Q0FOQVJZcHc1NTEy")
