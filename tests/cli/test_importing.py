from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from failwell.server import install
from pictograph.exceptions import CATALOGUE

from .command import FAILWELL, PATIENCE, environment, failwell, run

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shop"},
    "paths": {
        "/orders": {
            "get": {
                "operationId": "orders.list",
                "responses": {
                    "404": {"description": "No such order."},
                    "410": {"description": "", "content": {"text/html": {}}},
                },
            }
        }
    },
}

SAID = """\
shop: 4 classes and 0 codes from 2 error responses of 1 operation, in FirstOf("message", "error", "detail").
Not carried over:
- bodies that are not JSON but text/html (1 x): orders.list 410
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A small document."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def test_import(document: Path) -> None:
    """
    The module goes to a file or the terminal; what came of it, and what was lost, to stderr.
    """
    file = document.with_name("shop_errors.py")

    printed = failwell("import", str(document))
    wrote = failwell("import", str(document), "--output", str(file))

    assert (0, SAID) == (printed.code, printed.err)
    assert (0, "", SAID) == (wrote.code, wrote.out, wrote.err)
    assert printed.out == file.read_text(encoding="utf-8")
    assert (
        0 == run(sys.executable, "-c", f"import sys; sys.path.insert(0, {str(file.parent)!r}); import shop_errors").code
    )


def test_from_a_pipe(document: Path) -> None:
    """
    The document may come from the standard input, and the vendor may be named.
    """
    with document.open("rb") as file:
        ran = subprocess.run(
            [FAILWELL, "import", "-", "--name", "corner shop"],
            stdin=file,
            capture_output=True,
            encoding="utf-8",
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )

    assert (0, True) == (ran.returncode, ran.stderr.startswith("corner_shop: 4 classes"))
    assert "# Imported from an OpenAPI document: 2 error responses of 1 operation.\n" in ran.stdout


def test_nothing_is_replaced(document: Path) -> None:
    """
    A file that is there stays as it is without --force, and when the import fails.
    """
    file = document.with_name("shop_errors.py")
    file.write_text("mine")

    refused = failwell("import", str(document), "-o", str(file))
    assert (2, "", f"failwell: {file} is there already. Name another file, or replace it with --force.\n") == (
        refused.code,
        refused.out,
        refused.err,
    )
    document.with_name("bad.json").write_text("{")
    assert 2 == failwell("import", str(document.with_name("bad.json")), "-o", str(file), "--force").code
    assert "mine" == file.read_text()

    assert 0 == failwell("import", str(document), "-o", str(file), "--force").code
    assert file.read_text().startswith('"""The errors of Shop')
    assert {"bad.json", "openapi.json", "shop_errors.py"} == {path.name for path in document.parent.iterdir()}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("gone.json", None, "cannot be imported: No such file or directory."),
        ("bad.yaml", "a: [", "cannot be imported: it is not YAML ("),
        ("old.json", '{"swagger": "2.0"}', "cannot be imported: it is Swagger 2.0. Convert it to OpenAPI 3 first."),
        ("silent.yaml", "openapi: 3.1.0", "declares no response of 4XX, 5XX or default"),
    ],
)
def test_what_cannot_be_imported(tmp_path: Path, name: str, text: str | None, problem: str) -> None:
    """
    What is no document to import is exit code 2 and a sentence.
    """
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    ran = failwell("import", str(path))

    assert (2, "", True) == (ran.code, ran.out, ran.err.startswith(f"failwell: {path} ") and problem in ran.err), (
        ran.err
    )
    assert "Traceback" not in ran.err


def test_there_and_back(tmp_path: Path) -> None:
    """
    C6. A contract that was put into a FastAPI app's document comes back from it: its statuses, codes and fields.
    """
    app = FastAPI(title="Pictograph")

    def accept() -> None: ...

    for operation in ("images.upload", "training.create"):
        app.add_api_route(f"/{operation}", accept, methods=["POST"], operation_id=operation)
    install(app, CATALOGUE)
    (tmp_path / "openapi.json").write_text(json.dumps(app.openapi()))

    assert 0 == failwell("import", str(tmp_path / "openapi.json"), "-o", str(tmp_path / "back.py")).code
    program = (
        "import json, back; print(json.dumps(sorted((c.status, c.code) for _, c in back.CATALOGUE.cases() if c.code)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=PATIENCE,
    )
    text = (tmp_path / "back.py").read_text(encoding="utf-8")

    assert sorted([409, case.code] for _, case in CATALOGUE.cases() if case.code) == json.loads(ran.stdout)
    assert '    envelope=Detail(code="error_code"),\n' in text
    assert '    required: Annotated[int | None, Body("detail.required")] = None\n' in text
    assert '    retry_after: Annotated[int | None, Header("Retry-After")] = None\n' in text
