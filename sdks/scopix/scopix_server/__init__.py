"""The Scopix reference server."""
