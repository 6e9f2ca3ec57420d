from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from pictograph_server.annotation_rules import check_annotations

from .api import box

TRIANGLE = [[1, 2], [5, 2], [5, 9]]
AS_OBJECTS = [{"x": x, "y": y} for x, y in TRIANGLE]
INF, NAN = math.inf, math.nan


def kept(annotation: Any) -> dict[str, Any]:
    """*annotation* as it is kept."""
    clean, problems = check_annotations([annotation], most=10)
    assert [] == problems
    return clean[0]


def rejected(*annotations: Any) -> list[tuple[list[Any], str]]:
    """Where something is wrong with *annotations*, below "body", "annotations", and of which type it is."""
    problems = check_annotations(list(annotations), most=10_000)[1]
    assert all(["body", "annotations"] == entry["loc"][:2] for entry in problems)
    assert all({"loc", "msg", "type"} == entry.keys() and entry["msg"] for entry in problems)
    return [(entry["loc"][2:], entry["type"]) for entry in problems]


def of(kind: str, field: str, value: object, **more: object) -> dict[str, object]:
    """An annotation of *kind*."""
    return {"name": "a", "type": kind, field: value, **more}


def test_class_instead_of_name() -> None:
    """
    `class` instead of `name` is rejected with the words "use `name`, not `class`".
    """
    problems = check_annotations([{"class": "person", "type": "bbox", "bounding_box": box()["bounding_box"]}], most=10)[
        1
    ]

    expected = {
        "loc": ["body", "annotations", 0, "class"],
        "msg": "use `name`, not `class`",
        "type": "class_instead_of_name",
    }
    assert [expected] == problems


def test_every_offending_field() -> None:
    """
    All offending fields of all annotations are listed, not only the first.
    """
    annotations = [
        {"class": "person", "type": "bbox"},
        box(),
        {"name": 5, "type": "circle", "confidence": 2, "colour": "red"},
        box(w=-1, h=0),
        7,
    ]

    assert [
        ([0, "class"], "class_instead_of_name"),
        ([0, "bounding_box"], "missing"),
        ([2, "name"], "string_type"),
        ([2, "type"], "literal_error"),
        ([2, "confidence"], "out_of_range"),
        ([2, "colour"], "extra_forbidden"),
        ([3, "bounding_box", "w"], "greater_than"),
        ([3, "bounding_box", "h"], "greater_than"),
        ([4], "dict_type"),
    ] == rejected(*annotations)


def test_class_beside_name() -> None:
    """
    `class` is rejected even where `name` is there too.
    """
    assert [([0, "class"], "class_instead_of_name")] == rejected(box() | {"class": "person"})


@pytest.mark.parametrize("flat", [[1, 2, 3, 4], [1.5, 2.5, 3, 4, 5, 6], [1], [True, False]])
def test_flat_polygon(flat: list[float]) -> None:
    """
    A flat array [x1, y1, x2, y2] is rejected with the words that show how to write it.
    """
    problems = check_annotations([of("polygon", "polygon", flat)], most=10)[1]

    expected = {
        "loc": ["body", "annotations", 0, "polygon"],
        "msg": "The points are flat. Write each as a pair: [[x1, y1], [x2, y2], ...]",
        "type": "polygon_flat",
    }
    assert [expected] == problems


def test_flat_rings() -> None:
    """
    A flat ring is rejected too, whether inside of `paths` or as COCO nests it.
    """
    in_paths, as_coco = {"paths": [[1, 2, 3, 4]]}, [[1, 2, 3, 4, 5, 6]]

    assert [([0, "polygon", "paths", 0], "polygon_flat")] == rejected(of("polygon", "polygon", in_paths))
    assert [([0, "polygon"], "polygon_flat")] == rejected(of("polygon", "polygon", as_coco))


@pytest.mark.parametrize("polygon", [TRIANGLE, AS_OBJECTS, {"paths": [TRIANGLE]}, {"paths": [AS_OBJECTS]}])
def test_polygon(polygon: object) -> None:
    """
    A polygon is a list of points, as pairs or as objects, or its `paths`; it is kept as `paths`, with the box around.
    """
    clean = kept(of("polygon", "polygon", polygon))

    assert {"paths": [AS_OBJECTS]} == clean["polygon"]
    assert {"x": 1.0, "y": 2.0, "w": 4.0, "h": 7.0} == clean["bounding_box"]


