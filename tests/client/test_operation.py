from __future__ import annotations

import inspect
import pydoc
from types import FunctionType, MethodType
from typing import Any
from unittest.mock import AsyncMock, create_autospec

import httpx2
import pytest

from failwell.client import Awaiting, Blocking
from failwell.policy import Flow
from failwell.testing import Player
from failwell.wire.messages import Reply
from pictograph import AsyncClient, Client
from pictograph.exceptions import CATALOGUE, NetworkError, PaymentRequiredError
from pictograph.resources.training import Training

from .colours import KEY, RUN
from .probe import Probe, awaiting, blocking


def echo(request: httpx2.Request) -> httpx2.Response:
    """Answer with the path that was asked for."""
    return httpx2.Response(200, json=request.url.path)


@pytest.fixture
def probe() -> Probe[Blocking]:
    """A probe that is answered with the path it asked for."""
    return blocking(http_client=httpx2.Client(transport=httpx2.MockTransport(echo)))


@pytest.fixture
def awaited() -> Probe[Awaiting]:
    """The same, awaiting."""
    return awaiting(http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(echo)))


def test_on_the_class() -> None:
    """
    On the class an operation is a plain function.
    """
    function: Any = Probe.get

    assert FunctionType is type(function)
    assert Probe.get is function


def test_on_an_instance(probe: Probe[Blocking], awaited: Probe[Awaiting]) -> None:
    """
    On an instance an operation is a bound method of it.
    """
    for instance in (probe, awaited):
        method: Any = instance.get
        assert (MethodType, instance) == (type(method), method.__self__)
        assert method == instance.get


def test_names_and_docstrings(probe: Probe[Blocking], awaited: Probe[Awaiting]) -> None:
    """
    An operation has the name, the place and the docstring that its author wrote, in each colour.
    """
    operations: list[Any] = [Probe.get, probe.get, awaited.get]
    for operation in operations:
        assert ("get", "Probe.get", "Read.", Probe.__module__) == (
            operation.__name__,
            operation.__qualname__,
            operation.__doc__,
            operation.__module__,
        )


@pytest.mark.parametrize("client", [Client(KEY), AsyncClient(KEY)])
def test_signature(client: Any) -> None:
    """
    The signature has the arguments, their defaults and the type of the result, not of the flow.
    """
    assert "(export: 'str', *, dataset: 'str | None' = None) -> 'Export'" == str(inspect.signature(client.exports.get))
    assert "(run_id: 'str') -> 'TrainingRun'" == str(inspect.signature(client.training.get))
    assert "list[Dataset]" == inspect.signature(client.datasets.list).return_annotation
    assert "TrainingRun" == client.training.get.__annotations__["return"]


def test_signature_on_the_class() -> None:
    """
    On the class the signature begins with the resource.
    """
    assert ["self", "run_id"] == list(inspect.signature(Training.get).parameters)


def test_help() -> None:
    """
    `help()` shows name, signature and docstring.
    """
    shown = pydoc.plain(pydoc.render_doc(Client(KEY).training.get))

    assert "get(run_id: 'str') -> 'TrainingRun'" in shown
    assert "NotFoundError: there is none, or it belongs to somebody else." in shown
    assert "run_id" in pydoc.plain(pydoc.render_doc(Training))


def test_coroutine_functions(probe: Probe[Blocking], awaited: Probe[Awaiting]) -> None:
    """
    Awaiting operations are true coroutine functions, blocking ones are not.
    """
    assert (False, True) == (inspect.iscoroutinefunction(probe.get), inspect.iscoroutinefunction(awaited.get))
    assert (False, False) == (inspect.isgeneratorfunction(probe.get), inspect.isgeneratorfunction(awaited.get))


def test_nothing_happens_before_the_await(awaited: Probe[Awaiting]) -> None:
    """
    An awaiting operation gives a coroutine, and does nothing until it is awaited.
    """
    coroutine = awaited.get("/a")
    assert inspect.iscoroutine(coroutine)
    coroutine.close()


def test_blocking_result(probe: Probe[Blocking]) -> None:
    """
    A blocking operation returns its result.
    """
    assert "/a" == probe.get("/a")


@pytest.mark.anyio
async def test_awaited_result(awaited: Probe[Awaiting]) -> None:
    """
    An awaiting operation's result is awaited.
    """
    assert "/a" == await awaited.get("/a")


def test_through_the_class(probe: Probe[Blocking]) -> None:
    """
    The plain function runs in the colour of the resource it is given.
    """
    assert "/a" == Probe.get(probe, "/a")


@pytest.mark.anyio
async def test_through_the_class_awaited(awaited: Probe[Awaiting]) -> None:
    """
    The plain function of an awaiting resource is awaited.
    """
    assert "/a" == await Probe.get(awaited, "/a")


