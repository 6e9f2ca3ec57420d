"""
Exceptions of the sandbox: bad scripts, ports in use, services that do not start.

SandboxError
├── BadScriptError     a step or rule that makes no sense: which key, what was found, what is allowed
├── UnknownRoleError   no demo key is called so
├── CannotListenError  the address cannot be listened on
│   └── PortInUseError     because somebody else does
└── SlowServiceError   a background service did not start or stop in time
"""

from __future__ import annotations

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError


class SandboxError(ContractError):
    """The sandbox cannot do what it was asked to do."""


class BadScriptError(ExceptionFields, SandboxError):
    """The step or rule that was handed in makes no sense at *key*."""

    key: str
    found: str
    allowed: str
    template = "{key} is {found}. Give {allowed}."

    def under(self, outer: str) -> BadScriptError:
        """The same problem, with its key seen from *outer*: "status" becomes "steps[0].status"."""
        return BadScriptError(f"{outer}.{self.key}", self.found, self.allowed)


class UnknownRoleError(ExceptionFields, SandboxError):
    """The server of *vendor* has no demo key called *role*, only those *known*."""

    vendor: str
    role: str
    known: tuple[str, ...]
    template = "The server of {vendor!r} has no demo key called {role!r}. It has: {known}."


class CannotListenError(ExceptionFields, SandboxError):
    """Nothing can listen on *port* of *host*; *reason* is the system's word for it."""

    host: str
    port: int
    reason: str
    template = (
        "Cannot listen on port {port} of {host!r}: {reason}. Pass an address of this machine and a port from 1024 to "
        "65535, or --port 0 to take a free one."
    )


class PortInUseError(CannotListenError):
    """Somebody else listens on *port* of *host*."""

    reason: str = "in use"
    template = "Port {port} on {host} is in use. Stop what listens there, or pass --port 0 to take a free one."


class SlowServiceError(ExceptionFields, SandboxError):
    """The background service *name* did not *verb* ("start", "stop") within *timeout* seconds."""

    name: str
    verb: str
    timeout: float
    template = "{name} did not {verb} within {timeout:g} s. Look at its log, or allow it more time."
