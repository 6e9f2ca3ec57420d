"""From a request to a reply or a failure: HTTP and websocket connections, and nothing raised."""
