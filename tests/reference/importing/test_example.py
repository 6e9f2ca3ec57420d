"""The example that is written beside a contract module: it runs with every library, against a socket."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from failwell.reference.importing.example import SPELLINGS, example_text
from failwell.reference.importing.planning import plan
from failwell.reference.importing.writing import module_text
from tests.servers.scripted import ScriptedServer

from .documents import BIN, body, document, flat, reformatted

STRING = {"type": "string"}
ERROR = flat(error=flat(code=STRING, message=STRING))
INSTALLED = [name for name in SPELLINGS if find_spec(name) is not None]
NOT_HERE = {"niquests"}
"""It replaces urllib3 by a fork of its own; its example is that of requests under another name."""


def shop(url: str, method: str = "get", *, keyed: bool = False, path: str = "/orders/{id}") -> dict[str, Any]:
    """A shop at *url*."""
    asked = {
        "operationId": "orders.get",
        "responses": {"404": body(ERROR), "429": body(ERROR), "503": body(ERROR)},
        "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}],
        **({"security": [{"key": []}]} if keyed else {}),
    }
    schemes = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Shop-Key"}}}
    return {**document({path: {method: asked}}, schemes), "servers": [{"url": url}]}


def written(folder: Path, data: dict[str, Any], client: str) -> Path:
    """The example for *data* and *client* in *folder*, beside its module."""
    made = plan(data, where="x.json")
    (folder / "shop_errors.py").write_text(module_text(made, source="x.json"), encoding="utf-8")
    example = folder / f"{client}_example.py"
    example.write_text(example_text(made, module="shop_errors", client=client), encoding="utf-8")
    return example


def ran(example: Path) -> str:
    """What it prints."""
    done = subprocess.run(
        [sys.executable, example.name],
        cwd=example.parent,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_libraries() -> None:
    """
    Each library that there is an example for is installed where the tests run, but for one.
    """
    assert NOT_HERE == set(SPELLINGS) - set(INSTALLED)


@pytest.mark.parametrize("client", INSTALLED)
def test_it_runs(tmp_path: Path, client: str) -> None:
    """
    The example prints the answer, after what the contract repeats; the error to handle; and any other by its class.
    """
    with ScriptedServer() as server:
        example = written(tmp_path, shop(server.url, keyed=True), client)
        server.answer(429, Retry_After="0")
        fine = ran(example)
        server.answer(404, {"error": {"message": "No order 1."}})
        handled = ran(example)
        server.answer(403, {"error": {"message": "Not yours."}})
        other = ran(example)

        assert ['{"ok": true}', "To be handled: No order 1.", "UnexpectedError: Not yours."] == [
            said.strip() for said in (fine, handled, other)
        ]
        assert (4, {"YOUR_KEY"}) == (len(server.seen), {headers.get("x-shop-key") for headers in server.seen})


@pytest.mark.parametrize("client", INSTALLED)
def test_it_sends(tmp_path: Path, client: str) -> None:
    """
    Where the only operation writes, the example writes, with an idempotency key; without credentials it sends none.
    """
    with ScriptedServer() as server:
        assert '{"ok": true}' == ran(written(tmp_path, shop(server.url, "post"), client)).strip()

        assert (True, None) == ("idempotency-key" in server.seen[0], server.seen[0].get("x-shop-key"))


def test_nobody_answers(tmp_path: Path) -> None:
    """
    Where no server is, the example says so by an error of the contract.
    """
    said = ran(written(tmp_path, shop("http://127.0.0.1:1"), "requests"))

    assert (True, True) == (said.startswith("UnexpectedError: "), "refused" in said), said


DOCUMENTS = {
    "plain": shop("https://shop.example"),
    "keyed": shop("https://shop.example", "options", keyed=True),
    "long": shop(f"https://shop.example/{'a' * 90}", "trace", keyed=True, path=f"/{'b' * 60}/{{id}}"),
    "hostile": shop('https://x/"""', path='/"\\\n#'),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_formatted(tmp_path: Path, name: str) -> None:
    """
    Examples are formatted as ruff does it, at 88 and at 120 columns, with sorted imports.
    """
    for client in SPELLINGS:
        written(tmp_path, DOCUMENTS[name], client)

    assert ["", ""] == [reformatted(tmp_path, width) for width in (88, 120)]
    sorting = [str(BIN / "ruff"), "check", "--isolated", "--select", "I", "--quiet", "."]
    assert 0 == subprocess.run(sorting, cwd=tmp_path, check=False).returncode


PAGE = Path(__file__).parents[3] / "docs" / "importing-openapi.md"


def test_the_text(tmp_path: Path) -> None:
    """
    The example is that of the page: ten lines and its imports.
    """
    (shown,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert shown == written(tmp_path, DOCUMENTS["plain"], "requests").read_text(encoding="utf-8")


@pytest.mark.slow
def test_type_checkers_accept_it(tmp_path: Path) -> None:
    """
    Neither mypy --strict nor pyright finds anything in an example.
    """
    examples = [written(tmp_path, DOCUMENTS["keyed"], client).name for client in INSTALLED]
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')

    for command in (
        [str(BIN / "mypy"), "--strict", "--no-incremental", "--config-file=", *examples],
        [str(BIN / "pyright"), "--pythonpath", sys.executable, *examples],
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
        assert 0 == done.returncode, done.stdout + done.stderr
