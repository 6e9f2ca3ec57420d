from __future__ import annotations

from pathlib import Path

import pytest

from failwell.cli.project import clients_of

KNOWN = ("requests", "httpx", "httpx2", "aiohttp", "urllib3")


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ()),
        ({"pyproject.toml": '[project]\ndependencies = ["requests>=2"]'}, ("requests",)),
        ({"pyproject.toml": '[project]\ndependencies = ["httpx2"]'}, ("httpx2",)),
        ({"pyproject.toml": "[project]\ndependencies = [\" HTTPX[http2] >=0.27; python_version > '3'\"]"}, ("httpx",)),
        ({"pyproject.toml": '[project]\ndependencies = ["httpx-sse", "requests-toolbelt", "types-requests"]'}, ()),
        ({"pyproject.toml": '[project]\ndependencies = ["requests", "aiohttp"]'}, ("requests", "aiohttp")),
        ({"pyproject.toml": '[project.optional-dependencies]\nweb = ["aiohttp"]'}, ("aiohttp",)),
        ({"pyproject.toml": '[dependency-groups]\ntest = [{include-group = "x"}, "httpx"]'}, ("httpx",)),
        (
            {"pyproject.toml": '[project]\ndependencies = ["requests"]\n[dependency-groups]\ntest = ["httpx"]'},
            ("requests",),
        ),
        ({"pyproject.toml": '[tool.poetry.dependencies]\nrequests = "^2"\npython = "^3.11"'}, ("requests",)),
        ({"pyproject.toml": '[tool.poetry.group.dev.dependencies]\nhttpx = {version = "*"}'}, ("httpx",)),
        ({"pyproject.toml": "[project"}, ()),
        ({"pyproject.toml": "project = 1"}, ()),
        ({"pyproject.toml": '[project]\ndependencies = "requests"'}, ()),
        ({"pyproject.toml": '[project]\ndependencies = [1, ["requests"]]'}, ()),
        ({"pyproject.toml": "\udcff"}, ()),
        ({"requirements.txt": "# httpx\n-r other.txt\n-e .\n\nrequests==2.34.2  # ours\n"}, ("requests",)),
        ({"requirements.txt": "requests==2.34.2\nurllib3==2.8.0\n"}, ("requests",)),
        ({"requirements.txt": "urllib3==2.8.0\n"}, ("urllib3",)),
        ({"requirements.txt": "httpx @ file:///wheels/httpx.whl\n"}, ("httpx",)),
        ({"requirements-dev.txt": "httpx\n", "requirements.txt": "numpy\n"}, ("httpx",)),
        ({"requirements/base.txt": "aiohttp\n"}, ("aiohttp",)),
        ({"requirements.txt": "\ufeffrequests\n"}, ("requests",)),
    ],
    ids=str,
)
def test_found(tmp_path: Path, files: dict[str, str], found: tuple[str, ...]) -> None:
    """
    The libraries that a project depends on are found where projects write them down; what cannot be read says nothing.
    """
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert found == clients_of(tmp_path, KNOWN)


def test_utf16(tmp_path: Path) -> None:
    """
    A list that PowerShell has written is one, too.
    """
    (tmp_path / "requirements.txt").write_bytes("requests==2.34.2\r\n".encode("utf-16"))

    assert ("requests",) == clients_of(tmp_path, KNOWN)
