"""From an OpenAPI document to a first contract module: statuses, codes, fields, the envelope; what is lost is said."""

from failwell.reference.importing.example import SPELLINGS, example_text
from failwell.reference.importing.loading import UnreadableDocumentError, load
from failwell.reference.importing.planning import NothingToImportError, Plan, plan
from failwell.reference.importing.writing import module_text

__all__ = [
    "SPELLINGS",
    "NothingToImportError",
    "Plan",
    "UnreadableDocumentError",
    "example_text",
    "load",
    "module_text",
    "plan",
]
