from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from failwell.cli.init import Client
from failwell.reference.importing.example import SPELLINGS
from failwell.server import install
from pictograph.exceptions import CATALOGUE

from .command import FAILWELL, PATIENCE, environment, failwell, on_a_terminal

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
To be expected, and not declared:
- 429, anywhere (1 x): orders.list
- 500 or 503, anywhere (1 x): orders.list
"""


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small document, in the folder that the command is run in."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def files(folder: Path) -> set[str]:
    """What is in *folder*."""
    return {path.name for path in folder.iterdir()}


def test_two_files(document: Path) -> None:
    """
    The module and the example are written beside each other; what came of it, was lost, and is missing goes to stderr.
    """
    ran = failwell("init", document.name, "--client", "requests")

    wrote = "Wrote shop_errors.py, and shop_example.py, which calls with requests.\n"
    assert (0, "", SAID + wrote) == (ran.code, ran.out, ran.err)
    assert {"openapi.json", "shop_errors.py", "shop_example.py"} == files(document.parent)
    assert "from shop_errors import CATALOGUE, NotFoundError, ShopError" in (
        document.with_name("shop_example.py").read_text(encoding="utf-8")
    )


def test_printed(document: Path) -> None:
    """
    With --output - the module alone goes to the terminal, and needs no library.
    """
    assert 0 == failwell("init", document.name, "--client", "httpx").code

    printed = failwell("init", str(document), "--output", "-")

    assert (0, SAID) == (printed.code, printed.err)
    assert printed.out == document.with_name("shop_errors.py").read_text(encoding="utf-8")


def test_from_a_pipe(document: Path) -> None:
    """
    The document may come from the standard input, and the vendor may be named.
    """
    with document.open("rb") as file:
        ran = subprocess.run(
            [FAILWELL, "init", "-", "--name", "corner shop", "-o", "-"],
            stdin=file,
            capture_output=True,
            encoding="utf-8",
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )

    assert (0, True) == (ran.returncode, ran.stderr.startswith("corner_shop: 4 classes"))
    assert "# Imported from an OpenAPI document: 2 error responses of 1 operation.\n" in ran.stdout


@pytest.mark.parametrize("there", ["shop_errors.py", "shop_example.py"])
def test_nothing_is_replaced(document: Path, there: str) -> None:
    """
    Without --force, and where the import fails, a file that is there stays as it is and the other is not written.
    """
    folder = document.parent
    file = document.with_name(there)
    file.write_text("mine")

    refused = failwell("init", document.name, "--client", "requests")
    assert (
        2,
        "",
        f"failwell: {there} is there already. Name another file with --output, or replace it with --force.\n",
    ) == (
        refused.code,
        refused.out,
        refused.err,
    )
    (folder / "bad.json").write_text("{")
    assert 2 == failwell("init", "bad.json", "--client", "requests", "--force").code
    assert ("mine", {"bad.json", "openapi.json", there}) == (file.read_text(), files(folder))

    assert 0 == failwell("init", document.name, "--client", "requests", "--force").code
    assert file.read_text().startswith('"""')
    assert {"bad.json", "openapi.json", "shop_errors.py", "shop_example.py"} == files(folder)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ("shop-errors.py", "its name is no name in Python"),
        ("class.py", "its name is no name in Python"),
        ("2.py", "its name is no name in Python"),
        ("errors.txt", "its name does not end with .py"),
        ("requests.py", "it would stand before requests itself"),
        ("failwell.py", "it would stand before failwell itself"),
        ("json.py", "it would stand before json itself"),
        ("nowhere/errors.py", "nowhere/errors.py: No such file or directory. Nothing was written."),
        (".", "Is a directory"),
    ],
)
def test_odd_output(document: Path, output: str, problem: str) -> None:
    """
    A module that no example could import, or that cannot be written, is a sentence, and no file is written.
    """
    ran = failwell("init", document.name, "-o", output, "--client", "requests")

    assert (2, "", True) == (ran.code, ran.out, problem in ran.err), ran.err
    assert "Traceback" not in ran.err
    assert {"openapi.json"} == files(document.parent)


def test_client_of_the_project(document: Path) -> None:
    """
    The example is written with what the project depends on; --client says otherwise.
    """
    folder = document.parent
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["httpx[http2]>=0.28"]\n')

    ran = failwell("init", document.name)
    assert (0, True) == (ran.code, ran.err.endswith("shop_example.py, which calls with httpx.\n"))
    other = failwell("init", document.name, "--client", "aiohttp", "--force")
    assert (0, True) == (other.code, other.err.endswith("shop_example.py, which calls with aiohttp.\n"))


def test_clients() -> None:
    """
    --client takes each library that there is an example for.
    """
    assert list(SPELLINGS) == [client.value for client in Client]


@pytest.mark.parametrize(
    ("requirements", "reason"),
    [
        ("numpy\n", "This folder names no HTTP library."),
        ("requests\nhttpx\n", "This project depends on requests and httpx."),
    ],
)
def test_no_client(document: Path, requirements: str, reason: str) -> None:
    """
    Where neither project nor option says which, and nobody can be asked, the option is named and nothing written.
    """
    (document.parent / "requirements.txt").write_text(requirements)

    ran = failwell("init", document.name)

    known = "requests, niquests, httpx, httpx2, aiohttp, urllib3, pyreqwest, urllib"
    said = f"failwell: {reason} Choose what the example calls with: --client NAME, one of {known}.\n"
    assert (2, "", said) == (ran.code, ran.out, ran.err)
    assert {"openapi.json", "requirements.txt"} == files(document.parent)


@pytest.mark.parametrize(
    ("typed", "code", "written"),
    [
        ("\n", 0, "calls with requests"),
        ("curl\nHTTPX\n", 0, "'curl' is none of them"),
        (signal.SIGINT, 130, "Interrupted."),
        ("\x04", 130, "Interrupted."),
    ],
)
def test_asked(document: Path, typed: str | signal.Signals, code: int, written: str) -> None:
    """
    At a terminal it asks, until the answer is one of those it knows; Ctrl-C and Ctrl-D end it with nothing written.
    """
    ended, said = on_a_terminal("init", document.name, env=environment(), until=("[requests]", typed))

    assert (code, True) == (ended, written in said), said
    assert (code == 0) == document.with_name("shop_errors.py").exists()


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

    ran = failwell("init", str(path))

    assert (2, "", True) == (ran.code, ran.out, ran.err.startswith(f"failwell: {path} ") and problem in ran.err), (
        ran.err
    )
    assert "Traceback" not in ran.err


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C6. A contract that was put into a FastAPI app's document comes back from it: its statuses, codes and fields.
    """
    app = FastAPI(title="Pictograph")

    def accept() -> None: ...

    for operation in ("images.upload", "training.create"):
        app.add_api_route(f"/{operation}", accept, methods=["POST"], operation_id=operation)
    install(app, CATALOGUE)
    (tmp_path / "openapi.json").write_text(json.dumps(app.openapi()))
    monkeypatch.chdir(tmp_path)

    assert 0 == failwell("init", "openapi.json", "-o", "back.py", "--client", "requests").code
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
