from __future__ import annotations

from typing import Any

import anyio
import pytest

from pictograph import AsyncClient, Client
from pictograph.exceptions import NotFoundError, ServerError

from .backend import CREATED, DATASET, EXPORT, IMAGE, MODEL, Backend, every_colour, run

LISTS: dict[str, tuple[Any, Any, str]] = {
    "datasets": (lambda client, **more: client.datasets.iter(**more), DATASET, "/datasets/?limit=100&offset={}"),
    "images": (
        lambda client, **more: client.images.iter("ds", **more),
        IMAGE["data"],
        "/images/?dataset=ds&limit=1000&offset={}",
    ),
    "exports": (lambda client, **more: client.exports.iter(**more), EXPORT["data"], "/exports/?limit=100&offset={}"),
    "training": (lambda client, **more: client.training.iter(**more), run()["data"], "/training/?limit=50&offset={}"),
    "models": (lambda client, **more: client.models.iter(**more), MODEL["data"], "/models/?limit=50&offset={}"),
}


def some(rows: int, row: dict[str, Any], *, has_more: bool) -> dict[str, Any]:
    """A page of *rows* as the wire has it."""
    return {"data": [row] * rows, "pagination": {"has_more": has_more}}


def listed(backend: Backend, colour: str, call: Any, **settings: Any) -> list[Any]:
    """All rows of the iteration that `call(client)` is."""

    def ask(client: Any) -> Any:
        if colour == "blocking":
            return list(call(client))

        async def gather() -> list[Any]:
            return [row async for row in call(client)]

        return gather()

    found: list[Any] = backend.ask(colour, ask, **settings)
    return found


@every_colour
@pytest.mark.parametrize("name", LISTS)
def test_pages(name: str, colour: str) -> None:
    """
    A list is asked for with the limit that was recorded, and an offset, until it says that there is no more.
    """
    call, row, place = LISTS[name]
    backend = Backend(some(3, row, has_more=True), some(2, row, has_more=True), some(1, row, has_more=False))
    rows = listed(backend, colour, call)

    assert 6 == len(rows)
    assert [f"GET {place.format(offset)}" for offset in (0, 3, 5)] == backend.places


@every_colour
@pytest.mark.parametrize("name", LISTS)
def test_page_size_and_maximum(name: str, colour: str) -> None:
    """
    Every list takes a page size and a maximum.
    """
    call, row, _ = LISTS[name]
    backend = Backend(some(2, row, has_more=True))
    rows = listed(backend, colour, lambda client: call(client, page_size=2, max_total=5))

    assert (5, 3) == (len(rows), len(backend.asked))
    assert ["2", "2", "1"] == [request.url.params["limit"] for request in backend.asked]


@every_colour
def test_filters(colour: str) -> None:
    """
    Images are listed by folder, exports by dataset, on every page.
    """
    backend = Backend(some(1, IMAGE["data"], has_more=True), some(1, IMAGE["data"], has_more=False))
    listed(backend, colour, lambda client: client.images.iter("ds", directory_path="/a"))
    assert ["/a", "/a"] == [request.url.params["directory_path"] for request in backend.asked]

    backend = Backend(some(0, {}, has_more=False))
    listed(backend, colour, lambda client: client.exports.iter(dataset="ds"))
    assert ["ds"] == [request.url.params["dataset_name"] for request in backend.asked]


@every_colour
def test_trouble_is_waited_out(colour: str) -> None:
    """
    Each page is a call of its own, with its own retries.
    """
    backend = Backend((503, {}), some(1, DATASET, has_more=True), (503, {}), some(1, DATASET, has_more=False))

    assert 2 == len(listed(backend, colour, lambda client: client.datasets.iter()))
    assert 2 == len(backend.clock.waits())


@every_colour
def test_errors(colour: str) -> None:
    """
    An error of a page is the class of its status.
    """
    with pytest.raises(NotFoundError):
        listed(Backend((404, {"detail": "no"})), colour, lambda client: client.images.iter("nope"))
    backend = Backend(some(1, DATASET, has_more=True), (500, {}))
    with pytest.raises(ServerError):
        listed(backend, colour, lambda client: client.datasets.iter(), max_retries=0)


def test_left_early() -> None:
    """
    An iteration that is left early leaves nothing open, on asyncio and trio; warnings are errors here.
    """

    async def first(client: AsyncClient) -> str:
        async for dataset in client.datasets.iter():
            return dataset.name
        raise AssertionError("There was none.")

    for colour in ("asyncio", "trio"):
        backend = Backend(some(3, {**DATASET, **CREATED}, has_more=True))
        assert "ds" == backend.ask(colour, first)


def test_same_names() -> None:
    """
    Every resource that lists can be iterated over.
    """
    for client in (Client("k"), AsyncClient("k")):
        resources = [getattr(client, name) for name in ("datasets", "images", "exports", "training", "models")]
        assert all(hasattr(resource, "list") and hasattr(resource, "iter") for resource in resources)


def test_many_pages_at_once() -> None:
    """
    Several iterations of one client may be under way in different tasks.
    """
    page = some(2, DATASET, has_more=True)

    async def count(client: AsyncClient, found: list[int]) -> None:
        found.append(len([dataset async for dataset in client.datasets.iter(page_size=2, max_total=20)]))

    async def together(client: AsyncClient) -> list[int]:
        found: list[int] = []
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(count, client, found)
        return found

    assert [20] * 5 == Backend(page).ask("trio", together)
