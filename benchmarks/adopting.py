"""What it costs to adopt a contract (P9): `raise_for` and `calling` around requests, beside requests alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from benchmarks.goals import Goal
from benchmarks.pairs import Pair
from failwell import calling, raise_for
from pictograph.exceptions import CATALOGUE

TIMEOUT = 30.0
PATH = "/200/pictograph/api/v1/developer/training/run_1"


@contextmanager
def pairs(address: str) -> Iterator[list[Pair]]:
    """What the server of `benchmarks.loopback` answers at *address*; each side keeps its own connection."""
    url = address + PATH
    with requests.Session() as ours, requests.Session() as bare:
        yield [
            Pair(
                "P9",
                "raise_for over requests",
                lambda: raise_for(ours.get(url, timeout=TIMEOUT), CATALOGUE),
                lambda: bare.get(url, timeout=TIMEOUT),
                Goal(1.02, 1.01),
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
            ),
        ]
