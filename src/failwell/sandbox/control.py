"""Control endpoint of the sandbox: rules and log over HTTP, by a token of this machine."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Callable
from typing import cast

from failwell.sandbox.errors import SandboxError
from failwell.sandbox.faults.rules import Script, rule_from_json
from failwell.sandbox.faults.steps import Answer
from failwell.sandbox.faults.validation import HeaderPairs, shown
from failwell.sandbox.log import RequestLog

PREFIX = "/_failwell/"
"""Paths below it are answered here and never passed on."""

TOKEN_HEADER = "X-Failwell-Token"  # noqa: S105  the name of the header, not a token

LONGEST_BODY = 1_048_576
"""Most bytes of a body that is read."""

ArmError = Callable[[dict[str, object]], None]

_ROUTES = {
    "rules": ("GET", "POST", "DELETE"),
    "log": ("GET", "DELETE"),
    "health": ("GET",),
    "errors": ("POST",),
}


class Control:
    """
    Answers requests below `/_failwell/`; each answer is an `Answer` with a JSON body.

    Without a *token* everything is refused. *arm_error* gets the object posted to `/_failwell/errors`; what it cannot
    use it refuses with a SandboxError, ValueError or TypeError, whose text is the answer.
    """

    def __init__(self, script: Script, log: RequestLog, *, token: str, arm_error: ArmError | None = None) -> None:
        self._script = script
        self._log = log
        self._token = token.encode()
        self._arm_error = arm_error

    def refusal(self, peer: str, token: str | None) -> Answer | None:
        """The answer for who may not ask, to be given before the body is read; None for who may."""
        if not _is_loopback(peer):
            return problem(403, f"The control endpoint answers only this machine, not {peer!r}. Call it on 127.0.0.1.")
        if not self._token:
            return problem(403, "The control endpoint is off. Start the sandbox with a control token to use it.")
        if token is None or not hmac.compare_digest(token.encode("latin-1", "replace"), self._token):
            found = "missing" if token is None else "wrong"
            remedy = "Send the token that the sandbox was started with."
            return problem(403, f"The {TOKEN_HEADER} header is {found}. {remedy}")
        return None

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """The answer to an allowed request with *body*, which is at most `LONGEST_BODY` bytes long."""
        room = path.removeprefix(PREFIX)
        allowed = _ROUTES.get(room)
        if allowed is None:
            known = ", ".join(PREFIX + name for name in _ROUTES)
            return problem(404, f"Nothing is at {path!r}. Use one of: {known}.")
        if method not in allowed:
            message = f"{method} is not for {path}. Use {' or '.join(allowed)}."
            return problem(405, message, (("Allow", ", ".join(allowed)),))
        if method == "POST":
            return self._post(room, body)
        if method == "DELETE":
            return _json(200, {"removed": self._script.clear() if room == "rules" else self._log.clear()})
        return _json(200, self._state(room))

    def _state(self, room: str) -> dict[str, object]:
        pending = self._script.pending()
        if room == "rules":
            return {"rules": [armed.to_json() for armed in pending]}
        if room == "log":
            return self._log.to_json()
        return {"status": "ok", "rules": len(pending), "entries": len(self._log.entries())}

    def _post(self, room: str, body: bytes) -> Answer:
        if room == "errors" and self._arm_error is None:
            return problem(404, f"This sandbox has no errors to arm by name. Post steps to {PREFIX}rules instead.")
        try:
            sent: object = json.loads(body)
        except (ValueError, RecursionError) as found:
            return problem(400, f"The body of POST {PREFIX}{room} is not JSON ({found}). Send a JSON object.")
        if not isinstance(sent, dict):
            return problem(400, f"The body of POST {PREFIX}{room} is {shown(sent)}. Send a JSON object.")
        payload = cast("dict[str, object]", sent)
        try:
            if self._arm_error is not None and room == "errors":
                self._arm_error(payload)
                return _json(201, {"armed": True})
            return _json(201, {"id": self._script.arm(rule_from_json(payload))})
        except (SandboxError, ValueError, TypeError) as found:
            return problem(400, str(found))


def too_large(announced: str | None) -> Answer:
    """The answer to a body longer than `LONGEST_BODY`, whose Content-Length is *announced*."""
    length = f"{announced} bytes" if announced else "more"
    return problem(413, f"The body is {length}; at most {LONGEST_BODY} bytes are read. Send fewer rules at a time.")


def problem(status: int, message: str, headers: HeaderPairs = ()) -> Answer:
    """An answer that says what is wrong: {"error": *message*}."""
    return _json(status, {"error": message}, headers)


def _json(status: int, content: dict[str, object], headers: HeaderPairs = ()) -> Answer:
    body = json.dumps(content).encode()
    return Answer(status, (("Content-Type", "application/json"), *headers), body)


def _is_loopback(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
