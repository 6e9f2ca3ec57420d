"""`@operation`: a method written once as a flow, and called blocking or awaited."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Generic, ParamSpec, TypeVar

from failwell.client.operations.base import Descriptor, Form
from failwell.client.resource import Resource
from failwell.policy.flow import Flow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")


class operation(Descriptor[S, P, Flow[T], T, Coroutine[Any, Any, T]], Generic[S, P, T]):  # noqa: N801 - a decorator
    """Make a flow-returning method an operation of both colours.

    `Client().training.get("run_1")` returns, `AsyncClient().training.get("run_1")` is awaited,
    `Training.get.flow(self, "run_1")` is for another operation: `yield from` it, never call the method.
    `client.training.get.raises` is the tuple for an `except`.
    """

    made = "Flow"
    forms = (Form("run"), Form("arun", coroutine=True))
