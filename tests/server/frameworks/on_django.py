"""The shop on Django, with a view of Django REST framework."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path

from failwell.server.frameworks.django import ContractMiddleware
from tests.server.shop import SHOP

from .acts import Desk, act, order, page, pieces
from .serving import under_werkzeug
from .situations import CANARY

served = under_werkzeug
HERE = __name__

settings.configure(
    ALLOWED_HOSTS=["*"],
    DEFAULT_CHARSET="utf-8",
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=[f"{HERE}.Contracted", f"{HERE}.raising"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "EXCEPTION_HANDLER": "failwell.server.frameworks.django.exception_handler",
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF=HERE,
    USE_TZ=True,
)
django.setup()

from rest_framework import exceptions, serializers  # noqa: E402 - it reads the settings
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.response import Response  # noqa: E402


class Contracted(ContractMiddleware):
    """The contract, by a name that Django can import."""


def raising(get_response: Any) -> Any:
    """Middleware of the app's own, which fails."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/middleware/"):
            act(request.path.rpartition("/")[2])
        answered: HttpResponse = get_response(request)
        return answered

    return middleware


def answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(body, status=status, json_dumps_params={"separators": (",", ":")})


def raise_(request: HttpRequest, what: str) -> HttpResponse:
    if what == "http404":
        raise exceptions.NotFound("No such order.")
    if what == "http413":
        failed = exceptions.APIException("Too big.")
        failed.status_code = 413
        raise failed
    if what == "http415":
        raise exceptions.UnsupportedMediaType("text/odd", "Unsupported Media Type")
    if what == "http503":
        failed = exceptions.APIException(CANARY)
        failed.status_code = 503
        raise failed
    if what == "http403":
        raise PermissionDenied(CANARY)
    return act(what)


def one_order(request: HttpRequest, number: int) -> HttpResponse:
    if request.META["REQUEST_METHOD"] == "DELETE":
        gone = HttpResponse(status=204)
        del gone["content-type"]
        return gone
    return answer({"number": number})


def orders(request: HttpRequest) -> HttpResponse:
    return answer(order(request.body), 201)


class Order(serializers.Serializer[Any]):
    item = serializers.CharField()
    count = serializers.IntegerField()


@api_view(["POST"])
def checked(request: Any) -> Response:
    given = Order(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(given.data)


def dependency(request: HttpRequest) -> HttpResponse:
    return act("bug" if request.GET else "taken")


class Later(HttpResponse):
    """What Django has for background tasks."""

    def close(self) -> None:
        super().close()
        act("bug")


def background(request: HttpRequest) -> HttpResponse:
    return Later(b'{"later":true}', status=202, content_type="application/json")


def stream(request: HttpRequest, what: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces(what), content_type="text/plain")


def by_hand(request: HttpRequest) -> HttpResponse:
    return answer({"own": "teapot"}, 418)


def by_hand_page(request: HttpRequest, what: str) -> HttpResponse:
    status, kind, text = page(what)
    return HttpResponse(text, status=status, content_type=f"{kind}; charset=utf-8")


def broken_header(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={"x-broken": "a\r\nx-other: b"})


def public(request: HttpRequest) -> HttpResponse:
    return answer({"public": True})


urlpatterns = [
    path("orders/<int:number>", one_order),
    path("orders", orders),
    path("checked", checked),
    path("raise/<what>", raise_),
    path("dependency", dependency),
    path("background", background),
    path("stream/<what>", stream),
    path("by-hand", by_hand),
    path("page/<what>", by_hand_page),
    path("broken-header", broken_header),
    path("public", public),
    path("sub/", include([path("raise/<what>", raise_)])),
]


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    from django.core.wsgi import get_wsgi_application

    settings.FAILWELL = {"contract": SHOP, **desk.settings}
    return get_wsgi_application()
