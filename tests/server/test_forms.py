"""The form of an error: what a client accepts, and how short the text for an agent is."""

from __future__ import annotations

import pytest

import failwell
from failwell import Catalogue
from failwell.server.errors.forms import rendered, wanted
from failwell.wire import ErrorObject


class ShopError(failwell.Error, code="gone", status=503, retry="transient", fix="Come back. " * 40):
    """The shop has moved."""

    message: failwell.Message = failwell.field(default="Gone. " * 200, kw_only=False)


SHOP = Catalogue("shop", base=ShopError, default=ShopError, errors=(ShopError,), envelope=ErrorObject())
PROBLEM, TEXT, PAGE = "application/problem+json", "text/markdown", "text/html"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("application/json, text/plain, */*", None),
        ("application/problem+json", PROBLEM),
        ("application/problem+json, application/json", None),
        ("application/json;q=0.9, application/problem+json", PROBLEM),
        ("application/problem+json;q=0.1, */*;q=0.1", PROBLEM),
        ("APPLICATION/PROBLEM+JSON", PROBLEM),
        ("text/markdown, */*;q=0.5", TEXT),
        ("text/markdown;q=0", None),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PAGE),
        ("text/html;q=0.4, text/markdown;q=0.6", TEXT),
        ("text/html;q=often", None),
        ("text/html;q=nan", None),
        (";;q=,,", None),
        ("image/png", None),
    ],
)
def test_accept(accept: str, form: str | None) -> None:
    """
    Who asks for another form gets it; everybody else, and who accepts JSON as well, the declared envelope.
    """
    assert form == wanted(accept)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_short_form(method: str) -> None:
    """
    The text for an agent has 480 characters at most, which are 120 tokens, however long the words are.
    """
    headers = [(b"accept", b"text/markdown"), (b"idempotency-key", b"k")]
    scope = {"type": "http", "method": method, "headers": headers, "failwell.request_id": "f" * 32}
    text = rendered(ShopError(), SHOP, scope).body.decode()

    assert ["# 503", "Gone.", "- Code", "- Retry", "- Effect", "- Do", "- Request"] == [
        next(
            start
            for start in ("# 503", "Gone.", "- Code", "- Retry", "- Effect", "- Do", "- Request")
            if line.startswith(start)
        )
        for line in text.splitlines()
    ]
    assert len(text) <= 480
    assert ("with the same idempotency key" in text) == (method == "POST")
