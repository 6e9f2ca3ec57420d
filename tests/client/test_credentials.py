from __future__ import annotations

import json
from pathlib import Path

import pytest

from pictograph.exceptions import ApiError
from tests.servers.sockets import SocketServer, Step, http, serving

from .colours import KEY, RUN, asked, every_colour, mutate, raised, read

IMAGE = b'{"data": {"id": "img_1", "filename": "x.png", "created_at": "2026-01-01T00:00:00Z"}}'


def signing(store: SocketServer) -> Step:
    """An answer that names a signed URL on *store*."""
    return http(200, json.dumps({"data": {"upload_url": f"{store.url}/x.png?sig=1"}}).encode())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file to upload."""
    path = tmp_path / "x.png"
    path.write_bytes(b"not really a picture")
    return path


@every_colour
def test_key_on_our_own_origin(colour: str) -> None:
    """
    Every request to the API carries the key.
    """
    with serving(http(200, RUN)) as server:
        asked(colour, read, base_url=server.url)
        asked(colour, mutate, base_url=server.url)

    assert [KEY, KEY] == [seen.headers["x-api-key"] for seen in server.seen]


@every_colour
def test_signed_url_gets_no_key(picture: Path, colour: str) -> None:
    """
    The PUT to a signed URL carries neither the API key nor an idempotency key.
    """
    with serving(http(200)) as store, serving(signing(store), http(200, IMAGE)) as server:
        asked(colour, lambda client: client.images.upload("ds", picture), base_url=server.url)

    (put,) = store.seen
    assert ("PUT", "/x.png?sig=1", b"not really a picture") == (put.method, put.target, put.body)
    assert not {"x-api-key", "authorization", "cookie", "idempotency-key"} & put.headers.keys()
    assert KEY not in str(put)


@every_colour
def test_signed_url_on_our_own_origin_gets_no_key(picture: Path, colour: str) -> None:
    """
    A signed URL on the API's own host gets no key either.
    """
    with serving(http(200)) as server:
        server.steps[:] = [signing(server), http(200), http(200, IMAGE)]
        asked(colour, lambda client: client.images.upload("ds", picture), base_url=server.url)

    assert [True, False, True] == ["x-api-key" in seen.headers for seen in server.seen]


@every_colour
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_get_nothing(status: int, colour: str) -> None:
    """
    A redirect is not followed: its target sees no request, no key and no body.
    """
    with serving(http(200, RUN)) as target, serving(http(status, b"", f"Location: {target.url}/x")) as server:
        errors = [raised(colour, call, base_url=server.url) for call in (read, mutate)]

    assert [(ApiError, status)] * 2 == [(type(error), error.status_code) for error in errors]
    assert (0, 2) == (target.connections, server.connections)


@every_colour
def test_redirected_upload_gets_nothing(picture: Path, colour: str) -> None:
    """
    A redirect of the PUT is not followed either.
    """
    with serving(http(200)) as target, serving(http(307, b"", f"Location: {target.url}/x")) as store:
        with serving(signing(store), http(200, IMAGE)) as server:
            error = raised(colour, lambda client: client.images.upload("ds", picture), base_url=server.url)

    assert (307, 0) == (error.status_code, target.connections)


@every_colour
def test_cookies_are_not_kept(colour: str) -> None:
    """
    A cookie that one reply sets is sent with no later request.
    """
    with serving(http(200, RUN, "Set-Cookie: session=1; Path=/")) as server:
        if colour == "blocking":
            asked(colour, lambda client: (read(client), read(client)), base_url=server.url)
        else:

            async def twice(client: object) -> None:
                await read(client)
                await read(client)

            asked(colour, twice, base_url=server.url)

    assert 2 == len(server.seen)
    assert all("cookie" not in seen.headers for seen in server.seen)
