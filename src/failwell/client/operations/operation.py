"""A method written once as a flow, and called blocking or awaited, with the type of each."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from failwell.client.resource import Awaiting, Blocking, Resource
from failwell.contract.error import Error

if TYPE_CHECKING:
    from failwell.policy.flow import Flow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BlockingMethod(Protocol[P, T_co]):
    """An operation of a blocking client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Run it and return its result."""
        ...


class AwaitingMethod(Protocol[P, T_co]):
    """An operation of an awaiting client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T_co]:
        """Run it; await the result."""
        ...


class PlainFunction(Protocol[P, T_co]):
    """An operation looked up on its class."""

    @property
    def flow(self) -> Callable[Concatenate[Any, P], Flow[T_co]]:
        """The generator: what another operation runs with `yield from`."""
        ...

    def __call__(self, resource: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run it in the colour of *resource*."""
        ...


class operation(Generic[S, P, T]):  # noqa: N801 - used as a decorator
    """Make a flow-returning method an operation of both colours.

    `Client().training.get("run_1")` returns, `AsyncClient().training.get("run_1")` is awaited,
    `Training.get.flow(self, "run_1")` is for another operation: `yield from` it, never call the method.
    `client.training.get.raises` is the tuple for an `except`.
    """

    def __init__(self, flow: Callable[Concatenate[S, P], Flow[T]]) -> None:
        self._flow = flow
        self.__doc__ = flow.__doc__

    def __set_name__(self, owner: type[Resource[Any]], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> PlainFunction[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> BlockingMethod[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> AwaitingMethod[P, T]: ...
    def __get__(self, instance: Resource[Any] | None, owner: type) -> Any:
        if instance is None:
            return self.plain
        return bound(self.awaiting if instance.core.awaiting else self.blocking, instance, self._name)

    @functools.cached_property
    def plain(self) -> Callable[..., Any]:
        """What the class shows: runs in the colour of the resource it is given."""

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return getattr(resource, self._name)(*args, **kwargs)

        return dressed(run, self._flow, _result_of(self._flow))

    @functools.cached_property
    def blocking(self) -> Callable[..., Any]:
        """The function of the blocking colour."""
        flow = self._flow

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            try:
                work = flow(resource, *args, **kwargs)
            except TypeError:
                if (problem := not_taken(flow, tuple(kwargs), flow.__qualname__)) is None:
                    raise
                del args, kwargs
                raise problem from None
            # A traceback may print the variables of this frame, and an argument may be somebody's key.
            del args, kwargs
            return resource.core.run(work)

        return dressed(run, flow, _result_of(flow))

    @functools.cached_property
    def awaiting(self) -> Callable[..., Any]:
        """The coroutine function of the awaiting colour."""
        flow = self._flow

        async def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            try:
                work = flow(resource, *args, **kwargs)
            except TypeError:
                if (problem := not_taken(flow, tuple(kwargs), flow.__qualname__)) is None:
                    raise
                del args, kwargs
                raise problem from None
            del args, kwargs
            return await resource.core.arun(work)

        return dressed(run, flow, _result_of(flow))


def not_taken(function: Callable[..., Any], given: tuple[str, ...], name: str) -> TypeError | None:
    """What one hears who calls *function* with a keyword that it does not take: which it does, or which comes near."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARKEYWORDS:
        return None
    takes = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    unknown = next((one for one in given if one not in takes), None)
    if unknown is None:
        return None
    from difflib import get_close_matches

    near = get_close_matches(unknown, takes, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(takes) or 'none'}."
    return TypeError(f"{name}() got an unexpected keyword argument {unknown!r}. {hint}")


def dressed(run: Callable[..., Any], author: Callable[..., Any], returns: Any) -> Callable[..., Any]:
    """*run* with the name, the docstring and the arguments that its *author* wrote, and what it really *returns*."""
    functools.update_wrapper(run, author)
    run.__signature__ = inspect.signature(author).replace(return_annotation=returns)  # type: ignore[attr-defined]
    run.__annotations__ = {**author.__annotations__, "return": returns}
    run.flow = author  # type: ignore[attr-defined]
    return run


def bound(function: Callable[..., Any], instance: Resource[Any], name: str) -> MethodType:
    """*function* as the method *name* of *instance*, with the tuple of errors that the catalogue documents for it."""
    if "raises" not in function.__dict__:
        function.raises = instance.core.catalogue.raises(f"{instance.resource}.{name}".lstrip("."))  # type: ignore[attr-defined]
    return MethodType(function, instance)


def inner(annotation: Any, outer: str) -> Any:
    """What stands in the brackets of *outer*: `TrainingRun` of `Flow[TrainingRun]`, be it a type or its text."""
    if isinstance(annotation, str) and annotation.startswith(f"{outer}[") and annotation.endswith("]"):
        return annotation[len(outer) + 1 : -1]
    arguments = getattr(annotation, "__args__", None)
    return arguments[-1] if arguments else annotation


def _result_of(flow: Callable[..., Any]) -> Any:
    """The author writes `Flow[TrainingRun]`; a caller sees `TrainingRun`."""
    return inner(inspect.signature(flow).return_annotation, "Flow")
