"""Datasets that are kept elsewhere, and how they are imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from failwell import Secret
from failwell.client import Awaiting, Blocking, Resource, model, nothing, operation, resumable, wait_for
from failwell.policy import Flow
from pictograph.exceptions import PollTimeoutError
from pictograph.resources._paths import path
from pictograph.resources._waiting import check_timeout, or_its_error

if TYPE_CHECKING:
    from pictograph.models import ConnectorValidation, ImportJob, RemoteDataset

C = TypeVar("C", Blocking, Awaiting)


class Connectors(Resource[C], name="connectors"):
    """Other providers of datasets: look what a key of theirs opens, import from there.

    The provider's key travels in the body of a request; in what the server says it is masked.
    """

    @operation
    def validate(
        self, provider: str, api_key: str | Secret = "", *, idempotency_key: str | None = None
    ) -> Flow[ConnectorValidation]:
        """Ask whether a *provider* takes *api_key*, and which datasets it opens.

        A key that the provider refuses is no error: `valid` is False, and `error` has the reason.

        Raises:
            ValidationError: there is no such provider.
        """
        from pictograph.models import ConnectorValidation

        key = _sealed(api_key)
        return self.api.call(
            "POST",
            path("connectors", "validate"),
            ConnectorValidation,
            payload={"provider": provider, "api_key": key.reveal()},
            mutating=True,
            idempotency_key=idempotency_key,
            secrets=(key,),
        )

    @operation
    def import_(
        self,
        provider: str,
        datasets: Sequence[RemoteDataset | Mapping[str, Any]],
        *,
        api_key: str | Secret = "",
        wait: bool = False,
        timeout: float = 3600.0,
        idempotency_key: str | None = None,
    ) -> Flow[ImportJob]:
        """Start importing datasets of a *provider*; return at once, or with *wait* when it is done.

        *datasets* are those of `validate(...).datasets`, or mappings with `id` and `name`. *timeout* is the seconds to
        wait.

        Raises:
            PaymentRequiredError: out of credits; `e.required`, `e.remaining` and `e.upgrade_url` say more.
            NotFoundError: the provider has no such dataset.
            ValidationError: there is no such provider, or it does not take the key.
            PollTimeoutError: with *wait*, the import is not done in time; it goes on, `e.import_id` names it.
        """
        from pictograph.models import ImportJob

        if wait:
            check_timeout(timeout)
        wanted, key = [_plain(each) for each in datasets], _sealed(api_key)
        job: ImportJob = yield from self.api.call(
            "POST",
            path("connectors", "import", "start"),
            ImportJob,
            payload={"provider": provider, "api_key": key.reveal(), "datasets": wanted},
            mutating=True,
            idempotency_key=idempotency_key,
            secrets=(key,),
        )
        if wait:
            job = yield from Connectors.wait_for_import.flow(self, job.import_id, timeout=timeout)
        return job

    @operation
    def get_import(self, import_id: str) -> Flow[ImportJob]:
        """Get an import as it is; one that ended with an error has it in `error`.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import ImportJob

        return self.api.call("GET", _status(import_id), ImportJob)

    @operation
    def cancel_import(self, import_id: str, *, idempotency_key: str | None = None) -> Flow[ImportJob]:
        """Stop an import; what it has imported stays.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import ImportJob

        yield from self.api.call(
            "POST",
            path("connectors", "import", "cancel", import_id),
            nothing,
            mutating=True,
            idempotency_key=idempotency_key,
        )
        return (yield from self.api.call("GET", _status(import_id), ImportJob))

    @operation
    @resumable(PollTimeoutError)
    def wait_for_import(
        self, import_id: str, *, timeout: float = 3600.0, poll_interval: float = 3.0
    ) -> Flow[ImportJob]:
        """Ask for an import until its status is final, for at most *timeout* seconds; it may have been cancelled.

        The pause between two looks starts at *poll_interval* seconds and grows to 10. An import that ended with an
        error of the contract raises it, as a call would.

        Raises:
            PollTimeoutError: it is not done in time. It goes on; `e.import_id` names it.
            PaymentRequiredError: the import ended for want of credits.
            NotFoundError: there is no such import.
        """
        from pictograph.models import ImportJob

        where, decode = _status(import_id), or_its_error(model(ImportJob))
        return wait_for(
            self,
            Connectors.get_import,
            import_id,
            timeout=timeout,
            poll_interval=poll_interval,
            on="import_poll_timeout",
            fetch=lambda: self.api.call("GET", where, decode),
        )


def _status(import_id: str) -> str:
    return path("connectors", "import", "status", import_id)


def _sealed(api_key: object) -> Secret:
    """*api_key* as a secret.

    Raises:
        TypeError: it is no text.
    """
    if isinstance(api_key, Secret):
        return api_key
    if not isinstance(api_key, str):
        raise TypeError(f"api_key is of type {type(api_key).__name__}; it must be text, the provider's own key.")
    return Secret(api_key)


def _plain(dataset: RemoteDataset | Mapping[str, Any]) -> dict[str, Any]:
    """What is sent for a dataset: what the caller, or the provider, said of it."""
    if isinstance(dataset, Mapping):
        return dict(dataset)
    if not hasattr(dataset, "model_dump"):
        kind = type(dataset).__name__
        raise TypeError(f'A dataset is of type {kind}; pass {{"id": ..., "name": ...}}, or one of validate(...).')
    return dataset.model_dump(mode="json", exclude_unset=True)
