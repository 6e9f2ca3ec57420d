from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Annotated, Any

import pytest
from hypothesis import given, strategies as st

import failwell
from failwell import Case, Catalogue, CatalogueError, Code, Message, Status, field
from failwell.wire import Detail
from scopix import exceptions as scopix
from tests.contract.samples import CATALOGUES
from tests.contract.samples.parcels_sample import ERRORS, IN_DETAIL, catalogue


class Base(failwell.Error):
    message: Message = field(kw_only=False)


class OnOperationWithCode(Base, cases=(Case("full", 503, operation="depots.sort"),)): ...


class OnResourceWithCode(Base, cases=(Case("full", 503, operation="depots"),)): ...


class WithCode(Base, code="full", status=503): ...


class RangeWithCode(Base, code="full", status="5XX"): ...


class OnOperation(Base, cases=(Case(None, 503, operation="depots.sort"),)): ...


class OnResource(Base, cases=(Case(None, 503, operation="depots"),)): ...


class Exact(Base, status=503): ...


class RangeOnOperation(Base, cases=(Case(None, "5XX", operation="depots.sort"),)): ...


class Range(Base, status="5XX"): ...


class AnythingOnOperation(Base, cases=(Case(operation="depots.sort"),)): ...


class Other(Base): ...


RANKS: tuple[type[Base], ...] = (
    OnOperationWithCode,
    OnResourceWithCode,
    WithCode,
    RangeWithCode,
    OnOperation,
    OnResource,
    Exact,
    RangeOnOperation,
    Range,
    AnythingOnOperation,
    Other,
)


def build(*errors: type[failwell.Error], default: type[failwell.Error] = Other) -> Catalogue:
    """A catalogue of these errors."""
    return Catalogue("depots", base=Base, default=default, errors=errors, envelope=Detail())


@pytest.mark.parametrize("rank", range(len(RANKS)), ids=[rank.__name__ for rank in RANKS])
def test_precedence(rank: int) -> None:
    """
    C4. Operation, status and code; status and code; exact status; 4XX or 5XX; catch-all: the first that claims wins.
    """
    found, _ = build(*reversed(RANKS[rank:])).resolve(503, "full", operation="depots.sort")

    assert RANKS[rank] is found


@pytest.mark.parametrize(
    ("status", "code", "operation", "expected"),
    [
        (503, "full", None, WithCode),
        (503, "other", None, Exact),
        (503, None, None, Exact),
        (500, "full", None, RangeWithCode),
        (500, None, None, Range),
        (599, "other", "depots.sort", RangeOnOperation),
        (503, None, "depots.list", OnResource),
        (503, None, "depots.sort", OnOperation),
        (503, "full", "depots.list", OnResourceWithCode),
        (503, "full", "depots", OnResourceWithCode),
        (503, None, "depotsandmore.sort", Exact),
        (404, "full", "depots.sort", AnythingOnOperation),
        (404, "full", None, Other),
        (200, "full", None, Other),
    ],
)
def test_which_class(status: int, code: str | None, operation: str | None, expected: type[Base]) -> None:
    """
    A code refines only inside the status that was received, an operation only where it was called.
    """
    found, _ = build(*RANKS).resolve(status, code, operation=operation)

    assert expected is found


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, None, "NotFoundError"),
        (404, "duplicate_name", "NotFoundError"),
        (500, "idempotency_conflict", "ServerError"),
        (409, "idempotency_conflict", "ConflictError"),
        (400, None, "ApiError"),
        (408, None, "ApiError"),
        (418, None, "ApiError"),
        (599, None, "ServerError"),
    ],
)
def test_pictograph(status: int, code: str | None, expected: str) -> None:
    """
    Catch-all for unmatched status codes: 400, 408, 418; every 5xx is a `ServerError`, whatever its code.
    """
    assert expected == CATALOGUES["pictograph"].resolve(status, code)[0].__name__


@pytest.mark.parametrize(
    ("code", "operation", "source", "expected"),
    [
        ("RATE_LIMIT_ERROR", None, "stream", scopix.RateLimitError),
        ("IMAGE_PROCESSING_ERROR", None, "stream", scopix.ScopixError),
        ("NEVER_HEARD", None, "stream", scopix.ScopixError),
        (None, None, "stream", scopix.ScopixError),
        (None, "cloud_storage.import_and_wait", "job", scopix.CloudStorageError),
        ("QUOTA", "s3_connector.wait_for_job", "job", scopix.S3ConnectorError),
        (None, None, "job", scopix.ScopixError),
    ],
)
def test_code_alone(code: str | None, operation: str | None, source: Any, expected: type[failwell.Error]) -> None:
    """
    Where there is no error status, in a stream or a failed job, the code alone decides, and only if it is one class's.
    """
    found, _ = scopix.CATALOGUE.resolve(None, code, operation=operation, source=source)

    assert expected is found


def test_a_job_without_a_code() -> None:
    """
    A class for jobs that names no code is every failed job that no other class claims.
    """

    class FailedError(Base, source="job", fix="Read the log."): ...

    class LateError(Base, source="job", code="late"): ...

    found = build(FailedError, LateError)

    assert [FailedError, LateError, FailedError] == [
        found.resolve(None, code, source="job")[0] for code in (None, "late", "other")
    ]


def test_a_case_of_replies_in_a_class_for_jobs() -> None:
    """
    A case with a status is one of replies, also in a class for failed jobs; the others stay those of jobs.
    """

    class FailedError(
        Base, source="job", cases=(Case(operation="runs"), Case("no_room", 507, operation="runs.start"))
    ): ...

    job, reply = FailedError.cases
    found = build(FailedError)

    assert ("job", "http") == (job.source("job"), reply.source("job"))
    assert (FailedError, reply) == found.resolve(507, "no_room", operation="runs.start")
    assert (FailedError, job) == found.resolve(None, "no_luck", operation="runs.start", source="job")
    assert Other is found.resolve(500, operation="runs.start")[0]