def test_polygon_with_a_hole() -> None:
    """
    Further paths are holes, and do not change the box.
    """
    hole = [{"x": 2.0, "y": 3.0}, {"x": 3.0, "y": 3.0}, {"x": 3.0, "y": 4.0}]

    clean = kept(of("polygon", "polygon", {"paths": [AS_OBJECTS, hole]}))

    assert (2, 4.0) == (len(clean["polygon"]["paths"]), clean["bounding_box"]["w"])


def test_polyline_and_keypoint() -> None:
    """
    A polyline is kept as `path`, a keypoint as its point; neither needs a box.
    """
    line = kept(of("polyline", "polyline", [[0, 5], [9, 5]]))
    point = kept(of("keypoint", "keypoint", [3, 4]))

    assert {"path": [{"x": 0.0, "y": 5.0}, {"x": 9.0, "y": 5.0}]} == line["polyline"]
    assert line["polyline"] == kept(of("polyline", "polyline", {"path": [[0, 5], [9, 5]]}))["polyline"]
    assert {"x": 3.0, "y": 4.0} == point["keypoint"]
    assert ("bounding_box" in line, "bounding_box" in point) == (False, False)


def test_what_is_kept_may_be_sent_again() -> None:
    """
    Every kind, as it is kept and read, is accepted unchanged when it is saved again.
    """
    for annotation in (
        box("a", created_by="me"),
        of("polygon", "polygon", TRIANGLE),
        of("polyline", "polyline", TRIANGLE),
        of("keypoint", "keypoint", [1, 2]),
    ):
        once = kept(annotation)
        assert once == kept(json.loads(json.dumps(once)))


@pytest.mark.parametrize(
    ("annotation", "loc", "kind"),
    [
        (of("polygon", "polygon", [[1, 2], [3, 4]]), ["polygon"], "too_short"),
        (of("polygon", "polygon", []), ["polygon"], "too_short"),
        (of("polygon", "polygon", [[1, 1], [2, 1], [3, 1]]), ["polygon"], "no_area"),
        (of("polygon", "polygon", "1,2,3,4"), ["polygon"], "list_type"),
        (of("polygon", "polygon", None), ["polygon"], "list_type"),
        (of("polygon", "polygon", {"paths": []}), ["polygon", "paths"], "list_type"),
        (of("polygon", "polygon", {}), ["polygon", "paths"], "list_type"),
        (of("polygon", "polygon", [[1, 2], [3, NAN], [5, 6]]), ["polygon", 1, 1], "finite_number"),
        (of("polygon", "polygon", [[1, 2], [3], [5, 6]]), ["polygon", 1], "point_type"),
        (of("polygon", "polygon", [[1, 2], {"x": 3}, [5, 6]]), ["polygon", 1, "y"], "missing"),
        (of("polygon", "polygon", [[1, 2], "3", [5, 6]]), ["polygon", 1], "point_type"),
        (of("polyline", "polyline", [[1, 2]]), ["polyline"], "too_short"),
        (of("polyline", "polyline", [1, 2, 3, 4]), ["polyline"], "polygon_flat"),
        (of("keypoint", "keypoint", [1, 2, 3]), ["keypoint"], "point_type"),
        (of("keypoint", "keypoint", {"x": 1, "y": 2, "z": 3}), ["keypoint", "z"], "extra_forbidden"),
        (of("keypoint", "keypoint", [1, 2], bounding_box={}), ["bounding_box"], "extra_forbidden"),
        (of("bbox", "bounding_box", [1, 2, 3, 4]), ["bounding_box"], "dict_type"),
        (of("bbox", "bounding_box", {"x": 1, "y": 2, "w": 3}), ["bounding_box", "h"], "missing"),
        (of("bbox", "polygon", TRIANGLE, bounding_box=box()["bounding_box"]), ["polygon"], "extra_forbidden"),
        (box(w=-3), ["bounding_box", "w"], "greater_than"),
        (box(x=NAN), ["bounding_box", "x"], "finite_number"),
        (box(y=-INF), ["bounding_box", "y"], "finite_number"),
        (box(h=10**400), ["bounding_box", "h"], "finite_number"),
        (box(x=True), ["bounding_box", "x"], "float_type"),
        (of("bbox", "bounding_box", {"x": "1", "y": 2, "w": 3, "h": 4}), ["bounding_box", "x"], "float_type"),
        (box(confidence=1.1), ["confidence"], "out_of_range"),
        (box(confidence=True), ["confidence"], "float_type"),
        (box(confidence=None), ["confidence"], "float_type"),
        (box(confidence=NAN), ["confidence"], "finite_number"),
        (box(""), ["name"], "string_too_short"),
        (box(" \t"), ["name"], "string_too_short"),
        (box("x" * 501), ["name"], "string_too_long"),
        (box("\udc80"), ["name"], "string_unicode"),
        (box() | {"name": None}, ["name"], "string_type"),
        (box(id=7), ["id"], "string_type"),
        (box(id=""), ["id"], "string_too_short"),
        (box(created_by=7), ["created_by"], "string_type"),
        (box(attributes="red"), ["attributes"], "list_type"),
        (box(attributes=[{"a": NAN}]), ["attributes"], "finite_number"),
        (box(attributes={"\ud800": 1}), ["attributes"], "string_unicode"),
        (box(attributes={"a": ["\ud800"]}), ["attributes"], "string_unicode"),
        ({"type": "bbox", "bounding_box": box()["bounding_box"]}, ["name"], "missing"),
        ({"name": "a", "bounding_box": box()["bounding_box"]}, ["type"], "missing"),
        (of("box", "bounding_box", {}), ["type"], "literal_error"),
        ({"name": "a", "type": ["bbox"]}, ["type"], "literal_error"),
    ],
)
def test_one_thing_wrong(annotation: dict[str, object], loc: list[object], kind: str) -> None:
    """
    One thing wrong is one entry, at the place where it is.
    """
    assert [([0, *loc], kind)] == rejected(annotation)


