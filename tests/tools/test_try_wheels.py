"""What `make build` does with each extra, where all of them are installed: seconds instead of minutes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from failwell.contract.extras import EXTRAS

TOOL = Path(__file__).parents[2] / "tools" / "try_wheels.py"


def works() -> dict[str, str]:
    """The program of each extra, as the tool has them."""
    body = ast.parse(TOOL.read_text(encoding="utf-8")).body
    [value] = [node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WORKS"]
    found: dict[str, str] = ast.literal_eval(value)
    return found


def test_each_extra_is_tried() -> None:
    """
    The build tries Failwell alone, every extra alone, and all of them.
    """
    assert {"", *EXTRAS, "all"} == set(works())


@pytest.mark.slow
@pytest.mark.parametrize("extra", sorted(works()))
def test_what_is_tried_is_there(extra: str) -> None:
    """
    What the build imports and calls has the names that it has today.
    """
    ran = subprocess.run([sys.executable, "-c", works()[extra]], capture_output=True, text=True, check=False)

    assert (0, "") == (ran.returncode, ran.stderr)
