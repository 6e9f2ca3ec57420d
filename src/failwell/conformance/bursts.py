"""How many requests a server lets in at once, before it says 429."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

from failwell.sandbox.sandbox import Sandbox

PATIENCE = 30.0
"""Seconds that a request waits for its answer at most."""


def burst(sandbox: Sandbox, path: str, headers: Mapping[str, str], *, most: int = 1000) -> int:
    """How many GETs of *path* with *headers* the server lets in at once, of *most*; then its limit is reached.

    They are sent bare, over one connection: how many are let in has nothing to do with an SDK, which takes longer.
    """
    address = urlsplit(sandbox.url)
    with closing(HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE)) as connection:
        for let_in in range(most):
            connection.request("GET", address.path + path, headers=dict(headers))
            with connection.getresponse() as reply:
                reply.read()
            if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
                return let_in
    return most
