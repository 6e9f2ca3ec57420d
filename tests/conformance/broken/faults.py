"""
What an SDK can get wrong.

A fault stands between a flow of the intact SDK and the driver that runs it, so it is there in both colours.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import httpx2

from failwell.policy.flow import Flow, Send, Sleep
from failwell.wire import Failure, Reply
from pictograph.exceptions import (
    ApiError,
    ConflictError,
    PictographError,
    PollTimeoutError,
    ServerError,
    ValidationError,
)

Attempt = Callable[[Send], Generator[Any, Any, Any]]
KEY = "Idempotency-Key"


def with_attempts(flow: Flow[Any], attempt: Attempt) -> Flow[Any]:
    """*flow*, with *attempt* in the place of each of its attempts."""
    try:
        effect = next(flow)
        while True:
            told = (yield from attempt(effect)) if isinstance(effect, Send) else (yield effect)
            effect = flow.send(told)
    except StopIteration as stop:
        return stop.value
    finally:
        flow.close()


def intact(flow: Flow[Any]) -> Flow[Any]:
    """Nothing is wrong."""
    return (yield from flow)


def new_key_per_attempt(flow: Flow[Any]) -> Flow[Any]:
    """Every attempt gets an idempotency key of its own."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        headers = tuple((name, uuid.uuid4().hex if name == KEY else value) for name, value in effect.request.headers)
        return (yield replace(effect, request=replace(effect.request, headers=headers)))

    return (yield from with_attempts(flow, attempt))


def no_key(flow: Flow[Any]) -> Flow[Any]:
    """No idempotency key is sent."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        headers = tuple((name, value) for name, value in effect.request.headers if name != KEY)
        return (yield replace(effect, request=replace(effect.request, headers=headers)))

    return (yield from with_attempts(flow, attempt))


def retries(status: int) -> Callable[[Flow[Any]], Flow[Any]]:
    """A reply of *status* is retried once more, though it will not change."""

    def fault(flow: Flow[Any]) -> Flow[Any]:
        def attempt(effect: Send) -> Generator[Any, Any, Any]:
            outcome = yield effect
            if isinstance(outcome, Reply) and outcome.status == status:
                yield Sleep(1.0)
                outcome = yield effect
            return outcome

        return (yield from with_attempts(flow, attempt))

    return fault


def retry_after_ignored(flow: Flow[Any]) -> Flow[Any]:
    """Retry-After is not read."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        outcome = yield effect
        if isinstance(outcome, Reply):
            headers = {name: value for name, value in outcome.headers.items() if name != "retry-after"}
            outcome = replace(outcome, headers=headers)
        return outcome

    return (yield from with_attempts(flow, attempt))


def waits_over_the_cap(flow: Flow[Any]) -> Flow[Any]:
    """However long the server asks to wait, it is waited for."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        outcome = yield effect
        while isinstance(outcome, Reply) and int(outcome.headers.get("retry-after", "0")) > 120:
            yield Sleep(float(outcome.headers["retry-after"]))
            outcome = yield effect
        return outcome

    return (yield from with_attempts(flow, attempt))


def same_pause(flow: Flow[Any]) -> Flow[Any]:
    """Every pause is a second."""
    try:
        effect = next(flow)
        while True:
            effect = flow.send((yield Sleep(1.0) if isinstance(effect, Sleep) else effect))
    except StopIteration as stop:
        return stop.value
    finally:
        flow.close()


def cut_body_swallowed(flow: Flow[Any]) -> Flow[Any]:
    """A body that ends too early is taken for an empty list."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        outcome = yield effect
        if isinstance(outcome, Failure) and "body" in outcome.reason:
            return Reply(200, {"content-type": "application/json"}, b'{"data": []}')
        return outcome

    return (yield from with_attempts(flow, attempt))


def library_error_leaks(flow: Flow[Any]) -> Flow[Any]:
    """What the HTTP library raises reaches the caller."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        outcome = yield effect
        if isinstance(outcome, Failure):
            raise httpx2.ReadError(outcome.reason)
        return outcome

    return (yield from with_attempts(flow, attempt))


def errors_dropped(flow: Flow[Any]) -> Flow[Any]:
    """`e.errors` is always empty."""
    try:
        return (yield from flow)
    except ValidationError as e:
        e.errors = []
        raise


def wrong_class(flow: Flow[Any]) -> Flow[Any]:
    """409 is an `ApiError`."""
    try:
        return (yield from flow)
    except ConflictError as e:
        raise ApiError(e.message, status_code=409, error_code=e.error_code) from None


def status_lost(flow: Flow[Any]) -> Flow[Any]:
    """`e.status_code` is never set."""
    try:
        return (yield from flow)
    except PictographError as e:
        e.status_code = None
        raise


def message_lost(flow: Flow[Any]) -> Flow[Any]:
    """`str(e)` is the name of the class."""
    try:
        return (yield from flow)
    except PictographError as e:
        e.args = (type(e).__name__,)
        raise


def run_id_lost(flow: Flow[Any]) -> Flow[Any]:
    """A `PollTimeoutError` does not say which run it waited for."""
    try:
        return (yield from flow)
    except PollTimeoutError as e:
        e.run_id = e.resource_id = None
        raise


def request_id_lost(flow: Flow[Any]) -> Flow[Any]:
    """`e.request_id` is never set."""
    try:
        return (yield from flow)
    except PictographError as e:
        e.request_id = None
        raise


def tells(key: str) -> Callable[[Flow[Any]], Flow[Any]]:
    """Whatever goes wrong is told together with the *key*."""

    def fault(flow: Flow[Any]) -> Flow[Any]:
        try:
            return (yield from flow)
        except PictographError as e:
            e.args = (f"{e.message} (called with {key})",)
            raise

    return fault


def not_picklable(flow: Flow[Any]) -> Flow[Any]:
    """An error keeps something alive that cannot be pickled."""
    try:
        return (yield from flow)
    except PictographError as e:
        vars(e)["response"] = threading.Lock()
        raise


def server_error_ends_the_wait(flow: Flow[Any]) -> Flow[Any]:
    """Any 5xx ends the call at once."""

    def attempt(effect: Send) -> Generator[Any, Any, Any]:
        outcome = yield effect
        if isinstance(outcome, Reply) and outcome.status >= 500:
            raise ServerError("The backend is down", status_code=outcome.status)
        return outcome

    return (yield from with_attempts(flow, attempt))
