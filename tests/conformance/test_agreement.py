"""The rows that hold each case of a contract against the client, the sandbox, the server and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from failwell import Case
from failwell.conformance import Agreement, Promises, Row, check
from failwell.conformance.agreement.page_check import on_page
from failwell.conformance.agreement.raising_server import RaisingServer
from failwell.conformance.errors import ShortfallError
from failwell.contract.errors import ContractError
from failwell.reference.compat.snapshot import Facts, facts_of, written
from failwell.reference.page.files import text_of
from failwell.sandbox import Sandbox, SandboxError, Served
from tests.cli.command import failwell, with_vendors

from .kiosk.exceptions import CATALOGUE
from .kiosk.promises import ADAPTER, agreement
from .kiosk_server.vendor import VENDOR

PAGE = text_of(CATALOGUE)


def kept(folder: Path, change: Callable[[Facts], object] = lambda _facts: None) -> Path:
    """The kiosk's snapshot in *folder*, after a *change*."""
    facts = facts_of(CATALOGUE)
    change(facts)
    path = folder / "contract.snapshot.json"
    path.write_text(written(facts), encoding="utf-8")
    return path


def rows(agreed: Agreement) -> list[Row]:
    """What comes of the kiosk's check."""
    return list(check(VENDOR, promises=Promises(ADAPTER, agreed)))


def test_a_row_for_each_case(tmp_path: Path) -> None:
    """
    C8. Each case of the contract has a row, which names it, and holds in both colours.
    """
    found = rows(agreement(kept(tmp_path)))

    assert [
        "KioskError (any other)",
        "SoldOutError (409)",
        "SoldOutError (409 last_one)",
        "CrowdError (503)",
        "CrowdError (503 on papers.list)",
        "AwayError (network)",
        "SlowError (timeout)",
        "PocketError (configuration)",
    ] == [row.promise.sentence.partition(" arrives as it was raised, and the page explains it")[0] for row in found]
    assert ["agreed_SoldOutError_409_last_one"] == [row.promise.name for row in found if "last" in row.promise.sentence]
    assert [] == [verdict.reason for row in found for verdict in row.verdicts.values() if not verdict.held]


def test_an_occasion_by_its_class(tmp_path: Path) -> None:
    """
    A way to an error may stand under its class, where another class has the same operation or nothing of its own.
    """
    agreed = agreement(kept(tmp_path))
    found = rows(replace(agreed, occasions={"PocketError": agreed.occasions["configuration"]}))

    assert [] == [row.promise.name for row in found if not row.held]


def _set(name: str, number: int, **facts: Any) -> Callable[[Facts], object]:
    return lambda contract: contract["classes"][name]["cases"][number].update(facts)


@pytest.mark.parametrize(
    ("change", "name", "reason"),
    [
        (
            _set("SoldOutError", 1, fix="Come at six."),
            "SoldOutError (409 last_one)",
            "from the sandbox: the fix of its case: expected 'Come at six.', saw 'Be earlier.'",
        ),
        (
            _set("SoldOutError", 0, retry="transient"),
            "SoldOutError (409)",
            "from the sandbox: the retry of its case: expected 'transient', saw None",
        ),
        (
            _set("AwayError", 0, cause="It rains."),
            "AwayError (network)",
            "from the sandbox: the cause of its case: expected 'It rains.', saw None",
        ),
        (
            _set("SoldOutError", 1, code="gone"),
            "SoldOutError (409 gone)",
            "the sandbox cannot cause it: error is SoldOutError (409 gone), which the catalogue 'kiosk' does not have",
        ),
        (
            _set("PocketError", 0, on="pockets"),
            "PocketError (pockets)",
            "nothing shows how a client comes upon it: Agreement(occasions=...) has no way to it",
        ),
        (
            _set("CrowdError", 1, operation="papers.get"),
            "CrowdError (503 on papers.get)",
            "the sandbox cannot cause it: error is CrowdError (503 on papers.get), which the catalogue 'kiosk' does",
        ),
    ],
)
def test_a_contract_that_says_something_else(
    tmp_path: Path, change: Callable[[Facts], object], name: str, reason: str
) -> None:
    """
    C8. Where the kept contract says something else of a case, its row falls short and says what; no other does.
    """
    found = rows(agreement(kept(tmp_path, change)))

    (short,) = [row for row in found if not row.held]
    assert name == short.promise.sentence.partition(" arrives")[0]
    assert {"blocking": reason, "awaiting": reason} == {
        colour: verdict.reason[: len(reason)] for colour, verdict in short.verdicts.items()
    }


