"""What an error is: its base class, its fields, its cases and the catalogue that gathers them."""

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell._support.secret import Secret
from failwell.contract.case import Case, Source
from failwell.contract.catalogues.catalogue import Catalogue, HeaderNames, RetryRules
from failwell.contract.error import Error, StandardError
from failwell.contract.errors import CatalogueError, ContractError, DeclarationError
from failwell.contract.fields import AllDetails, Body, Code, Details, Header, Local, Message, Status, field
from failwell.contract.resilience import BreakerRules, BudgetRules, Resilience

if TYPE_CHECKING:
    from failwell.contract.evidence import Attempt, Suppression
    from failwell.contract.reporting import hint, log_fields, with_evidence

# What a declaration does not need: it is for errors that were raised.
lazy_exports(__name__, {"evidence": "Attempt Suppression", "reporting": "hint log_fields with_evidence"})

__all__ = [
    "AllDetails",
    "Attempt",
    "Body",
    "BreakerRules",
    "BudgetRules",
    "Case",
    "Catalogue",
    "CatalogueError",
    "Code",
    "ContractError",
    "DeclarationError",
    "Details",
    "Error",
    "Header",
    "HeaderNames",
    "Local",
    "Message",
    "Resilience",
    "RetryRules",
    "Secret",
    "Source",
    "StandardError",
    "Status",
    "Suppression",
    "field",
    "hint",
    "log_fields",
    "with_evidence",
]
