# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import inspect
import logging
import pydoc

import pytest

import pictograph
from failwell.sandbox import Answer, Close, Cut, FaultStep, Reset
from pictograph import exceptions
from pictograph.exceptions import NotFoundError, PictographError, ValidationError
from tests.spec import tree

from .sdk import Sdk, list_datasets

JSON = (("Content-Type", "application/json"),)
LEAVES = [getattr(exceptions, leaf.name) for leaf in tree("pictograph") if leaf.parent]


@pytest.mark.documented("pictograph", line=2)
@pytest.mark.parametrize("error", LEAVES)
def test_title(error: type[PictographError]) -> None:
    """
    title: Error handling

    Each error can be handled by itself: only an `except` of its own class, or of the base, catches it.
    """
    caught = [other for other in (PictographError, *LEAVES) if issubclass(error, other)]

    assert [PictographError, error] == caught


@pytest.mark.documented("pictograph", line=3)
@pytest.mark.parametrize("error", LEAVES)
def test_description(error: type[PictographError]) -> None:
    """
    description: The exception hierarchy, when each error fires, and how to retry safely.

    Each class says by itself when it fires, and every case of it what to do then.
    """
    assert error.__doc__ not in (None, PictographError.__doc__)
    assert [] == [case for case in error.cases if not case.fix]


@pytest.mark.documented("pictograph", line=4)
def test_section() -> None:
    """
    section: Reference

    `help()` on the module has the hierarchy, and every class with its sentence.
    """
    reference = " ".join(pydoc.plain(pydoc.render_doc(exceptions)).replace("|", " ").split())

    missing = [
        error.__name__ for error in LEAVES if " ".join((inspect.getdoc(error) or "nothing").split()) not in reference
    ]
    assert [] == missing


@pytest.mark.documented("pictograph", line=5)
def test_order() -> None:
    """
    order: 0

    Whoever looks at the package first is led to its errors.
    """
    assert "`pictograph.exceptions`" in (pictograph.__doc__ or "")


@pytest.mark.documented("pictograph", line=7)
def test_subclasses() -> None:
    """
    Every SDK error subclasses **`PictographError`**.
    """
    public = [value for name in exceptions.__all__ if isinstance(value := getattr(exceptions, name), type)]

    assert [] == [error for error in public if not issubclass(error, PictographError)]
    assert issubclass(PictographError, Exception)


STATUSES = (300, 304, 307, *range(400, 432), 451, 499, 500, 502, 503, 504, 599)
BODIES = (b"", b"\xff\xfe", b"<h1>Oops</h1>", b"null", b"[1, 2", b'{"detail": {"message": 7}}', b'{"detail": [null]}')
STEPS: list[FaultStep] = [
    *(Answer(status, JSON) for status in STATUSES),
    *(Answer(status, JSON, body) for status in (200, 422, 500) for body in BODIES),
    Close(),
    Reset(),
    Cut(200, JSON, b'{"data": []}', after=3),
]


@pytest.mark.documented("pictograph", line=7)
def test_whatever_happens(sdk: Sdk) -> None:
    """
    Every SDK error subclasses **`PictographError`**.

    Whatever a server may answer, and however it may end the connection.
    """
    for step in STEPS:
        sdk.sandbox.arm(step)
        with pytest.raises(PictographError) as caught:
            sdk.call(list_datasets, max_retries=0)
        assert str(caught.value).strip(), step


@pytest.mark.documented("pictograph", lines=(7, 9))
def test_specific_subclass(sdk: Sdk) -> None:
    """
    Catch the specific subclass to handle a known failure mode; catch the base class to log and rethrow.

    Another failure goes past the specific subclass.
    """
    handled = ""
    try:
        sdk.call(lambda client: client.datasets.get("never-made"))
    except ValidationError:
        handled = "invalid"
    except NotFoundError:
        handled = "not found"

    assert "not found" == handled


@pytest.mark.documented("pictograph", lines=(7, 9))
def test_log_and_rethrow(sdk: Sdk, caplog: pytest.LogCaptureFixture) -> None:
    """
    Catch the specific subclass to handle a known failure mode; catch the base class to log and rethrow.

    The log tells what happened and not the key; what is rethrown is the same error, still of its own class.
    """

    def look() -> None:
        try:
            sdk.call(lambda client: client.datasets.get("never-made"))
        except PictographError:
            logging.getLogger("app").exception("No luck")
            raise

    with pytest.raises(NotFoundError, match="never-made") as caught:
        look()

    assert f"pictograph.exceptions.NotFoundError: {caught.value}" in caplog.text
    assert sdk.sandbox.keys["member"] not in caplog.text
