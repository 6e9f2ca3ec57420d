"""The parts of the engine that an operator may exchange, by their names in the settings."""

from __future__ import annotations

import importlib
from typing import Any, cast

from scopix_server.engine.provider import VisionProvider
from scopix_server.engine.responder import Responder
from scopix_server.engine.videos import Analyser
from scopix_server.settings import Settings


def provider_of(settings: Settings) -> VisionProvider:
    """The vision provider that *settings* name."""
    return cast("VisionProvider", _named(settings.vision_provider, settings))


def responder_of(settings: Settings) -> Responder:
    """The responder that *settings* name."""
    return cast("Responder", _named(settings.responder, settings))


def analyser_of(settings: Settings) -> Analyser:
    """The analyser that *settings* name."""
    return cast("Analyser", _named(settings.analyser, settings))


def _named(spec: str, settings: Settings) -> Any:
    module, _, name = spec.partition(":")
    return getattr(importlib.import_module(module), name)(settings)
