"""Pages and answers from a catalogue: what each error means, when it fires and what to do then."""

from failwell.reference.explain import Explanation, explain, explain_reply
from failwell.reference.facts import Attribute, CodeFacts, ErrorFacts, Line, Page, StatusFacts
from failwell.reference.installed import GROUP, find_catalogue, known_catalogues
from failwell.reference.lacking import require_documented
from failwell.reference.markdown import markdown
from failwell.reference.page import page_of
from failwell.reference.pages import check_pages, write_pages
from failwell.reference.problems import (
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
