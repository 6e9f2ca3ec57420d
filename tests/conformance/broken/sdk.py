"""Pictograph's SDK with a fault in it, and the promises that it is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from failwell.clock import Clock
from failwell.conformance import Colour, Promises
from failwell.policy.flow import Flow
from pictograph.promises import ADAPTER, PROMISES

from .faults import intact, tells


@dataclass(frozen=True)
class Broken:
    """The adapter of an SDK with *fault* in each of its calls; *settings* win over what the caller asked for."""

    fault: Callable[[Flow[Any]], Flow[Any]] = intact
    settings: Mapping[str, Any] = field(default_factory=dict)

    def client(self, colour: Colour, *, base_url: str, api_key: str, clock: Clock, **settings: Any) -> Any:
        """A client whose flows go through the fault."""
        settings = {**settings, **self.settings}
        client = ADAPTER.client(colour, base_url=base_url, api_key=api_key, clock=clock, **settings)
        core = client.core
        run, arun = core.run, core.arun
        vars(core).update(run=lambda flow: run(self.fault(flow)), arun=lambda flow: arun(self.fault(flow)))
        return client

    def error(self, name: str) -> type[BaseException]:
        """The exception class of that name."""
        return ADAPTER.error(name)

    def function(self, name: str) -> Callable[..., Any]:
        """The function of that name."""
        return ADAPTER.function(name)


class Talkative(Broken):
    """The adapter of an SDK that tells its key."""

    def client(self, colour: Colour, *, base_url: str, api_key: str, clock: Clock, **settings: Any) -> Any:
        """A client whose errors tell *api_key*."""
        talkative = Broken(tells(api_key), self.settings)
        return talkative.client(colour, base_url=base_url, api_key=api_key, clock=clock, **settings)


def only(adapter: Any, *checks: str) -> Promises:
    """The promises of Pictograph's page whose checks are called *checks*, for the SDK of *adapter*."""
    promises = Promises(adapter)
    for promise in PROMISES:
        if promise.name in checks:
            promises(promise.section, promise.sentence)(promise.check)
    assert set(checks) == {promise.name for promise in promises}
    return promises
