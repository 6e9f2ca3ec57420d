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

from failwell.contract.errors import ContractError


class SandboxError(ContractError):
    """The sandbox cannot do what it was asked to do."""


class BadScriptError(SandboxError):
    """The step or rule that was handed in makes no sense at *key*."""

    def __init__(self, key: str, found: str, allowed: str) -> None:
        super().__init__(key, found, allowed)
        self.key = key
        self.found = found
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.key} is {self.found}. Give {self.allowed}."

    def under(self, outer: str) -> BadScriptError:
        """The same problem, with its key seen from *outer*: "status" becomes "steps[0].status"."""
        return BadScriptError(f"{outer}.{self.key}", self.found, self.allowed)


class UnknownRoleError(SandboxError):
    """The server of *vendor* has no demo key called *role*, only those *known*."""

    def __init__(self, vendor: str, role: str, known: tuple[str, ...]) -> None:
        super().__init__(vendor, role, known)
        self.vendor = vendor
        self.role = role
        self.known = known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return f"The server of {self.vendor!r} has no demo key called {self.role!r}. It has: {known}."


class CannotListenError(SandboxError):
    """Nothing can listen on *port* of *host*; *reason* is the system's word for it."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"Cannot listen on port {self.port} of {self.host!r}: {self.reason}. "
            "Pass an address of this machine and a port from 1024 to 65535, or --port 0 to take a free one."
        )


class PortInUseError(CannotListenError):
    """Somebody else listens on *port* of *host*."""

    def __init__(self, host: str, port: int, reason: str = "in use") -> None:
        super().__init__(host, port, reason)

    def __str__(self) -> str:
        return (
            f"Port {self.port} on {self.host} is in use. Stop what listens there, or pass --port 0 to take a free one."
        )


class SlowServiceError(SandboxError):
    """The background service *name* did not *verb* ("start", "stop") within *timeout* seconds."""

    def __init__(self, name: str, verb: str, timeout: float) -> None:
        super().__init__(name, verb, timeout)
        self.name = name
        self.verb = verb
        self.timeout = timeout

    def __str__(self) -> str:
        return f"{self.name} did not {self.verb} within {self.timeout:g} s. Look at its log, or allow it more time."
