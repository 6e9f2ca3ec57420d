"""Client base classes for APIs with an API key: blocking and awaiting, with the same arguments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from failwell._support.frozen import Frozen
from failwell._support.secret import Secret
from failwell.client.config import configuration_problem
from failwell.client.core import Core
from failwell.client.operations.base import not_taken
from failwell.client.resource import AsyncClosing, Awaiting, Blocking, Closing, Resource
from failwell.client.transport.content_coding import LONGEST_REPLY
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.contract.mapping import domain_exception
from failwell.contract.reporting import without_frames

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from failwell.client.config import Http
    from failwell.clock import Clock
    from failwell.contract.resilience import Resilience, RetryProfile
    from failwell.runtime.driver import OnEvent

C = TypeVar("C", Blocking, Awaiting)


class ApiSettings(Frozen):
    """Settings of an API: catalogue, base URL, environment variables, the header of the API key.

    *variables* begins the names of two environment variables: "PICTOGRAPH" is for `PICTOGRAPH_API_KEY`, and for
    `PICTOGRAPH_BASE_URL`, which comes before *base_url*. The key is sent in *header*, behind *scheme* if there is one.
    *refused* makes the error for a key that is missing or cannot be sent; None: the catalogue's "configuration" error.
    """

    catalogue: Catalogue
    base_url: str
    variables: str
    header: str = "Authorization"
    scheme: str = "Bearer"
    refused: Callable[[str], Error] | None = None

    @property
    def key_variable(self) -> str:
        """The environment variable that has the key."""
        return f"{self.variables}_API_KEY"

    @property
    def url_variable(self) -> str:
        """The environment variable that has the base URL."""
        return f"{self.variables}_BASE_URL"


class ApiKeyClient(Resource[C]):
    """Base of an SDK's clients with an API key: `class _Client(ApiKeyClient[C], service=SERVICE)` has the resources.

    `class Client(BlockingClient, _Client[Blocking])` and `class AsyncClient(AwaitingClient, _Client[Awaiting])` are
    then the whole of them. A pickled client holds no key: it reads the environment where it is loaded.
    """

    service: ClassVar[ApiSettings]

    def __init_subclass__(cls, *, service: ApiSettings | None = None, name: str | None = None) -> None:
        super().__init_subclass__(name=name)
        if service is not None:
            cls.service = service

    if not TYPE_CHECKING:  # which tells of unknown keywords itself

        def __new__(cls, *_args: Any, **given: Any) -> Self:
            """A client to be made. One that is given what none of its arguments is called is told what comes near.

            Raises:
                TypeError: it is.
            """
            names = tuple(given)
            # From here on no local variable holds the key: tracebacks may print them.
            del _args, given
            if names and (problem := not_taken(cls.__init__, names, cls.__name__)) is not None:
                raise problem
            return super().__new__(cls)

    def _connect(self, sealed: Secret | type, base_url: str | None, **settings: Any) -> None:
        service = self.service
        try:
            key = _checked(sealed, service)
            if service.scheme:
                key = Secret(f"{service.scheme} {key.reveal()}")
            if base_url is None:
                base_url = os.environ.get(service.url_variable) or service.base_url
            core = Core(service.catalogue, base_url=base_url, credentials=((service.header, key),), **settings)
        except Error as error:
            raise domain_exception(without_frames(error))
        super().__init__(core)

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

    def __copy__(self) -> Self:
        # Not by way of a pickle, which holds no key: the copy would have that of the environment.
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.operation_name = self.operation_name
        return twin

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        core = self.core
        settings = {
            "base_url": core.base_url,
            "timeout": core.timeout,
            "max_retries": core.max_retries,
            "deadline": core.deadline,
            "retry": core.retry,
            "resilience": core.resilience,
            "http": core.http,
            "longest_reply": core.prepared.longest_reply,
        }
        return _restored, (type(self), settings)


class BlockingClient(Closing, ApiKeyClient[Blocking]):
    """A client whose methods return.

    *api_key* and *base_url* default to environment variables. *timeout* is the seconds one attempt may take, *deadline*
    the seconds a whole call may take, *max_retries* how often a failed call is repeated (None: as the catalogue says).
    *retry* "large_fleet" repeats less: one timeout in ten, and other failures within a tenth of the calls. It is for
    very many clients that seldom call. *resilience* is what the calls of this process share: a budget for retries, and
    on demand a breaker and a pace. *on_event* is told of retries, of waits, and of what was not sent, as a name and
    facts.
    *longest_reply* is how many bytes the decoded body of an answer may have, unless it is a stream or goes to a file.
    *http* "fast" sends over pyreqwest (`failwell[fast]`), which takes less time of the CPU and promises a little less.
    An `httpx2.Client` of your own as *http_client* keeps its proxies and certificates; the timeout is then checked
    between chunks only.

    Raises:
        Error: the catalogue's "configuration" error, for a key, a base URL or a number that cannot work.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = 30.0,
        max_retries: int | None = None,
        deadline: float | None = None,
        retry: RetryProfile = "standard",
        resilience: Resilience | None = None,
        http: Http = "httpx2",
        http_client: httpx2.Client | None = None,
        longest_reply: int | None = LONGEST_REPLY,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        sealed = _sealed(api_key, self.service)
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
            http=http,
            http_client=http_client,
            longest_reply=longest_reply,
            clock=clock,
            on_event=on_event,
        )

    def close(self) -> None:
        """Close the connections."""
        self.core.close()


class AwaitingClient(AsyncClosing, ApiKeyClient[Awaiting]):
    """A client whose methods are awaited, on asyncio and trio; otherwise as `BlockingClient`.

    Raises:
        Error: the catalogue's "configuration" error, for a key, a base URL or a number that cannot work.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = 30.0,
        max_retries: int | None = None,
        deadline: float | None = None,
        retry: RetryProfile = "standard",
        resilience: Resilience | None = None,
        http: Http = "httpx2",
        http_client: httpx2.AsyncClient | None = None,
        longest_reply: int | None = LONGEST_REPLY,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        sealed = _sealed(api_key, self.service)
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
            http=http,
            http_client=http_client,
            longest_reply=longest_reply,
            clock=clock,
            on_event=on_event,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self.core.aclose()

    close = aclose


def _sealed(api_key: object, service: ApiSettings) -> Secret | type:
    """The key as a secret, from the argument or the environment; the type of what cannot be one. Never raises."""
    if api_key is None:
        return Secret(os.environ.get(service.key_variable, ""))
    if isinstance(api_key, str):
        return Secret(api_key)
    return api_key if isinstance(api_key, Secret) else type(api_key)


def _checked(key: Secret | type, service: ApiSettings) -> Secret:
    """*key*, if a request can carry it."""
    if not isinstance(key, Secret):
        raise _refused(service, f"The API key is of type {key.__name__}; it must be text.")
    if not key:
        raise _refused(service, f"{service.key_variable} is not set. Set it, or pass api_key= to the client.")
    if not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
        raise _refused(
            service,
            f"The API key ({len(key.reveal())} characters) has spaces, line breaks or non-ASCII characters. "
            "Copy it again, without quotes or blanks around it.",
        )
    return key


def _refused(service: ApiSettings, message: str) -> Error:
    return (service.refused or _by_configuration(service.catalogue))(message)


def _by_configuration(catalogue: Catalogue) -> Callable[[str], Error]:
    return lambda message: configuration_problem(catalogue, message)


def _restored(cls: type[BlockingClient | AwaitingClient], settings: dict[str, Any]) -> Any:
    return cls(**settings)
