"""What Errata itself raises when a contract cannot be declared or built.

Problem
├── DeclarationProblem   a class or a field says something that cannot travel
└── CatalogueProblem     the classes of one vendor contradict each other
"""

from __future__ import annotations


class Problem(Exception):
    """Base of the errors Errata raises about the way it is used; never about a vendor's API."""


class DeclarationProblem(Problem):
    """An error class was declared in a way that could not be kept."""


class CatalogueProblem(Problem):
    """The classes of a catalogue contradict each other, or one of them could not be parsed back."""
