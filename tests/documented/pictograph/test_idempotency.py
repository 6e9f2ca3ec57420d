# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import DropReply, Sandbox
from pictograph import Client
from pictograph.exceptions import ConflictError

from .sdk import BOX, Sdk, fresh, list_datasets
from .snippets import snippet

SNIPPET = snippet(132, 136)
KEY = "upload-x-jpg-2026-04-19"
HOUR = 3600.0


class Place(NamedTuple):
    """What a mutating operation is about: a *name* that is new, an image, a file."""

    name: str
    image_id: str
    file: Path


Mutate = Callable[..., Any]

MUTATING: dict[str, Mutate] = {
    "datasets.create": lambda client, at, **key: client.datasets.create(at.name, **key),
    "images.upload": lambda client, at, **key: client.images.upload("ds", at.file, directory_path=at.name, **key),
    "annotations.save": lambda client, at, **key: client.annotations.save(at.image_id, [BOX], **key),
    "exports.create": lambda client, at, **key: client.exports.create("ds", at.name, **key),
    "training.create": lambda client, at, **key: client.training.create("ds", "exp", name=at.name, **key),
}


@pytest.fixture
def place(image_id: str, picture: Path) -> Place:
    """Where a mutating operation leaves its trace."""
    return Place(fresh("made"), image_id, picture)


def keyed(sdk: Sdk) -> list[str | None]:
    """The keys of all requests but the PUT of the bytes, which goes to a signed URL."""
    return [key for entry, key in zip(sdk.requests, sdk.keys, strict=True) if entry.method != "PUT"]


@pytest.mark.documented("pictograph", lines=(128, 129))
@pytest.mark.parametrize("operation", MUTATING)
def test_generated_key(sdk: Sdk, place: Place, operation: str) -> None:
    """
    For mutating ops the SDK auto-generates an `Idempotency-Key` header, so retries are safe.

    Another one for each call, also when nothing will be retried.
    """
    sdk.call(lambda client: MUTATING[operation](client, place), max_retries=0)
    first = keyed(sdk)
    again = place._replace(name=fresh("made"))
    sdk.call(lambda client: MUTATING[operation](client, again), max_retries=0)
    second = keyed(sdk)

    assert (True, True) == (all(first), all(second))
    assert set() == set(first) & set(second)


@pytest.mark.documented("pictograph", lines=(128, 129))
def test_no_key_for_reading(sdk: Sdk, image_id: str) -> None:
    """
    For mutating ops the SDK auto-generates an `Idempotency-Key` header, so retries are safe.

    And for no others.
    """
    reading: list[Callable[[Any], Any]] = [
        list_datasets,
        lambda client: client.datasets.get("ds"),
        lambda client: client.images.get(image_id),
        lambda client: client.annotations.get(image_id),
        lambda client: client.training.list(),
    ]
    for read in reading:
        sdk.call(read)
        assert [None] == sdk.keys


TRACES: dict[str, Callable[[Any, Place], Any]] = {
    "datasets.create": lambda client, at: client.datasets.get(at.name),
    "images.upload": lambda client, at: client.images.list("ds", directory_path=at.name),
    "annotations.save": lambda client, at: client.annotations.get(at.image_id),
    "exports.create": lambda client, at: client.exports.get(at.name, dataset="ds"),
    "training.create": lambda client, at: client.training.list(),
}


def traces(sdk: Sdk, operation: str, place: Place) -> int:
    """How often *operation* has taken effect at *place*."""
    found = sdk.call(lambda client: TRACES[operation](client, place))
    match operation:
        case "annotations.save":
            return int(found.version)
        case "training.create":
            return [run.name for run in found].count(place.name)
        case "images.upload":
            return len(found)
        case _:
            return 1


@pytest.mark.documented("pictograph", lines=(128, 129))
@pytest.mark.parametrize("operation", MUTATING)
def test_retries_are_safe(sdk: Sdk, place: Place, operation: str) -> None:
    """
    For mutating ops the SDK auto-generates an `Idempotency-Key` header, so retries are safe.

    The backend has done the work when its answer is lost; the retry gets that answer, and does no work again.
    """
    before = traces(sdk, operation, place) if operation == "annotations.save" else 0
    # An upload has three requests; the last of them makes the image.
    path = "*/register" if operation == "images.upload" else None
    sdk.sandbox.arm(DropReply(), method="POST", path=path)
    sdk.call(lambda client: MUTATING[operation](client, place))
    lost, passed = sdk.outcomes[-2:]

    assert ("lost", lost.split()[1:]) == (lost.split()[0], passed.split()[1:])
    assert sdk.keys[-2] == sdk.keys[-1]
    assert 1 == traces(sdk, operation, place) - before


