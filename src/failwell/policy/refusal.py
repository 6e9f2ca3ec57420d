"""A try that is not made, by our own decision."""

from __future__ import annotations

from failwell.contract.evidence import HeldBack
from failwell.contract.value import Value


class Refused(Value):
    """What a flow is told in place of an outcome: nothing was sent, and why."""

    held_back: HeldBack
