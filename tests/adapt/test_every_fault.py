"""Every fault of the check, met over five libraries: no raw error, and what the contract says."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from failwell import Catalogue
from failwell.clock import VirtualClock
from failwell.conformance.adapter import ClassAdapter, Colour
from failwell.conformance.bench import Bench
from failwell.conformance.calls import Call
from failwell.conformance.errors import ShortfallError
from failwell.conformance.faults import all_faults
from failwell.conformance.faults.model import Fault
from failwell.conformance.faults.trial import Trial
from failwell.sandbox import Sandbox, find_vendor
from pictograph import exceptions
from pictograph.exceptions import CATALOGUE, PictographError
from tests.adapt.libraries import BLOCKING, ONE_ATTEMPT, ACalling, AOnce, Calling, Once
from tests.dice import share

READS = Call("datasets.list", "GET", lambda client: client.list())
CLIENTS: dict[str, tuple[Catalogue, type[Calling], type[ACalling]]] = {
    "calling": (CATALOGUE, Calling, ACalling),
    "translating and raise_for": (ONE_ATTEMPT, Once, AOnce),
}
EACH = (*BLOCKING, "aiohttp")


class Limit(NamedTuple):
    """Why a library cannot meet the faults with *names* as an SDK's client does; what it raises is the contract's."""

    why: str
    libraries: tuple[str, ...]
    names: str


LIMITS = (
    Limit(
        "nobody has said which shape a success must have, or the library does not tell its status", EACH, r"a 2\d\d "
    ),
    Limit("304 is an answer to who asked for it", EACH, r"a 304$"),
    Limit(
        "it reads the body before it gives the response back, and raises without it where that breaks",
        EACH,
        r"(FIN|RST) in the body of a \d+|a 500 whose chunks break off|a \d+ with gzip that is none"
        r"|a \d+ that is (longer|shorter) than announced|a 404 that breaks off in a chunk"
        r"|a 500 with a chunk whose size is no number",
    ),
    Limit("its timeout is for each read", ("requests", "httpx", "httpx2", "urllib3"), r"a (body|head) that drips"),
    Limit(
        "it does not undo this coding",
        ("httpx", "httpx2", "aiohttp"),
        r"a 404 with gzip (of gzip|in two|in members|behind an empty|that is ca)",
    ),
    Limit("it does not undo this one either", ("aiohttp",), r"a 404 with gzip (before 1000 NUL bytes|of deflate)"),
    Limit(
        "http.client knows one 1xx before an answer, takes what is malformed for well-formed, and at most 100 headers",
        ("requests", "urllib3"),
        r"a 103, then|a 102 fifty|a length (that is no number|below 0)|a header (name with a space|with a NUL)"
        r"|malformed HTTP, header|a 101 that|FIN (behind the status line|in the headers)|a coding of transfers"
        r"|a 503 with 300 headers",
    ),
    Limit(
        "it looks at the address of a redirect that it was told not to follow", ("requests",), r"a 307 to no address"
    ),
    Limit("it reads no proxy from the environment", ("urllib3",), r"a proxy "),
    Limit(
        "its parser has limits of its own, and takes some of what is malformed for well-formed",
        ("aiohttp",),
        r"a 101 that|a coding of transfers|a 503 with (300 headers|a header of)|a status of 0|a 307 with a long way",
    ),
    Limit(
        "it sends once more by itself what broke off before an answer",
        ("aiohttp",),
        r"(FIN|RST) (before|in|behind)|a 100 and no more|a connection that is|a reply that is lost|a blank line"
        r"|a proxy that ends by FIN",
    ),
)


def limits(library: str, fault: Fault) -> bool:
    """Whether *library* cannot meet *fault* as an SDK's client does."""
    return any(library in limit.libraries and re.match(limit.names, fault.name) for limit in LIMITS)


@pytest.fixture(scope="module")
def clock() -> VirtualClock:
    """A clock on which waits take no time."""
    return VirtualClock()


@pytest.fixture(scope="module")
def sandbox(clock: VirtualClock) -> Iterator[Sandbox]:
    """A server that can fail in every way."""
    with Sandbox(find_vendor("pictograph"), clock=clock) as sandbox:
        yield sandbox


@pytest.mark.slow
# Some leave the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("how", CLIENTS)
@pytest.mark.parametrize("library", EACH)
def test_every_fault(library: str, how: str, sandbox: Sandbox, clock: VirtualClock) -> None:
    """
    Each fault that a library can meet ends as for an SDK: class, attempts, waits, evidence, cause; others never raw.

    Each library meets each fault every day, in one of the two ways; in the other the next day.
    """
    catalogue, blocking, awaiting = CLIENTS[how]
    colour: Colour = "blocking" if library in BLOCKING else "awaiting"
    client: Callable[..., Any] = functools.partial(blocking, library) if library in BLOCKING else awaiting
    errors = {name: getattr(exceptions, name) for name in exceptions.__all__}
    bench = Bench(sandbox, clock, ClassAdapter({colour: client}, errors), colour)
    short: list[str] = []
    for fault in share(all_faults(), EACH.index(library) + [*CLIENTS].index(how), len(CLIENTS)):
        bench.reset()
        try:
            Trial(fault, READS, catalogue).check(bench)
        except ShortfallError as problem:
            ended = bench.seen[-1].error
            if not limits(library, fault) or not (ended is None or isinstance(ended, PictographError)):
                short.append(f"{fault.name}: {problem}")

    assert [] == short


def test_limits_are_about_something() -> None:
    """
    Each limit names faults that there are.
    """
    names = [fault.name for fault in all_faults()]

    assert [] == [limit.why for limit in LIMITS if not any(re.match(limit.names, name) for name in names)]
