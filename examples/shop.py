"""An error declared once, raised in a server and caught in a client. Run it: python examples/shop.py"""

from typing import Annotated, Any

from fastapi import FastAPI

import failwell
from failwell import Catalogue, Header, Message, field
from failwell.client import Blocking, Core, Resource, json_body, operation, path
from failwell.policy import Flow
from failwell.sandbox import serve
from failwell.server import install
from failwell.wire import ErrorObject

# The contract: one class per failure.


class ShopError(failwell.Error):
    """Base of everything that the shop raises."""

    message: Message = field(kw_only=False)


class OutOfStockError(ShopError, status=409, code="out_of_stock", fix="Offer something else until `e.back`."):
    """Nothing is left of a product."""

    sku: str = ""
    back: str | None = None


class BusyError(ShopError, status=503, code="busy", retry="transient"):
    """Too many customers at once. The client waits and tries again."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


SHOP = Catalogue("shop", base=ShopError, default=ShopError, envelope=ErrorObject())

# The server: raise it anywhere.

app = FastAPI()
app.state.visits = 0


@app.get("/products/{sku}", operation_id="product")
def product(sku: str) -> dict[str, str]:
    """Look at a product."""
    app.state.visits += 1
    if app.state.visits == 1:
        raise BusyError("The shop is full.", retry_after=1)
    if sku == "unicorn":
        raise OutOfStockError("The last unicorn is gone.", sku=sku, back="2027-04-01")
    return {"sku": sku, "price": "9.99"}


# The client: catch it.


class Shop(Resource[Blocking]):
    """The shop's SDK."""

    @operation
    def product(self, sku: str) -> Flow[Any]:
        """Look at a product. Raises: OutOfStockError."""
        return self.api.call("GET", path("/products", sku), json_body)


def main() -> None:
    """Meet both errors: one is waited out, the other is caught."""
    with serve(install(app, SHOP)) as url:
        shop = Shop(Core(SHOP, base_url=url))
        print(shop.product("teapot"), f"after {app.state.visits} requests")
        try:
            shop.product("unicorn")
        except OutOfStockError as e:
            print(f"{type(e).__name__}: {e} sku={e.sku} back={e.back} request={e.request_id}")


if __name__ == "__main__":
    main()
