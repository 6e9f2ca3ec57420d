"""Operations of objects with both colours: `pipeline.run()` returns, `pipeline.arun()` is awaited."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from types import MethodType
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from failwell.client.api import Api
from failwell.client.operations.base import Form, in_form, inner
from failwell.client.operations.operation import operation
from failwell.client.operations.sessions import Opening, Session, session
from failwell.client.operations.streaming import AsyncEventStream, EventStream, streamed
from failwell.client.shared import SharedClients
from failwell.policy.flow import Flow, StreamFlow
from failwell.policy.session.connection import SessionFlow
from failwell.policy.session.flow import SessionProtocol

P = ParamSpec("P")
Made = TypeVar("Made")
B = TypeVar("B")
A = TypeVar("A")
M = TypeVar("M")
T = TypeVar("T")


class TwofoldObject:
    """Base of objects with both colours: `class Pipeline(TwofoldObject, clients=CLIENTS, name="pipeline")`.

    They call by *clients*. *name* begins what the catalogue calls their operations: "pipeline.run".
    """

    shared_clients: ClassVar[SharedClients]
    resource: ClassVar[str] = ""

    def __init_subclass__(cls, *, clients: SharedClients | None = None, name: str | None = None) -> None:
        super().__init_subclass__()
        if clients is not None:
            cls.shared_clients = clients
        if name is not None:
            cls.resource = name


class Twofold(Generic[P, Made, B, A]):
    """An operation of an object, or of its class, that returns a *B*; `arun = run.awaiting` gives an *A*.

    The author writes a method, or a class method, which is given the API behind `self` and returns what it makes of it;
    another operation uses that as any other function. Methods have `raises`, the tuple for an `except`.
    """

    forms: ClassVar[tuple[Form, Form]]
    """What is returned, and what is awaited."""
    made: ClassVar[str]
    """The name of *Made* in the author's annotation."""

    @overload
    def __init__(self, author: classmethod[Any, Concatenate[Api, P], Made]) -> None: ...
    @overload
    def __init__(self, author: Callable[Concatenate[Any, Api, P], Made]) -> None: ...
    def __init__(self, author: Any) -> None:
        self._of_class = isinstance(author, classmethod)
        self._author: Callable[..., Made] = author.__func__ if isinstance(author, classmethod) else author
        self.__doc__ = self._author.__doc__
        self._name = self._author.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: TwofoldObject | None, owner: type[TwofoldObject]) -> Callable[P, B]:
        bound: Callable[P, B] = self._bound(self._blocking, instance, owner)
        return bound

    @property
    def awaiting(self) -> AwaitingTwin[P, A]:
        """The same operation, to be awaited."""
        return AwaitingTwin(lambda instance, owner: self._bound(self._awaiting, instance, owner), self.__doc__)

    @functools.cached_property
    def _blocking(self) -> Callable[..., Any]:
        return self._function(awaiting=False)

    @functools.cached_property
    def _awaiting(self) -> Callable[..., Any]:
        return self._function(awaiting=True)

    def _bound(self, function: Callable[..., Any], instance: object, owner: type[TwofoldObject]) -> Any:
        """*function* as a method of *instance*, or of *owner*; what a class shows of its objects' is the function."""
        if "raises" not in function.__dict__:
            raises = owner.shared_clients.catalogue.raises(f"{owner.resource}.{self._name}")
            function.raises = raises  # type: ignore[attr-defined]
        subject = owner if self._of_class else instance
        return function if subject is None else MethodType(function, subject)

    def _function(self, *, awaiting: bool) -> Callable[..., Any]:
        """What runs the operation in a colour; its first argument is the object, or the class."""
        author, form, name = self._author, self.forms[awaiting], self._name

        def given(subject: Any) -> tuple[Any, tuple[Any, Api]]:
            core = subject.shared_clients.core(awaiting=awaiting)
            return core, (subject, Api(core, f"{subject.resource}.{name}"))

        function = functools.update_wrapper(in_form(form, author, given), author)
        signature = inspect.signature(author)
        of_caller = [each for place, each in enumerate(signature.parameters.values()) if place != 1]
        returns = form.returns.format(inner(signature.return_annotation, self.made))
        function.__signature__ = signature.replace(parameters=of_caller, return_annotation=returns)  # type: ignore[attr-defined]
        return function


class AwaitingTwin(Generic[P, A]):
    """The twin of an operation that is awaited: `arun = run.awaiting`."""

    def __init__(self, bound: Callable[[Any, type[TwofoldObject]], Callable[P, A]], doc: str | None) -> None:
        self._bound = bound
        self.__doc__ = doc

    # What is read of an operation, in the body of its class, is the twin itself: to mypy that is a reading, too.
    @overload
    def __get__(self, instance: Twofold[Any, Any, Any, Any], owner: type[Twofold[Any, Any, Any, Any]]) -> Self: ...
    @overload
    def __get__(self, instance: TwofoldObject | None, owner: type[TwofoldObject]) -> Callable[P, A]: ...
    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        return self._bound(instance, owner)


class twofold(Twofold[P, Flow[T], T, Coroutine[Any, Any, T]], Generic[P, T]):  # noqa: N801 - a decorator
    """Make a method, or a class method, that returns a flow an operation of both colours."""

    made = operation.made
    forms = operation.forms


class twofold_stream(  # noqa: N801 - the same
    Twofold[P, StreamFlow[T], EventStream[T], AsyncEventStream[T]], Generic[P, T]
):
    """Make a method that returns the flow of a stream an iteration of both colours."""

    made = streamed.made
    forms = streamed.forms


class twofold_session(  # noqa: N801 - the same
    Twofold[P, SessionFlow[SessionProtocol[M, T]], Session[M, T], Opening[M, T]], Generic[P, M, T]
):
    """Make a method that returns the flow of a session one that opens sessions of both colours."""

    made = session.made
    forms = session.forms
