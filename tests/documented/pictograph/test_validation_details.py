# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from failwell.sandbox import Answer, Sandbox
from pictograph import Client
from pictograph.exceptions import ValidationError

from .sdk import BOX, Sdk
from .snippets import snippet

SNIPPET = snippet(94, 100)


@pytest.mark.documented("pictograph", lines=(94, 100))
def test_snippet(client: Client, image_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The snippet prints a summary that a person can read, and the list of what is wrong.
    """
    ran = SNIPPET.run(client=client, image_id=image_id)

    assert SNIPPET.lines == ran.lines
    summary, listed = capsys.readouterr().out.splitlines()
    errors = ast.literal_eval(listed)
    assert (2, list) == (len(errors), type(errors))
    assert [["body", "annotations", 0, "class"], ["body", "annotations", 0, "bounding_box"]] == [
        entry["loc"] for entry in errors
    ]
    for entry in errors:
        assert {"loc": list, "msg": str, "type": str} == {name: type(value) for name, value in entry.items()}
        assert entry["msg"] in summary
    assert not any(character in summary for character in "{}[]")


@pytest.mark.documented("pictograph", lines=(94, 100))
def test_snippet_without_a_summary(client: Client, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The snippet prints a summary also when the backend sends the bare list, as FastAPI does by itself.
    """
    entry = {"loc": ["body", "annotations", 0, "name"], "msg": "Field required", "type": "missing"}
    body = json.dumps({"detail": [entry]}).encode()
    sandbox.arm(Answer(422, (("Content-Type", "application/json"),), body))
    ran = SNIPPET.run(client=client, image_id="any")

    assert SNIPPET.lines == ran.lines
    assert f"1 invalid field: annotations.0.name: Field required\n{[entry]}\n" == capsys.readouterr().out


@pytest.mark.documented("pictograph", line=91)
def test_every_offending_field(sdk: Sdk, image_id: str) -> None:
    """
    The backend returns a structured body listing every offending field:

    Of all annotations at once, in `detail`, from where they come into `e.errors`.
    """
    wrong = [
        {"class": "person", "type": "bbox"},
        BOX,
        {"name": "car", "type": "bbox", "bounding_box": {"x": "left", "y": 1}},
        {"name": " ", "type": "balloon", "confidence": 2},
    ]
    with pytest.raises(ValidationError) as caught:
        sdk.call(lambda client: client.annotations.save(image_id, wrong))

    error = caught.value
    assert (422, json.loads(error.body)["detail"]) == (error.status_code, error.errors)
    box = (2, "bounding_box")
    offending = {(0, "class"), (0, "bounding_box"), (*box, "x"), (*box, "w"), (*box, "h"), (3, "name"), (3, "type")}
    assert offending | {(3, "confidence")} == {tuple(entry["loc"][2:]) for entry in error.errors}


SHAPES: list[dict[str, Any]] = [
    {"type": "bbox", "bounding_box": BOX["bounding_box"]},
    {"type": "polygon", "polygon": {"paths": [[{"x": 1, "y": 1}, {"x": 20, "y": 1}, {"x": 20, "y": 20}]]}},
    {"type": "polyline", "polyline": {"path": [{"x": 1, "y": 1}, {"x": 20, "y": 1}]}},
    {"type": "keypoint", "keypoint": {"x": 1, "y": 1}},
]


@pytest.mark.documented("pictograph", lines=(103, 104))
@pytest.mark.parametrize("also_name", [False, True], ids=["instead", "beside"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["type"])
def test_class(sdk: Sdk, image_id: str, shape: dict[str, Any], also_name: bool) -> None:
    """
    The most common cause is the **`class` vs `name`** field mistake — the backend rejects any annotation that uses
    `class`.

    Whatever its shape, also beside a good one, and with a `name` too; nothing is saved. The message tells the mistake.
    """
    good = {"name": "person", **shape}
    mistaken = {"class": "person", **(good if also_name else shape)}
    version = sdk.call(lambda client: client.annotations.save(image_id, [good])).version
    with pytest.raises(ValidationError, match="use `name`, not `class`") as caught:
        sdk.call(lambda client: client.annotations.save(image_id, [good, mistaken]))

    assert [["body", "annotations", 1, "class"]] == [entry["loc"] for entry in caught.value.errors]
    assert version == sdk.call(lambda client: client.annotations.get(image_id)).version
