from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

PROGRAM = """
from vectorshift import Pipeline

result: str = Pipeline.fetch(name="my-pipeline").run({"q": "..."}).run_id
"""


@pytest.mark.slow
def test_the_plugin_loads(tmp_path: Path) -> None:
    """
    A configuration that names the plugin runs, as it did with the published client.
    """
    (tmp_path / "mypy.ini").write_text("[mypy]\nplugins = vectorshift.mypy\nfollow_imports = silent\n")
    (tmp_path / "program.py").write_text(PROGRAM)

    out, err, code = api.run(["--config-file", str(tmp_path / "mypy.ini"), str(tmp_path / "program.py")])

    assert (0, "") == (code, err), out


def test_what_it_is() -> None:
    """
    It is a plugin of mypy.
    """
    from mypy.plugin import Plugin

    from vectorshift.mypy import plugin

    assert issubclass(plugin("2.0"), Plugin)
