from __future__ import annotations

import re
from copy import copy

import pytest

from failwell import Catalogue
from failwell.reference.page.collect import page_of
from failwell.reference.page.markdown import markdown
from tests.contract.samples import CATALOGUES
from tests.spec import page as published

from .shop import SHOP

ALL = {**CATALOGUES, "shop": SHOP}

ENTRY = """\
### `busy` { #busy }

429 [`TooManyError`](#TooManyError): The shop is full.

- **What to do**: Come back later.
- **Retried**: Up to 2 times, when `Retry-After` has passed; without one after 1 s → 2 s.

503 [`OrderError`](#OrderError): The order could not be taken.

- **What to do**: Order again.
- **Retried**: Up to 2 times, after 1 s → 2 s.

[Back to the hierarchy](#hierarchy)
"""

TREE = """\
- [`ShopError`](#ShopError) — Base of everything that the shop raises
    - [`OutOfStockError`](#OutOfStockError) — 409. Nothing is left of a product
        - [`out_of_stock`](#out_of_stock)
    - [`TooManyError`](#TooManyError) — 429. Too many customers at once
        - [`busy`](#busy)
        - [`busy.queue`](#busy-queue)
    - [`OrderError`](#OrderError) — 503. The order could not be taken
        - [`busy`](#busy)
    - [`BrokenError`](#BrokenError) — 5xx, 500. The shop is broken
    - [`LostError`](#LostError) — The shop cannot be reached
    - [`BakeError`](#BakeError) — The bread was burnt
        - [`burnt`](#burnt)
    - [`OtherShopError`](#OtherShopError) — Whatever else the shop says
"""

RETRIES = """\
The SDK already retries what is worth it, as long as it is safe: DELETE, GET, HEAD, OPTIONS, PUT and TRACE requests, \
anything else only with an `Idempotency-Key`, or when the server has refused it unseen.

- **[`busy`](#busy) (503), [`BrokenError`](#BrokenError) (5xx), [`BrokenError`](#BrokenError) (500), \
[`LostError`](#LostError)** — up to 2 times, backoff `1 s → 2 s`, each within 10%. A `Retry-After` on 503 is \
kept to the second.
- **[`TooManyError`](#TooManyError) (429), [`busy`](#busy) (429)** — with `Retry-After` ≤ 30 s, waits and then \
retries, up to 2 times; a longer one is raised at once. Without a readable one, backoff `1 s → 2 s`.
- **[`busy.queue`](#busy-queue) (429)** — the same request is still running: waits for `Retry-After`, then asks again, \
up to 2 times.
- Everything else is raised at once.
"""


NO_KEYS = """\
The SDK already retries what is worth it, as long as it is safe: DELETE, GET, HEAD, OPTIONS, PUT and TRACE requests, \
anything else only when the server has refused it unseen.
"""
IGNORED_KEYS = """\
The server is not known to honour `Idempotency-Key`, so a call that changes something is not sent again when its \
answer was lost: look whether it was done before you repeat it. Each error keeps its key in `e.idempotency_key`"""


def sections(text: str) -> list[str]:
    """The headings of a page's sections, without their anchors."""
    return [re.sub(r" \{.*", "", heading) for heading in re.findall(r"^## (.*)$", text, re.MULTILINE)]


def test_a_server_without_keys() -> None:
    """
    A page says whether the server honours idempotency keys, and what that means for a write whose answer was lost.
    """
    catalogue = copy(SHOP)
    assert "The server honours `Idempotency-Key`" in markdown(page_of(catalogue))

    catalogue.idempotency = None
    assert [True, True] == [part in markdown(page_of(catalogue)) for part in (NO_KEYS, IGNORED_KEYS)]


@pytest.mark.parametrize("part", [TREE, RETRIES, ENTRY], ids=["tree", "retries", "entry of a code"])
def test_golden(part: str) -> None:
    """
    The tree links to each class and code, retries say what is repeated and when, an entry says cause and fix.
    """
    assert part in markdown(page_of(SHOP))


def test_order_of_the_vendors_page() -> None:
    """
    The sections come in the order of the vendor's page, under its headings.
    """
    ours = sections(markdown(page_of(CATALOGUES["pictograph"])))
    theirs = sections(published("pictograph"))

    shared = ["Hierarchy", "When each fires", "Retry behavior", "Idempotency"]
    assert shared == [heading for heading in theirs if heading in ours]
    assert shared == [heading for heading in ours if heading in theirs]


@pytest.mark.parametrize("catalogue", ALL.values(), ids=ALL)
def test_links_lead_somewhere(catalogue: Catalogue) -> None:
    """
    Every link of a page leads to an anchor on it, and no anchor stands there twice.
    """
    text = markdown(page_of(catalogue))
    anchors = re.findall(r"^#+ .* \{ #(\S+) \}$", text, re.MULTILINE) + re.findall(r'<a id="([^"]+)"></a>', text)

    assert len(set(anchors)) == len(anchors)
    assert set() == set(re.findall(r"\]\(#([^)]+)\)", text)) - set(anchors)


@pytest.mark.parametrize("catalogue", ALL.values(), ids=ALL)
def test_tables_are_whole(catalogue: Catalogue) -> None:
    """
    No text of a declaration breaks a table: each row has as many cells as its head.
    """
    text = markdown(page_of(catalogue))
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, *rows = table.splitlines()
        assert {head.count("|")} == {row.count("|") for row in rows}


def test_what_would_be_markup() -> None:
    """
    What a docstring says of `<`, `&` and `|` is read as written, in backticks and outside.
    """
    text = markdown(page_of(SHOP))

    assert "The queue is &lt;full> &amp; the shop &#124; closes." in text
    assert "The day on which there is more, <code>YYYY-MM-DD &#124; None</code>." in text


def test_a_fix_of_one_operation() -> None:
    """
    What to do on one operation stands below what to do elsewhere.
    """
    assert "- **What to do**: Try later.\n    - on `orders.pay`: The bank broke. Ask the bank.\n" in markdown(
        page_of(SHOP)
    )


def test_a_cause_beside_the_docstring() -> None:
    """
    The section of a class tells why its case happens, where that is more than its docstring says.
    """
    text = markdown(page_of(CATALOGUES["scopix"]))
    (section,) = re.findall(r"(?<={ #AuthenticationError }\n)(.*?)(?=\n###)", text, re.DOTALL)

    assert "- **When**: Missing or invalid API key" in section


def test_the_same_page_every_time() -> None:
    """
    A page has no date and no order of chance in it: written again, it is the same.
    """
    assert markdown(page_of(SHOP)) == markdown(page_of(SHOP))
