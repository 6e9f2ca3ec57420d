"""Every file in examples/ runs, and says what it is expected to say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 20

SAID = {
    "shop.py": (
        r"\{'sku': 'teapot', 'price': '9\.99'\} after 2 requests\n"
        r"OutOfStockError: The last unicorn is gone\. sku=unicorn back=2027-04-01 request=[0-9a-f-]{32,36}\n"
    ),
}
"""What each example prints, as a pattern of the whole."""


def test_every_example_is_known() -> None:
    """
    There is an expected output for each example, and an example for each output.
    """
    assert sorted(SAID) == sorted(found.name for found in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", SAID)
def test_example(name: str, tmp_path: Path) -> None:
    """
    The example runs to its end within 20 s, prints what it should, and leaves nothing behind.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON", "TMPDIR"))}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        cwd=tmp_path,
        env={**env, "PYTHONUTF8": "1", "TMPDIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )

    assert (0, []) == (done.returncode, os.listdir(tmp_path)), done.stderr  # noqa: PTH208
    assert re.fullmatch(SAID[name], done.stdout), done.stdout