@pytest.mark.documented("pictograph", line=129)
@pytest.mark.parametrize("operation", MUTATING)
def test_own_key(sdk: Sdk, place: Place, operation: str) -> None:
    """
    Override per-call:

    The key is sent as it is, with every request of the call but that to the signed URL.
    """
    key = fresh("my-key")
    sdk.call(lambda client: MUTATING[operation](client, place, idempotency_key=key))

    assert {key} == set(keyed(sdk))
    assert [] == [entry for entry, sent in zip(sdk.requests, sdk.keys, strict=True) if entry.method == "PUT" and sent]


@pytest.mark.documented("pictograph", lines=(132, 136))
def test_snippet(
    client: Client, sandbox: Sandbox, clock: VirtualClock, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The upload of the snippet sends exactly its key; repeated, it gives the same image and makes no other.
    """
    ds = client.datasets.create(fresh("dataset"))
    monkeypatch.chdir(picture.parent)
    sandbox.log.clear()
    ran = SNIPPET.run(client=client, ds=ds)
    sent = [dict(entry.headers).get("Idempotency-Key") for entry in sandbox.log.entries()]
    [image] = client.images.list(ds.id)

    assert SNIPPET.lines == ran.lines
    assert [KEY, None, KEY] == sent
    assert ("x.jpg", 32, 24, picture.stat().st_size) == (image.filename, image.width, image.height, image.file_size)
    SNIPPET.run(client=client, ds=ds)
    assert [image] == client.images.list(ds.id)


@pytest.mark.documented("pictograph", lines=(132, 136))
def test_upload_again(sdk: Sdk, place: Place) -> None:
    """
    An upload that is repeated with its key returns the same image, in both colours.
    """
    key = fresh("my-key")
    first = sdk.call(lambda client: MUTATING["images.upload"](client, place, idempotency_key=key))
    second = sdk.call(lambda client: MUTATING["images.upload"](client, place, idempotency_key=key))

    assert first == second


@pytest.mark.documented("pictograph", line=139)
@pytest.mark.parametrize(("hours", "saves"), [(0, 1), (1, 1), (23.99, 1), (24.01, 2)])
def test_within_a_day(sdk: Sdk, image_id: str, hours: float, saves: int) -> None:
    """
    Backend dedupes within 24h.

    Until then the same request is answered as before; afterwards it is carried out anew.
    """
    key = fresh("my-key")
    save = lambda client: client.annotations.save(image_id, [BOX], idempotency_key=key)  # noqa: E731 - said twice
    first = sdk.call(save)
    sdk.clock.advance(hours * HOUR)
    second = sdk.call(save)

    assert saves - 1 == second.version - first.version
    assert second.version == sdk.call(lambda client: client.annotations.get(image_id)).version


@pytest.mark.documented("pictograph", line=139)
def test_keys_of_others(sdk: Sdk) -> None:
    """
    Backend dedupes within 24h.

    Each customer's keys are its own.
    """
    key, name = fresh("my-key"), fresh("dataset")
    create = lambda client: client.datasets.create(name, idempotency_key=key)  # noqa: E731 - said twice
    mine = sdk.call(create)
    theirs = sdk.call(create, role="broke")

    assert (name, name) == (mine.name, theirs.name)
    assert mine.id != theirs.id


@pytest.mark.documented("pictograph", lines=(139, 140))
def test_other_body(sdk: Sdk) -> None:
    """
    Reusing the same key with a different body returns `409 ConflictError` (`error_code: idempotency_conflict`).

    At once, and nothing is done; the first request can still be repeated.
    """
    key, first, other = fresh("my-key"), fresh("dataset"), fresh("dataset")
    made = sdk.call(lambda client: client.datasets.create(first, idempotency_key=key))
    with pytest.raises(ConflictError) as caught:
        sdk.call(lambda client: client.datasets.create(other, idempotency_key=key))

    assert (409, "idempotency_conflict") == (caught.value.status_code, caught.value.error_code)
    assert (["passed 409"], key) == (sdk.outcomes, caught.value.idempotency_key)
    assert other not in [dataset.name for dataset in sdk.call(list_datasets)]
    assert made.id == sdk.call(lambda client: client.datasets.create(first, idempotency_key=key)).id
