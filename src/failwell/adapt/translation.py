"""`translating`: a block, or a function, out of which a library's exception comes as the contract's error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from copy import copy
from functools import wraps
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar

from failwell._support.secret import Secret
from failwell.wire.contracts import AnyContract, catalogue_of, operation_problem

P = ParamSpec("P")
T = TypeVar("T")


class translating:  # noqa: N801 - read as a word: `with translating(CATALOGUE):`
    """What an HTTP library, or a generated client, raises inside of it, is raised as the error of *contract*.

    For `with`, `async with`, and as a decorator of functions and generators of both colours. Understood is what
    requests, httpx, httpx2, urllib3, aiohttp, niquests, pyreqwest, urllib and botocore raise, and what clients do that
    openapi-generator, openapi-python-client, Stainless, Speakeasy, Kiota, azure-core and google-api-core made. The
    `__cause__` of the error is a copy of theirs: type and text, no request. Everything else leaves it unchanged.

    *operation* and *secrets* are as `raise_for` has them.

    Raises:
        TypeError: *contract* is none, or *operation* is no name.
        CatalogueError: two of the classes claim the same.
    """

    def __init__(
        self, *contract: AnyContract, operation: str | None = None, secrets: Iterable[str | Secret] = ()
    ) -> None:
        self._catalogue = catalogue_of(*contract)
        if problem := operation_problem(operation):
            raise TypeError(problem)
        self._operation = operation
        self._secrets = tuple(each if isinstance(each, Secret) else Secret(each) for each in secrets)
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        elapsed = time.monotonic() - self._began
        if problem is None:
            return False
        from failwell.adapt.exchange import error_of_exception

        error = error_of_exception(
            problem, self._catalogue, operation=self._operation, elapsed=elapsed, secrets=self._secrets
        )
        del kind, problem, where  # a traceback that shows local variables must not show what they hold
        if error is None:
            return False
        from failwell.contract.mapping import domain_exception

        raised = domain_exception(error)
        try:
            raise raised from raised.__cause__
        finally:
            raised.__context__ = raised.__cause__  # not the live one, which holds its request
            del error, raised  # which hold this frame by their traceback

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        return self.__exit__(kind, problem, where)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """*function*, each of whose calls is such a block."""
        import inspect  # takes longer than all the rest of this module

        if not callable(function):
            raise TypeError(f"{function!r:.80} is no function. Decorate one, or use `with translating(...):`.")
        if inspect.isgeneratorfunction(function):

            @wraps(function)
            def generated(*args: P.args, **kwargs: P.kwargs) -> Any:
                with copy(self):
                    return (yield from function(*args, **kwargs))

            return generated
        if inspect.isasyncgenfunction(function):

            @wraps(function)
            async def agenerated(*args: P.args, **kwargs: P.kwargs) -> Any:
                found = function(*args, **kwargs)
                try:
                    while True:
                        async with copy(self):
                            try:
                                item = await anext(found)
                            except StopAsyncIteration:
                                return
                        yield item
                finally:
                    await found.aclose()

            of_its_kind: Any = agenerated
            return of_its_kind  # type: ignore[no-any-return]
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
                async with copy(self):
                    return await function(*args, **kwargs)

            return awaited  # type: ignore[return-value]  # of the same colour as the function

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            with copy(self):
                return function(*args, **kwargs)

        return called
