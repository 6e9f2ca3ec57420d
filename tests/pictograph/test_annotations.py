from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from pictograph.exceptions import ConflictError, ValidationError

from .backend import SAVED, Backend, every_colour

BOX: dict[str, Any] = {"name": "person", "type": "bbox", "bounding_box": {"x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}}


class Box(BaseModel):
    """An annotation as a pydantic model."""

    name: str
    type: str = "bbox"


@every_colour
def test_by_id(colour: str) -> None:
    """
    `save(image_id, [...])` names the image by its id.
    """
    backend = Backend(SAVED)
    saved = backend.ask(colour, lambda client: client.annotations.save("img_1", [BOX]))

    assert (["POST /annotations/by-id/img_1"], {"annotations": [BOX]}) == (backend.places, backend.payload(0))
    assert (0, 1, "in_progress") == (saved.previous_count, saved.new_count, saved.status)


@every_colour
@pytest.mark.parametrize(
    ("filename", "place"),
    [("x.png", "/ds/x.png"), ("/a/b c.png", "/ds/a/b%20c.png"), ("a?b.png", "/ds/a%3Fb.png")],
)
def test_by_place(filename: str, place: str, colour: str) -> None:
    """
    `save(dataset, filename, [...])` names the image by its place, folders included.
    """
    backend = Backend(SAVED)
    backend.ask(colour, lambda client: client.annotations.save("ds", filename, [BOX]))

    assert [f"POST /annotations{place}"] == backend.places


@every_colour
def test_models(colour: str) -> None:
    """
    Annotations may be pydantic models, mappings or a mixture, in any sequence.
    """
    backend = Backend(SAVED)
    backend.ask(colour, lambda client: client.annotations.save("img_1", (Box(name="cat"), BOX)))

    assert {"annotations": [{"name": "cat", "type": "bbox"}, BOX]} == backend.payload(0)


@every_colour
@pytest.mark.parametrize(
    "arguments",
    [
        ("img_1", "x.png"),
        ("img_1", [BOX], [BOX]),
        ("ds", "x.png", "boxes"),
        ("ds", "x.png", None),
        ("img_1", None),
    ],
    ids=range(5),
)
def test_neither_form(arguments: Any, colour: str) -> None:
    """
    Anything else is a TypeError that shows both forms, before any request.
    """
    backend = Backend(SAVED)
    with pytest.raises(TypeError, match=r"save\(image_id, annotations\) or save\(dataset, filename, annotations\)"):
        backend.ask(colour, lambda client: client.annotations.save(*arguments))

    assert [] == backend.asked


@every_colour
def test_no_annotations(colour: str) -> None:
    """
    An empty list removes all annotations.
    """
    backend = Backend(SAVED)
    backend.ask(colour, lambda client: client.annotations.save("img_1", []))

    assert {"annotations": []} == backend.payload(0)


@every_colour
def test_stale_version(colour: str) -> None:
    """
    A save onto a newer version is a ConflictError with its code, and is not retried.
    """
    backend = Backend((409, {"detail": {"message": "Version 3 is stale.", "error_code": "version_conflict"}}))
    with pytest.raises(ConflictError) as caught:
        backend.ask(colour, lambda client: client.annotations.save("img_1", [BOX], version=3))

    assert ("version_conflict", 3, 1) == (caught.value.error_code, backend.payload(0)["version"], len(backend.asked))


@every_colour
def test_field_errors(colour: str) -> None:
    """
    422 lists every offending field.
    """
    errors = [{"loc": ["body", "annotations", 0, "name"], "msg": "Field required", "type": "missing"}]
    backend = Backend((422, {"detail": errors}))
    with pytest.raises(ValidationError) as caught:
        backend.ask(colour, lambda client: client.annotations.save("img_1", [{"class": "person", "type": "bbox"}]))

    assert (errors, 1) == (caught.value.errors, len(backend.asked))
    assert "Field required" in str(caught.value)
