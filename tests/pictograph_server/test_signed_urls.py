from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from pictograph.exceptions import ForbiddenError, ValidationError
from pictograph_server import Settings

from .api import Api, MovableClock, picture


def test_signed_url(api: Api) -> None:
    """
    The upload URL is absolute, on the same server and outside of the API's paths, and a PUT to it needs no key.
    """
    url = api.upload_url()

    assert url.startswith("http://testserver/signed/")
    assert 200 == api.put(url, picture())
    assert 1 == len(api.files())


def test_public_url(serve: Callable[[Settings], Api]) -> None:
    """
    With a `public_url`, upload URLs begin with it.
    """
    api = serve(Settings(public_url="https://files.example/"))
    api.post("/datasets/", {"name": "ds"})

    assert api.upload_url().startswith("https://files.example/signed/")


@pytest.mark.parametrize("spoil", ["signature", "expires", "id", "letters"])
def test_wrong_signature(api: Api, spoil: str) -> None:
    """
    A signature that is not ours for this upload and moment is a ForbiddenError, and nothing is kept.
    """
    url, other = api.upload_url("x.png"), api.upload_url("y.png")
    signature = url.rpartition("=")[2]
    spoilt = {
        "signature": url[:-1] + ("0" if url[-1] != "0" else "1"),
        "expires": url.replace("expires=", "expires=1"),
        "id": other[: other.rindex("=") + 1] + signature,
        "letters": url.replace(signature, "%C3%A4"),
    }[spoil]

    with pytest.raises(ForbiddenError, match="signature"):
        api.put(spoilt)

    assert [] == api.files()


@pytest.mark.parametrize("gone", ["signature", "expires"])
def test_no_signature(api: Api, gone: str) -> None:
    """
    A URL without its signature or its end is a ValidationError that names what is missing.
    """
    parts = urlsplit(api.upload_url())
    query = "&".join(pair for pair in parts.query.split("&") if not pair.startswith(gone))

    with pytest.raises(ValidationError) as caught:
        api.put(f"{parts.path}?{query}")

    assert [["query", gone]] == [error["loc"] for error in caught.value.errors]


def test_expired(api: Api, clock: MovableClock) -> None:
    """
    An upload URL works for 24 hours; then a PUT to it is a ForbiddenError that says since when.
    """
    url = api.upload_url()
    clock.now += 24 * 3600 - 1
    assert 200 == api.put(url)

    clock.now += 31
    with pytest.raises(ForbiddenError, match="expired 30 s ago"):
        api.put(url)


def test_other_server(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    A URL that one server signed works on another server with the same data folder, and so after a restart.
    """
    url = api.upload_url()

    assert 200 == serve(Settings()).put(url)
