"""What it costs to adopt a contract (P9): `raise_for` and `calling` around requests, beside requests alone."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import BaseAdapter

from benchmarks.goals import Goal
from benchmarks.pairs import Pair
from failwell import calling, raise_for
from pictograph.exceptions import CATALOGUE

TIMEOUT = 30.0
PATH = "/200/pictograph/api/v1/developer/training/run_1"


class Answering(BaseAdapter):
    """What a session of requests sends with, where nothing goes over a network."""

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        """A success without a body."""
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url or "", request
        response._content = b""  # noqa: SLF001 - as if it had been read
        return response

    def close(self) -> None:
        """Nothing is open."""


def in_memory() -> list[Pair]:
    """What a function answers in place of a server: for the instructions, as the time over a network says little."""
    ours, bare = requests.Session(), requests.Session()
    for session in (ours, bare):
        session.mount("http://", Answering())
    return _pairs(ours, bare, f"http://test{PATH}")


@contextmanager
def over_loopback(address: str) -> Generator[list[Pair]]:
    """What the server of `benchmarks.loopback` answers at *address*; each side keeps its own connection."""
    with requests.Session() as ours, requests.Session() as bare:
        yield _pairs(ours, bare, address + PATH)


def _pairs(ours: requests.Session, bare: requests.Session, url: str) -> list[Pair]:
    return [
        Pair(
            "P9",
            "raise_for over requests",
            lambda: raise_for(ours.get(url, timeout=TIMEOUT), CATALOGUE),
            lambda: bare.get(url, timeout=TIMEOUT),
            Goal(1.02, 1.01),
            by_count=True,
        ),
        Pair(
            "P9",
            "calling over requests",
            lambda: calling(
                CATALOGUE,
                lambda attempt: ours.get(url, headers=attempt.headers, timeout=attempt.timeout),
                timeout=TIMEOUT,
            ),
            lambda: bare.get(url, timeout=TIMEOUT),
            Goal(1.15, 1.10),
            by_count=True,
        ),
    ]
