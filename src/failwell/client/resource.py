"""Resources: groups of operations, in the colour (blocking or awaiting) of their client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

from failwell.client.api import Api

if TYPE_CHECKING:
    from typing import Unpack

    import httpx2

    from failwell._support.secret import Secret
    from failwell.client.config import ClientSettings
    from failwell.client.core import Core


class NeedsAsyncWith:
    """What is entered by `async with`: a `with` is told so."""

    if not TYPE_CHECKING:  # to a type checker it has no such methods, so that it tells as well

        def __enter__(self) -> NoReturn:
            raise TypeError(
                f'{type(self).__name__} is asynchronous: use "async with", inside of an "async def". Or take its twin '
                'that returns, with "with".'
            )

        def __exit__(self, *_how: object) -> None:
            """A block that is not entered is not left."""


class Closing:
    """What a `with` closes at its end, by its `close`; an `async with` is told so."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self: Any, kind: object, error: object, traceback: object) -> None:
        self.close()

    if not TYPE_CHECKING:  # to a type checker it has no such methods, so that it tells as well

        async def __aenter__(self) -> NoReturn:
            raise TypeError(
                f'{type(self).__name__} is not asynchronous: use "with", without "async". Or take its twin that is '
                'awaited, with "async with".'
            )

        async def __aexit__(self, *_how: object) -> None:
            """A block that is not entered is not left."""


class AsyncClosing(NeedsAsyncWith):
    """What an `async with` closes at its end, by its `aclose`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self: Any, kind: object, error: object, traceback: object) -> None:
        await self.aclose()


class Blocking(Closing):
    """The colour of a client whose methods return, and a base of the client itself."""

    core: Core

    if TYPE_CHECKING:  # the other arguments are the same in both colours

        def __init__(
            self,
            api_key: str | Secret | None = None,
            *,
            http_client: httpx2.Client | None = None,
            **settings: Unpack[ClientSettings],
        ) -> None: ...

    def settle(self, error: Exception, *, deadline: float = 120.0) -> Any:
        """The answer that the call lost which met *error*; asked for again with the same idempotency key.

        What was done is not done again: the server has the answer. It is waited for at most *deadline* seconds.

        Raises:
            Error: what was true: *error* itself where nothing is lost, else what the server says now.
            SettleError: nobody can be asked; its `reason` says why.
        """
        from failwell.client.settling import settling

        return self.core.run(settling(self.core, error, deadline))

    def close(self) -> None:
        """Close the connections."""
        self.core.close()


class Awaiting(AsyncClosing):
    """The colour of a client whose methods are awaited, and a base of the client itself."""

    core: Core

    if TYPE_CHECKING:

        def __init__(
            self,
            api_key: str | Secret | None = None,
            *,
            http_client: httpx2.AsyncClient | None = None,
            **settings: Unpack[ClientSettings],
        ) -> None: ...

    async def settle(self, error: Exception, *, deadline: float = 120.0) -> Any:
        """The answer that the call lost which met *error*; asked for again with the same idempotency key.

        What was done is not done again: the server has the answer. It is waited for at most *deadline* seconds.

        Raises:
            Error: what was true: *error* itself where nothing is lost, else what the server says now.
            SettleError: nobody can be asked; its `reason` says why.
        """
        from failwell.client.settling import settling

        return await self.core.arun(settling(self.core, error, deadline))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.core.aclose()

    close = aclose


C = TypeVar("C", Blocking, Awaiting)


class Resource(Generic[C]):
    """Operations under one name: `class Training(Resource[C], name="training")`. A client is the one without a name."""

    __slots__ = ("__dict__", "__weakref__", "operation_name")

    resource: ClassVar[str] = ""
    core: Core
    operation_name: str
    """The operation that runs; outside of one the name of the resource."""

    def __init_subclass__(cls, *, name: str | None = None) -> None:
        super().__init_subclass__()
        if name is not None:
            cls.resource = name

    def __init__(self, core: Core) -> None:
        self.core = core
        self.operation_name = self.resource
        if not self.resource:
            core.client = type(self)

    @property
    def api(self) -> Api:
        """The API, asked by the operation that runs."""
        return Api(self.core, self.operation_name)

    def __reduce__(self) -> tuple[Any, ...]:
        """A client's attribute of that name: the client knows how to be pickled without its key."""
        owner = self.core.client
        if owner is None or owner.__reduce__ is Resource.__reduce__:
            raise TypeError(f"{type(self).__name__} is not pickled: its client does not say how it is made anew.")
        client = object.__new__(owner)
        client.core = self.core
        return getattr, (client, self.resource)


R = TypeVar("R", bound=Resource[Any])


def under(resource: R, method: str) -> R:
    """*resource*, with all that is its own, as its *method* has it: what that asks by `api` is known by its name."""
    twin = object.__new__(type(resource))
    twin.__dict__ = resource.__dict__
    twin.operation_name = f"{resource.resource}.{method}" if resource.resource else method
    return twin


def paced(resource: R) -> R:
    """A twin of *resource* whose calls share their pace: when one is told to wait, all wait."""
    twin = object.__new__(type(resource))
    twin.operation_name = resource.operation_name
    # The resources that a client has made already would bring their own core.
    twin.__dict__.update({name: value for name, value in resource.__dict__.items() if not isinstance(value, Resource)})
    twin.core = resource.core.paced()
    return twin
