"""Promises that cannot be loaded: what they are made with is missing."""

from __future__ import annotations

import importlib

PROMISES = importlib.import_module("no_such_package_of_the_vendor")
