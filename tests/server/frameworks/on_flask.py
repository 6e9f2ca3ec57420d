"""The shop on Flask."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, abort, request

from failwell.server import Failwell
from tests.server.shop import SHOP

from .acts import Desk, act, order, page, pieces
from .serving import under_werkzeug
from .situations import CANARY

served = under_werkzeug


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, content_type="application/json")


sub = Blueprint("sub", __name__, url_prefix="/sub")


@sub.get("/raise/<what>", endpoint="raise")
def raise_(what: str) -> Any:
    if what.startswith("http"):
        words = {"http404": "No such order.", "http413": "Too big.", "http503": CANARY}
        abort(int(what[4:]), words.get(what))
    act(what)


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    made = Flask(__name__)
    made.register_blueprint(sub)
    made.add_url_rule("/raise/<what>", view_func=raise_)

    @made.get("/orders/<int:number>")
    def get_order(number: int) -> Any:
        return answer({"number": number})

    @made.delete("/orders/<int:number>")
    def delete_order(number: int) -> Any:
        gone = Response(status=204)
        del gone.headers["content-type"]
        return gone

    @made.post("/orders")
    def post_order() -> Any:
        return answer(order(request.get_data()), 201)

    @made.post("/checked")
    def checked() -> Any:
        return request.get_json()

    @made.post("/background")
    def background() -> Any:
        answer = Response('{"later":true}', 202, content_type="application/json")
        answer.call_on_close(lambda: act("bug"))
        return answer

    @made.get("/stream/<what>")
    def stream(what: str) -> Any:
        return pieces(what), 200, {"content-type": "text/plain"}

    @made.get("/by-hand")
    def by_hand() -> Any:
        return answer({"own": "teapot"}, 418)

    @made.route("/page/<what>", methods=["GET", "POST"])
    def by_hand_page(what: str) -> Any:
        status, kind, text = page(what)
        return Response(text, status, content_type=f"{kind}; charset=utf-8")

    @made.get("/broken-header")
    def broken_header() -> Any:
        return "", 200, {"x-broken": "a\r\nx-other: b"}

    @made.get("/public")
    def public() -> Any:
        return answer({"public": True})

    @made.before_request
    def raising() -> None:
        if request.path.startswith("/middleware/"):
            act(request.path.rpartition("/")[2])
        if request.path == "/dependency":
            act("bug" if request.args else "taken")

    Failwell(made, SHOP, **desk.settings)
    return made
