"""A job that is looked at until it is done, in a contract that is not Pictograph's."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import pytest
from pydantic import BaseModel

import failwell
from failwell import Catalogue, Header, Local, Message, field
from failwell.client import Awaiting, Blocking, Core, Resource, model, operation, path, wait_for
from failwell.policy import Flow
from failwell.testing import replies
from failwell.wire import ErrorObject

C = TypeVar("C", Blocking, Awaiting)


class OvenError(failwell.Error):
    """Base."""

    message: Message = field(kw_only=False)


class BusyError(OvenError, status=503, retry="transient"):
    """Too many cakes."""


class FullError(OvenError, status=429, retry="throttled"):
    """Too many calls."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


class BurntError(OvenError, status=410):
    """It is gone."""


class SettingError(OvenError, source="client", on="configuration"):
    """A setting cannot work."""


class LateError(OvenError, source="client", on="late"):
    """It is not done in time."""

    cake: Annotated[str | None, Local()] = None
    timeout: Annotated[float | None, Local()] = None
    last_result: Annotated[Any, Local()] = None


OVEN = Catalogue(
    "oven",
    base=OvenError,
    default=OvenError,
    errors=(BusyError, FullError, BurntError, SettingError, LateError),
    envelope=ErrorObject(),
)


class Cake(BaseModel):
    """A cake."""

    status: str

    @property
    def finished(self) -> bool:
        """Whether it is out."""
        return self.status == "done"


class Oven(Resource[C]):
    """Bakes."""

    @operation
    def get(self, cake: str) -> Flow[Cake]:
        """Look at a cake."""
        return (yield from self.core.call("get", "GET", path("/cakes", cake), model(Cake)))

    @operation
    def wait(self, cake: str, *, timeout: float) -> Flow[Cake]:
        """Wait for a cake."""
        return (yield from wait_for(self, Oven.get, cake, timeout=timeout, on="late"))


@pytest.fixture
def oven() -> Oven[Blocking]:
    """An oven that does not repeat a call."""
    return Oven(Core(OVEN, base_url="http://oven", max_retries=0))


def test_done(oven: Oven[Blocking]) -> None:
    """
    Looks go on, further and further apart, over failures that a call is repeated after, until the job is done.
    """
    with replies(oven, {"status": "hot"}, BusyError, FullError, {"status": "hot"}, {"status": "done"}) as sent:
        assert oven.wait("c 1", timeout=100.0).finished

    assert ("/cakes/c%201", [1.0, 1.5, 2.25, 3.375]) == (sent.requests[0].path, sent.waits)


def test_late(oven: Oven[Blocking]) -> None:
    """
    When time is up the error of its occasion has the id, the timeout, the last look, and says how to go on.
    """
    with replies(oven, then={"status": "hot"}), pytest.raises(LateError) as caught:
        oven.wait("c1", timeout=5.0)

    error = caught.value
    assert ("c1", 5.0, {"status": "hot"}, 5.0) == (error.cake, error.timeout, error.last_result, error.elapsed)
    assert 'Cake c1 is still "hot" after 5 s and was not cancelled. Resume: client.get("c1")' == str(error)


def test_other_failures_end_it(oven: Oven[Blocking]) -> None:
    """
    An error that a call is not repeated after ends the wait.
    """
    with replies(oven, {"status": "hot"}, BurntError), pytest.raises(BurntError):
        oven.wait("c1", timeout=5.0)


@pytest.mark.parametrize("timeout", [-1, float("nan"), True, "5"])
def test_timeouts_that_cannot_work(oven: Oven[Blocking], timeout: Any) -> None:
    """
    What nobody can wait for is refused before anything is asked.
    """
    with (
        replies(oven) as sent,
        pytest.raises(SettingError, match=r"timeout is .*; it must be a number of seconds from"),
    ):
        oven.wait("c1", timeout=timeout)

    assert () == sent.requests
