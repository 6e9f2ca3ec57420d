"""`client.settle` and `failwell.settle`: what became of a call whose answer was lost."""

from __future__ import annotations

from typing import Any

import pytest
import requests

import failwell
from failwell import Catalogue, SettleError, acalling, calling
from failwell.clock import VirtualClock
from failwell.testing import replies
from failwell.wire.envelopes import AnyShape
from pictograph import NetworkError, NotFoundError, PictographError, RateLimitError
from tests.servers.scripted import ScriptedServer

from .colours import RUN, asked, every_colour, mutate, read, run_in


class ShopError(failwell.Error):
    """Whatever goes wrong with the shop."""


class TakenError(ShopError, status=409):
    """Somebody else has it."""


class LostError(ShopError, source="transport", on="network", retry="transient"):
    """No whole answer."""


SHOP = Catalogue("shop", base=ShopError, default=ShopError, envelope=AnyShape(), idempotency="server")


def settled(colour: str, *answers: Any, by: str = "client", ask: Any = mutate) -> tuple[Any, list[str | None]]:
    """What settling gives after a call that got the first of *answers*, and the keys that were sent."""

    def blocking(client: Any) -> Any:
        with replies(client, *answers) as sent:
            try:
                ask(client)
            except PictographError as error:
                settle = client.settle if by == "client" else failwell.settle
                return settle(error), [each.idempotency_key for each in sent.requests]
        raise AssertionError("It did not fail.")

    async def awaiting(client: Any) -> Any:
        with replies(client, *answers) as sent:
            try:
                await ask(client)
            except PictographError as error:
                settle = client.settle if by == "client" else failwell.settle
                return await settle(error), [each.idempotency_key for each in sent.requests]
        raise AssertionError("It did not fail.")

    result: tuple[Any, list[str | None]] = asked(colour, blocking if colour == "blocking" else awaiting)
    return result


@every_colour
@pytest.mark.parametrize("by", ["client", "failwell"])
def test_lost_answer_is_given(colour: str, by: str) -> None:
    """
    R16. The answer that was lost is asked for again with the same key, and decoded as the call would have done.
    """
    run, keys = settled(colour, NetworkError("Gone."), RUN, by=by)

    assert ("run_1", 2, 1) == (run.id, len(keys), len({*keys}))


@every_colour
def test_truth_is_raised(colour: str) -> None:
    """
    R16. Where the call was refused after all, that is raised; where nothing had begun, the error itself.
    """
    with pytest.raises(NotFoundError, match=r"No such dataset\."):
        settled(colour, NetworkError("Gone."), NotFoundError("No such dataset."))
    with pytest.raises(NotFoundError, match="Refused at once"):
        settled(colour, NotFoundError("Refused at once."))


@every_colour
def test_that_it_waits_for_a_limit(colour: str) -> None:
    """
    A server that has no time to answer is asked again, after the wait that it names.
    """
    run, keys = settled(colour, NetworkError("Gone."), RateLimitError("Slowly.", retry_after=30), RUN)

    assert ("run_1", 3) == (run.id, len(keys))


def test_read_has_nothing_to_settle() -> None:
    """
    A read changes nothing: its own error is raised.
    """
    with pytest.raises(NetworkError):
        settled("blocking", NetworkError("Gone."), ask=read)


def test_call_of_another_api() -> None:
    """
    A client settles calls of its own API.
    """
    error = ShopError()
    error.effect, error.idempotency_key = "unknown", "k"
    with pytest.raises(SettleError) as caught:
        asked("blocking", lambda client: client.settle(error))

    assert "elsewhere" == caught.value.reason


class Sender:
    """Sends to *server*; the first answer is lost, and an exception of the library comes in its place."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.keys: list[str] = []

    def __call__(self, attempt: Any) -> Any:
        self.keys.append(attempt.headers["Idempotency-Key"])
        response = requests.post(self.server.url, headers=attempt.headers, timeout=5)
        if len(self.keys) == 1:
            raise requests.ConnectionError("reset")
        return response

    async def awaited(self, attempt: Any) -> Any:
        """The same, awaited."""
        return self(attempt)


@every_colour
@pytest.mark.parametrize("status", [200, 409])
def test_calling(colour: str, status: int) -> None:
    """
    R16. `failwell.settle` lets the function of a `calling` send once more, with the same key, in its own colour.
    """
    with ScriptedServer() as server:
        sender = Sender(server)
        server.answer(200)
        server.answer(status, {"message": "Taken."})
        options: Any = {"method": "POST", "max_retries": 0, "clock": VirtualClock()}

        def blocking() -> Any:
            with pytest.raises(LostError) as caught:
                calling(SHOP, sender, **options)
            return failwell.settle(caught.value)

        async def awaiting() -> Any:
            with pytest.raises(LostError) as caught:
                await acalling(SHOP, sender.awaited, **options)
            return await failwell.settle(caught.value)

        try:
            found = blocking() if colour == "blocking" else run_in(colour, awaiting)
        except TakenError:
            found = None

    assert (status, 2, 1) == (409 if found is None else found.status_code, len(sender.keys), len({*sender.keys}))
