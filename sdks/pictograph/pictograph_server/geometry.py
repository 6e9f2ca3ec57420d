"""Shapes on a picture, in pixels: as they are sent, and as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from pictograph_server.json_checks import Problems, as_number

_FLAT = "The points are flat. Write each as a pair: [[x1, y1], [x2, y2], ...]"
_PAIR = "A point is [x, y] or an object with x and y"

Point = dict[str, float]


@dataclass(frozen=True)
class Shape:
    """A shape as it is kept, and the box around it if it has an area."""

    kept: dict[str, Any]
    bounding_box: dict[str, float] | None


def check_box(value: Any, problems: Problems) -> Shape | None:
    """A box: an object with x, y, w and h."""
    fields = _fields(value, ("x", "y", "w", "h"), problems)
    if fields is None:
        return None
    for side in ("w", "h"):
        if fields[side] <= 0:
            problems.at(side).add("Must be greater than 0", "greater_than")
    return Shape(fields, None)


def check_polygon(value: Any, problems: Problems) -> Shape | None:
    """A polygon: its points, or `paths` with an outline and its holes; kept as `paths`."""
    rings: list[object] = [value]
    where = [problems]
    if isinstance(value, dict):
        paths = _only_field(cast("dict[str, Any]", value), "paths", problems)
        if not isinstance(paths, list) or not paths:
            problems.at("paths").add("`paths` is a list of rings, the outline first", "list_type")
            return None
        rings = cast("list[object]", paths)
        where = [problems.at("paths").at(index) for index in range(len(rings))]
    points = [_points(ring, here, fewest=3) for ring, here in zip(rings, where, strict=True)]
    clean = [ring for ring in points if ring is not None]
    if len(clean) < len(points):
        return None
    box = _around(clean[0])
    if box is None:
        where[0].add("A polygon encloses an area, this one is a line", "no_area")
    return Shape({"paths": clean}, box)


def check_polyline(value: Any, problems: Problems) -> Shape | None:
    """An open line: its points, or an object with `path`; kept as `path`."""
    if isinstance(value, dict):
        value = _only_field(cast("dict[str, Any]", value), "path", problems)
        problems = problems.at("path")
    points = _points(value, problems, fewest=2)
    return Shape({"path": points}, _around(points)) if points is not None else None


def check_keypoint(value: Any, problems: Problems) -> Shape | None:
    """A single point."""
    point = _point(value, problems)
    return Shape(point, None) if point is not None else None


def _points(value: Any, problems: Problems, *, fewest: int) -> list[Point] | None:
    if not isinstance(value, list):
        problems.add("Must be a list of points", "list_type")
        return None
    items = cast("list[object]", value)
    if items and (_all_numbers(items) or all(_is_flat(item) for item in items)):
        problems.add(_FLAT, "polygon_flat")
        return None
    if len(items) < fewest:
        problems.add(f"Needs at least {fewest} points, has {len(items)}", "too_short")
        return None
    points = [_point(item, problems.at(index)) for index, item in enumerate(items)]
    clean = [point for point in points if point is not None]
    return clean if len(clean) == len(points) else None


def _is_flat(item: object) -> bool:
    """Whether *item* stands where a point should, and holds several: COCO nests them like this."""
    return isinstance(item, list) and len(cast("list[object]", item)) > 2 and _all_numbers(cast("list[object]", item))


def _all_numbers(items: list[object]) -> bool:
    return all(isinstance(item, (int, float)) for item in items)


def _point(value: Any, problems: Problems) -> Point | None:
    if isinstance(value, dict):
        return _fields(value, ("x", "y"), problems)
    pair = cast("list[object]", value) if isinstance(value, list) else []
    if len(pair) != 2:
        problems.add(_PAIR, "point_type")
        return None
    x, y = as_number(pair[0], problems.at(0)), as_number(pair[1], problems.at(1))
    return {"x": x, "y": y} if x is not None and y is not None else None


def _fields(value: Any, names: tuple[str, ...], problems: Problems) -> dict[str, float] | None:
    """The numbers *names* of an object that has them and nothing else."""
    if not isinstance(value, dict):
        problems.add(f"Must be an object with {', '.join(names)}", "dict_type")
        return None
    given = cast("dict[str, Any]", value)
    clean: dict[str, float] = {}
    for name in names:
        if name not in given:
            problems.at(name).add(f"`{name}` is missing", "missing")
            continue
        number = as_number(given[name], problems.at(name))
        if number is not None:
            clean[name] = number
    problems.refuse_other_keys(given, set(names))
    return clean if len(clean) == len(names) else None


def _only_field(given: dict[str, Any], name: str, problems: Problems) -> Any:
    problems.refuse_other_keys(given, {name})
    return given.get(name)


def _around(points: list[Point]) -> dict[str, float] | None:
    """The box around *points*, or None if it would have no area."""
    left, top = min(point["x"] for point in points), min(point["y"] for point in points)
    right, bottom = max(point["x"] for point in points), max(point["y"] for point in points)
    return {"x": left, "y": top, "w": right - left, "h": bottom - top} if left < right and top < bottom else None
