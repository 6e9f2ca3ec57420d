"""The form of an error: what a client accepts, and how short the text for an agent is."""

from __future__ import annotations

import pytest

import failwell
from failwell import Catalogue
from failwell._support.frozen import changed
from failwell.server.errors.forms import rendered, wanted
from failwell.server.refusal import Refusal, as_error
from failwell.wire import ErrorObject
from pictograph_server.vendor import VENDOR as PICTOGRAPH
from scopix_server.vendor import VENDOR as SCOPIX
from subconscious_server.vendor import VENDOR as SUBCONSCIOUS
from vectorshift_server.vendor import VENDOR as VECTORSHIFT


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


CATALOGUES = (PICTOGRAPH.catalogue, SCOPIX.catalogue, SUBCONSCIOUS.catalogue, VECTORSHIFT.catalogue)
TRAVELLING_CASES = [
    pytest.param(catalogue, case, id=f"{catalogue.name}-{cls.__name__}-{case.status}-{case.code}-{case.operation}")
    for catalogue in CATALOGUES
    for cls, case in catalogue.cases()
    if case.status is not None
]


@pytest.mark.parametrize(("catalogue", "case"), TRAVELLING_CASES)
@pytest.mark.parametrize("words", ["Gone.", "It went wrong while it was done. " * 100], ids=["short", "long"])
def test_short_form_of_each_error(catalogue: Catalogue, case: failwell.Case, words: str) -> None:
    """
    Of each error of the four services the text for an agent has at most 120 tokens of four characters.
    """
    status = case.status if isinstance(case.status, int) else int(str(case.status)[0]) * 100 + 11
    error = as_error(Refusal(status, words, code=case.code, headers={"retry-after": "7"}), catalogue)
    error.become(changed(case, status=status))
    scope = {"type": "http", "method": "POST", "headers": [(b"accept", b"text/markdown"), (b"idempotency-key", b"k")]}
    text = rendered(error, catalogue, {**scope, "failwell.request_id": "f" * 36}).body.decode()

    assert f"# {status}" == text[:5]
    assert ["- Request: " + "f" * 36] == text.splitlines()[-1:]
    assert len(text) / 4 <= 120
