"""A small contract of every form: a code of two classes, a range, an operation, a job, fields in every place."""

from __future__ import annotations

from typing import Annotated

import failwell
from failwell import Body, Case, Catalogue, Code, Details, Header, Local, Message, RetryRules, Status, field
from failwell.wire import Problem


class ShopError(failwell.Error):
    """Base of everything that the shop raises."""

    message: Message = field(kw_only=False)
    code: Annotated[str | None, Code()] = None
    """What the shop calls it."""
    status: Annotated[int | None, Status()] = None
    """The HTTP status."""


class OutOfStockError(ShopError, status=409, code="out_of_stock", fix="Offer something else until `e.back`."):
    """Nothing is left of a product. It may come back.

    The shop does not reserve products.
    """

    sku: Annotated[str, Details()] = ""
    """The product."""
    back: Annotated[str | None, Body("until")] = None
    """The day on which there is more, `YYYY-MM-DD | None`."""


class TooManyError(
    ShopError,
    status=429,
    retry="throttled",
    fix="Wait `e.retry_after` seconds.",
    cases=(
        Case("busy", 429, cause="The shop is full.", retry="throttled", fix="Come back later."),
        Case("busy.queue", 429, cause="The queue is <full> & the shop | closes.", retry="in_progress"),
    ),
):
    """Too many customers at once."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None
    """Seconds to wait."""


class OrderError(ShopError, code="busy", status=503, fix="Order again.", retry="transient"):
    """The order could not be taken."""


class BrokenError(
    ShopError,
    status="5XX",
    fix="Try later.",
    retry="transient",
    cases=(Case(None, 500, operation="orders.pay", fix="Ask the bank.", cause="The bank broke."),),
):
    """The shop is broken."""


class LostError(ShopError, source="transport", on="network", retry="transient", fix="Look at the cable."):
    """The shop cannot be reached."""


class BakeError(ShopError, source="job", code="burnt", fix="Bake it again."):
    """The bread was burnt."""

    minutes: Annotated[int, Local()] = 0
    """How long it was in the oven."""


class OtherShopError(ShopError, fix="Read the message."):
    """Whatever else the shop says."""


ERRORS = (
    OutOfStockError,
    TooManyError,
    OrderError,
    BrokenError,
    LostError,
    BakeError,
    OtherShopError,
)

SHOP = Catalogue(
    "shop",
    base=ShopError,
    default=OtherShopError,
    errors=ERRORS,
    envelope=Problem(),
    retries=RetryRules(max_retries=2, longest_retry_after=30.0, jitter=0.1),
    operations={"orders.pay": (OrderError, OutOfStockError), "products.get": OutOfStockError},
    everywhere=(TooManyError, BrokenError),
    idempotency="server",
    docs="https://shop.test/errors",
)
