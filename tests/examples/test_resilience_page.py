from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from failwell import BreakerRules, BudgetRules, Resilience

PAGE = (Path(__file__).parents[2] / "docs" / "resilience.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_client() -> None:
    """
    The client of the page can be built; its numbers are the defaults.
    """
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[0], "resilience.md", "exec"), names)  # noqa: S102 - our own page
    with names["client"] as client:
        assert Resilience(BudgetRules(), BreakerRules(), True) == client.core.resilience
