"""What an error is: its base class, its fields, its cases and the catalogue that gathers them."""

from errata.contract.case import Case, Source
from errata.contract.catalogue import Catalogue, HeaderNames, Raises, RetryRules, raises
from errata.contract.error import Error
from errata.contract.evidence import Attempt, log_fields
from errata.contract.fields import Body, Code, Details, Header, Local, Message, Status, field
from errata.contract.problems import CatalogueError, ContractError, DeclarationError
from errata.contract.secret import Secret

__all__ = [
    "Attempt",
    "Body",
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
    "Raises",
    "RetryRules",
    "Secret",
    "Source",
    "Status",
    "field",
    "log_fields",
    "raises",
]
