"""A key, and no other setting of the machine: as the tests of the SDK have it."""

from __future__ import annotations

from tests.vectorshift.conftest import environment, sdk

__all__ = ["environment", "sdk"]
