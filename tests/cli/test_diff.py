from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from failwell.reference.compat.snapshot import facts_of, written
from pictograph.exceptions import CATALOGUE

from .command import FAILWELL, PATIENCE, ROOT, environment, failwell

KEPT = ROOT / "sdks" / "pictograph" / "pictograph" / "contract.snapshot.json"

SHOP = '''\
import failwell
from failwell.wire import ErrorObject


class ShopError(failwell.Error):
    """Base."""


SHOP = failwell.Catalogue("shop", base=ShopError, default=ShopError, errors=(), envelope=ErrorObject())
'''


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A snapshot of Pictograph from before its 402 was declared, when a 409 was retried."""
    facts = facts_of(CATALOGUE)
    del facts["classes"]["PaymentRequiredError"]
    facts["classes"]["ConflictError"]["cases"][0]["retry"] = "transient"
    for raised in facts["operations"].values():
        raised[:] = [name for name in raised if name != "PaymentRequiredError"]
    path = tmp_path / "older.json"
    path.write_text(written(facts))
    return path


def test_no_change() -> None:
    """
    C10. A contract against itself is exit code 0, whether it is named, found in a module, or read from its file.
    """
    for old, new in [("pictograph", "pictograph"), (str(KEPT), "pictograph.exceptions:CATALOGUE")]:
        ran = failwell("diff", old, new)

        assert (0, "pictograph: 0 breaking, 0 compatible changes.\n", "") == (ran.code, ran.out, ran.err)


def test_breaking(older: Path) -> None:
    """
    C10. A break is exit code 1, and is named: the `except` clause and the status, the retry rule.
    """
    ran = failwell("diff", str(older), "pictograph")
    lines = ran.out.splitlines()

    assert (1, "") == (ran.code, ran.err)
    assert [
        "Breaking:",
        "  `except ApiError` no longer catches 402: that is PaymentRequiredError now. [except clause]",
        "  A call that meets 409 is not repeated any more. [retry]",
        "",
        "Compatible:",
        "  PaymentRequiredError is new. [class added]",
    ] == lines[:6]
    assert lines[-1].startswith("pictograph: 2 breaking, ")


def test_compatible(older: Path) -> None:
    """
    C10. What only adds is exit code 0, and is listed.
    """
    facts = json.loads(older.read_text())
    facts["operations"]["datasets.list"].append("NotFoundError")
    newer = older.with_name("newer.json")
    newer.write_text(written(facts))

    ran = failwell("diff", str(older), str(newer))

    said = 'Compatible:\n  "datasets.list" may raise NotFoundError. [operation]\n\n'
    assert (0, said + "pictograph: 0 breaking, 1 compatible changes.\n", "") == (ran.code, ran.out, ran.err)


def test_through_a_pipe(older: Path) -> None:
    """
    C10. One side may come from the standard input, as `git show` gives it.
    """
    with older.open("rb") as file:
        ran = subprocess.run(
            [FAILWELL, "diff", "-", str(KEPT)],
            stdin=file,
            capture_output=True,
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )

    assert (1, b"") == (ran.returncode, ran.stderr)
    assert b"`except ApiError` no longer catches 402" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["nope", "pictograph"],
            "failwell: No catalogue is called 'nope'. Installed: pictograph, scopix, subconscious, vectorshift.",
        ),
        (["gone.json", "pictograph"], "failwell: gone.json is no contract snapshot: No such file or directory."),
        (
            ["pyproject.toml", "pictograph"],
            "failwell: pyproject.toml is no contract snapshot: it cannot be read as JSON",
        ),
        (
            ["pictograph.exceptions:NOPE", "pictograph"],
            "failwell: 'pictograph.exceptions:NOPE' is no catalogue: Attribu",
        ),
        (["pictograph.exceptions:AuthError", "pictograph"], "it is a type. Name one like this: shop.errors:CATALOGUE"),
        (["no.such.module:X", "pictograph"], "'no.such.module:X' is no catalogue: ModuleNotFoundError: No module name"),
        ([":X", "pictograph"], "failwell: ':X' is no catalogue: ValueError: Empty module name."),
    ],
)
def test_what_cannot_be_compared(arguments: list[str], problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A side that is nothing to compare is exit code 2 and a sentence.
    """
    monkeypatch.chdir(ROOT)
    ran = failwell("diff", *arguments)

    assert (2, "", True) == (ran.code, ran.out, problem in ran.err), ran.err
    assert "Traceback" not in ran.err


def test_a_module_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A catalogue that is not installed is found in a module beside; that of another vendor is not compared.
    """
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)

    same = failwell("diff", "shop:SHOP", "shop:SHOP")
    assert (0, "shop: 0 breaking, 0 compatible changes.\n", "") == (same.code, same.out, same.err)
    ran = failwell("diff", "shop:SHOP", "pictograph")
    assert (
        2,
        "failwell: The contract of 'pictograph' cannot be compared with that of 'shop'. Name two of one vendor.\n",
    ) == (ran.code, ran.err)


def test_snapshot(tmp_path: Path) -> None:
    """
    C10. `failwell snapshot` prints the snapshot that an SDK keeps, or writes it to a file.
    """
    file = tmp_path / "shop.json"

    printed = failwell("snapshot", "pictograph")
    wrote = failwell("snapshot", "pictograph", "--output", str(file))

    assert (0, KEPT.read_text(encoding="utf-8"), "") == (printed.code, printed.out, printed.err)
    assert (0, "", "") == (wrote.code, wrote.out, wrote.err)
    assert printed.out == file.read_text(encoding="utf-8")


def test_snapshot_where_nothing_can_be_written(tmp_path: Path) -> None:
    """
    A folder that is not there is exit code 2 and a sentence.
    """
    ran = failwell("snapshot", "pictograph", "-o", str(tmp_path / "no" / "x.json"))

    assert (2, "") == (ran.code, ran.out)
    assert f"failwell: {tmp_path / 'no' / 'x.json'}: No such file or directory. Nothing was written.\n" == ran.err


@pytest.mark.parametrize("command", [["snapshot", "pictograph"], ["diff", "pictograph", "pictograph"]])
def test_without_a_server(tmp_path: Path, command: list[str]) -> None:
    """
    A contract is looked at where no server is installed.
    """
    missing = ("fastapi", "uvicorn", "limits")
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nfor name in {missing}:\n    sys.modules[name] = None\n")

    ran = failwell(*command, env=environment(PYTHONPATH=os.fspath(tmp_path)))

    assert (0, "") == (ran.code, ran.err)
