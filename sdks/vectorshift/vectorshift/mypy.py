"""The mypy plugin `vectorshift.mypy`, for configurations that name it. The types of this SDK need no help of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy.plugin import Plugin


def plugin(version: str) -> type[Plugin]:
    """What mypy of this *version* is given: a plugin without hooks."""
    from mypy.plugin import Plugin

    del version
    return Plugin