def test_flow(probe: Probe[Blocking]) -> None:
    """
    `.flow` is the generator itself, on the class and on instances.
    """
    assert inspect.isgeneratorfunction(Probe.get.flow)
    assert Probe.get.flow is probe.get.__func__.flow  # type: ignore[attr-defined]
    assert {"a": 1} == Player([Reply(200, {}, b'{"a": 1}')]).run(Probe.get.flow(probe, "/a"))


def test_operations_run_each_other(probe: Probe[Blocking]) -> None:
    """
    An operation runs another by its `.flow`, inside one driver.
    """
    assert ["/1", "/2"] == probe.twice()


@pytest.mark.anyio
async def test_operations_run_each_other_awaited(awaited: Probe[Awaiting]) -> None:
    """
    The same in the awaiting colour.
    """
    assert ["/1", "/2"] == await awaited.twice()


def test_wrong_arguments(probe: Probe[Blocking]) -> None:
    """
    Wrong arguments are a TypeError that names the operation, before anything is sent.
    """
    with pytest.raises(TypeError, match=r"Probe\.get\(\) got an unexpected keyword argument 'wrong'"):
        probe.get(wrong=1)  # type: ignore[call-arg]


@pytest.mark.anyio
async def test_wrong_arguments_awaited(awaited: Probe[Awaiting]) -> None:
    """
    Wrong arguments are a TypeError when the coroutine runs.
    """
    with pytest.raises(TypeError, match="unexpected keyword argument 'wrong'"):
        await awaited.get(wrong=1)  # type: ignore[call-arg]


WRONG = [
    (lambda client: client.datasets.iter(page_sise=5), "Datasets.iter", "'page_size'"),
    (lambda client: client.images.iter("ds", directory="/a"), "Images.iter", "'directory_path'"),
]


@pytest.mark.parametrize(("call", "name", "near"), WRONG)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_wrong_arguments_of_what_is_iterated_over(kind: Any, call: Any, name: str, near: str) -> None:
    """
    A list, whose method returns at once, tells of a keyword that it does not take and of the one that comes near.
    """
    with pytest.raises(TypeError) as caught:
        call(kind(KEY))

    assert (True, True) == (f"{name}() got an unexpected" in str(caught.value), f"mean {near}?" in str(caught.value))


def test_raises() -> None:
    """
    `.raises` is the tuple of an operation's errors: its own first, ready for an `except`.
    """
    for client in (Client(KEY), AsyncClient(KEY)):
        assert CATALOGUE.raises("training.create") == client.training.create.raises
        assert PaymentRequiredError in client.training.create.raises
        assert PaymentRequiredError not in client.training.get.raises

    with pytest.raises(Client(KEY).training.create.raises, match="away"):
        raise NetworkError("away")


def test_autospec_of_a_resource() -> None:
    """
    `create_autospec` of a resource keeps signatures, and makes awaiting operations awaitable.
    """
    mock = create_autospec(Client(KEY).training, instance=True)
    mock.get.return_value = "run"

    assert "run" == mock.get("run_1")
    with pytest.raises(TypeError):
        mock.get()
    with pytest.raises(TypeError):
        mock.get("run_1", wait=True)
    with pytest.raises(AttributeError):
        mock.fetch("run_1")
    assert isinstance(create_autospec(AsyncClient(KEY).training, instance=True).get, AsyncMock)


def test_autospec_of_a_method() -> None:
    """
    `create_autospec` of a bound method checks its arguments.
    """
    mock = create_autospec(Client(KEY).training.get)
    mock("run_1")

    with pytest.raises(TypeError):
        mock(1, 2, 3)


def test_autospec_of_a_client() -> None:
    """
    `create_autospec` of a client reaches through to its operations.
    """
    client = Client(KEY)
    assert client.training is not None
    mock = create_autospec(client, instance=True)
    mock.training.get.return_value = "run"

    assert "run" == mock.training.get("run_1")
    with pytest.raises(TypeError):
        mock.training.get("run_1", wait=True)


def test_overriding(probe: Probe[Blocking]) -> None:
    """
    A subclass may override an operation and run the original by its `.flow`.
    """

    class Louder(Probe[Blocking]):
        def shout(self) -> str:
            return str(self.get("/b")).upper()

    assert "/B" == Louder(probe.core).shout()


def test_flows_of_instances_do_not_mix() -> None:
    """
    Two clients, two answers: an operation belongs to the instance it was taken from.
    """
    one, other = (
        Client(KEY, base_url=f"http://{name}.test", http_client=httpx2.Client(transport=httpx2.MockTransport(handler)))
        for name, handler in (
            ("one", lambda _: httpx2.Response(200, content=RUN)),
            ("other", lambda _: httpx2.Response(200, content=RUN.replace(b"run_1", b"run_2"))),
        )
    )
    get_one, get_other = one.training.get, other.training.get

    assert ("run_1", "run_2") == (get_one("x").id, get_other("x").id)


def test_generator_results_are_not_flows() -> None:
    """
    An operation that is only called through its flow does nothing by itself.
    """
    flow: Flow[Any] = Probe.get.flow(blocking(), "/a")

    assert inspect.isgenerator(flow)
    flow.close()
