"""A contract in a few lines, as somebody writes it who has a client already: no base class, no catalogue."""

from __future__ import annotations

from typing import Annotated

import failwell
from failwell import Header


class OutOfStock(failwell.Error, status=409, code="out_of_stock", fix="Offer something else."):
    """Nothing is left of a product."""

    sku: str = ""


class Busy(failwell.Error, status=503, retry="transient"):
    """Too many customers at once."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None
