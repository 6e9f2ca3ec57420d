"""From an OpenAPI document to a first contract module."""
