"""Error contracts for SDKs and HTTP APIs: raise it on the server, catch it in the client."""

from typing import TYPE_CHECKING

from failwell import contract
from failwell._support.lazy import lazy_exports

if TYPE_CHECKING:
    from failwell.adapt.call import OutgoingAttempt
    from failwell.adapt.raising import araise_for, raise_for
    from failwell.adapt.retrying import acalling, calling
    from failwell.adapt.settling import settle
    from failwell.adapt.translation import translating
    from failwell.client.operations.batches import AsyncBatch, Batch, batch
    from failwell.client.operations.resuming import resume
    from failwell.contract import *  # noqa: F403 - the face of `contract` is a part of this one
    from failwell.contract.extras import MissingExtraError, run_command
    from failwell.contract.mapping import evidence, maps
    from failwell.contract.retry_advice import RetryAdvice
    from failwell.policy.batch import BatchError
    from failwell.policy.settle import SettleError
    from failwell.policy.upload import SourceChangedError

# Beside what a contract is declared with, what few programs need, or needs an extra.
lazy_exports(
    __name__,
    {
        "adapt.call": "OutgoingAttempt",
        "adapt.raising": "araise_for raise_for",
        "adapt.retrying": "acalling calling",
        "adapt.settling": "settle",
        "adapt.translation": "translating",
        "client.operations.batches": "AsyncBatch Batch batch",
        "client.operations.resuming": "resume",
        "contract": " ".join(contract.__all__),
        "contract.extras": "MissingExtraError run_command",
        "contract.mapping": "evidence maps",
        "contract.retry_advice": "RetryAdvice",
        "policy.batch": "BatchError",
        "policy.settle": "SettleError",
        "policy.upload": "SourceChangedError",
    },
)

__version__ = "0.1.0"

__all__ = [
    "AsyncBatch",
    "Batch",
    "BatchError",
    "MissingExtraError",
    "OutgoingAttempt",
    "RetryAdvice",
    "SettleError",
    "SourceChangedError",
    "acalling",
    "araise_for",
    "batch",
    "calling",
    "evidence",
    "lazy_exports",
    "maps",
    "raise_for",
    "resume",
    "run_command",
    "settle",
    "translating",
]
__all__ += contract.__all__
