"""Exceptions of Failwell itself: a contract that cannot be declared, built or kept.

ContractError
├── DeclarationError   a class or a field says something that cannot travel
└── CatalogueError     the classes of one vendor contradict each other
"""

from __future__ import annotations


class ContractError(Exception):
    """Base of the errors Failwell raises about the way it is used; never about a vendor's API."""


class DeclarationError(ContractError):
    """An error class was declared in a way that could not be kept."""


class CatalogueError(ContractError):
    """The classes of a catalogue contradict each other, or one of them could not be parsed back."""
