"""From an OpenAPI document to a first contract module: statuses, codes, fields, the envelope; what is lost is said."""
