"""Exception translation: from whatever was raised to the reply that the client gets, and its log line."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from failwell._support.frozen import changed
from failwell.contract import Catalogue, Error
from failwell.contract.case import TRAVELLING
from failwell.contract.mapping import error_of_domain
from failwell.server.errors.error_counts import ErrorCase
from failwell.server.errors.forms import code_asked_for, explanation, rendered
from failwell.server.errors.framework import UNHANDLED, Framework, of_status
from failwell.server.errors.undeclared import UndeclaredError, UnlistedError
from failwell.server.errors.unwrapping import single
from failwell.server.protocol import ANSWERED, UNDECLARED, Scope, kind_of
from failwell.server.refusal import Refusal, as_error
from failwell.server.storage.errors import StoreDownError
from failwell.server.storage.transient_errors import passes
from failwell.server.stored_response import StoredResponse
from failwell.wire import Reply

logger = logging.getLogger("failwell.server")

OUT_OF_SERVICE = "The server has no room, or too much to do, at the moment. Try again in a few seconds."

Convert = Callable[[Exception], Exception | None]
"""A vendor's own mapping: an error of its catalogue, or None for an exception that it knows nothing about."""


class Translator:
    """Finds the error of *catalogue* for an exception, and holds an operation to what it declares.

    *strict* decides what a declared error is that its operation does not list: raised as `UndeclaredError`, or sent
    all the same, counted, and logged the first time.
    """

    def __init__(self, catalogue: Catalogue, framework: Framework, *, convert: Convert | None, strict: bool) -> None:
        self.catalogue = catalogue
        self.undeclared: Counter[tuple[str, str]] = Counter()
        self.errors: Counter[ErrorCase] = Counter()
        self.framework = framework
        self._convert = convert
        self._strict = strict
        self._code: str = getattr(catalogue.envelope, "code", "code")

    def reply(self, exc: Exception, scope: Scope) -> Reply:
        """The reply to *exc*, which is logged with the request's id.

        Raises:
            UndeclaredError: under *strict*, the operation does not declare it.
        """
        exc = single(exc)
        if isinstance(exc.__cause__, Refusal) and (isinstance(exc, Error) or self.framework.refusal(exc) is not None):
            # FastAPI's words for a body that broke off above its limit, or an error that a handler made of a refusal.
            exc = exc.__cause__
        if isinstance(exc, UndeclaredError):
            return self.unhandled(exc, scope)
        error = None if isinstance(exc, Refusal) else self._declared(exc, scope)
        framework = self.framework.refusal(exc, code=self._code) if error is None else None
        refused = exc if isinstance(exc, Refusal) else framework
        if refused is not None:
            if refused.status in {401, 404} and (page := self._explanation(scope)) is not None:
                self._log(logging.INFO, scope, page.status, "explanation")
                return page
            refused = self._with_methods(refused, scope)
            by_handler = framework is not None and self.framework.routed(scope)
            error = as_error(refused, self.catalogue, None if by_handler else "middleware")
        if error is None and (isinstance(exc, StoreDownError) or passes(exc)):
            return self.out_of_service(exc, scope)
        if error is None or error.case.source(error.source) not in TRAVELLING:
            return self.unhandled(exc, scope)
        # What the framework says in no class of its own may come from any operation: a body that is no JSON.
        if refused is None or (framework is not None and type(error) is not self.catalogue.default):
            undeclared = self._undeclared(error, scope, own=refused is None)
            if undeclared is not None and self._strict:
                raise undeclared from exc
            if isinstance(undeclared, UnlistedError):
                return self.unhandled(undeclared, scope)
            if undeclared is not None:
                self._count(undeclared, scope, error)
        reply = self._rendered(error, scope, refused)
        self._log_reply(scope, reply, exc)
        return reply

    def by_hand(self, status: int, scope: Scope) -> None:
        """Count that a handler answered *status* by itself, which the catalogue does not know of; log the first."""
        asked = (self.framework.operation(scope) or "", str(status))
        self.undeclared[asked] += 1
        if self.undeclared[asked] == 1:
            self._log(logging.WARNING, scope, status, "an error that was answered by hand; raise one of the catalogue")

    def knows(self, exc: Exception) -> bool:
        """Whether *exc* is an error of the catalogue, or the framework's own; else it is a bug."""
        found = single(exc)
        if isinstance(found, self.catalogue.base | Refusal) or self.framework.refusal(found) is not None:
            return True
        return any(cls in self.catalogue.mapped for cls in type(found).__mro__)

    def answer(self, exc: Exception, scope: Scope) -> Reply:
        """The reply to *exc*, for a framework that answers inside; `UndeclaredError` is raised after it was sent."""
        try:
            return self.reply(exc, scope)
        except UndeclaredError as undeclared:
            scope[UNDECLARED] = undeclared
            return self.unhandled(undeclared, scope)

    def unhandled(self, exc: Exception, scope: Scope) -> Reply:
        """The catalogue's 500, which says nothing of *exc*; the log says all."""
        self._log(logging.ERROR, scope, 500, type(exc).__name__, exc)
        return self.refused(Refusal(500, UNHANDLED), scope)

    def out_of_service(self, exc: Exception, scope: Scope) -> Reply:
        """The catalogue's 503 for an *exc* that passes by itself, such as a locked database; the log says all."""
        self._log(logging.ERROR, scope, 503, type(exc).__name__, exc)
        refused = Refusal(503, OUT_OF_SERVICE, headers={"retry-after": "2"})
        return self.refused(refused, scope)

    def broken_off(self, exc: Exception, scope: Scope) -> None:
        """Log an *exc* that came when the reply had begun: nothing can be said to the client any more."""
        if self.framework.left(exc):
            self.disconnected(scope)
        elif scope.get("failwell.broken_off") is not exc:  # it passes here once for each middleware
            scope["failwell.broken_off"] = exc
            self._log(logging.ERROR, scope, None, type(exc).__name__, exc)

    def disconnected(self, scope: Scope) -> None:
        """Log that the client left before it had sent its whole request."""
        self._log(logging.INFO, scope, None, "the client disconnected")

    def misplaced(self, problem: ValueError) -> None:
        """Log that an app which was mounted late keeps answering by itself."""
        logger.error("An app was mounted while this one was served, and stays outside of the contract. %s", problem)

    def replayed(self, answer: StoredResponse, scope: Scope) -> None:
        """Log that a kept *answer* is given again; the record has both ids."""
        scope[ANSWERED] = kind_of((name.encode(), value.encode("latin-1")) for name, value in answer.headers)
        self._log(logging.INFO, scope, answer.status, f"replay of {answer.request_id}")

    def _declared(self, exc: Exception, scope: Scope) -> Error | None:
        if isinstance(exc, self.catalogue.base):
            return exc
        for cls in type(exc).__mro__:
            if cls in self.catalogue.mapped:
                return error_of_domain(exc, self.catalogue.mapped[cls])
        if self._convert is None:
            return None
        try:
            converted = self._convert(exc)
        except Exception as problem:  # noqa: BLE001 - the vendor's code; *exc* is still to be answered
            self._log(logging.ERROR, scope, None, type(problem).__name__, problem)
            return None
        return converted if isinstance(converted, self.catalogue.base) else None

    def _with_methods(self, refused: Refusal, scope: Scope) -> Refusal:
        """*refused*; a 405 with all methods that its address takes."""
        if refused.status != 405 or scope["type"] != "http":
            return refused
        said = refused.headers.get("allow", "")
        allowed = self.framework.methods(scope) or sorted({name.strip() for name in said.split(",")} - {""})
        return of_status(405, {**refused.headers, "allow": ", ".join(allowed)}) if allowed else refused

    def _count(self, undeclared: UndeclaredError, scope: Scope, error: Error) -> None:
        asked = (undeclared.operation or "", undeclared.error.__name__)
        self.undeclared[asked] += 1
        if self.undeclared[asked] == 1:
            self._log(logging.ERROR, scope, error.status_on_the_wire, "UndeclaredError", undeclared)

    def _undeclared(self, error: Error, scope: Scope, *, own: bool) -> UndeclaredError | None:
        operation = self.framework.operation(scope)
        if own and not self.catalogue.lists(error):
            return UnlistedError(operation, type(error), self.catalogue.name, error.case)
        if operation is None or operation not in self.catalogue.operations:
            return None
        declared = self.catalogue.raises(operation)
        return None if isinstance(error, declared) else UndeclaredError(operation, type(error), declared)

    def _explanation(self, scope: Scope) -> Reply | None:
        # The type of a problem is for everybody to read; where the app has such a path itself, it answers.
        code = code_asked_for(scope)
        return None if code is None else explanation(code, self.catalogue, scope)

    def refused(self, refused: Refusal, scope: Scope) -> Reply:
        """The reply to a request that goes no further; counted, and not logged."""
        return self._rendered(as_error(refused, self.catalogue), scope, refused)

    def _rendered(self, error: Error, scope: Scope, refused: Refusal | None) -> Reply:
        reply = rendered(error, self.catalogue, scope)
        name = scope["failwell.error"] = type(error).__name__
        self.errors[ErrorCase(name, error.case.code or "", reply.status)] += 1
        if refused is None or not refused.headers:
            return reply
        vary = ", ".join(filter(None, (refused.headers.get("vary"), reply.headers["vary"])))
        return changed(reply, headers={**reply.headers, **refused.headers, "vary": vary})

    def _log_reply(self, scope: Scope, reply: Reply, exc: Exception) -> None:
        # A declared 5xx was raised on purpose and has told the client all, unless there is a cause behind it.
        told = isinstance(exc, Error) and exc.__cause__ is None
        if reply.status < 500:
            self._log(logging.INFO, scope, reply.status, type(exc).__name__)
        elif told:
            self._log(logging.WARNING, scope, reply.status, type(exc).__name__)
        else:
            self._log(logging.ERROR, scope, reply.status, type(exc).__name__, exc)

    def _log(self, level: int, scope: Scope, status: int | None, name: str, exc: Exception | None = None) -> None:
        if not logger.isEnabledFor(level):
            return
        # The path is quoted: a line break in it must not begin a log line of its own.
        said = (scope.get("method", "WEBSOCKET"), scope["path"], status or "-", name, scope["failwell.request_id"])
        extra = {"request_id": scope["failwell.request_id"], "operation": self.framework.operation(scope)}
        logger.log(level, "%s %r: %s %s (request %s)", *said, exc_info=exc, extra=extra)
