"""The marker that ties a test to a line of a published page."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line(
        "markers",
        "documented(page, *, line=None, lines=None, part=None): the test holds what stands on *line*, or from the "
        "first to the last of *lines*, of spec/<page>.txt; of several that stand there, the one with the number *part*",
    )
