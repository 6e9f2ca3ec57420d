"""The clients: one that returns, one that is awaited, with the same names and signatures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from failwell.client import ApiKeyClient, Awaiting, Blocking
from pictograph.exceptions import CATALOGUE

if TYPE_CHECKING:
    from pictograph.resources.annotations import Annotations
    from pictograph.resources.auto_annotate import AutoAnnotate
    from pictograph.resources.connectors import Connectors
    from pictograph.resources.datasets import Datasets
    from pictograph.resources.exports import Exports
    from pictograph.resources.images import Images
    from pictograph.resources.models import Models
    from pictograph.resources.training import Training

C = TypeVar("C", Blocking, Awaiting)


class _Client(
    ApiKeyClient[C],
    catalogue=CATALOGUE,
    base_url="https://api.pictograph.io",
    variables="PICTOGRAPH",
    header="X-API-Key",
    scheme="",
):
    """The resources of a client, in its colour. Each loads when first used."""

    @cached_property
    def datasets(self) -> Datasets[C]:
        """Datasets: groups of images that share their classes."""
        from pictograph.resources.datasets import Datasets

        return Datasets(self.core)

    @cached_property
    def images(self) -> Images[C]:
        """Images, and how they are uploaded."""
        from pictograph.resources.images import Images

        return Images(self.core)

    @cached_property
    def annotations(self) -> Annotations[C]:
        """What is drawn on images."""
        from pictograph.resources.annotations import Annotations

        return Annotations(self.core)

    @cached_property
    def auto_annotate(self) -> AutoAnnotate[C]:
        """Annotations drawn by SAM3, many images at a time."""
        from pictograph.resources.auto_annotate import AutoAnnotate

        return AutoAnnotate(self.core)

    @cached_property
    def connectors(self) -> Connectors[C]:
        """Datasets that are kept elsewhere, and how they are imported."""
        from pictograph.resources.connectors import Connectors

        return Connectors(self.core)

    @cached_property
    def exports(self) -> Exports[C]:
        """Frozen copies of a dataset, which training reads."""
        from pictograph.resources.exports import Exports

        return Exports(self.core)

    @cached_property
    def training(self) -> Training[C]:
        """Training runs."""
        from pictograph.resources.training import Training

        return Training(self.core)

    @cached_property
    def models(self) -> Models[C]:
        """Trained models."""
        from pictograph.resources.models import Models

        return Models(self.core)


class Client(Blocking, _Client[Blocking]):
    """The blocking client.

    *api_key* defaults to `PICTOGRAPH_API_KEY`, *base_url* to `PICTOGRAPH_BASE_URL`. *timeout* is the seconds one
    attempt may take, *deadline* the seconds a whole call may take, *max_retries* how often a failed call is repeated:
    three times, unless you say otherwise.
    *retry* "large_fleet" repeats less than the page on error handling says: one timeout in ten, and other failures
    within a tenth of the calls. It is for very many clients that seldom call. *resilience* is what the calls of this
    process share: a budget for retries, and on demand a breaker and a pace. *on_event* is told of retries, of waits,
    and of what was not sent: `on_event(name, facts)`.
    An `httpx2.Client` of your own as *http_client* keeps its proxies and certificates; the timeout is then checked
    between chunks only. A pickled client holds no key: it reads `PICTOGRAPH_API_KEY` where it is loaded.

    Raises:
        ConfigurationError: no API key, a base URL that is none, a timeout that is not above 0.
    """


class AsyncClient(Awaiting, _Client[Awaiting]):
    """The awaiting client, on asyncio and trio; otherwise as `Client`, with an `httpx2.AsyncClient`.

    Raises:
        ConfigurationError: no API key, a base URL that is none, a timeout that is not above 0.
    """
