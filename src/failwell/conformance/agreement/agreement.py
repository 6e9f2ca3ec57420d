"""Round-trip agreement: each case of a contract arrives at client, server and sandbox as it was raised.

What a case is comes from the snapshot that is kept beside the SDK. The catalogue is what is under test: one that has
lost a case must not be asked which cases there are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from failwell.conformance.agreement.page_check import on_page
from failwell.conformance.agreement.raising_server import RaisingServer
from failwell.conformance.bench import Bench
from failwell.conformance.errors import ShortfallError
from failwell.conformance.observation import Observation, expect_equal
from failwell.conformance.promise import Promise
from failwell.contract.case import Case, Source
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.declaration import specs_of
from failwell.contract.error import Error
from failwell.contract.errors import ContractError
from failwell.reference.compat.snapshot import Facts, SnapshotError, read
from failwell.reference.openapi.examples import example
from failwell.reference.page.files import text_of
from failwell.sandbox.errors import BadScriptError

SECTION = "Agreement"

SHORT_TIMEOUT = 0.5
"""Real seconds that an attempt may take which meets silence."""

Action = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """One case as the snapshot has it, of the class *cls*, which the snapshot sums up in *summary*.

    *status* is one that it can be sent with; for the catch-all, one that nothing claims.
    """

    cls: type[Error]
    case: Case
    summary: str
    status: int | None

    @property
    def name(self) -> str:
        """The class, and what tells its cases apart: "ConflictError (409 duplicate_name)"."""
        return f"{self.cls.__name__} ({self.case})"

    @property
    def source(self) -> Source:
        """Where the case comes from."""
        return self.case.source(self.cls.source)

    @property
    def is_catch_all(self) -> bool:
        """Whether it is what no other case claims."""
        return self.source == "http" and self.case.status is None

    def made(self) -> Error:
        """An error that is this case, with something in every field that travels."""
        return example(self.cls, self.case, self.status)


@dataclass(frozen=True)
class Agreement:
    """What agrees with the contract in the file *snapshot*, and how a client comes upon its cases.

    *call* is any call, and *operations* has one for each operation with cases of its own. *occasions* has a way to each
    error that the SDK raises by itself, under what its case is raised on, or its class; of a job that failed, its code
    or operation.
    """

    snapshot: Path
    call: Action
    operations: Mapping[str, Action] = field(default_factory=dict)
    occasions: Mapping[str, Callable[[Bench], Observation]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cases())

    def cases(self) -> list[Kept]:
        """Every case that the snapshot has, and what a reply is that no case claims.

        Raises:
            SnapshotError: the file is missing, or no snapshot.
        """
        try:
            text = self.snapshot.read_text(encoding="utf-8")
        except OSError as problem:
            raise SnapshotError(str(self.snapshot), problem.strerror or str(problem)) from problem
        return list(_cases(read(text, str(self.snapshot))))

    def promises(self, catalogue: Catalogue, cue: RaisingServer) -> Iterator[Promise]:
        """A promise for each case. *catalogue* is what the page is written from, *cue* what the server hears.

        Raises:
            SnapshotError: the file is missing, or no snapshot.
        """
        for kept in self.cases():
            yield self.promise(kept, catalogue, cue)

    def promise(self, kept: Kept, catalogue: Catalogue, cue: RaisingServer) -> Promise:
        """The promise that the case *kept* arrives as it was raised, and that the page explains it."""

        def agreed(bench: Bench) -> None:
            self._arrives(kept, bench, cue)
            _explained(kept, catalogue)

        agreed.__name__ = "_".join(["agreed", *kept.name.replace("(", "").replace(")", "").split()])
        return Promise(SECTION, f"{kept.name} arrives as it was raised, and the page explains it", agreed)

    def _arrives(self, kept: Kept, bench: Bench, cue: RaisingServer) -> None:
        known = kept.case.on or kept.case.code or kept.case.operation or ""
        occasion = self.occasions.get(kept.cls.__name__) or self.occasions.get(known)
        if occasion is not None:
            _compare(kept, occasion(bench), bench)
        elif kept.source == "transport":
            self._through_sandbox(kept, bench)
        elif kept.source == "http":
            self._through_sandbox(kept, bench)
            self._through_server(kept, bench, cue)
        else:
            raise ShortfallError("nothing shows how a client comes upon it: Agreement(occasions=...) has no way to it")

    def _through_sandbox(self, kept: Kept, bench: Bench) -> None:
        error = kept.made()
        try:
            bench.sandbox.next(error)
        except BadScriptError as refused:
            raise ShortfallError(f"the sandbox cannot cause it: {refused}") from refused
        self._meets(kept, error, bench, "the sandbox")

    def _through_server(self, kept: Kept, bench: Bench, cue: RaisingServer) -> None:
        error = kept.made()
        cue.clear()
        cue.next(error)
        try:
            self._meets(kept, error, bench, "the server")
        finally:
            cue.clear()

    def _meets(self, kept: Kept, error: Error, bench: Bench, whence: str) -> None:
        """A call meets *error*, which comes back as it was."""
        settings: dict[str, Any] = {"timeout": SHORT_TIMEOUT} if kept.case.on == "timeout" else {}
        action = self.call if kept.case.operation is None else self.operations.get(kept.case.operation)
        if action is None:
            raise ShortfallError(f"Agreement(operations=...) has no call of {kept.case.operation}")
        seen = bench.call(action, max_retries=0, **settings)
        try:
            _compare(kept, seen, bench)
            for spec in specs_of(kept.cls):
                if spec.travels and kept.source == "http":
                    expect_equal(f"e.{spec.name}", getattr(error, spec.name), getattr(seen.error, spec.name, None))
        except ShortfallError as short:
            raise ShortfallError(f"from {whence}: {short}") from short


def _cases(facts: Facts) -> Iterator[Kept]:
    claimed = {
        case["status"]
        for told in facts["classes"].values()
        if told["claims"]
        for case in told["cases"]
        if isinstance(case.get("status"), int)
    }
    unclaimed = next(status for status in range(400, 500) if status not in claimed)
    for name, told in facts["classes"].items():
        cls = getattr(importlib.import_module(told["module"]), name)
        cases = [Case(**case) for case in told["cases"]]
        rest = [case for case in cases if _claims_nothing(case, facts)]
        for case in cases if told["raised"] and told["claims"] else ():
            if case not in rest or cls.source in ("job", "stream"):
                yield Kept(cls, case, told["summary"], case.concrete_status)
        if name == facts["default"]:
            yield Kept(cls, rest[0] if rest else Case(), told["summary"], unclaimed)


def _claims_nothing(case: Case, facts: Facts) -> bool:
    """Whether *case* is what is left over; where the status decides, its code is only what such an error is told."""
    return not any((case.status, case.operation, case.on)) and (case.code is None or facts["status_decides"])


def _compare(kept: Kept, seen: Observation, bench: Bench) -> None:
    """What was *seen* is the class and the case *kept*."""
    seen.raised(bench.error(kept.cls.__name__))
    if not isinstance(seen.error, Error):
        raise ShortfallError(f"{type(seen.error).__name__} is no failwell.Error: it does not say which case it is")
    expected, arrived = asdict(kept.case), asdict(seen.error.case)
    for fact, wanted in expected.items():
        expect_equal(f"the {fact} of its case", wanted, arrived[fact])


def _explained(kept: Kept, catalogue: Catalogue) -> None:
    """The page of *catalogue* tells the cause and the fix of the case *kept*."""
    case = kept.case
    said = {"cause": case.cause or kept.summary, "fix": case.fix or ""}
    try:
        text = text_of(catalogue)
    except ContractError as problem:
        raise ShortfallError(f"the page cannot be written: {problem}") from problem
    on_page(text, case, name=kept.cls.__name__, said={what: words for what, words in said.items() if words})
