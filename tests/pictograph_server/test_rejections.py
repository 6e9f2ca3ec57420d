from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException

from pictograph.exceptions import ValidationError
from pictograph_server.rejections import invalid

from .api import Api


def test_malformed_body(api: Api) -> None:
    """
    A malformed body is a ValidationError with `loc`, `msg` and `type` of each field, and a summary.
    """
    with pytest.raises(ValidationError) as caught:
        api.post("/datasets/", {"name": 5, "description": ["x"]})

    assert [
        {"loc": ["body", "name"], "msg": "Input should be a valid string", "type": "string_type"},
        {"loc": ["body", "description"], "msg": "Input should be a valid string", "type": "string_type"},
    ] == caught.value.errors
    assert caught.value.message.startswith("2 invalid fields: name: Input should be a valid string; ")


CANARY = "canary-8f2e"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/datasets/",
            {"name": [CANARY], "annotation_types": [CANARY], "classes": [{"color": CANARY}]},
        ),
        ("/datasets/", {"name": f"{CANARY}/{CANARY}"}),
        (
            "/training/",
            {"pipeline_type": CANARY, "config": {"epochs": CANARY}, "gpu_type": CANARY},
        ),
        ("/images/register", {"dataset": "ds", "filename": f"../{CANARY}", "file_size": CANARY}),
        ("/annotations/ds/x.png", {"annotations": CANARY, "version": CANARY}),
        ("/exports/", CANARY),
    ],
)
def test_input_is_redacted(api: Api, path: str, body: object) -> None:
    """
    No value that was sent comes back in a ValidationError.
    """
    with pytest.raises(ValidationError) as caught:
        api.post(path, body)

    assert CANARY not in f"{caught.value} {caught.value.errors}"


def test_unknown_field(api: Api) -> None:
    """
    An unknown field is named, shortened if it is long, so that a typo is found.
    """
    with pytest.raises(ValidationError) as caught:
        api.post("/datasets/", {"name": "x", "colour": 1, "k" * 10_000: 1})

    names = [entry["loc"][1] for entry in caught.value.errors]
    assert ["colour", "k" * 63 + "…"] == names


def test_summary() -> None:
    """
    The summary names three fields, and says how many more there are.
    """
    entries = [{"loc": ["body", number], "msg": "wrong", "type": "t"} for number in range(5)]

    assert "1 invalid field: 0: wrong" == invalid(entries[:1]).message
    expected = "5 invalid fields: 0: wrong; 1: wrong; 2: wrong; and 2 more"
    assert expected == invalid(entries).message


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/datasets/"), ("GET", "/datasets")])
def test_routes(api: Api, method: str, path: str) -> None:
    """
    Unknown paths and methods are the framework's HTTPException; a missing slash is no redirect.
    """
    with pytest.raises(HTTPException) as caught:
        api.send(method, path)

    assert (405 if method == "DELETE" else 404) == caught.value.status_code
