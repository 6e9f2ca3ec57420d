"""The shop on Django, under ASGI."""

from __future__ import annotations

from typing import Any

from failwell.server.frameworks.django import BoundedBodies

from . import on_django
from .acts import Desk
from .serving import under_uvicorn_without_lifespan

served = under_uvicorn_without_lifespan


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    from django.core.asgi import get_asgi_application

    on_django.app(desk)
    return BoundedBodies(get_asgi_application())
