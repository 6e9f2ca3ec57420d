"""
Let a vendor's published client judge our server, then check the client itself: python judges/judge.py VENDOR PYTHON

PYTHON is an interpreter that has the client. It runs judges/VENDOR_judge.py against a sandbox on the real clock, whose
rows must all hold. Then `failwell check --adapter judges/VENDOR_adapter.py` keeps the score of the client: rows that
fall short are what is measured, and only a check that cannot be done is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from failwell.sandbox import Sandbox, find_vendor

HERE = Path(__file__).parent
FAILWELL = Path(sys.executable).with_name("failwell")

ROWS_TIME, CHECK_TIME = 180, 300
"""Seconds that the rows may take, and the check."""


def main(vendor: str, python: str) -> int:
    with Sandbox(find_vendor(vendor)) as sandbox:
        served = {"FAILWELL_URL": sandbox.url, "FAILWELL_KEYS": json.dumps(dict(sandbox.keys))}
        judged = run([python, str(HERE / f"{vendor}_judge.py")], ROWS_TIME, {**os.environ, **served})
    print(flush=True)
    return 0 if scored(vendor, python) and judged == 0 else 1


def scored(vendor: str, python: str) -> bool:
    """Print the scorecard of the client; whether there is one."""
    adapter = str(HERE / f"{vendor}_adapter.py")
    with tempfile.TemporaryDirectory() as folder:
        # Written only when the check is done: an exit code of 1 would not say so much.
        report = Path(folder) / "report.json"
        checked = [str(FAILWELL), "check", vendor, "--adapter", adapter, "--python", python, "--json", str(report)]
        code = run(checked, CHECK_TIME, dict(os.environ))
        if not report.exists():
            print(f"The check could not be done: failwell check ended with {code}.")
            return False
        found = json.loads(report.read_text())
    held = sum(row["held"] for row in found["rows"])
    print(f"Score of {found['sdk']}: {held} of {len(found['rows'])} rows held.")
    return True


def run(command: list[str], seconds: float, env: dict[str, str]) -> int:
    """The exit code of *command*, which gets *seconds*."""
    try:
        return subprocess.run(command, env=env, timeout=seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"{Path(command[-1]).name}: not done after {seconds:g} s, and ended.")
        return 124


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
