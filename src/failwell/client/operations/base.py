"""Operation descriptors, their base: a method written once, blocking or awaited, with the type of each."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, ClassVar, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from failwell.client.resource import Awaiting, Blocking, Resource, under
from failwell.contract.error import Error

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
B = TypeVar("B")
A = TypeVar("A")
R_co = TypeVar("R_co", covariant=True)


class Method(Protocol[P, R_co]):
    """An operation of a client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run it, or give what runs when it is awaited or iterated over."""
        ...


class PlainFunction(Protocol[P, M_co]):
    """An operation looked up on its class."""

    __name__: str

    @property
    def flow(self) -> Callable[Concatenate[Any, P], M_co]:
        """What the author wrote: another operation runs it with `yield from`."""
        ...

    def __call__(self, resource: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run it in the colour of *resource*."""
        ...


class Form(NamedTuple):
    """What callers of one colour are given: *make* makes it, of the core and of what the author's method made.

    One that is a name is that of the core's method. *returns* is the text of its type, where {0} is the author's. A
    *coroutine* function awaits what *make* makes.
    """

    make: Callable[[Any, Any], Any] | str
    returns: str = "{0}"
    coroutine: bool = False


class Descriptor(Generic[S, P, M, B, A]):
    """A method that makes an *M*, for callers who are given a *B* by a blocking client and an *A* by an awaiting one.

    On an instance it is a method with `raises`, the tuple for an `except`; on the class a plain function with `flow`,
    what the author wrote. Both have the name, the docstring and the arguments of the author's.
    """

    made: ClassVar[str]
    """The name of *M* in the author's annotation: "Flow" of `Flow[TrainingRun]`."""
    forms: ClassVar[tuple[Form, Form]]
    """What a blocking client gives, and what an awaiting one does."""

    def __init__(self, author: Callable[Concatenate[S, P], M]) -> None:
        self.author = author
        self.__doc__ = author.__doc__
        self._name = author.__name__

    def __set_name__(self, owner: type[Resource[Any]], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> PlainFunction[P, M]: ...
    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> Method[P, B]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> Method[P, A]: ...
    def __get__(self, instance: Resource[Any] | None, owner: type) -> Any:
        if instance is None:
            return self.plain
        function = self.awaiting if instance.core.awaiting else self.blocking
        if "raises" not in function.__dict__:
            name = f"{instance.resource}.{self._name}".lstrip(".")
            function.raises = instance.core.catalogue.raises(name)  # type: ignore[attr-defined]
        return MethodType(function, instance)

    @functools.cached_property
    def plain(self) -> Callable[..., Any]:
        """What the class shows: runs in the colour of the resource it is given."""

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return getattr(resource, self._name)(*args, **kwargs)

        return self._dressed(run, *dict.fromkeys(form.returns for form in self.forms))

    @functools.cached_property
    def blocking(self) -> Callable[..., Any]:
        """The function of the blocking colour."""
        return self._function(self.forms[0])

    @functools.cached_property
    def awaiting(self) -> Callable[..., Any]:
        """The function of the awaiting colour."""
        return self._function(self.forms[1])

    @functools.cached_property
    def flow(self) -> Callable[..., M]:
        """What the author wrote, for another operation: what it asks the API is known by its own name."""
        author, given = self.author, self.given

        def made(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return author(given(resource), *args, **kwargs)

        def generator(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return (yield from author(given(resource), *args, **kwargs))  # type: ignore[misc]

        return functools.update_wrapper(generator if inspect.isgeneratorfunction(author) else made, author)

    def given(self, resource: Any) -> Any:
        """What the author's method is given as `self`."""
        return under(resource, self._name)

    def result(self) -> Any:
        """What stands in the brackets of the author's annotation, be it a type or its text."""
        returns = inspect.signature(self.author).return_annotation
        return "Any" if returns is inspect.Signature.empty else inner(returns, self.made)

    def _function(self, form: Form) -> Callable[..., Any]:
        given = self.given
        return self._dressed(in_form(form, self.author, lambda it: (it.core, (given(it),))), form.returns)

    def _dressed(self, run: Callable[..., Any], *returns: str) -> Callable[..., Any]:
        """*run* with the name, the docstring and the arguments that the author wrote, and what it really *returns*."""
        author, result = self.author, self.result()
        if returns != ("{0}",):
            text = result.__name__ if isinstance(result, type) else str(result)
            result = " | ".join(returns).format(text)
        functools.update_wrapper(run, author)
        run.__signature__ = inspect.signature(author).replace(return_annotation=result)  # type: ignore[attr-defined]
        run.__annotations__ = {**author.__annotations__, "return": result}
        run.flow = self.flow  # type: ignore[attr-defined]
        return run


def in_form(
    form: Form, author: Callable[..., Any], given: Callable[[Any], tuple[Any, tuple[Any, ...]]]
) -> Callable[..., Any]:
    """What callers call: it makes what *form* says of the core and of what *author* made.

    *given* tells of the object that it is called on: its core, and what the author's method is given before the
    caller's arguments.
    """
    make = form.make

    def run(subject: Any, /, *args: Any, **kwargs: Any) -> Any:
        core, before = given(subject)
        try:
            made = author(*before, *args, **kwargs)
        except TypeError:
            if (problem := not_taken(author, tuple(kwargs), author.__qualname__, len(before))) is None:
                raise
            raise problem from None
        finally:
            # A traceback may print the variables of this frame, and an argument may be somebody's key.
            del args, kwargs
        return getattr(core, make)(made) if isinstance(make, str) else make(core, made)

    async def arun(subject: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            begun = run(subject, *args, **kwargs)
        finally:
            del args, kwargs
        return await begun

    return arun if form.coroutine else run


def not_taken(function: Callable[..., Any], given: tuple[str, ...], name: str, before: int = 1) -> TypeError | None:
    """What one hears who calls *function*, *name*, with a keyword that it does not take: which it does, or comes near.

    Its first *before* parameters are not the caller's.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARKEYWORDS:
        return None
    takes = code.co_varnames[before : code.co_argcount + code.co_kwonlyargcount]
    unknown = next((one for one in given if one not in takes), None)
    if unknown is None:
        return None
    from difflib import get_close_matches

    near = get_close_matches(unknown, takes, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(takes) or 'none'}."
    return TypeError(f"{name}() got an unexpected keyword argument {unknown!r}. {hint}")


def inner(annotation: Any, outer: str) -> Any:
    """What stands in the brackets of *outer*: `TrainingRun` of `Flow[TrainingRun]`, be it a type or its text."""
    if isinstance(annotation, str) and annotation.startswith(f"{outer}[") and annotation.endswith("]"):
        return annotation[len(outer) + 1 : -1]
    arguments = getattr(annotation, "__args__", None)
    return arguments[-1] if arguments else annotation
