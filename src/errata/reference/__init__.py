"""Pages and answers from a catalogue: what each error means, when it fires and what to do then."""

from errata.reference.explain import Explanation, explain, explain_reply
from errata.reference.facts import Attribute, CodeFacts, ErrorFacts, Line, Page, StatusFacts
from errata.reference.installed import GROUP, find_catalogue, known_catalogues
from errata.reference.lacking import require_documented
from errata.reference.markdown import markdown
from errata.reference.page import page_of
from errata.reference.pages import check_pages, write_pages
from errata.reference.problems import (
    AmbiguousThingError,
    BrokenCatalogueError,
    NoExplanationError,
    SilentBodyError,
    StalePagesError,
    UndocumentedError,
    UnknownCatalogueError,
    UnknownThingError,
)

__all__ = [
    "GROUP",
    "AmbiguousThingError",
    "Attribute",
    "BrokenCatalogueError",
    "CodeFacts",
    "ErrorFacts",
    "Explanation",
    "Line",
    "NoExplanationError",
    "Page",
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