def test_nested_attributes() -> None:
    """
    Attributes may be nested 32 deep; deeper is rejected, however deep.
    """
    deep: list[Any] = []
    for _ in range(31):
        deep = [deep]
    assert deep == kept(box(attributes=deep))["attributes"]
    for _ in range(50_000):
        deep = [deep]

    assert [([0, "attributes"], "too_deep")] == rejected(box(attributes=deep))


def test_ids() -> None:
    """
    An annotation without an id gets one of its own; two with one id are rejected.
    """
    clean, _ = check_annotations([box(), box()], most=10)
    assert 2 == len({entry["id"] for entry in clean})

    assert [([2, "id"], "duplicate_id")] == rejected(box(id="a"), box(id="b"), box(id="a"))


def test_unhashable_ids() -> None:
    """
    Ids that are lists are rejected like any other that is no text.
    """
    assert [([0, "id"], "string_type"), ([1, "id"], "string_type")] == rejected(box(id=["a"]), box(id=["a"]))


def test_unknown_field_is_shortened() -> None:
    """
    The name of an unknown field comes back short and printable, whatever was sent.
    """
    (loc, kind), (surrogate, _) = rejected(box() | {"k" * 10_000: 1, "\ud800": 2})

    assert (64, "extra_forbidden", "\\ud800") == (len(loc[1]), kind, surrogate[1])


_KEYS = st.sampled_from(
    ["id", "name", "type", "class", "bounding_box", "polygon", "paths", "polyline", "path", "keypoint", "x", "y", "w"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(), inner, max_size=5),
    max_leaves=12,
)
_KINDS = st.sampled_from(["bbox", "polygon", "polyline", "keypoint"])


@given(st.lists(st.dictionaries(_KEYS, JSON | _KINDS) | JSON, max_size=4))
def test_any_json(annotations: list[Any]) -> None:
    """
    Whatever is sent is either listed as wrong, or kept in a form that is accepted again and can be sent as JSON.
    """
    clean, problems = check_annotations(annotations, most=10)

    json.dumps(problems, allow_nan=False).encode()
    if not problems:
        assert (clean, []) == check_annotations(clean, most=10)
        json.dumps(clean, allow_nan=False, ensure_ascii=False).encode()
