"""Runs one logical call by the driver of its colour; what is loaded with the first `calling`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from types import CoroutineType
from typing import Any

from failwell.adapt.call import CallOptions, LogicalCall
from failwell.adapt.exchange import areplied, replied, response_in
from failwell.contract.error import Error
from failwell.policy.flow import Flow
from failwell.runtime.driver import AsyncDriver, Driver
from failwell.wire.contracts import AnyContract
from failwell.wire.messages import Outcome, Request


def decorator(contract: AnyContract, options: CallOptions) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What makes of a function that sends one that is called as often as *contract* says."""
    return partial(_decorated, contract, options)


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
            return await arun(contract, lambda attempt: function(attempt, *args, **kwargs), options)

        return _without_first(awaited)

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return run(contract, lambda attempt: function(attempt, *args, **kwargs), options)

    return _without_first(called)


def _without_first(function: Callable[..., Any]) -> Callable[..., Any]:
    import inspect

    signature = inspect.signature(function)
    function.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    return function


def run(contract: AnyContract, send: Callable[..., Any], options: CallOptions) -> Any:
    """What the call of *send* comes to, blocking. Raises: as `calling`."""
    call = LogicalCall(contract, send, **options)
    call.settled_by = partial(_drive, call)
    return _drive(call, call.flow())


def _drive(call: LogicalCall, flow: Flow[Any]) -> Any:
    within = call.begin()
    try:
        return Driver(_Sender(call), call.clock, call.on_event).drive(flow)
    except Error as error:
        found = call.raised(error)
    finally:
        call.end(within)
    try:
        raise found from found.__cause__
    finally:
        del found  # which holds this frame by its traceback


async def arun(contract: AnyContract, send: Callable[..., Any], options: CallOptions) -> Any:
    """The same, awaiting."""
    call = LogicalCall(contract, send, **options)
    call.settled_by = partial(_adrive, call)
    return await _adrive(call, call.flow())


async def _adrive(call: LogicalCall, flow: Flow[Any]) -> Any:
    within = call.begin()
    try:
        return await AsyncDriver(_AsyncSender(call), call.clock, call.on_event).drive(flow)
    except Error as error:
        found = call.raised(error)
    finally:
        call.end(within)
    try:
        raise found from found.__cause__
    finally:
        del found  # which holds this frame by its traceback


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
