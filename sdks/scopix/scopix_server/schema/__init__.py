"""The tables of a Scopix server, by subject."""

from __future__ import annotations

from failwell.server import Schema
from scopix_server.schema import accounts, chats, documents, files, jobs, videos

SCHEMA = Schema(  # "Scpx": tells our database from another program's
    0x53637078,
    "".join(module.TABLES for module in (accounts, files, documents, chats, videos, jobs)),
    "failwell-scopix",
)
