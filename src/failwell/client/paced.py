"""Calls that wait together: when one of them is told to, the others wait, too."""

from __future__ import annotations
