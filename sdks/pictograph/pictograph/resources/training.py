"""Training runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from errata.client import Awaiting, Blocking, Resource, listing, one, operation
from errata.policy import poll
from pictograph.exceptions import (
    NetworkError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from pictograph.resources._paths import collection, path

if TYPE_CHECKING:
    from errata.contract import Error
    from errata.policy import Flow
    from pictograph.models import TrainingRun

C = TypeVar("C", Blocking, Awaiting)

TRANSIENT = (ServerError, NetworkError, RequestTimeoutError, RateLimitError)
"""What one poll may meet without ending the wait."""


class Training(Resource[C], name="training"):
    """Training runs: start, look at, wait for."""

    @operation
    def create(
        self,
        dataset_name: str,
        export_name: str,
        *,
        pipeline_type: str = "yolox",
        gpu_type: str = "a10g",
        config: Mapping[str, Any] | None = None,
        name: str | None = None,
        wait: bool = False,
        timeout: float = 3600.0,
        idempotency_key: str | None = None,
    ) -> Flow[TrainingRun]:
        """Start a run on an export of a dataset; return at once, or with *wait* when it is done.

        *timeout* is the seconds to wait.

        Raises:
            PaymentRequiredError: out of credits; `e.required`, `e.remaining` and `e.upgrade_url` say more.
            NotFoundError: there is no such dataset or export.
            ValidationError: an unknown *pipeline_type* or a bad *config*.
            PollTimeoutError: with *wait*, the run is not done in time; it goes on, `e.run_id` names it.
        """
        from pictograph.models import TrainingRun

        payload = {
            "dataset_name": dataset_name,
            "export_name": export_name,
            "pipeline_type": pipeline_type,
            "gpu_type": gpu_type,
            "config": dict(config or {}),
        }
        run: TrainingRun = yield from self.core.call(
            "training.create",
            "POST",
            collection("training"),
            one(TrainingRun, "data"),
            payload=payload if name is None else {**payload, "name": name},
            mutating=True,
            idempotency_key=idempotency_key,
        )
        if wait:
            run = yield from Training.wait_for_completion.flow(self, run.id, timeout=timeout)
        return run

    @operation
    def get(self, run_id: str) -> Flow[TrainingRun]:
        """Get a run.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import TrainingRun

        return (yield from self.core.call("training.get", "GET", path("training", run_id), one(TrainingRun, "data")))

    @operation
    def list(self, *, limit: int = 100, offset: int = 0) -> Flow[list[TrainingRun]]:
        """List one page of the runs, newest first."""
        from pictograph.models import TrainingRun

        params = {"limit": limit, "offset": offset}
        return (
            yield from self.core.call(
                "training.list", "GET", collection("training"), listing(TrainingRun), params=params
            )
        )

    @operation
    def wait_for_completion(
        self, run_id: str, *, timeout: float = 3600.0, poll_interval: float = 1.0
    ) -> Flow[TrainingRun]:
        """Ask for a run until its status is final, for at most *timeout* seconds; the run may have failed.

        The pause between two looks starts at *poll_interval* seconds and grows to 10.

        Raises:
            PollTimeoutError: it is not done in time. It goes on; `e.run_id` names it.
            NotFoundError: there is no such run.
        """

        def timed_out(last: TrainingRun | None) -> Error:
            seen = f'still "{last.status}"' if last is not None else "of unknown status"
            return PollTimeoutError(
                f"Run {run_id} is {seen} after {timeout:g} s and was not cancelled. "
                f'Resume: client.training.get("{run_id}")',
                resource_id=run_id,
                run_id=run_id,
                timeout=timeout,
                last_result=last.model_dump(mode="json") if last is not None else None,
            )

        return (
            yield from poll(
                lambda: Training.get.flow(self, run_id),
                lambda run: run.finished,
                timeout=timeout,
                interval=poll_interval,
                timed_out=timed_out,
                transient=lambda error: isinstance(error, TRANSIENT),
            )
        )
