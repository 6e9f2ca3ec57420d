"""Each case of a small contract is deleted in each place; whoever looks away lets mutants survive."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failwell import Case, Catalogue
from failwell.conformance import Agreement, Bench, Promises
from failwell.conformance.agreement.agreement import Kept
from failwell.conformance.agreement.raising_server import RaisingServer
from failwell.conformance.mutation.mutation import (
    PLACES,
    BaselineError,
    Fate,
    MutationPlace,
    exchanged,
    mutants,
    mutate,
)
from failwell.conformance.mutation.partial_catalogue import Without
from failwell.conformance.promise import Promise
from failwell.contract import Error
from failwell.reference.compat.snapshot import facts_of, written
from failwell.sandbox import Sandbox
from pictograph.exceptions import CATALOGUE as PICTOGRAPH
from pictograph.promises import PROMISES as PICTOGRAPH_PROMISES
from pictograph_server.vendor import VENDOR as PICTOGRAPH_VENDOR
from subconscious import AsyncSubconscious, Subconscious
from subconscious.exceptions import CATALOGUE as SUBCONSCIOUS
from subconscious.promises import PROMISES as SUBCONSCIOUS_PROMISES
from subconscious_server.vendor import VENDOR as SUBCONSCIOUS_VENDOR
from tests.cli.command import ROOT, environment
from vectorshift.promises import PROMISES as VECTORSHIFT_PROMISES
from vectorshift_server.vendor import VENDOR as VECTORSHIFT_VENDOR

from .kiosk import client
from .kiosk.exceptions import CATALOGUE, KioskError, SoldOutError
from .kiosk.promises import ADAPTER, agreement
from .kiosk_server.vendor import VENDOR

CASES = {
    "KioskError (any other)",
    "SoldOutError (409)",
    "SoldOutError (409 last_one)",
    "CrowdError (503)",
    "CrowdError (503 on papers.list)",
    "AwayError (network)",
    "SlowError (timeout)",
    "PocketError (configuration)",
}
SENT = {name for name in CASES if name.startswith(("Sold", "Crowd"))}
EXPECTED: dict[MutationPlace, set[str]] = {
    "contract": CASES,
    "server": SENT,
    "sandbox": SENT | {"AwayError (network)", "SlowError (timeout)"},
    "page": CASES,
}
REASONS: dict[MutationPlace, str] = {
    "contract": "blocking: from the sandbox: expected SoldOutError, it raised ",
    "server": "blocking: from the server: expected SoldOutError, it raised ",
    "sandbox": "blocking: the sandbox cannot cause it: error is SoldOutError (409), which the catalogue 'kiosk' ",
    "page": "blocking: the page has no row of 409 SoldOutError",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract as it is kept."""
    path = tmp_path_factory.mktemp("kept") / "contract.snapshot.json"
    path.write_text(written(facts_of(CATALOGUE)), encoding="utf-8")
    return path


def survivors(kept: Agreement) -> dict[MutationPlace, set[str]]:
    """The cases that could be deleted without a row that falls short, by place."""
    found: dict[MutationPlace, set[str]] = {}
    for fate in mutate(VENDOR, promises=Promises(ADAPTER, kept)):
        if not fate.killed:
            found.setdefault(fate.mutant.place, set()).add(fate.mutant.kept.name)
    return found


def test_every_case_in_every_place(snapshot: Path) -> None:
    """
    C8. Each case is deleted in each place that knows it, and a row that names it falls short; none survives.
    """
    heard: list[str] = []
    promises = Promises(ADAPTER, agreement(snapshot))

    fates = list(mutate(VENDOR, promises=promises, progress=lambda mutant: heard.append(str(mutant))))

    made = {place: {fate.mutant.kept.name for fate in fates if fate.mutant.place == place} for place in PLACES}
    assert EXPECTED == made
    assert [] == [str(fate.mutant) for fate in fates if not fate.killed or fate.refused]
    assert [str(fate.mutant) for fate in fates] == heard
    assert "kiosk: SoldOutError (409 last_one) deleted in the page" in heard


def test_what_the_rows_say(snapshot: Path) -> None:
    """
    C8. The row says which place lost the case, and what came of it.
    """
    fates = mutate(VENDOR, promises=Promises(ADAPTER, agreement(snapshot)))

    reasons = {fate.mutant.place: fate.reason for fate in fates if fate.mutant.kept.name == "SoldOutError (409)"}

    assert REASONS == {place: reasons[place][: len(start)] for place, start in REASONS.items()}


class BlindToTheServer(Agreement):
    """Believes that the server raises what it should."""

    def _through_server(self, kept: Kept, bench: Bench, cue: RaisingServer) -> None:
        del kept, bench, cue


class BlindToThePage(Agreement):
    """Reads a page that is written from the whole catalogue, whichever it is asked about."""

    def promise(self, kept: Kept, catalogue: Catalogue, cue: RaisingServer) -> Promise:
        """A promise about another page."""
        del catalogue
        return super().promise(kept, CATALOGUE, cue)


