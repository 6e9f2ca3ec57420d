"""The commands that look something up in a contract: they run without a server, and where none is installed."""

from __future__ import annotations

from collections.abc import Callable

from failwell.cli.diff import diff
from failwell.cli.explain import explain
from failwell.cli.init import init
from failwell.cli.openapi import openapi
from failwell.cli.reference import reference
from failwell.cli.snapshot import snapshot

LOOK_UPS: dict[str, Callable[..., int]] = {
    "explain": explain,
    "reference": reference,
    "openapi": openapi,
    "snapshot": snapshot,
    "diff": diff,
    "init": init,
}
