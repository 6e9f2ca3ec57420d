"""The commands of `pictograph`, and how it starts."""

from __future__ import annotations

from pictograph.cli.groups import GROUPS
from pictograph.cli.tool import TOOL

app = TOOL.app("Look at what Pictograph has, and wait for it. PICTOGRAPH_API_KEY holds the key.", GROUPS)


def start() -> None:
    """Run the command with the program's arguments; ends the program."""
    TOOL.start(app)
