"""The broken and odd replies, as data."""
