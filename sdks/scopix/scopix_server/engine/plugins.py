"""The parts of the engine that an operator may exchange, by their names in the settings."""

from __future__ import annotations

import importlib
from typing import Any, cast

from scopix_server.engine.responder import Responder
from scopix_server.engine.videos import Analyser
from scopix_server.settings import Settings


def responder_of(settings: Settings) -> Responder:
    """The responder that *settings* name."""
    return cast("Responder", _named(settings.responder, settings))


def analyser_of(settings: Settings) -> Analyser:
    """The analyser that *settings* name."""
    return cast("Analyser", _named(settings.analyser, settings))


def _named(spec: str, settings: Settings) -> Any:
    module, _, name = spec.partition(":")
    return getattr(importlib.import_module(module), name)(settings)
