"""`calling`: a function that sends with any library, called as often as the contract says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload

from failwell.adapt.call import CallOptions, LogicalCall, OutgoingAttempt
from failwell.adapt.exchange import areplied, replied, response_in
from failwell.contract.error import Error
from failwell.runtime.driver import AsyncDriver, Driver
from failwell.wire.contracts import AnyContract
from failwell.wire.messages import Outcome, Request

if TYPE_CHECKING:
    from typing import Unpack

P = ParamSpec("P")
T = TypeVar("T")


@overload
def calling(contract: AnyContract, send: Callable[[OutgoingAttempt], T], **options: Unpack[CallOptions]) -> T: ...
@overload
def calling(
    contract: AnyContract, **options: Unpack[CallOptions]
) -> Callable[[Callable[Concatenate[OutgoingAttempt, P], T]], Callable[P, T]]: ...
def calling(contract: AnyContract, send: Callable[..., Any] | None = None, **options: Unpack[CallOptions]) -> Any:
    """Call *send* with each attempt, as often as *contract* says; the response of the last one.

        answer = calling(SHOP, lambda attempt: requests.post(url, json=order, headers=attempt.headers,
                                                              timeout=attempt.timeout), method="POST")

    *send* gives back a response of a library that `raise_for` knows, or what it made of one that was a success; what a
    library raises is understood as well. Retries, Retry-After, keys, budget, breaker and pacing are those of an SDK's
    client: the same policy runs. *contract* is a catalogue, a class of errors, a module of them, or a tuple of those.

    Without *send* it is a decorator: of `def order(attempt, sku)` it makes `order(sku)`, in the colour of the function.

    What *send* raises of its own leaves unchanged, with a note about the attempt.

    Raises:
        Error: the contract's, with every attempt, for the last reply or failure, or because nothing was sent.
    """
    if send is None:
        return partial(_decorated, contract, options)
    return _run(LogicalCall(contract, send, **options))


@overload
async def acalling(
    contract: AnyContract, send: Callable[[OutgoingAttempt], Awaitable[T]], **options: Unpack[CallOptions]
) -> T: ...
@overload
async def acalling(
    contract: AnyContract, send: Callable[[OutgoingAttempt], T], **options: Unpack[CallOptions]
) -> T: ...
async def acalling(
    contract: AnyContract, send: Callable[[OutgoingAttempt], Any], **options: Unpack[CallOptions]
) -> Any:
    """The same for a *send* that is awaited, on asyncio and trio."""
    return await _arun(LogicalCall(contract, send, **options))


def _decorated(contract: AnyContract, options: CallOptions, function: Callable[..., Any]) -> Callable[..., Any]:
    """*function* without its first argument, called as often as *contract* says."""
    import inspect  # takes longer than all the rest of this module

    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator, which sends nothing when it is called. "
            "Give `calling` a function that returns the response."
        )
    LogicalCall(contract, function, **options)  # what cannot work is told where it is written, not at the first call
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return await _arun(LogicalCall(contract, lambda attempt: function(attempt, *args, **kwargs), **options))

        return _without_first(awaited)

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return _run(LogicalCall(contract, lambda attempt: function(attempt, *args, **kwargs), **options))

    return _without_first(called)


def _without_first(function: Callable[..., Any]) -> Callable[..., Any]:
    import inspect

    signature = inspect.signature(function)
    function.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    return function


def _run(call: LogicalCall) -> Any:
    within = call.begin()
    try:
        return Driver(_Sender(call), call.clock, call.on_event).drive(call.flow())
    except Error as error:
        found = call.raised(error)
    finally:
        call.end(within)
    raise found from found.__cause__


async def _arun(call: LogicalCall) -> Any:
    within = call.begin()
    try:
        return await AsyncDriver(_AsyncSender(call), call.clock, call.on_event).drive(call.flow())
    except Error as error:
        found = call.raised(error)
    finally:
        call.end(within)
    raise found from found.__cause__


class _Sender:
    """Sends by a function that returns."""

    def __init__(self, call: LogicalCall) -> None:
        self._call = call

    def send(self, request: Request, timeout: float | None) -> Outcome:
        """What became of one more attempt."""
        call = self._call
        try:
            response = call.attempt(timeout)
        except Exception as problem:  # noqa: BLE001 - `failure` raises again what is none of a library
            held = response_in(problem)
            return call.failure(problem) if held is None else call.refusal(*replied(*held))
        library = call.refusing(response)
        if library is None and isinstance(response, CoroutineType):
            response.close()
            raise TypeError("send gave back a coroutine, which nobody awaits here. Use `await acalling(...)`.")
        return call.success(response) if library is None else call.refusal(*replied(response, library))

    def close(self) -> None:
        """There is nothing to give back: the function has its own connections."""


class _AsyncSender:
    """Sends by a function that is awaited."""

    def __init__(self, call: LogicalCall) -> None:
        self._call = call

    async def send(self, request: Request, timeout: float | None) -> Outcome:
        """What became of one more attempt."""
        call = self._call
        try:
            found = call.attempt(timeout)
            response = await found if hasattr(found, "__await__") else found
        except Exception as problem:  # noqa: BLE001 - the same
            held = response_in(problem)
            return call.failure(problem) if held is None else call.refusal(*await areplied(*held))
        library = call.refusing(response)
        return call.success(response) if library is None else call.refusal(*await areplied(response, library))

    async def aclose(self) -> None:
        """The same."""
