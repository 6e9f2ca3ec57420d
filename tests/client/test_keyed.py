"""What `ApiKeyClient` gives the clients of any SDK. Pictograph's own have their tests with the SDK."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio
import pytest

import failwell
from failwell import Catalogue, Message, field
from failwell.client import (
    ApiKeyClient,
    Awaiting,
    Blocking,
    json_body,
    operation,
)
from failwell.contract import Secret
from failwell.policy import Flow
from failwell.testing import replies
from failwell.wire import ErrorObject, Reply

from .leaks import frames, leaked

C = TypeVar("C", Blocking, Awaiting)
KEY = "sk-CANARY-7f3a9"


class DeskError(failwell.Error):
    """Base."""

    message: Message = field(kw_only=False)
    status: Any = None


class NoKeyError(DeskError, status=401):
    """Nobody knows who calls."""


class SettingError(DeskError, source="client", on="configuration"):
    """A setting cannot work."""


class LostError(DeskError, source="transport", on="network", retry="transient"):
    """No answer came."""


ERRORS = (NoKeyError, SettingError, LostError)
DESK = Catalogue("desk", base=DeskError, default=DeskError, errors=ERRORS, envelope=ErrorObject())
KNOWING = Catalogue(
    "desk", base=DeskError, default=DeskError, errors=ERRORS, envelope=ErrorObject(), idempotency="server"
)


class _Desk(ApiKeyClient[C], catalogue=DESK, base_url="https://desk.example", variables="DESK"):
    @operation
    def look(self) -> Flow[Any]:
        """Look."""
        return (yield from self.core.call("look", "GET", "/look", json_body))

    @operation
    def book(self) -> Flow[Any]:
        """Book a seat."""
        return (yield from self.core.call("book", "POST", "/book", json_body, payload={}, mutating=True))

    @operation
    def take(self, seat: int) -> Flow[Any]:
        """Take a seat."""
        return (yield from self.core.call("take", "POST", "/take", json_body, payload={"seat": seat}))


class Desk(Blocking, _Desk[Blocking]):
    """The blocking client."""


class AsyncDesk(Awaiting, _Desk[Awaiting]):
    """The awaiting client."""


class StrictDesk(Blocking, _Desk[Blocking], refused=NoKeyError):
    """A client that takes a missing key for a 401."""


class KnowingDesk(Blocking, _Desk[Blocking], catalogue=KNOWING):
    """A client of a server that honours keys."""


@pytest.mark.parametrize(("make", "times"), [(Desk, 1), (KnowingDesk, 2)])
def test_an_answer_that_is_lost(make: Callable[[str], Any], times: int) -> None:
    """
    R8. A write whose answer is lost is repeated where the catalogue says that the server knows keys, and only there.
    """
    desk = make(KEY)
    with replies(desk, LostError, then={"seat": 1}) as sent:
        if times == 1:
            with pytest.raises(LostError) as caught:
                desk.book()
            assert sent.requests[0].idempotency_key == caught.value.idempotency_key is not None
        else:
            assert {"seat": 1} == desk.book()

    assert (times, 1) == (len(sent.requests), len({asked.idempotency_key for asked in sent.requests}))


def test_bearer() -> None:
    """
    The key is sent as a bearer token, unless the service says otherwise.
    """
    with Desk(KEY) as desk:
        headers = dict(desk.core.prepared.headers(_request()))

    assert f"Bearer {KEY}".encode() == headers[b"Authorization"]


def test_the_bare_key_is_masked() -> None:
    """
    A server that repeats the key without its scheme tells nobody.
    """
    with Desk(KEY) as desk:
        told = Reply(401, {}, f'{{"error": "{KEY} is unknown."}}'.encode())
        with replies(desk, told), pytest.raises(NoKeyError) as caught:
            desk.look()

    assert "*** is unknown." == str(caught.value)


@pytest.mark.parametrize("client", [Desk, AsyncDesk])
def test_environment(client: type[Desk | AsyncDesk], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Key and base URL come from the variables that the service names, and a pickled client reads them again.
    """
    monkeypatch.setenv("DESK_API_KEY", KEY)
    monkeypatch.setenv("DESK_BASE_URL", "https://other.example")
    built = client(timeout=7.0, max_retries=1)
    pickled = pickle.dumps(built)
    again = pickle.loads(pickled)  # noqa: S301 - our own bytes

    assert ("https://other.example", 7.0, 1) == (again.base_url, again.timeout, again.max_retries)
    assert (client, False) == (type(again), KEY.encode() in pickled)
    assert f"{client.__name__}(base_url='https://other.example')" == repr(again)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "DESK_API_KEY is not set. Set it, or pass api_key= to the client."),
        ("", "DESK_API_KEY is not set. Set it, or pass api_key= to the client."),
        ("a b", "The API key (3 characters) has spaces, line breaks or non-ASCII characters. Copy it again, "),
        (7, "The API key is of type int; it must be text."),
    ],
)
@pytest.mark.parametrize(
    ("client", "kind"), [(Desk, SettingError), (AsyncDesk, SettingError), (StrictDesk, NoKeyError)]
)
def test_bad_keys(client: Any, kind: type[DeskError], key: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A key that cannot be sent is the catalogue's configuration error, or the one that the service names.
    """
    monkeypatch.delenv("DESK_API_KEY", raising=False)
    with pytest.raises(DeskError) as caught:
        client(key)

    assert (kind, True) == (type(caught.value), str(caught.value).startswith(message))


def test_a_secret_will_do() -> None:
    """
    A key may come as a `Secret`.
    """
    with Desk(Secret(KEY)) as desk, replies(desk, {}) as sent:
        desk.look()

    assert "***" == sent.requests[0].headers["authorization"]


def _request() -> Any:
    from failwell.wire import Request

    return Request("GET", "/look")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_keeps_its_key(copied: Callable[[Desk], Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A copy of a client is the same caller on the same connections, whoever the environment names.
    """
    monkeypatch.setenv("DESK_API_KEY", "sk-of-somebody-else")
    client = Desk(KEY)
    twin = copied(client)
    with replies(twin, {"seen": True}):
        seen = twin.look()

    assert ({"seen": True}, True) == (seen, twin.core is client.core)
    assert f"Bearer {KEY}".encode() == dict(twin.core.prepared.headers(_request()))[b"Authorization"]


@pytest.mark.parametrize(
    ("make", "given", "said"),
    [
        (Desk, "base_ulr", "Desk() got an unexpected keyword argument 'base_ulr'. Did you mean 'base_url'?"),
        (AsyncDesk, "timeuot", "AsyncDesk() got an unexpected keyword argument 'timeuot'. Did you mean 'timeout'?"),
        (
            AsyncDesk,
            "max_retry",
            "AsyncDesk() got an unexpected keyword argument 'max_retry'. Did you mean 'max_retries'?",
        ),
        (Desk, "apikey", "Desk() got an unexpected keyword argument 'apikey'. Did you mean 'api_key'?"),
        (
            StrictDesk,
            "zone",
            "StrictDesk() got an unexpected keyword argument 'zone'. It takes api_key, base_url, timeout, ",
        ),
    ],
)
def test_an_unknown_keyword(make: Any, given: str, said: str) -> None:
    """
    A keyword that a client does not take is told with the one that comes near; no frame of ours holds the key.
    """
    with pytest.raises(TypeError) as caught:
        make(KEY, **{given: KEY})

    assert said == str(caught.value)[: len(said)]
    assert [] == leaked(KEY, "\n".join(frames(caught.value)))


def test_an_unknown_keyword_of_a_client_that_takes_more() -> None:
    """
    A client with a constructor of its own takes what that takes.
    """

    class Bigger(Desk):
        def __init__(self, *, room: str, **settings: Any) -> None:
            super().__init__(KEY, **settings)
            self.room = room

    assert "attic" == Bigger(room="attic", timeout=3.0).room
    with pytest.raises(TypeError, match="unexpected keyword argument 'timeuot'"):
        Bigger(room="attic", timeuot=3.0)


def test_an_unknown_keyword_of_an_operation() -> None:
    """
    The same for an operation, in both colours.
    """
    asked: Any = [Desk(KEY).take, AsyncDesk(KEY).take]
    said = []
    for take in asked:
        with pytest.raises(TypeError) as caught:
            anyio.run(partial(take, seet=KEY)) if take is asked[1] else take(seet=KEY)
        said.append(str(caught.value))
        assert [] == leaked(KEY, "\n".join(frames(caught.value)))

    assert ["_Desk.take() got an unexpected keyword argument 'seet'. Did you mean 'seat'?"] * 2 == said


def test_with_and_async_with() -> None:
    """
    `with` over an awaiting client says "use async with", `async with` over a blocking one the other way round.
    """
    wrong: Any = AsyncDesk(KEY)
    with pytest.raises(TypeError, match=r'^AsyncDesk is asynchronous: use "async with"'), wrong:
        pass

    async def other_way_round() -> None:
        wrong: Any = Desk(KEY)
        async with wrong:
            pass

    with pytest.raises(TypeError, match=r'^Desk is not asynchronous: use "with"'):
        anyio.run(other_way_round)


def test_two_names_for_the_end() -> None:
    """
    An awaiting client is closed by `aclose`, by `close`, and by both.
    """

    async def run() -> list[bool]:
        desks = [AsyncDesk(KEY) for _ in range(3)]
        await desks[0].aclose()
        await desks[1].close()
        await desks[2].close()
        await desks[2].aclose()
        return [desk.core.connection[0].closed for desk in desks]

    assert [True] * 3 == anyio.run(run)
