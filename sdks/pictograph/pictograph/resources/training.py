"""Training runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Pages,
    Resource,
    model,
    operation,
    paged,
    resumable,
    wait_for,
)
from failwell.policy import Flow
from pictograph.exceptions import PollTimeoutError
from pictograph.resources._paths import collection, path
from pictograph.resources._waiting import check_timeout

if TYPE_CHECKING:
    from pictograph.models import TrainingRun

C = TypeVar("C", Blocking, Awaiting)


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

        if wait:
            check_timeout(timeout)
        payload = {
            "dataset_name": dataset_name,
            "export_name": export_name,
            "pipeline_type": pipeline_type,
            "gpu_type": gpu_type,
            "config": dict(config or {}),
        }
        run: TrainingRun = yield from self.api.call(
            "POST",
            collection("training"),
            model(TrainingRun, "data"),
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

        return self.api.call("GET", path("training", run_id), model(TrainingRun, "data"))

    @operation
    def list(self, *, limit: int = 100, offset: int = 0) -> Flow[list[TrainingRun]]:
        """List one page of the runs, newest first."""
        from pictograph.models import TrainingRun

        params = {"limit": limit, "offset": offset}
        return self.api.call("GET", collection("training"), list[TrainingRun], params=params)

    @paged
    def iter(self, *, page_size: int = 50, max_total: int | None = None) -> Pages[TrainingRun]:
        """Iterate over the runs, newest first, at most *max_total*; *page_size* of them are asked for at once."""
        from pictograph.models import TrainingRun

        return self.api.pages(collection("training"), TrainingRun, page_size, max_total)

    @operation
    @resumable(PollTimeoutError)
    def wait_for_completion(
        self, run_id: str, *, timeout: float = 3600.0, poll_interval: float = 1.0
    ) -> Flow[TrainingRun]:
        """Ask for a run until its status is final, for at most *timeout* seconds; the run may have failed.

        The pause between two looks starts at *poll_interval* seconds and grows to 10.

        Raises:
            ConfigurationError: *timeout* is no number of seconds from 0.
            PollTimeoutError: it is not done in time. It goes on; `e.run_id` names it.
            NotFoundError: there is no such run.
        """
        return wait_for(self, Training.get, run_id, timeout=timeout, poll_interval=poll_interval)
