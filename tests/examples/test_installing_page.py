from __future__ import annotations

import re
import tomllib

from tests.tracked import ROOT

PAGE = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_sentence() -> None:
    """
    The sentence of the page is the one that is said.
    """
    exec(compile(BLOCK, "installing.md", "exec"), {})  # noqa: S102 - our own page


def test_extras() -> None:
    """
    The page lists every extra of the distribution, and no other.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert sorted(project["optional-dependencies"]) == sorted(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
