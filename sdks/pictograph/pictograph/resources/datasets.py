"""Datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from failwell.client import Awaiting, Blocking, Pages, Resource, model, operation, paged
from failwell.policy import Flow
from pictograph.resources._paths import collection, path

if TYPE_CHECKING:
    from pictograph.models import Dataset

C = TypeVar("C", Blocking, Awaiting)


class Datasets(Resource[C], name="datasets"):
    """Groups of images that share their classes. Names are case-sensitive."""

    @operation
    def list(self, *, limit: int = 100, offset: int = 0) -> Flow[list[Dataset]]:
        """List one page of the datasets, newest first."""
        from pictograph.models import Dataset

        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", collection("datasets"), list[Dataset], params=params)

    @paged
    def iter(self, *, page_size: int = 100, max_total: int | None = None) -> Pages[Dataset]:
        """Iterate over the datasets, newest first, at most *max_total*; *page_size* of them are asked for at once."""
        from pictograph.models import Dataset

        return self.api.pages(collection("datasets"), Dataset, page_size, max_total)

    @operation
    def get(self, dataset: str) -> Flow[Dataset]:
        """Get a dataset by its name, which is case-sensitive, or its id.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import Dataset

        return self.api.call("GET", path("datasets", dataset), model(Dataset, "data"))

    @operation
    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        classes: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> Flow[Dataset]:
        """Make a dataset with bounding-box *classes*.

        Raises:
            ConflictError: a dataset of that name exists (`error_code="duplicate_name"`).
            ValidationError: the name or a class is not acceptable.
        """
        from pictograph.models import Dataset

        payload = {"name": name, "description": description, "classes": [{"name": each} for each in classes]}
        return self.api.call(
            "POST",
            collection("datasets"),
            model(Dataset, "data"),
            payload=payload,
            mutating=True,
            idempotency_key=idempotency_key,
        )
