"""The clients: runs of an engine, in both colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.client import (
    ApiKeyClient,
    Awaiting,
    Blocking,
    as_json,
    check_timeout,
    model,
    operation,
    resumable,
    streamed,
    wait_for,
)
from subconscious.exceptions import (
    CATALOGUE,
    MOST_BYTES,
    AuthenticationError,
    RequestTooLargeError,
    SubconsciousError,
    ValidationError,
)

if TYPE_CHECKING:
    from failwell.policy import Flow, StreamFlow
    from failwell.wire import Reply
    from subconscious.events import StreamEvent
    from subconscious.models import Run

C = TypeVar("C", Blocking, Awaiting)


class _Client(
    ApiKeyClient[C],
    catalogue=CATALOGUE,
    base_url="https://api.subconscious.dev/v1",
    variables="SUBCONSCIOUS",
    refused=AuthenticationError,
):
    """What both clients can do."""

    @operation
    def run(
        self,
        engine: str,
        input: str | Mapping[str, Any],  # noqa: A002 - what the API calls it
        options: Mapping[str, Any] | None = None,
        *,
        await_completion: bool = False,
        timeout: float = 3600.0,
        idempotency: bool = True,
        idempotency_key: str | None = None,
    ) -> Flow[Run]:
        """Start a run of *engine*; return at once, or with *await_completion* when it has ended.

        *input* is what to do: a text, or an object with `instructions` and, as needed, `tools`, `content`,
        `resources`, `skills` and `answerFormat`. *options* are `timeout` (seconds that the run may take),
        `max_step_tokens`, `output`, and `await_completion`. *timeout* is the seconds to wait. A run that failed is
        returned as well: look at `run.status` and `run.error`, or call `run.raise_on_failure()`.

        The request carries a key, so that a repeated one starts no second run; without *idempotency* it has none, and
        is repeated after 429 only.

        Raises:
            RequestTooLargeError: the request would have more than 5 MiB. It is a ValueError; nothing is sent.
            ValidationError: a field is missing or wrong; `e.details` says which.
            SubconsciousError: whatever else went wrong; with *await_completion*, code "timeout" when time is up.
        """
        if options is not None and not isinstance(options, Mapping):
            raise ValidationError(f"options is of type {type(options).__name__}; it must be an object.").received(None)
        given = dict(options or {})
        waits = bool(given.pop("await_completion", False)) or await_completion
        if waits:
            check_timeout(CATALOGUE, timeout)
        run: Run = yield from self.api.call(
            "POST",
            "/runs",
            _run_of,
            content=_body(engine, input, given),
            headers=(("Content-Type", "application/json"),),
            mutating=idempotency,
            idempotency_key=idempotency_key,
        )
        if waits:
            run = yield from _Client.wait.flow(self, run.run_id, timeout=timeout)
        return run

    @operation
    def get(self, run_id: str) -> Flow[Run]:
        """Look at a run.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        return self.api.call("GET", ("/runs", run_id), _run_of)

    @operation
    @resumable(SubconsciousError, on="poll_timeout")
    def wait(self, run_id: str, *, timeout: float = 3600.0, poll_interval: float = 1.0) -> Flow[Run]:
        """Look at a run until it has ended, for at most *timeout* seconds; it may have failed.

        The pause between two looks starts at *poll_interval* seconds and grows to 10. A look that meets 429, 5xx or no
        answer does not end the wait.

        Raises:
            NotFoundError: there is no such run.
            SubconsciousError: code "timeout" when time is up. The run goes on; `e.run_id` names it.
        """
        return wait_for(
            self,
            _Client.wait,
            run_id,
            timeout=timeout,
            poll_interval=poll_interval,
            fetch=lambda: _Client.get.flow(self, run_id),
        )

    @operation
    def cancel(self, run_id: str) -> Flow[Run]:
        """Cancel a run that has not ended.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        # Canceling twice is canceling once, so a repeated request does no harm; the key says so to the SDK's retries.
        return self.api.call("POST", ("/runs", run_id, "cancel"), _run_of, mutating=True)

    @streamed
    def stream(
        self,
        engine: str,
        input: str | Mapping[str, Any],  # noqa: A002 - what the API calls it
    ) -> StreamFlow[StreamEvent]:
        """Start a run of *engine*, and iterate over its answer as it is made.

        First comes a `StartedEvent` with the run's id, then a `DeltaEvent` for each piece of text, at the end a
        `DoneEvent`. It comes only if the server said that the answer is complete.

        Raises:
            RequestTooLargeError: the request would have more than 5 MiB. It is a ValueError; nothing is sent.
            SubconsciousError: the server told of an error in the stream, or the stream broke off;
                `e.stream_resource_id` is the run's id, if it was seen.
        """
        from failwell import Header
        from failwell.policy import StreamRules, Yield
        from subconscious.events import Events

        events = Events()
        flow: StreamFlow[StreamEvent] = self.api.stream(
            "POST",
            "/runs/stream",
            events,
            rules=StreamRules(done="[DONE]", error_field="error", about=Header("X-Run-Id")),
            content=_body(engine, input, {}),
            headers=(("Content-Type", "application/json"),),
        )
        yield from flow
        yield Yield((events.done(),))


class Subconscious(Blocking, _Client[Blocking]):
    """The blocking client: `Subconscious().run("tim", "What is 6 * 7?", await_completion=True)`."""


class AsyncSubconscious(Awaiting, _Client[Awaiting]):
    """The awaiting client, on asyncio and trio; its methods are those of `Subconscious`."""


def _run_of(reply: Reply) -> Run:
    # Loaded with the first answer: a client needs no pydantic.
    from subconscious.models import Run

    return model(Run)(reply)


def _body(engine: str, given: str | Mapping[str, Any], options: dict[str, Any]) -> bytes:
    """The body of a run as it is sent.

    Raises:
        RequestTooLargeError: it is above the limit of the API.
    """
    if isinstance(given, str):
        given = {"instructions": given}
    if not isinstance(given, Mapping):
        raise ValidationError(f"input is of type {type(given).__name__}; it must be text, or an object.").received(None)
    output = options.pop("output", None)
    payload: dict[str, Any] = {"engine": engine, "input": dict(given)}
    if options:
        payload["options"] = options
    if output is not None:
        payload["output"] = output
    body = as_json("run", payload)
    if len(body) > MOST_BYTES:
        raise RequestTooLargeError(len(body))
    return body
