"""Observers of calls: the `on_event` hook, the log, OpenTelemetry. Without any it costs nothing."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import configuration_problem

if TYPE_CHECKING:
    from failwell.client.observability.opentelemetry import Telemetry
    from failwell.runtime.driver import OnEvent

LEVELS = {
    "retry": logging.INFO,
    "reconnect": logging.INFO,
    "paced": logging.INFO,
    "poll_failed": logging.INFO,
    "upload_interrupted": logging.INFO,
    "session_dropped": logging.INFO,
    "session_renewed": logging.INFO,
    "breaker_closed": logging.INFO,
    "retry_suppressed": logging.WARNING,
    "call_refused": logging.WARNING,
    "breaker_opened": logging.WARNING,
}
"""The level of each event in the log; what is not here is of interest when debugging."""

# A program that says nothing about our log does not get it on stderr.
logging.getLogger("failwell").addHandler(logging.NullHandler())


class Observers:
    """Those of one client of the vendor of *catalogue*: *hook*, the log `failwell.<vendor>`, and OpenTelemetry.

    *over* is the version of HTTP that the client speaks, where that is known.

    Raises:
        Error: the catalogue's "configuration" error, for a hook that cannot be one.
    """

    def __init__(self, catalogue: Catalogue, base_url: str, hook: OnEvent | None, over: str | None) -> None:
        self.base_url = base_url
        self.request_id_header = catalogue.request_id_header
        self.over = over
        self._hook = _checked(catalogue, hook)
        self._log = logging.getLogger(f"failwell.{catalogue.name}")
        self._telemetry: Telemetry | None = None
        self._failed: set[str] = set()

    def hears_all(self) -> bool:
        """Whether a hook or the log wants to hear of each attempt."""
        return self._hook is not None or self._log.isEnabledFor(logging.DEBUG)

    def attentive(self) -> bool:
        """Whether anybody does. Asked before each call: logging and OpenTelemetry may be set up at any time."""
        return (
            self._hook is not None
            or self._log.isEnabledFor(logging.DEBUG)
            or ("opentelemetry.trace" in sys.modules and self.telemetry() is not None)
        )

    def telemetry(self) -> Telemetry | None:
        """OpenTelemetry, if the program has set it up: we do not load it, and without a provider it has no use."""
        if "OpenTelemetry" in self._failed:
            return None
        try:
            if self._telemetry is None:
                from failwell.client.observability.opentelemetry import Telemetry

                self._telemetry = Telemetry(self.over, self.failed)
            return self._telemetry if self._telemetry.set_up() else None
        except Exception as problem:  # noqa: BLE001 - a version that we do not know must not break a call
            self.failed("OpenTelemetry", problem)
            return None

    def tell(self, name: str, facts: dict[str, Any]) -> None:
        """Let the log and the hook hear of the event *name*. What they raise does not reach the call."""
        level = LEVELS.get(name, logging.DEBUG)
        if self._log.isEnabledFor(level):
            from failwell.client.observability.events import log_event

            log_event(self._log, level, name, facts)
        if self._hook is not None:
            try:
                self._hook(name, facts)
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is not about the call
                self.failed("on_event", problem)

    def failed(self, who: str, problem: Exception) -> None:
        """Log that *who* listens failed; the first time only, since it would with every call."""
        if who not in self._failed:
            self._failed.add(who)
            said = "%s failed with %s; the calls go on. It is told of further events, but not logged again if it fails."
            if who == "OpenTelemetry":
                said = "%s failed with %s; the calls go on, without it."
            self._log.warning(said, who, type(problem).__name__, exc_info=problem)


def _checked(catalogue: Catalogue, hook: OnEvent | None) -> OnEvent | None:
    """*hook*, if it can be called, and nobody would have to await what it returns."""
    if hook is None:
        return None
    what = f"of type {type(hook).__name__}"
    if callable(hook):
        from inspect import iscoroutinefunction

        if not iscoroutinefunction(hook):
            return hook
        what = "a coroutine function, which nobody would await"
    raise configuration_problem(catalogue, f"on_event is {what}; it must be a function of a name and a dict of facts.")
