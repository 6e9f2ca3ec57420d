"""The commands of `scopix`, and how it starts."""

from __future__ import annotations

from scopix.cli import chat, documents, files, storage, videos
from scopix.cli.tool import TOOL

GROUPS = tuple(group.app for group in (files, documents, chat, videos, storage))

app = TOOL.app("Upload to Scopix, look at what it has, and ask about it. SCOPIX_API_KEY holds the key.", GROUPS)


def start() -> None:
    """Run the command with the program's arguments; ends the program."""
    TOOL.start(app)
