"""The client of an API with an API key: blocking or awaiting, with the same arguments."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from failwell._support.secret import Secret
from failwell.client.resource import Awaiting, Blocking, Resource
from failwell.client.transport.content_coding import LONGEST_REPLY
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from failwell.client.config import Http
    from failwell.clock import Clock
    from failwell.contract.resilience import Resilience, RetryProfile
    from failwell.runtime.driver import OnEvent

C = TypeVar("C", Blocking, Awaiting)


class _KnownKeywords:
    """What tells a keyword that no argument is called which one comes near."""

    if not TYPE_CHECKING:  # which tells of unknown keywords itself

        def __new__(cls, *_args: Any, **given: Any) -> Self:
            """A client to be made. One that is given what none of its arguments is called is told what comes near.

            Raises:
                TypeError: it is.
            """
            names = tuple(given)
            # From here on no local variable holds the key: tracebacks may print them.
            del _args, given
            if names:
                from failwell.client.operations.base import not_taken

                if (problem := not_taken(cls.__init__, names, cls.__name__)) is not None:
                    raise problem
            return super().__new__(cls)


class ApiKeyClient(_KnownKeywords, Resource[C]):
    """A client of an API with an API key: its class keywords say where the API is, its arguments how it is called.

    `class _Client(ApiKeyClient[C], catalogue=CATALOGUE, base_url="https://...", variables="PARCEL")` has the resources;
    `class Client(Blocking, _Client[Blocking])`, whose methods return, and `class AsyncClient(Awaiting,
    _Client[Awaiting])`, whose methods are awaited on asyncio and trio, are then the whole of both. *variables* begins
    the names of two environment variables: here `PARCEL_API_KEY`, and `PARCEL_BASE_URL`, which comes before *base_url*.
    The key is sent in *header*, behind *scheme* if there is one. *refused* makes the error for a key that is missing or
    cannot be sent; without it that is the catalogue's "configuration" error.

    *api_key* and *base_url* default to the environment variables. *timeout* is the seconds one attempt may take,
    *deadline* the seconds a whole call may take, *max_retries* how often a failed call is repeated (None: as the
    catalogue says). *retry* "large_fleet" repeats less: one timeout in ten, and other failures within a tenth of the
    calls. It is for very many clients that seldom call. *resilience* is what the calls of this process share: a budget
    for retries, and on demand a breaker and a pace. *on_event* is told of retries, of waits, and of what was not sent,
    as a name and facts. *longest_reply* is how many bytes the decoded body of an answer may have, unless it is a stream
    or goes to a file. *http* "fast" sends over pyreqwest (`failwell[fast]`), which takes less time of the CPU and
    promises a little less. An `httpx2.Client` of your own as *http_client*, of an awaiting client an
    `httpx2.AsyncClient`, keeps its proxies and certificates; the timeout is then checked between chunks only. A pickled
    client holds no key: it reads the environment where it is loaded.

    Raises:
        Error: the catalogue's "configuration" error, for a key, a base URL or a number that cannot work.
    """

    _catalogue: ClassVar[Catalogue]
    _url: ClassVar[str]
    _variables: ClassVar[str]
    _header: ClassVar[str] = "Authorization"
    _scheme: ClassVar[str] = "Bearer"
    _refused: ClassVar[Callable[[str], Error] | None] = None

    def __init_subclass__(
        cls,
        *,
        catalogue: Catalogue | None = None,
        base_url: str | None = None,
        variables: str | None = None,
        header: str | None = None,
        scheme: str | None = None,
        refused: Callable[[str], Error] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init_subclass__(name=name)
        said = {"_url": base_url, "_variables": variables, "_header": header, "_scheme": scheme, "_refused": refused}
        for attribute, value in {"_catalogue": catalogue, **said}.items():
            if value is not None:
                setattr(cls, attribute, value)

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
        http_client: httpx2.Client | httpx2.AsyncClient | None = None,
        longest_reply: int | None = LONGEST_REPLY,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        # Policies, drivers and what they need are loaded with the first client: an import of an SDK makes none.
        from failwell.client.core import Core
        from failwell.contract.mapping import domain_exception
        from failwell.contract.reporting import without_frames

        sealed = self._sealed(api_key)
        # From here on no local variable holds the key: tracebacks may print them.
        del api_key
        if base_url is None:
            base_url = self.from_environment("BASE_URL") or self._url
        try:
            key = self._checked(sealed)
            if self._scheme:
                key = Secret(f"{self._scheme} {key.reveal()}")
            core = Core(
                self._catalogue,
                base_url=base_url,
                credentials=((self._header, key),),
                awaiting=isinstance(self, Awaiting),
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
        except Error as error:
            raise domain_exception(without_frames(error))
        super().__init__(core)

    @classmethod
    def contract(cls) -> Catalogue:
        """The catalogue of the API."""
        return cls._catalogue

    @classmethod
    def from_environment(cls, name: str) -> str:
        """What the environment says: its "API_KEY" or its "BASE_URL"; "" where it does not."""
        return os.environ.get(f"{cls._variables}_{name}", "")

    @classmethod
    def _sealed(cls, api_key: object) -> Secret | type:
        """The key as a secret, from the argument or the environment; the type of what cannot be one. Never raises."""
        if api_key is None:
            return Secret(cls.from_environment("API_KEY"))
        if isinstance(api_key, str):
            return Secret(api_key)
        return api_key if isinstance(api_key, Secret) else type(api_key)

    @classmethod
    def _checked(cls, key: Secret | type) -> Secret:
        """*key*, if a request can carry it."""
        if not isinstance(key, Secret):
            problem = f"The API key is of type {key.__name__}; it must be text."
        elif not key:
            problem = f"{cls._variables}_API_KEY is not set. Set it, or pass api_key= to the client."
        elif not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
            problem = (
                f"The API key ({len(key.reveal())} characters) has spaces, line breaks or non-ASCII characters. "
                "Copy it again, without quotes or blanks around it."
            )
        else:
            return key
        if cls._refused is not None:
            raise cls._refused(problem)
        from failwell.contract.construction import configuration_problem

        raise configuration_problem(cls._catalogue, problem)

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
        settings: dict[str, Any] = {
            "base_url": core.base_url,
            "timeout": core.timeout,
            "max_retries": core.max_retries,
            "deadline": core.deadline,
            "retry": core.retry,
            "resilience": core.resilience,
            "http": core.http,
            "longest_reply": core.prepared.longest_reply,
        }
        return partial(type(self), **settings), ()
