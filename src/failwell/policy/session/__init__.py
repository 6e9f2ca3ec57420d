"""A websocket session: kept alive, renewed after a drop."""
