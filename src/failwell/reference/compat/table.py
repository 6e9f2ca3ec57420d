"""The reply table of a snapshot: its cases in a catalogue of empty classes, looked up as in any other."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass

from failwell.contract import Case, Catalogue, Error
from failwell.contract.case import Source
from failwell.reference.compat.snapshot import Facts
from failwell.wire.envelopes import Detail

STATUSES = range(100, 600)


@dataclass(frozen=True, slots=True, order=True)
class Probe:
    """A reply, or the occasion of an error that no reply tells of."""

    source: Source
    operation: str = ""
    status: int = 0
    code: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True)
class TableEntry:
    """The class that a probe is, and whether the call is repeated."""

    name: str
    retry: str


class Table:
    """Asks the facts of one snapshot."""

    def __init__(self, facts: Facts) -> None:
        self._catalogue = _catalogue(facts)

    def __call__(self, probe: Probe) -> TableEntry:
        """What *probe* is."""
        if probe.on:
            cls = self._catalogue.occasion(probe.on)
            case = next((case for case in cls.claims if case.on == probe.on), Case())
        else:
            cls, case = self._catalogue.resolve(
                probe.status or None, probe.code or None, operation=probe.operation or None, source=probe.source
            )
        return TableEntry(cls.__name__, case.retry or "never")


def probes(*snapshots: Facts) -> list[Probe]:
    """All that the *snapshots* could disagree about: each status, each code where it is claimed, each occasion."""
    claims = [
        (cls["source"], case)
        for facts in snapshots
        for cls in facts["classes"].values()
        for case in cls["cases"]
        if cls["claims"] and cls["raised"]
    ]
    operations = sorted({case.get("operation", "") for _, case in claims} | {""})
    found: set[Probe] = set()
    for operation in operations:
        found |= {Probe("http", operation, status) for status in STATUSES}
        for source, case in claims:
            found |= set(_of_claim(source, case, operation))
    return sorted(found)


def _of_claim(source: Source, case: Facts, operation: str) -> Iterator[Probe]:
    if "on" in case:
        yield Probe(source, on=case["on"])
    elif source != "http":
        yield Probe(source, operation, code=case.get("code", ""))
    elif "code" in case:
        status = case.get("status", 0)
        exact = [status] if isinstance(status, int) else [one for one in STATUSES if one // 100 == int(status[0])]
        yield from (Probe("http", operation, one, case["code"]) for one in exact if one)


def _catalogue(facts: Facts) -> Catalogue:
    """A catalogue that answers as the one did which *facts* are of. Its classes have names and claims, nothing else."""
    base = _class(facts["base"], facts, (Error,))
    classes = {facts["base"]: base}
    for name, told in facts["classes"].items():
        if told["raised"] and name not in classes:
            classes[name] = _class(name, facts, (base,))
    return Catalogue(
        facts["name"],
        base=base,
        default=classes[facts["default"]],
        errors=tuple(classes.values()),
        envelope=Detail(),
        status_decides=facts["status_decides"],
    )


def _class(name: str, facts: Facts, above: tuple[type[Error], ...]) -> type[Error]:
    told = facts["classes"][name]
    made: type[Error] = types.new_class(name, above, {"source": told["source"]})
    made.cases = tuple(Case(**case) for case in told["cases"])
    made.claims = made.cases if told["claims"] else ()
    return made
