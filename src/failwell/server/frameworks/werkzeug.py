"""What Flask and Quart have in common: error handlers of the app and its blueprints, exceptions of Werkzeug."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from failwell.contract import Error
from failwell.contract.extras import needs
from failwell.server.errors.framework import Framework, of_status
from failwell.server.protocol import Scope
from failwell.server.refusal import Refusal
from failwell.wire import Reply

with needs("flask", __name__):
    from werkzeug.exceptions import HTTPException


class WerkzeugFramework(Framework, ABC):
    """The Flask or Quart *app*. Its error handlers leave what the contract covers to that."""

    @abstractmethod
    def current_request(self) -> Any:
        """The request that is being answered."""

    @abstractmethod
    def scope(self) -> Scope | None:
        """The scope of the request that is being answered; None if it did not come in through the contract."""

    def adopt(self, *, partly: bool) -> None:
        """Answer every exception, in the app's own handler for it."""
        if self.contract is not None:
            return
        own = [handlers for codes in self.app.error_handler_spec.values() for handlers in codes.values()]
        ours = [(handlers, cls) for handlers in own for cls in handlers if _is_ours(cls)]
        if ours and not partly:
            names = ", ".join(sorted({cls.__name__ for _, cls in ours}))
            raise ValueError(
                f"The app has error handlers of its own for: {names}. The contract answers those. Remove them, or "
                'begin with some of the paths: install(..., paths=("/v2/*",)).'
            )
        for handlers, cls in ours:
            handlers[cls] = self._answering(handlers[cls])
        if Exception not in self.app.error_handler_spec[None][None]:
            self.app.register_error_handler(Exception, self._answering(None))

    def named(self, response: Any) -> Any:
        """Let the contract know which view answered with a *response* that is an error."""
        if response.status_code >= 400 and (scope := self.scope()) is not None:
            self._name(scope)
        return response

    def refusal(self, exc: Exception, *, code: str = "code") -> Refusal | None:
        """An `HTTPException` of Werkzeug, as `abort()` raises it; the words of its class are not its author's."""
        if not isinstance(exc, HTTPException) or exc.code is None:
            return None
        headers = {name.lower(): str(value) for name, value in exc.get_headers()}
        said = None if exc.description == type(exc).description else exc.description
        return of_status(exc.code, headers, said=said, code=code)

    def request(self, scope: Scope) -> Any:
        """Nothing of the framework: its request is not there yet."""
        return scope

    def _name(self, scope: Scope) -> None:
        if (rule := self.current_request().url_rule) is not None:
            scope["failwell.operation"] = rule.endpoint

    def _answering(self, own: Any) -> Any:
        """A handler that answers what the contract covers; what it does not, *own* does, or the framework."""

        def answer(exc: Exception) -> Any:
            scope = self.scope()
            translator = None if scope is None else scope.get("failwell.translator")
            if scope is None or translator is None:
                if own is not None:
                    return own(exc)
                if isinstance(exc, HTTPException):
                    return exc
                raise exc
            self._name(scope)
            raised = getattr(exc, "original_exception", None) or exc
            if scope["type"] != "http":
                raise raised
            reply: Reply = translator.answer(raised, scope)
            return self.app.response_class(reply.body, reply.status, dict(reply.headers))

        return answer


def _is_ours(cls: type[BaseException]) -> bool:
    return cls is Exception or issubclass(cls, HTTPException | Error)
