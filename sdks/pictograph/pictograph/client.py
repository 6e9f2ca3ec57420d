"""The clients: one that returns, one that is awaited, with the same names and signatures."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from errata import Secret
from errata.client import Awaiting, Blocking, Core, Resource, configuration_problem
from pictograph.exceptions import CATALOGUE

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2

    from errata import Resilience
    from errata.client.checks import Retry
    from errata.client.driver import OnEvent
    from errata.clock import Clock
    from pictograph.resources.annotations import Annotations
    from pictograph.resources.auto_annotate import AutoAnnotate
    from pictograph.resources.connectors import Connectors
    from pictograph.resources.datasets import Datasets
    from pictograph.resources.exports import Exports
    from pictograph.resources.images import Images
    from pictograph.resources.models import Models
    from pictograph.resources.training import Training

C = TypeVar("C", Blocking, Awaiting)

BASE_URL = "https://api.pictograph.io"
API_KEY_VARIABLE = "PICTOGRAPH_API_KEY"
BASE_URL_VARIABLE = "PICTOGRAPH_BASE_URL"


class _Client(Resource[C]):
    """The resources of a client, in its colour. Each loads when first used."""

    def _connect(self, sealed: Secret | type, base_url: str | None, **settings: Any) -> None:
        key = _checked(sealed)
        if base_url is None:
            base_url = os.environ.get(BASE_URL_VARIABLE) or BASE_URL
        super().__init__(Core(CATALOGUE, base_url=base_url, credentials=(("X-API-Key", key),), **settings))

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

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self.core.base_url

    @property
    def timeout(self) -> float | None:
        """Seconds one attempt may take."""
        return self.core.timeout

    @property
    def max_retries(self) -> int:
        """How often a failed call is repeated."""
        return self.core.max_retries

    def __repr__(self) -> str:
        # A traceback may print a client whose construction failed.
        built = "core" in self.__dict__
        return f"{type(self).__name__}(base_url={self.base_url!r})" if built else f"<{type(self).__name__}, not built>"

    def __reduce__(self) -> tuple[Any, ...]:
        core = self.core
        settings = {
            "base_url": core.base_url,
            "timeout": core.timeout,
            "max_retries": core.max_retries,
            "deadline": core.deadline,
            "retry": core.retry,
            "resilience": core.resilience,
        }
        return _restored, (type(self), settings)


class Client(_Client[Blocking]):
    """The blocking client.

    *api_key* defaults to `PICTOGRAPH_API_KEY`, *base_url* to `PICTOGRAPH_BASE_URL`. *timeout* is the seconds one
    attempt may take, *deadline* the seconds a whole call may take, *max_retries* how often a failed call is repeated.
    *retry* "fleet" repeats less than the page on error handling says: one timeout in ten, and other failures within a
    tenth of the calls. It is for very many clients that seldom call. *resilience* is what the calls of this process
    share: a budget for retries, and on demand a breaker and a pace. *on_event* is told of retries, of waits, and of
    what was not sent: `on_event(name, facts)`.
    An `httpx2.Client` of your own as *http_client* keeps its proxies and certificates; the timeout is then checked
    between chunks only. A pickled client holds no key: it reads `PICTOGRAPH_API_KEY` where it is loaded.

    Raises:
        ConfigurationError: no API key, a base URL that is none, a timeout that is not above 0.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = 30.0,
        max_retries: int = 3,
        deadline: float | None = None,
        retry: Retry = "page",
        resilience: Resilience | None = None,
        http_client: httpx2.Client | None = None,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        sealed = _sealed(api_key)
        # From here on no local variable holds the key: tracebacks may print them.
        del api_key
        self._connect(
            sealed,
            base_url,
            timeout=timeout,
            max_retries=max_retries,
            deadline=deadline,
            retry=retry,
            resilience=resilience,
            http_client=http_client,
            clock=clock,
            on_event=on_event,
        )

    def close(self) -> None:
        """Close the connections."""
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Client[Awaiting]):
    """The awaiting client, on asyncio and trio; otherwise as `Client`, with an `httpx2.AsyncClient`.

    Raises:
        ConfigurationError: no API key, a base URL that is none, a timeout that is not above 0.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = 30.0,
        max_retries: int = 3,
        deadline: float | None = None,
        retry: Retry = "page",
        resilience: Resilience | None = None,
        http_client: httpx2.AsyncClient | None = None,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        sealed = _sealed(api_key)
        del api_key
        self._connect(
            sealed,
            base_url,
            awaiting=True,
            timeout=timeout,
            max_retries=max_retries,
            deadline=deadline,
            retry=retry,
            resilience=resilience,
            http_client=http_client,
            clock=clock,
            on_event=on_event,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.core.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _sealed(api_key: object) -> Secret | type:
    """The key as a secret, from the argument or the environment; the type of what cannot be one. Never raises."""
    if api_key is None:
        return Secret(os.environ.get(API_KEY_VARIABLE, ""))
    if isinstance(api_key, str):
        return Secret(api_key)
    return api_key if isinstance(api_key, Secret) else type(api_key)


def _checked(key: Secret | type) -> Secret:
    """*key*, if a request can carry it.

    Raises:
        ConfigurationError: there is none, or it has characters that a header cannot carry.
    """
    if not isinstance(key, Secret):
        raise configuration_problem(CATALOGUE, f"The API key is of type {key.__name__}; it must be text.")
    if not key:
        message = f"{API_KEY_VARIABLE} is not set. Set it, or pass api_key= to the client."
        raise configuration_problem(CATALOGUE, message)
    if not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
        raise configuration_problem(
            CATALOGUE,
            f"The API key ({len(key.reveal())} characters) has spaces, line breaks or non-ASCII characters. "
            "Copy it again, without quotes or blanks around it.",
        )
    return key


def _restored(cls: type[Client | AsyncClient], settings: dict[str, Any]) -> Any:
    return cls(**settings)
