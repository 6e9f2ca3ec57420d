"""Models."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from failwell.client import Awaiting, Blocking, Pages, Resource, model, operation, paged
from failwell.policy import Flow
from pictograph.resources._paths import collection, path

if TYPE_CHECKING:
    from pictograph.models import Model

C = TypeVar("C", Blocking, Awaiting)


class Models(Resource[C], name="models"):
    """Trained models."""

    @operation
    def get(self, model_id: str) -> Flow[Model]:
        """Get a model.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import Model

        return self.api.call("GET", path("models", model_id), model(Model, "data"))

    @operation
    def list(self, *, limit: int = 100, offset: int = 0) -> Flow[list[Model]]:
        """List one page of the models, newest first."""
        from pictograph.models import Model

        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", collection("models"), list[Model], params=params)

    @paged
    def iter(self, *, page_size: int = 50, max_total: int | None = None) -> Pages[Model]:
        """Iterate over the models, newest first, at most *max_total*; *page_size* of them are asked for at once."""
        from pictograph.models import Model

        return self.api.pages(collection("models"), Model, page_size, max_total)
