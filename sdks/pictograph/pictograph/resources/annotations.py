"""Annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from failwell.client import Awaiting, Blocking, Resource, operation
from failwell.policy import Flow
from pictograph.resources._paths import path

if TYPE_CHECKING:
    from pictograph.models import ImageAnnotations, SaveResult

C = TypeVar("C", Blocking, Awaiting)


class Dumpable(Protocol):
    """A pydantic model of an annotation."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Its fields, with JSON types."""
        ...


Annotation = Mapping[str, Any] | Dumpable
"""`{"name": "person", "type": "bbox", "bounding_box": {"x": 1, "y": 2, "w": 3, "h": 4}}`, or a model of it."""


class Annotations(Resource[C], name="annotations"):
    """What is drawn on images."""

    @operation
    def get(self, image_id: str) -> Flow[ImageAnnotations]:
        """Get the annotations of an image and their version.

        Raises:
            NotFoundError: there is no such image.
        """
        from pictograph.models import ImageAnnotations

        return self.api.call("GET", path("annotations", "by-id", image_id), ImageAnnotations)

    @operation
    def save(
        self,
        image: str,
        filename: str | Sequence[Annotation],
        annotations: Sequence[Annotation] | None = None,
        *,
        version: int | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[SaveResult]:
        """Replace the annotations of an image.

        `save(image_id, [...])` names the image by its id, `save(dataset, filename, [...])` by its place. With
        *version*, a save onto anything newer is refused.

        Raises:
            ValidationError: an annotation has the wrong shape; `e.errors` lists every offending field.
            ConflictError: *version* is stale (`error_code="version_conflict"`).
            NotFoundError: there is no such image.
        """
        from pictograph.models import SaveResult

        if isinstance(filename, str):
            where, entries = path("annotations", image, *filename.strip("/").split("/")), _listed(annotations)
        else:
            where, entries = path("annotations", "by-id", image), _listed(filename if annotations is None else None)
        payload: dict[str, Any] = {"annotations": [_plain(entry) for entry in entries]}
        if version is not None:
            payload["version"] = version
        return self.api.call(
            "POST",
            where,
            SaveResult,
            payload=payload,
            mutating=True,
            idempotency_key=idempotency_key,
        )


def _listed(annotations: object) -> list[Annotation]:
    if isinstance(annotations, Sequence) and not isinstance(annotations, str):
        return list(annotations)
    raise TypeError("Call save(image_id, annotations) or save(dataset, filename, annotations).")


def _plain(annotation: Annotation) -> Mapping[str, Any]:
    if isinstance(annotation, Mapping):
        return annotation
    if not hasattr(annotation, "model_dump"):
        raise TypeError(f"An annotation is of type {type(annotation).__name__}; pass a mapping or a pydantic model.")
    return annotation.model_dump(mode="json")
