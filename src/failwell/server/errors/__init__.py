"""From any exception to a reply in the declared envelope."""
