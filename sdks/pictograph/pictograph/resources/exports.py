"""Exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from errata.client import Awaiting, Blocking, Resource, one, operation
from pictograph.resources._paths import collection, path

if TYPE_CHECKING:
    from errata.policy import Flow
    from pictograph.models import Export

C = TypeVar("C", Blocking, Awaiting)


class Exports(Resource[C], name="exports"):
    """Frozen copies of a dataset, which training reads."""

    @operation
    def create(self, dataset_name: str, name: str, *, idempotency_key: str | None = None) -> Flow[Export]:
        """Freeze the annotated images of a dataset.

        Raises:
            NotFoundError: there is no such dataset.
            ConflictError: the dataset has an export of that name.
        """
        from pictograph.models import Export

        return (
            yield from self.core.call(
                "exports.create",
                "POST",
                collection("exports"),
                one(Export, "data"),
                payload={"dataset_name": dataset_name, "name": name},
                mutating=True,
                idempotency_key=idempotency_key,
            )
        )

    @operation
    def get(self, export: str, *, dataset: str | None = None) -> Flow[Export]:
        """Get an export by its id, or by its name and *dataset*.

        Raises:
            NotFoundError: there is none.
        """
        from pictograph.models import Export

        params = {"dataset": dataset}
        return (
            yield from self.core.call("exports.get", "GET", path("exports", export), one(Export, "data"), params=params)
        )
