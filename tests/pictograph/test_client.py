from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

import failwell
import pictograph
from failwell.client import Resource
from pictograph import AsyncClient, Client
from pictograph.exceptions import CATALOGUE

from .backend import COLOURS, DATASET, MODEL, Backend, every_colour

RESOURCES = ("annotations", "auto_annotate", "connectors", "datasets", "exports", "images", "models", "training")
HOMES = [str(Path(str(package.__file__)).parent.parent) for package in (failwell, pictograph)]


def operations(client: Any) -> dict[str, inspect.Signature]:
    """Every operation of *client* by its full name, with its signature."""
    return {
        f"{name}.{method}": inspect.signature(getattr(getattr(client, name), method))
        for name in RESOURCES
        for method in dir(getattr(client, name))
        if not method.startswith("_") and callable(getattr(getattr(client, name), method))
    }


def test_same_operations() -> None:
    """
    AsyncClient mirrors Client, name for name and signature for signature; what is iterated over says how.
    """
    blocking, awaiting = operations(Client("k")), operations(AsyncClient("k"))
    iterated = {name for name in blocking if name.endswith(".iter")}

    assert blocking == {**awaiting, **{name: blocking[name] for name in iterated}}
    assert 5 == len(iterated)
    for name in iterated:
        assert blocking[name].parameters == awaiting[name].parameters
        assert f"Async{blocking[name].return_annotation}" == awaiting[name].return_annotation
    assert {
        "training.create",
        "training.get",
        "images.upload",
        "annotations.save",
        "datasets.list",
        "models.get",
    } <= set(blocking)


def test_same_docstrings() -> None:
    """
    An operation is explained with the same words in both colours.
    """
    for name in operations(Client("k")):
        resource, method = name.split(".")
        one, other = (getattr(getattr(client("k"), resource), method) for client in (Client, AsyncClient))
        assert one.__doc__ == other.__doc__
        assert one.__doc__


def test_same_names() -> None:
    """
    Both clients have the same public names.
    """
    one, other = ({name for name in dir(client) if not name.startswith("_")} for client in (Client, AsyncClient))

    # `close` is awaited there, too; `aclose` is what other libraries call it.
    assert {*one, "aclose"} == other


def test_same_settings() -> None:
    """
    Both constructors take the same arguments, but for the kind of http_client.
    """
    one, other = (
        {name: (each.kind, each.default) for name, each in inspect.signature(client).parameters.items()}
        for client in (Client, AsyncClient)
    )

    assert one == other
    assert ["api_key", "base_url", "timeout", "max_retries"] == list(one)[:4]


def test_operations_are_in_the_catalogue() -> None:
    """
    Every operation says which errors it documents, and the catalogue names no operation of ours that does not exist.
    """
    known = set(operations(Client("k")))
    declared = set(CATALOGUE.operations)

    assert set() == known - declared
    assert {"exports.content", "images.upload_url", "images.put", "images.register"} >= declared - known


@pytest.mark.parametrize("client", [Client("k"), AsyncClient("k")])
def test_resources_are_made_once(client: Any) -> None:
    """
    A resource is the same object whenever it is looked up.
    """
    for name in RESOURCES:
        assert getattr(client, name) is getattr(client, name)
        assert isinstance(getattr(client, name), Resource)


def test_models_load_when_first_used() -> None:
    """
    Importing the client loads no pydantic, and importing the exceptions no HTTP library.
    """
    script = (
        "import sys, pictograph, pictograph.exceptions\n"
        "assert 'httpx2' not in sys.modules\n"
        "client = pictograph.Client('k')\n"
        "assert client.training.get.raises\n"
        "assert 'pydantic' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(HOMES)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ("", 0) == (done.stderr, done.returncode)


@pytest.mark.parametrize("colour", COLOURS)
def test_context_manager(colour: str) -> None:
    """
    A client is closed at the end of its `with`; one of ours cannot be used after that.
    """
    if colour == "blocking":
        with Client("k") as client:
            assert not client.core._transport.closed
        assert client.core._transport.closed
        return

    async def use() -> AsyncClient:
        async with AsyncClient("k") as client:
            assert not client.core._transport.closed
        return client

    assert anyio.run(use, backend=colour).core._transport.closed


@every_colour
def test_listing(colour: str) -> None:
    """
    A list is asked for with limit and offset, and comes as models.
    """
    backend = Backend({"data": [DATASET, DATASET], "pagination": {"has_more": False}})
    found = backend.ask(colour, lambda client: client.datasets.list(limit=2, offset=4))

    assert (["GET /datasets/?limit=2&offset=4"], ["ds", "ds"]) == (backend.places, [each.name for each in found])


@every_colour
def test_unknown_fields(colour: str) -> None:
    """
    Fields that the API adds later do not break a client.
    """
    backend = Backend({"data": {**MODEL["data"], "new_field": {"x": 1}}, "more": 1})

    assert "m_1" == backend.ask(colour, lambda client: client.models.get("m_1")).id


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("run 1", "/training/run%201"),
        ("a/b", "/training/a%2Fb"),
        ("a?b#c", "/training/a%3Fb%23c"),
        ("a%2Fb", "/training/a%252Fb"),
        ("é", "/training/%C3%A9"),
        ("a\r\nX: 1", "/training/a%0D%0AX%3A%201"),
    ],
)
def test_paths_are_escaped(part: str, path: str) -> None:
    """
    A name with any characters stays one part of the path.
    """
    backend = Backend((404, {"detail": "no"}))
    with pytest.raises(pictograph.NotFoundError):
        backend.ask("blocking", lambda client: client.training.get(part))

    assert [f"GET {path}"] == backend.places


@pytest.mark.parametrize("part", ["..", ".", "", "../../admin", "a/../b"])
def test_paths_do_not_climb(part: str) -> None:
    """
    A name that would mean another route is sent to none.
    """
    backend = Backend((404, {"detail": "no"}))
    with pytest.raises((pictograph.PictographError, ValueError)):
        backend.ask("blocking", lambda client: client.training.get(part))

    assert all(place.startswith("GET /training/") and not place.endswith("/") for place in backend.places)


@pytest.mark.parametrize("name", [None, 5, b"ds", "\ud800"])
def test_names_that_are_no_text(name: Any) -> None:
    """
    A name that is no text, or that no URL can carry, is refused with words that say so, before any request.
    """
    backend = Backend()
    with pytest.raises((TypeError, ValueError), match=r"Pass (the|an) id or"):
        backend.ask("blocking", lambda client: client.datasets.get(name))

    assert [] == backend.asked


def test_empty_base_url() -> None:
    """
    An empty base URL is refused: it must not mean the vendor's own.
    """
    with pytest.raises(pictograph.ConfigurationError, match="base_url is ''"):
        pictograph.Client("k", base_url="")


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), "\ud800"], ids=["set", "nan", "surrogate"])
def test_arguments_that_json_does_not_have(value: Any) -> None:
    """
    What JSON has nothing for is refused by the name of the operation, before any request.
    """
    backend = Backend()
    with pytest.raises((TypeError, ValueError), match=r"^An argument of training\.create cannot be sent as JSON: "):
        backend.ask("blocking", lambda client: client.training.create("ds", "exp", config={"x": value}))

    assert [] == backend.asked
