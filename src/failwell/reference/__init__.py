"""Pages and answers from a catalogue: what each error means, when it fires and what to do then."""

from failwell.reference.catalogues import GROUP, find_catalogue, known_catalogues
from failwell.reference.errors import (
    BrokenCatalogueError,
    NoExplanationError,
    SilentBodyError,
    StalePagesError,
    UndocumentedError,
    UnknownCatalogueError,
    UnknownThingError,
)
from failwell.reference.explanation.explain import Explanation, explain, explain_reply
from failwell.reference.page.collect import page_of
from failwell.reference.page.completeness import require_documented
from failwell.reference.page.facts import Attribute, CodeFacts, ErrorFacts, Line, ReferencePage, StatusFacts
from failwell.reference.page.files import check_pages, write_pages
from failwell.reference.page.markdown import markdown

__all__ = [
    "GROUP",
    "Attribute",
    "BrokenCatalogueError",
    "CodeFacts",
    "ErrorFacts",
    "Explanation",
    "Line",
    "NoExplanationError",
    "ReferencePage",
    "SilentBodyError",
    "StalePagesError",
    "StatusFacts",
    "UndocumentedError",
    "UnknownCatalogueError",
    "UnknownThingError",
    "check_pages",
    "explain",
    "explain_reply",
    "find_catalogue",
    "known_catalogues",
    "markdown",
    "page_of",
    "require_documented",
    "write_pages",
]
