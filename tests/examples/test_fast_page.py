from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from failwell.client.transport.pyreqwest import BlockingFast

PAGE = (Path(__file__).parents[2] / "docs" / "fast.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_client() -> None:
    """
    The client of the page sends over the fast transport.
    """
    names: dict[str, Any] = {}
    exec(compile(BLOCK, "fast.md", "exec"), names)  # noqa: S102 - our own page
    with names["client"] as client:
        transport, _ = client.core.connection

    assert isinstance(transport, BlockingFast)