def test_an_operation_without_a_call(tmp_path: Path) -> None:
    """
    C8. A case of one operation needs a call of it.
    """
    found = rows(replace(agreement(kept(tmp_path)), operations={}))

    assert ["Agreement(operations=...) has no call of papers.list"] * 2 == [
        verdict.reason for row in found for verdict in row.verdicts.values() if not verdict.held
    ]


def test_a_cue_for_what_is_no_contract(tmp_path: Path) -> None:
    """
    A server that is not wrapped by `failwell.server.install` cannot be told to raise; it is put away, and named.
    """
    closed: list[bool] = []
    bare = replace(VENDOR, serve=lambda _folder, _clock: Served(FastAPI(), {}, lambda: closed.append(True)))

    with pytest.raises(SandboxError) as caught, Sandbox(RaisingServer().around(bare)):
        pass

    assert "The server of 'kiosk' is a FastAPI; serve what failwell.server.install gives." == str(caught.value)
    assert [True] == closed


@pytest.mark.parametrize(
    ("name", "case", "said", "reason"),
    [
        ("SoldOutError", Case("nowhere", 409), {}, "the page has no section on nowhere"),
        ("CrowdError", Case("last_one", 409), {}, "the page has no section on last_one"),
        ("CrowdError", Case(None, 404), {}, "the page has no row of 404 CrowdError"),
        ("SoldOutError", Case(None, 503), {}, "the page has no row of 503 SoldOutError"),
        ("NoError", Case(on="network"), {}, "the page has no section on NoError"),
        (
            "SoldOutError",
            Case("last_one", 409),
            {"cause": "It rained."},
            "whether the section on last_one of the page tells the cause: expected True, saw False",
        ),
        (
            "SoldOutError",
            Case(None, 409),
            {"fix": "Be earlier."},
            "whether the row of 409 SoldOutError of the page tells the fix: expected True, saw False",
        ),
    ],
)
def test_what_a_page_does_not_tell(name: str, case: Case, said: dict[str, str], reason: str) -> None:
    """
    C9. A case is explained where its address leads, and nowhere else on the page.
    """
    with pytest.raises(ShortfallError) as short:
        on_page(PAGE, case, name=name, said=said)

    assert reason == str(short.value)


def test_what_a_page_tells() -> None:
    """
    C9. A code, a status, the case of an operation and an occasion are found, whatever Markdown made of their words.
    """
    on_page(PAGE, Case("last_one", 409), name="SoldOutError", said={"fix": "Be earlier."})
    on_page(PAGE, Case(None, 503), name="CrowdError", said={"fix": "Wait `e.retry_after` seconds."})
    on_page(
        PAGE, Case(None, 503, operation="papers.list"), name="CrowdError", said={"cause": "The shelf | is <hidden>."}
    )
    on_page(PAGE, Case(on="network"), name="AwayError", said={"cause": "Nobody answers.", "fix": "Go there."})
    on_page(PAGE, Case(), name="KioskError", said={"fix": "Ask the keeper."})


@pytest.mark.parametrize("text", [None, "{}"], ids=["missing", "no snapshot"])
def test_a_contract_that_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    """
    C8. Without the kept contract there is no check, and the file is named.
    """
    path = tmp_path / "contract.snapshot.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(ContractError, match=r"contract\.snapshot\.json is no contract snapshot"):
        rows(agreement(path))


def test_command(tmp_path: Path) -> None:
    """
    C8. `failwell check` has a row for each case of the SDK's own contract, and none for an SDK that an adapter drives.
    """
    env = with_vendors(tmp_path / "site", {"agreed": "tests.conformance.kiosk_server.agreed:VENDOR"})
    env["KIOSK_SNAPSHOT"] = str(kept(tmp_path))

    ran = failwell("check", "agreed", "--json", str(tmp_path / "r.json"), env=env)

    told = json.loads((tmp_path / "r.json").read_text())
    assert (0, "") == (ran.code, ran.err)
    assert [("Agreement", True)] * 8 == [(row["section"], row["held"]) for row in told["rows"]]
    assert None is Promises(ADAPTER, agreement(tmp_path)).through(ADAPTER).agreement
