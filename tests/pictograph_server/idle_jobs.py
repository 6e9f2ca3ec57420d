"""A server whose jobs nobody does: tests do them step by step, or look at them as they wait."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator
from typing import Any

from fastapi import FastAPI

from tests.idle_jobs import IdleJobs

from .api import Api


def idle(api: Api) -> contextlib.AbstractContextManager[IdleJobs]:
    """Keep the jobs of *api* from being done, as long as the block lasts."""
    return idle_app(api.app)


@contextlib.contextmanager
def idle_app(app: FastAPI) -> Generator[IdleJobs]:
    """Keep the jobs of *app* from being done, as long as the block lasts."""
    services: Any = app.state.services
    jobs: Any = IdleJobs()
    app.state.services = dataclasses.replace(services, jobs=jobs)
    yield jobs
    app.state.services = services
