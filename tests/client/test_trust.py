from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failwell.sandbox import Sandbox
from pictograph import AsyncClient, Client
from pictograph.exceptions import ConfigurationError, NetworkError
from pictograph_server.vendor import VENDOR

from .colours import asked, every_colour, raised


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for the tests of this file."""
    with Sandbox(VENDOR) as running:
        yield running


def read(client: Any) -> Any:
    """A call that reads."""
    return client.datasets.get("ds")


@every_colour
def test_who_is_trusted(sandbox: Sandbox, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A client trusts whom SSL_CERT_FILE names when it is made, whatever clients before it trusted.
    """
    settings = {"api_key": sandbox.keys["member"], "base_url": sandbox.https_url}
    assert isinstance(raised(colour, read, **settings), NetworkError)

    monkeypatch.setenv("SSL_CERT_FILE", str(sandbox.authority))
    assert "ds" == asked(colour, read, **settings).name

    monkeypatch.delenv("SSL_CERT_FILE")
    assert isinstance(raised(colour, read, **settings), NetworkError)


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file or directory"), (b"no certificate", "no certificate or crl found")]
)
def test_no_certificates(
    client: Any, content: bytes | None, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    A file of certificates that cannot be loaded is refused when the client is made, with its name and the remedy.
    """
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(ConfigurationError, match=words) as caught:
        client("key", base_url="https://127.0.0.1:9")

    assert f"SSL_CERT_FILE ({file})" in str(caught.value)
    assert "Let SSL_CERT_FILE name a file of certificates as PEM, or unset it." in str(caught.value)
