"""What an annotation must look like: checked field by field, so that every offending one is named at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from pictograph_server.geometry import Shape, check_box, check_keypoint, check_polygon, check_polyline
from pictograph_server.json_checks import Problems, as_number, check_json, check_text
from pictograph_server.names import new_id

_SHAPES: dict[str, Callable[[Any, Problems], Shape | None]] = {
    "bbox": check_box,
    "polygon": check_polygon,
    "polyline": check_polyline,
    "keypoint": check_keypoint,
}
_FIELDS_OF = {"bbox": "bounding_box", "polygon": "polygon", "polyline": "polyline", "keypoint": "keypoint"}
_COMMON = {"id", "name", "type", "confidence", "attributes", "created_by"}


def check_annotations(annotations: list[Any], *, most: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The annotations in the form in which they are kept, and what is wrong with them.

    The first is only of use if the second is empty. More than *most* are refused without a look at each.
    """
    problems = Problems(["body", "annotations"])
    if len(annotations) > most:
        problems.add(f"An image takes at most {most} annotations, these are {len(annotations)}", "too_long")
        return [], problems.found
    kept: list[dict[str, Any]] = []
    first_with: dict[str, int] = {}
    for index, annotation in enumerate(annotations):
        here = problems.at(index)
        if not isinstance(annotation, dict):
            here.add("An annotation is an object with `name`, `type` and a shape", "dict_type")
            continue
        clean = _check_annotation(cast("dict[str, Any]", annotation), here)
        first = first_with.setdefault(clean["id"], index)
        if first != index and clean["id"]:
            msg = f"Annotation {first} has this id already; leave `id` out to get a new one"
            here.at("id").add(msg, "duplicate_id")
        kept.append(clean)
    return kept, problems.found


def _check_annotation(annotation: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    kind = annotation.get("type")
    clean: dict[str, Any] = {
        "id": check_text(annotation["id"], problems.at("id")) if "id" in annotation else new_id(),
        "name": _check_class_name(annotation, problems),
        "type": kind,
    }
    known = _COMMON | {"class"}
    if isinstance(kind, str) and kind in _SHAPES:
        clean |= _check_shape(kind, annotation, problems)
        # An outline's own bounding box is taken and worked out anew; a point has none.
        known |= {_FIELDS_OF[kind]} | ({"bounding_box"} if kind != "keypoint" else set())
    else:
        known |= {"bounding_box", *_FIELDS_OF.values()}
        how = "missing" if "type" not in annotation else "literal_error"
        problems.at("type").add(f"`type` is one of {', '.join(_SHAPES)}", how)
    clean["confidence"] = _check_confidence(annotation.get("confidence", 1.0), problems.at("confidence"))
    clean["attributes"] = _check_attributes(annotation.get("attributes", []), problems.at("attributes"))
    if annotation.get("created_by") is not None:
        clean["created_by"] = check_text(annotation["created_by"], problems.at("created_by"))
    problems.refuse_other_keys(annotation, known)
    return clean


def _check_class_name(annotation: Mapping[str, Any], problems: Problems) -> str:
    if "class" in annotation:
        problems.at("class").add("use `name`, not `class`", "class_instead_of_name")
    if "name" in annotation:
        return check_text(annotation["name"], problems.at("name"))
    if "class" not in annotation:
        problems.at("name").add("`name` is missing: the class of what is seen", "missing")
    return ""


def _check_shape(kind: str, annotation: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    field = _FIELDS_OF[kind]
    if field not in annotation:
        problems.at(field).add(f"A {kind} needs `{field}`", "missing")
        return {}
    shape = _SHAPES[kind](annotation[field], problems.at(field))
    if shape is None:
        return {}
    clean: dict[str, Any] = {field: shape.kept}
    if shape.bounding_box is not None:
        clean["bounding_box"] = shape.bounding_box
    return clean


def _check_confidence(value: object, problems: Problems) -> float:
    number = as_number(value, problems)
    if number is not None and not 0 <= number <= 1:
        problems.add("`confidence` lies between 0 and 1", "out_of_range")
    return 1.0 if number is None else number


def _check_attributes(value: Any, problems: Problems) -> Any:
    if not isinstance(value, (dict, list)):
        problems.add("`attributes` is a list or an object", "list_type")
        return []
    check_json(cast("object", value), problems)
    return cast("object", value)
