from __future__ import annotations

from http import HTTPStatus

import pytest

from failwell import Catalogue, Error
from failwell.contract.case import phrase
from failwell.reference.page.collect import page_of
from failwell.reference.page.facts import ReferencePage
from pictograph.exceptions import CATALOGUE as PICTOGRAPH
from tests.contract.samples import CATALOGUES
from tests.spec import tree

from .shop import SHOP

ALL = {**CATALOGUES, "shop": SHOP}


@pytest.fixture(scope="module")
def shop() -> ReferencePage:
    """The page of the shop."""
    return page_of(SHOP)


def test_hierarchy_of_the_vendors_page() -> None:
    """
    The tree is that of the vendor's page: the same classes, in the same order, below the same parents.
    """
    published = [(leaf.name, leaf.parent) for leaf in tree("pictograph")]

    assert published == [(error.name, error.parent) for error in page_of(PICTOGRAPH).errors]


@pytest.mark.parametrize("catalogue", ALL.values(), ids=ALL)
def test_nothing_is_left_out(catalogue: Catalogue) -> None:
    """
    Every class, code and status that is declared has an entry, and every entry was declared.
    """
    page = page_of(catalogue)
    declared: dict[type[Error], None] = dict.fromkeys((catalogue.base, *catalogue.errors, catalogue.default))
    cases = [case for cls in declared for case in cls.claims]
    travelling = [case for cls in declared if cls.source == "http" for case in cls.claims]

    assert {cls.__name__ for cls in declared} == {error.name for error in page.errors}
    assert {case.code for case in cases if case.code is not None} == {code.code for code in page.codes}
    expected = {str(case.status).lower() for case in travelling if case.status is not None}
    assert expected == {status.label for status in page.statuses} - {"other"}


def test_a_page_needs_nothing_but_the_declaration(shop: ReferencePage) -> None:
    """
    A case says its status, code, cause, fix and address; what it does not say is its class's.
    """
    lines = shop.error("TooManyError").lines

    assert [
        ("429", None, "Too many customers at once.", "Wait `e.retry_after` seconds.", "TooManyError"),
        ("429", "busy", "The shop is full.", "Come back later.", "busy"),
        (
            "429",
            "busy.queue",
            "The queue is <full> & the shop | closes.",
            "Wait `e.retry_after` seconds.",
            "busy-queue",
        ),
    ] == [(line.label, line.code, line.cause, line.fix, line.anchor) for line in lines]


def test_what_a_docstring_says(shop: ReferencePage) -> None:
    """
    The first sentence stands in the tree, the first paragraph in the table, the whole in the entry.
    """
    found = shop.error("OutOfStockError")

    assert "Nothing is left of a product." == found.summary
    assert "Nothing is left of a product. It may come back." == found.cause
    assert "Nothing is left of a product. It may come back.\n\nThe shop does not reserve products." == found.text


def test_attributes(shop: ReferencePage) -> None:
    """
    An attribute has its type, its place in a reply and the sentence below it; a class lists what it adds.
    """
    listed = {error.name: [(a.name, a.type, a.place, a.meaning) for a in error.attributes] for error in shop.errors}

    assert [
        ("message", "str", "the message", "The human sentence; also `str(e)`."),
        ("code", "str | None", "the code", "What the shop calls it."),
        ("status", "int | None", "the status", "The HTTP status."),
    ] == listed["ShopError"]
    assert [
        ("sku", "str", "`sku` of the details", "The product."),
        ("back", "str | None", "`until` of the body", "The day on which there is more, `YYYY-MM-DD | None`."),
    ] == listed["OutOfStockError"]
    assert [("retry_after", "int | None", "header `Retry-After`", "Seconds to wait.")] == listed["TooManyError"]
    assert [("minutes", "int", "not sent", "How long it was in the oven.")] == listed["BakeError"]
    assert [[]] * 3 == [listed[name] for name in ("OrderError", "LostError", "OtherShopError")]


def test_what_every_error_carries(shop: ReferencePage) -> None:
    """
    The evidence that Failwell adds to every error is documented too.
    """
    carried = ["request_id", "attempts", "elapsed", "idempotency_key", "suppression"]
    carried += ["last_event_id", "stream_resource_id", "next_offset", "close_code", "close_reason", "unsent"]
    carried += ["resume_token", "body_code", "body", "body_length"]

    assert carried == [attribute.name for attribute in shop.evidence]
    assert [] == [attribute.name for attribute in shop.evidence if not attribute.meaning]


def test_retries_are_those_of_the_policy(shop: ReferencePage) -> None:
    """
    Whether and when a call is repeated is what the retry policy does, in a sentence.
    """
    waits = "Up to 2 times, when `Retry-After` has passed; without one after 1 s → 2 s."

    assert (1.0, 2.0) == shop.delays
    assert {
        "OutOfStockError": ["No."],
        "TooManyError": [waits, waits, f"{waits} The first request is still running."],
        "OrderError": ["Up to 2 times, after 1 s → 2 s."],
        "LostError": ["Up to 2 times, after 1 s → 2 s."],
        "BakeError": ["No."],
        "OtherShopError": ["No."],
    } == {
        error.name: [line.retried for line in error.lines]
        for error in shop.errors
        if error.name not in ("ShopError", "BrokenError")
    }


def test_a_status_of_many(shop: ReferencePage) -> None:
    """
    A status lists every case that it may be, a range the cases of the range, "other" the catch-all.
    """
    found = {status.label: [(line.error, line.code) for line in status.lines] for status in shop.statuses}

    assert {
        "409": [("OutOfStockError", "out_of_stock")],
        "429": [("TooManyError", None), ("TooManyError", "busy"), ("TooManyError", "busy.queue")],
        "500": [("BrokenError", None)],
        "503": [("OrderError", "busy")],
        "5xx": [("BrokenError", None)],
        "other": [("OtherShopError", None)],
    } == found


def test_who_raises_it(shop: ReferencePage) -> None:
    """
    A class names the operations that document it, or says that any may raise it.
    """
    found = {error.name: (error.anywhere, error.raised_by) for error in shop.errors}

    assert (False, ("orders.pay", "products.get")) == found["OutOfStockError"]
    assert (True, ()) == found["TooManyError"]
    assert (False, ()) == found["BakeError"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(413, "Content Too Large"), (414, "URI Too Long"), (416, "Range Not Satisfiable"), (422, "Unprocessable Content")],
)
def test_phrases_of_every_python(status: int, words: str) -> None:
    """
    A page says the same under every Python: the phrases are those of RFC 9110, which Python has from 3.13 on.
    """
    assert words == phrase(status)
    assert [] == [s for s in HTTPStatus if s not in (413, 414, 416, 422) and phrase(s) != s.phrase]
