from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from failwell import Case, Catalogue, Error, Source, log_fields, with_evidence
from failwell.client import configuration_problem, error_on, failed_job
from failwell.contract.construction import error_for
from failwell.contract.declaration import marks_of
from failwell.wire import Reply, parse_reply, render_error
from scopix.exceptions import ScopixConnectionError, ServerError, VideoUploadError
from tests.contract.samples import CATALOGUES
from tests.contract.samples.instances import through_pickle


def event(catalogue: Catalogue, cls: type[Error], case: Case) -> Error:
    """*case* as an event of a stream tells of it."""
    return _told(catalogue, cls, case, "stream")


def row_of_a_job(catalogue: Catalogue, cls: type[Error], case: Case) -> Error:
    """*case* as the error in a job's answer tells of it."""
    return _told(catalogue, cls, case, "job")


def _told(catalogue: Catalogue, cls: type[Error], case: Case, source: Source) -> Error:
    body = render_error(error_for(cls, case, message="It broke.", status=case.concrete_status or 500), catalogue).body
    return parse_reply(Reply(0, {}, body), catalogue, operation=case.operation, source=source)


def job(catalogue: Catalogue, _cls: type[Error], case: Case) -> Error:
    """A job that failed with the code of *case*, as an SDK's wait raises it."""
    return failed_job(catalogue, case.operation or "jobs.wait", "It broke.", code=case.code)


def client_itself(catalogue: Catalogue, _cls: type[Error], case: Case) -> Error:
    """What the client notices by itself, on the occasion of *case* or because it is not set up."""
    return error_on(catalogue, case.on, "It broke.") if case.on else configuration_problem(catalogue, "It broke.")


def in_place_of_another(catalogue: Catalogue, cls: type[Error], case: Case) -> Error:
    """*case*, which an SDK raises in place of a connection that broke."""
    return with_evidence(error_for(cls, case, message="It broke."), error_on(catalogue, "network", "It broke."))


def statuses(error: Error) -> Iterator[Any]:
    """Wherever *error* says a status: its field, its evidence, its log line, its repr, and all of that when pickled."""
    field = marks_of(type(error)).status
    again = through_pickle(error)
    again.settle()  # as an SDK does that has filled in a field
    for one in (error, again):
        yield getattr(one, field) or None if field is not None else None
        yield one.known_status
        yield log_fields(one).get("error.status")
        yield "status=4" in repr(one) or "status=5" in repr(one) or None


@pytest.mark.parametrize("told", [event, row_of_a_job, job, client_itself, in_place_of_another])
@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES)
def test_no_status_that_nobody_received(catalogue: Catalogue, told: Callable[..., Error]) -> None:
    """
    What a stream, a job or the client itself tells of came in no reply of an error status: it claims none anywhere.
    """
    errors = [told(catalogue, cls, case) for cls, case in catalogue.cases()]

    assert [] == [error for error in errors if {None} != {*statuses(error)} or not catalogue.lists(error)]
    assert [error.case for error in errors] == [through_pickle(error).case for error in errors]


@pytest.mark.parametrize(
    ("met", "status"),
    [
        (ServerError("The server failed."), 500),
        (error_for(ServerError, Case("VLM_PROVIDER_ERROR", 503), message="The provider failed."), 503),
        (ScopixConnectionError("Reset."), None),
    ],
)
def test_status_of_what_was_met(met: Error, status: int | None) -> None:
    """
    What an SDK raises in place of another error has the status of that, whatever its own class usually travels as.
    """
    error = with_evidence(VideoUploadError("The video was not uploaded."), met)

    assert (status, status, status) == (error.status_code, error.known_status, log_fields(error).get("error.status"))
    assert "VIDEO_UPLOAD_ERROR" == error.code_on_the_wire