class BlindToTheSandbox(Agreement):
    """Arms its errors in a sandbox that knows them all, whichever it is asked about."""

    def _through_sandbox(self, kept: Kept, bench: Bench) -> None:
        before, bench.sandbox.vendor = bench.sandbox.vendor, VENDOR
        try:
            super()._through_sandbox(kept, bench)
        finally:
            bench.sandbox.vendor = before


@pytest.mark.parametrize(
    ("blind", "expected"),
    [
        (BlindToTheServer, {"server": SENT}),
        (BlindToThePage, {"page": CASES}),
        (BlindToTheSandbox, {"sandbox": EXPECTED["sandbox"]}),
    ],
)
def test_a_blinded_check_leaves_survivors(
    snapshot: Path, blind: type[Agreement], expected: dict[MutationPlace, set[str]]
) -> None:
    """
    C8. A check that looks away from a place, or asks another object, lets every mutant there survive, and no other.
    """
    assert expected == survivors(agreement(snapshot, blind))


def test_a_client_with_a_table_of_its_own(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C8. A client that does not go by the registry survives all deletions there, and so is found out.
    """
    own = Catalogue("own", base=KioskError, default=KioskError, errors=CATALOGUE.errors, envelope=CATALOGUE.envelope)
    monkeypatch.setattr(client, "CATALOGUE", own)

    assert {"contract": CASES} == survivors(agreement(snapshot))


def test_a_case_that_no_snapshot_has(tmp_path: Path) -> None:
    """
    C8. A case that the kept contract does not have is missed by nobody: it survives everywhere, with the reason.
    """
    facts = facts_of(CATALOGUE)
    facts["classes"]["SoldOutError"]["cases"] = facts["classes"]["SoldOutError"]["cases"][:1]
    stale = tmp_path / "contract.snapshot.json"
    stale.write_text(written(facts), encoding="utf-8")

    fates = list(mutate(VENDOR, promises=Promises(ADAPTER, agreement(stale))))

    left = [(fate.mutant.kept.name, fate.mutant.place, fate.reason) for fate in fates if not fate.killed]
    reason = "no row names it: the snapshot that is kept has no such case"
    assert [("SoldOutError (409 last_one)", place, reason) for place in PLACES] == left


class OddCheck(Agreement):
    """A check that is broken itself."""

    def _arrives(self, kept: Kept, bench: Bench, cue: RaisingServer) -> None:
        if isinstance(bench.sandbox.vendor.catalogue, Without):
            raise ZeroDivisionError
        super()._arrives(kept, bench, cue)


def test_a_check_that_fails_by_itself_kills_nothing(snapshot: Path) -> None:
    """
    C8. A mutant is not killed by a check that fails in a way of its own.
    """
    assert {"sandbox": EXPECTED["sandbox"]} == survivors(agreement(snapshot, OddCheck))


def test_the_baseline_has_to_hold(snapshot: Path) -> None:
    """
    C8. Where a row falls short with nothing deleted, or there is none, no mutant is made and the rows are named.
    """
    poor = replace(agreement(snapshot), occasions={})

    with pytest.raises(BaselineError) as short:
        list(mutate(VENDOR, promises=Promises(ADAPTER, poor)))
    with pytest.raises(BaselineError) as lacking:
        list(mutate(VENDOR, promises=Promises(ADAPTER)))

    reason = "blocking: nothing shows how a client comes upon it: Agreement(occasions=...) has no way to it"
    assert ("kiosk", (("PocketError (configuration)", reason),)) == (short.value.vendor, short.value.short)
    assert f"\n  PocketError (configuration): {reason}" in str(short.value)
    assert (("Agreement", "its promises name none"),) == lacking.value.short


def test_what_cannot_be_built_or_started(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C8. A server that does not start without the case has noticed too, and it is told that it was so.
    """
    start = Sandbox.start

    def picky(self: Sandbox) -> Sandbox:
        vendor: Any = sys.modules[VENDOR.serve.__module__]
        vendor.CATALOGUE.raises("papers.get")
        if isinstance(vendor.CATALOGUE, Without):
            raise BaselineError("kiosk", ())
        return start(self)

    monkeypatch.setattr(Sandbox, "start", picky)
    fates: Iterator[Fate] = mutate(VENDOR, promises=Promises(ADAPTER, agreement(snapshot)))

    refused = Counter(fate.mutant.place for fate in fates if fate.killed and fate.refused)

    assert {"server": len(SENT)} == refused


def test_everything_is_back_in_its_place(snapshot: Path) -> None:
    """
    C8. After the mutants every module has its own catalogue again.
    """
    list(mutate(VENDOR, promises=Promises(ADAPTER, agreement(snapshot))))

    assert [CATALOGUE] * 2 == [vars(client)["CATALOGUE"], vars(sys.modules[VENDOR.serve.__module__])["CATALOGUE"]]


def test_exchanged() -> None:
    """
    C8. A catalogue is exchanged in all modules of a package, and in no other.
    """
    package = "tests.conformance.kiosk"
    without = Without(CATALOGUE, SoldOutError, SoldOutError.cases[1])

    with exchanged(package, CATALOGUE, without):
        assert [without] * 2 == [
            vars(sys.modules[f"{package}.{name}"])["CATALOGUE"] for name in ("client", "exceptions")
        ]
        assert CATALOGUE is vars(sys.modules["tests.conformance.kiosk_server.vendor"])["CATALOGUE"]


@pytest.mark.parametrize("client", [Subconscious, AsyncSubconscious])
def test_exchanged_in_clients(client: type[Subconscious | AsyncSubconscious]) -> None:
    """
    C8. A catalogue is exchanged in a package's clients, too, and comes back to it.
    """
    without = Without(SUBCONSCIOUS, *next(SUBCONSCIOUS.cases()))

    with exchanged("subconscious", SUBCONSCIOUS, without):
        assert without is client("sk-test").core.catalogue
    assert SUBCONSCIOUS is client("sk-test").core.catalogue


@pytest.mark.parametrize("whole", [CATALOGUE, PICTOGRAPH, SUBCONSCIOUS], ids=lambda whole: whole.name)
def test_without(whole: Catalogue) -> None:
    """
    C8. A catalogue without a case is otherwise the same: the other cases, and all that it was built from.
    """
    for cls, case in whole.cases():
        mutant = Without(whole, cls, case)

        assert [one for one in whole.cases() if one != (cls, case)] == list(mutant.cases())
        for name in inspect.signature(Catalogue).parameters:
            assert getattr(whole, name) == getattr(mutant, name), name


def test_without_the_catch_all() -> None:
    """
    C8. Without its catch-all a catalogue has nothing to say about what no case claims.
    """
    mutant = Without(CATALOGUE, KioskError, CATALOGUE.catch_all)

    assert ("Ask the keeper.", Case()) == (CATALOGUE.catch_all.fix, mutant.catch_all)
    assert (KioskError, Case()) == mutant.resolve(418)


def test_pictograph_has_a_mutant_for_each_case_and_place() -> None:
    """
    C8. For Pictograph each claim of each class is deleted in each place that knows its kind of error.
    """
    kept = PICTOGRAPH_PROMISES.agreement
    assert kept is not None
    made = mutants(PICTOGRAPH_VENDOR, kept)
    claims: set[tuple[type[Error], Case]] = set(PICTOGRAPH.cases())

    assert claims == {(mutant.kept.cls, mutant.kept.case) for mutant in made if mutant.place == "contract"}
    assert claims == {(mutant.kept.cls, mutant.kept.case) for mutant in made if mutant.place == "page"}
    sent = {(cls, case) for cls, case in claims if cls.source == "http" and (case.status or case.code)}
    assert sent == {(mutant.kept.cls, mutant.kept.case) for mutant in made if mutant.place == "server"}


def test_the_catch_all_of_a_contract_whose_statuses_decide() -> None:
    """
    C8. Where the status decides, what is left over has a code; it is no less the catch-all, which no server sends.
    """
    kept = SUBCONSCIOUS_PROMISES.agreement
    assert kept is not None
    [rest] = [one for one in kept.cases() if one.is_catch_all]

    assert ("SubconsciousError (internal_error)", "internal_error") == (rest.name, rest.case.code)
    places = [mutant.place for mutant in mutants(SUBCONSCIOUS_VENDOR, kept) if mutant.kept == rest]
    assert ["contract", "page"] == places


def test_what_no_server_says() -> None:
    """
    What fails in a job or in a session, and has no code, is known by the operation that asks: to client and page alone.
    """
    kept = VECTORSHIFT_PROMISES.agreement
    assert kept is not None
    without_a_code = {"SessionError", "PipelineRunFailedError", "KbIngestionFailed"}
    places = {
        name: [mutant.place for mutant in mutants(VECTORSHIFT_VENDOR, kept) if mutant.kept.cls.__name__ == name]
        for name in without_a_code
    }

    assert {name: ["contract", "page"] for name in without_a_code} == places


@pytest.mark.parametrize("vendor", ["pictograph", "scopix", "subconscious", "vectorshift"])
def test_command(vendor: str) -> None:
    """
    C8. `make mutate` has no survivor of a vendor's contract, prints a row for each place, and exits with 0.
    """
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "mutate.py"), vendor],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines() if "│" in line]
    assert list(PLACES) == [row[0] for row in rows]
    assert ["0"] * len(PLACES) == [row[-1] for row in rows]
    assert all(int(row[1]) == int(row[2]) + int(row[3]) > 0 for row in rows)
