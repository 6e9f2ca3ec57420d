from __future__ import annotations

import traceback
from typing import Any

import pytest

import failwell
from failwell import Secret
from pictograph.exceptions import PaymentRequiredError, PollTimeoutError, ValidationError
from pictograph.models import RemoteDataset
from tests.homes import homes

from .backend import Backend, every_colour

KEY = "rf_CANARY_8812fa"
DATASET = {"id": "d", "name": "n"}


def imported(status: str = "completed", **more: Any) -> dict[str, Any]:
    """An import as the wire has it."""
    counts = {"progress": 0.5, "total_images": 8, "imported_images": 4, "failed_images": 1}
    return {"import_id": "imp_1", "status": status, **counts, "current_dataset": "n", "datasets": [], **more}


@every_colour
def test_validate(colour: str) -> None:
    """
    Validating sends what was recorded, and says which datasets the key opens.
    """
    remote: dict[str, Any] = {"id": "d", "name": "n", "slug": "n-1", "image_count": 3, "version": 2}
    backend = Backend({"valid": True, "workspace": "w", "datasets": [remote], "error": None})
    found = backend.ask(colour, lambda client: client.connectors.validate("roboflow", KEY))

    assert (True, "w", [RemoteDataset(**remote)]) == (found.valid, found.workspace, found.datasets)
    assert ["POST /connectors/validate"] == backend.places
    assert {"provider": "roboflow", "api_key": KEY} == backend.payload(0)
    assert "idempotency-key" in backend.asked[0].headers


@every_colour
def test_a_key_that_is_refused(colour: str) -> None:
    """
    A key that the provider refuses is an answer, not an error.
    """
    backend = Backend({"valid": False, "workspace": "", "datasets": [], "error": "Unknown key"})
    found = backend.ask(colour, lambda client: client.connectors.validate("roboflow"))

    assert (False, "Unknown key", "") == (found.valid, found.error, backend.payload(0)["api_key"])


@every_colour
@pytest.mark.parametrize("dataset", [DATASET, RemoteDataset(id="d", name="n")])
def test_import(dataset: Any, colour: str) -> None:
    """
    An import sends what was recorded, for a mapping and for a dataset of `validate`, and returns at once.
    """
    backend = Backend(imported("processing"))
    started = backend.ask(colour, lambda client: client.connectors.import_("roboflow", [dataset], api_key="k"))

    assert ("imp_1", "processing", 0.5) == (started.import_id, started.status, started.progress)
    assert ["POST /connectors/import/start"] == backend.places
    assert {"provider": "roboflow", "api_key": "k", "datasets": [DATASET]} == backend.payload(0)


@every_colour
def test_get_and_cancel(colour: str) -> None:
    """
    An import is looked at by its id; cancelling it answers with what it then is.
    """
    backend = Backend(imported("processing"), (200, None), imported("cancelled"))

    assert 4 == backend.ask(colour, lambda client: client.connectors.get_import("imp_1")).imported_images
    assert "cancelled" == backend.ask(colour, lambda client: client.connectors.cancel_import("imp_1")).status
    assert [
        "GET /connectors/import/status/imp_1",
        "POST /connectors/import/cancel/imp_1",
        "GET /connectors/import/status/imp_1",
    ] == backend.places
    assert (b"", True) == (backend.bodies[1], "idempotency-key" in backend.asked[1].headers)


@every_colour
def test_import_and_wait(colour: str) -> None:
    """
    With wait=True the import is polled until it is done, after 3 s at first.
    """
    backend = Backend(imported("processing"), imported("processing"), imported("processing"), imported())
    done = backend.ask(colour, lambda client: client.connectors.import_("roboflow", [DATASET], wait=True))

    assert ("completed", [3.0, 4.5]) == (done.status, backend.clock.waits())


@every_colour
@pytest.mark.parametrize("status", ["completed", "error", "cancelled"])
def test_final_states(status: str, colour: str) -> None:
    """
    An import that ended without an error of the contract is returned, whatever its status.
    """
    backend = Backend(imported("processing"), imported(status))

    assert status == backend.ask(colour, lambda client: client.connectors.wait_for_import("imp_1")).status


