"""Django: `ContractMiddleware` in the setting `MIDDLEWARE`, and what it keeps in the setting `FAILWELL`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from failwell.contract.extras import needs
from failwell.server.asgi import Contract, contract_around
from failwell.server.frameworks.blocking import BlockingRun
from failwell.server.frameworks.wsgi import reader, receiving, scope_of

with needs("django", __name__):
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.signals import got_request_exception
    from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
    from django.http.response import HttpResponseBase
    from django.utils.module_loading import import_string

    from failwell.server.frameworks.django.adapter import DjangoFramework
    from failwell.server.frameworks.django.asgi import BoundedBodies
    from failwell.server.frameworks.django.bodies import body_of
    from failwell.server.frameworks.django.responses import AsyncPieces, Pieces, with_head
    from failwell.server.frameworks.django.rest import answer, exception_handler

__all__ = ["BoundedBodies", "ContractMiddleware", "exception_handler"]


class ContractMiddleware:
    """Put it first in `MIDDLEWARE`, below that of CORS. `FAILWELL` has the contract, and the settings of `install`.

    `FAILWELL = {"contract": "shop.errors.SHOP", "keys": KeyStore(...)}`: the contract, or where it is to be imported.

    Raises:
        ImproperlyConfigured: there are no such settings.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        given: dict[str, Any] = dict(getattr(settings, "FAILWELL", {}))
        if "contract" not in given:
            raise ImproperlyConfigured(
                'FAILWELL is not in the settings. Add FAILWELL = {"contract": "shop.errors.SHOP"}.'
            )
        contracts = [path for path in settings.MIDDLEWARE if _is_contract(import_string(path))]
        if len(contracts) > 1:
            raise ImproperlyConfigured(
                f"MIDDLEWARE has {len(contracts)} contracts: {', '.join(contracts)}. An app has one: leave the first."
            )
        contract = given.pop("contract")
        self.framework = DjangoFramework(get_response)
        self.contract: Contract = contract_around(
            self.framework, import_string(contract) if isinstance(contract, str) else contract, **given
        )
        got_request_exception.connect(self._raised)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer *request*."""
        under_asgi = "wsgi.input" not in request.META
        # Under ASGI a stream may be gone on with in another thread than that of the view.
        run, scope = BlockingRun(alone=under_asgi), scope_of(request.META)
        scope["failwell.request"], scope["failwell.blocking"] = request, run
        if under_asgi:
            scope["http_version"] = getattr(request, "scope", scope)["http_version"]  # HTTP/2 announces no body
        request.META["failwell.scope"] = scope
        received = body_of(request, scope)
        handled: Any = self.contract(scope, receiving(run, reader(request.META, received)), run.send)
        messages = run.messages(handled)
        start, first = next(messages), next(messages)
        own: Any = scope.get("failwell.response")
        if first.get("more_body"):
            pieces = Pieces(first, messages)
            streamed: Any = AsyncPieces(pieces) if under_asgi else pieces
            if isinstance(own, StreamingHttpResponse):
                own.streaming_content = streamed
                return with_head(own, start)
            return with_head(StreamingHttpResponse(streamed), start)
        for _ in messages:
            pass  # what is raised after the reply
        body: bytes = first["body"]
        if isinstance(own, HttpResponse) and own.status_code == start["status"] and own.content == body:
            return with_head(own, start)
        return with_head(HttpResponse(body), start)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """What a view raised, where the contract or Django knows it; a bug takes Django's own way."""
        return answer(request, exc)

    def _raised(self, sender: object, request: HttpRequest | None = None, **_: Any) -> None:
        scope = None if request is None else request.META.get("failwell.scope")
        if scope is not None:
            scope["failwell.raised"] = sys.exc_info()[1]


def _is_contract(middleware: object) -> bool:
    return isinstance(middleware, type) and issubclass(middleware, ContractMiddleware)