def test_occasions() -> None:
    """
    An error that no reply tells of is found by its occasion; an unknown one is the default.
    """
    found = [
        CATALOGUES["pictograph"].occasion(on).__name__ for on in ("network", "timeout", "configuration", "eclipse")
    ]

    assert ["NetworkError", "RequestTimeoutError", "ConfigurationError", "ApiError"] == found


def line_of(cls: type) -> str:
    """The file and line a class is declared on."""
    return f"{inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]}"


@pytest.mark.parametrize(
    ("keywords", "source"),
    [
        ({"status": 404}, None),
        ({"status": "5XX"}, None),
        ({"status": 409, "code": "taken"}, None),
        ({"cases": (Case("taken", 409, operation="depots"),)}, None),
        ({"cases": (Case(None, 503, operation="depots.sort"),)}, None),
        ({"on": "network"}, "transport"),
        ({"code": "late"}, "job"),
    ],
    ids=str,
)
def test_two_claims_of_one_case(keywords: dict[str, Any], source: Any) -> None:
    """
    C4. Two classes that claim the same case fail when the catalogue is built, and both source lines are named.
    """

    class First(Base, source=source, **keywords): ...

    class Second(Base, source=source, **keywords): ...

    for errors in [(First, Second), (Second, First), (Base, First, Other, Second)]:
        with pytest.raises(CatalogueError) as caught:
            build(*errors)

        assert all(line_of(cls) in str(caught.value) for cls in (First, Second))
        assert all(cls.__name__ in str(caught.value) for cls in (First, Second))


def test_one_class_that_claims_a_case_twice() -> None:
    """
    A class that claims a case twice fails as well: only one of the two could ever be meant.
    """

    class TwiceError(Base, cases=(Case("a", 409, fix="A."), Case("a", 409, fix="B."))): ...

    with pytest.raises(CatalogueError, match="Two cases of 'depots' claim 409 a: TwiceError"):
        build(TwiceError)


def test_classes_without_a_claim() -> None:
    """
    Classes that only say where they come from and what to do claim nothing, so there may be many.
    """

    class FirstError(Base, source="client", fix="A."): ...

    class SecondError(Base, source="client", fix="B."): ...

    class ThirdError(Base, fix="C."): ...

    class FourthError(Base, retry="never"): ...

    found = build(FirstError, SecondError, ThirdError, FourthError)

    assert (Other, Other) == (found.resolve(404)[0], found.occasion("late"))


def test_which_case_of_a_class() -> None:
    """
    An error is the case of its class that fits its code and status best: a code before a status, as in the table.
    """

    class ManyError(Base, cases=(Case(None, "5XX"), Case(None, 503), Case("full", "5XX"), Case("full", 409))):
        code: Annotated[str | None, Code()] = None
        status: Annotated[int | None, Status()] = None

    given = [(None, None), (None, 503), (None, 501), ("full", 503), ("full", 409), ("full", None), ("other", 599)]
    expected = ["5XX", "503", "5XX", "5XX full", "409 full", "5XX full", "5XX"]

    assert expected == [str(ManyError("m", code=code, status=status).case) for code, status in given]


def test_one_claim_below_another_is_no_conflict() -> None:
    """
    A subclass with a fix or a retry rule of its own claims nothing, and is sent as what its parent is.
    """

    class Missing(Base, status=404, retry="never"): ...

    class MissingDepot(Missing, fix="Open a depot."): ...

    class MissingAtNight(Missing, retry="transient"): ...

    found = build(Missing, MissingDepot, MissingAtNight)

    assert Missing is found.resolve(404)[0]
    assert Case(None, 404, fix="Open a depot.", retry="never") == MissingDepot("m").case
    assert Case(None, 404, retry="transient") == MissingAtNight("m").case
    assert {404} == {error("m").status_on_the_wire for error in (Missing, MissingDepot, MissingAtNight)}


@given(st.permutations(ERRORS))
def test_order_changes_nothing(errors: list[type[failwell.Error]]) -> None:
    """
    C4. In whatever order the classes are listed, every reply is the same class and case.
    """
    shuffled = catalogue(IN_DETAIL.envelope, tuple(errors))
    replies = [
        (status, code, operation)
        for status in (400, 404, 409, 410, 422, 500, 503)
        for code in (None, "refused", "customs", "belt", "depot_busy", "x")
        for operation in (None, "depots", "depots.sort", "parcels.get")
    ]

    assert [IN_DETAIL.resolve(*reply[:2], operation=reply[2]) for reply in replies] == [
        shuffled.resolve(*reply[:2], operation=reply[2]) for reply in replies
    ]


TABLE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
from tests.contract.samples import CATALOGUES
for name, catalogue in sorted(CATALOGUES.items()):
    for status in range(400, 600):
        print(name, status, catalogue.resolve(status)[0].__qualname__, catalogue.resolve(status)[1])
"""


def test_import_order_changes_nothing() -> None:
    """
    In whatever order the contracts are imported, the table is the same.
    """
    sdks = ("pictograph", "scopix", "vectorshift")
    names = ["tests.contract.samples.parcels_sample", *(f"{sdk}.exceptions" for sdk in sdks)]
    printed = {
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{TABLE}", *order],
            capture_output=True,
            check=True,
        ).stdout
        for order in (names, names[::-1])
    }

    assert 1 == len(printed)
    assert 8 * 200 == printed.pop().count(b"\n")
