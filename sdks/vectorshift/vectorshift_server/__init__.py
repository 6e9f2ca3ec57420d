"""The VectorShift reference server: pipelines that really run, agents that answer, knowledge bases, on one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports

if TYPE_CHECKING:
    from vectorshift_server.app import create_app
    from vectorshift_server.engine.responder import Question, Responder, ResponderDownError, ResponderSlowError, Source
    from vectorshift_server.settings import Settings
    from vectorshift_server.store import Store

# The process that does the jobs needs no FastAPI.
lazy_exports(
    __name__,
    {
        "app": "create_app",
        "engine.responder": "Question Responder ResponderDownError ResponderSlowError Source",
        "settings": "Settings",
        "store": "Store",
    },
)

__all__ = [
    "Question",
    "Responder",
    "ResponderDownError",
    "ResponderSlowError",
    "Settings",
    "Source",
    "Store",
    "create_app",
]
