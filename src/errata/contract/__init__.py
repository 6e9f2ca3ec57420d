"""What an error is: its base class, its fields, its cases and the catalogue that gathers them."""

from errata.contract.case import Case, Source
from errata.contract.catalogue import Catalogue, HeaderNames, Raises, RetryRules, raises
from errata.contract.error import Error
from errata.contract.evidence import Attempt, HeldBack, log_fields
from errata.contract.fields import Body, Code, Details, Header, Local, Message, Status, field
from errata.contract.problems import CatalogueError, ContractError, DeclarationError
from errata.contract.resilience import BreakerRules, BudgetRules, Resilience
from errata.contract.secret import Secret

__all__ = [
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
    "HeldBack",
    "Local",
    "Message",
    "Raises",
    "Resilience",
    "RetryRules",
    "Secret",
    "Source",
    "Status",
    "field",
    "log_fields",
    "raises",
]