@every_colour
@pytest.mark.parametrize("call", ["wait_for_import", "import_"])
def test_out_of_credits_on_the_way(call: str, colour: str) -> None:
    """
    R2. An import that ended for want of credits raises PaymentRequiredError; looking at it does not.
    """
    ended = imported("error", error={"status": 402, "body": {"detail": {"message": "No.", "required": 8}}})

    def ask(client: Any) -> Any:
        if call == "import_":
            return client.connectors.import_("roboflow", [DATASET], wait=True)
        return client.connectors.wait_for_import("imp_1")

    backend = Backend(imported("processing"), ended)
    with pytest.raises(PaymentRequiredError) as caught:
        backend.ask(colour, ask)

    assert (402, 8, [200]) == (
        caught.value.status_code,
        caught.value.required,
        [each.status for each in caught.value.attempts],
    )
    assert 402 == Backend(ended).ask(colour, lambda client: client.connectors.get_import("imp_1")).error.status


@every_colour
def test_poll_timeout(colour: str) -> None:
    """
    An import that is not done in time is a PollTimeoutError with its id and the method to go on with.
    """
    with pytest.raises(PollTimeoutError) as caught:
        Backend(imported("processing")).ask(
            colour, lambda client: client.connectors.wait_for_import("imp_1", timeout=60)
        )
    error = caught.value

    assert (
        'Import imp_1 is still "processing" after 60 s and was not cancelled. '
        'Resume: client.connectors.get_import("imp_1")'
    ) == str(error)
    assert ("imp_1", "imp_1", None, None) == (error.resource_id, error.import_id, error.job_id, error.run_id)
    assert ["The job was not cancelled. Re-poll with `client.connectors.get_import(e.import_id)`."] == error.__notes__


@every_colour
@pytest.mark.parametrize("key", [KEY, Secret(KEY)])
@pytest.mark.parametrize(
    "call",
    [
        lambda client, key: client.connectors.validate("roboflow", key),
        lambda client, key: client.connectors.import_("roboflow", [DATASET], api_key=key),
    ],
    ids=["validate", "import_"],
)
def test_no_secret(call: Any, key: Any, colour: str) -> None:
    """
    R4. The provider's key shows nowhere on an error, nor in a frame of ours, even when the backend echoes it.
    """
    backend = Backend((422, {"detail": f"The provider does not know {KEY}."}))
    with pytest.raises(ValidationError) as caught:
        backend.ask(colour, lambda client: call(client, key))
    error = caught.value
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [str(frame.locals) for frame in shown.stack if frame.filename.startswith(homes(failwell))]

    assert KEY == backend.payload(0)["api_key"]
    assert "The provider does not know ***." == str(error)
    assert ours
    assert KEY not in "".join([*ours, repr(vars(error)), str(error.args), *error.__notes__])


@every_colour
def test_a_short_key_masks_no_words(colour: str) -> None:
    """
    A key of a letter or two, which is none, leaves the words of the backend as they are.
    """
    backend = Backend((422, {"detail": "No key, no import."}))
    with pytest.raises(ValidationError) as caught:
        backend.ask(colour, lambda client: client.connectors.validate("roboflow", "o"))

    assert "No key, no import." == str(caught.value)


@every_colour
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda client: client.connectors.validate("roboflow", 5), "api_key is of type int"),
        (lambda client: client.connectors.import_("roboflow", ["d"]), "A dataset is of type str"),
        (lambda client: client.connectors.import_("roboflow", DATASET), "A dataset is of type str"),
    ],
    ids=["key", "name", "one dataset"],
)
def test_arguments_of_another_type(call: Any, said: str, colour: str) -> None:
    """
    A key that is no text, or a dataset that is no mapping, is refused before any request.
    """
    backend = Backend(imported())
    with pytest.raises(TypeError, match=said):
        backend.ask(colour, call)

    assert [] == backend.asked
