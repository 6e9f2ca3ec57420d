"""Hosts that share a store, with different releases of one contract."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import failwell
from failwell import Case, Catalogue
from failwell.contract import ContractError
from failwell.reference.compat.snapshot import SnapshotError
from failwell.server import StoreDownError, share_release
from failwell.server.storage.release import OtherReleaseError
from failwell.wire import ErrorObject

from .stores import running_redis


def release(*codes: str) -> Catalogue:
    """A release of the shop's contract, with a class for each of *codes*."""

    class ShopError(failwell.Error):
        """Base of the shop's errors."""

        message: failwell.Message = failwell.field(kw_only=False)

    made = [
        type(f"{code.title()}Error", (ShopError,), {"__doc__": f"It is {code}."}, cases=(Case(code, 409),))
        for code in codes
    ]
    return Catalogue("shop", base=ShopError, default=ShopError, errors=(ShopError, *made), envelope=ErrorObject())


OLD, NEW, OTHER = release("sold"), release("sold", "lost"), release("gone")


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the tests of this module."""
    with running_redis(tmp_path_factory.mktemp("redis"), "--appendonly", "no") as url:
        yield url


@pytest.fixture(params=["folder", "redis", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no snapshot is kept yet."""
    if request.param == "folder":
        return str(tmp_path)
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    import redis

    url = str(request.getfixturevalue("redis_url"))
    with redis.Redis.from_url(url) as db:
        db.flushdb()
    return url


def test_releases_that_fit(place: str) -> None:
    """
    A host with a release that only adds to the others' may join them, and one with the older may join again.
    """
    told = [[change.breaking for change in share_release(each, place)] for each in (OLD, OLD, NEW, NEW)]
    older = share_release(OLD, place)

    assert [[], [], [False], []] == [sorted(set(each)) for each in told]
    assert [True] == sorted({change.breaking for change in older})
    assert () == share_release(NEW, place), "the newer one stays"


def test_releases_that_break(place: str) -> None:
    """
    A host whose release breaks with the others' is refused, with the changes, until its operator says so.
    """
    share_release(NEW, place)

    with pytest.raises(
        OtherReleaseError, match=r"have another release of the contract 'shop', and \d changes"
    ) as caught:
        share_release(OTHER, place)

    assert (True, True) == (caught.value.changes[0].breaking, isinstance(caught.value, ContractError))
    assert caught.value.changes == share_release(OTHER, place, replace=True)
    with pytest.raises(OtherReleaseError):
        share_release(NEW, place)


def test_at_the_same_time(place: str) -> None:
    """
    Of hosts that start at the same time none overwrites another's: two releases that break are never both let in.
    """
    begin = threading.Barrier(6)

    def start(catalogue: Catalogue) -> bool:
        begin.wait(30)
        try:
            share_release(catalogue, place)
        except OtherReleaseError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        let_in = list(threads.map(start, (OLD, OTHER) * 3))

    assert [let_in[0], let_in[1]] * 3 == let_in
    assert 1 == sum(let_in[:2])


def test_another_place(tmp_path: Path) -> None:
    """
    What cannot be read is told of, and left as it is.
    """
    kept = tmp_path / "failwell_contract_shop.json"
    kept.write_text("[]")
    with pytest.raises(SnapshotError, match="is no contract snapshot"):
        share_release(OLD, tmp_path)
    assert "[]" == kept.read_text()
    with pytest.raises(StoreDownError, match="cannot be written"):
        share_release(OLD, tmp_path / "missing")
    with pytest.raises(StoreDownError, match=r"127\.0\.0\.1:1"):
        share_release(OLD, "redis://user:canary@127.0.0.1:1/0")
