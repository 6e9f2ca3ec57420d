"""Catalogues: the errors of one vendor, the table that maps replies to them, and several catalogues joined."""
