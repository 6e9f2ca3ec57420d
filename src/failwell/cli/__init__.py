"""The `failwell` command, and the kit for the commands of SDKs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.cli.kit.arguments import Limit as Limit, Patience as Patience, named as named, sendable as sendable
    from failwell.cli.kit.cells import cell as cell, document as document, printable as printable, sentence as sentence
    from failwell.cli.kit.endings import worded as worded
    from failwell.cli.kit.output import Columns as Columns
    from failwell.cli.kit.session import CommandSession as CommandSession
    from failwell.cli.kit.streams import remark as remark
    from failwell.cli.kit.tool import CommandLine as CommandLine

require("cli", "The failwell command")
lazy_exports(
    __name__,
    {
        "kit.arguments": "Limit Patience named sendable",
        "kit.cells": "cell document printable sentence",
        "kit.endings": "worded",
        "kit.output": "Columns",
        "kit.session": "CommandSession",
        "kit.streams": "remark",
        "kit.tool": "CommandLine",
    },
)
