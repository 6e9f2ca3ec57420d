"""Pickle every class of a catalogue for the tests of later releases: python tools/keep_pickles.py CATALOGUE VERSION.

Writes tests/pickles/CATALOGUE-VERSION/: each class in every protocol, and facts.json with what must come back. A
release that is kept already is never written again: its pickles are those that users have.
"""

import argparse
import json
import pickle
import sys
from pathlib import Path
from typing import Any

from failwell import Attempt, Case, Catalogue, Error
from failwell.contract.declaration import specs_of
from failwell.contract.evidence import KeptBody
from failwell.contract.reporting import attach
from failwell.reference.catalogues import named_catalogue
from failwell.reference.openapi.examples import example, sample
from failwell.wire.json import plain

FOLDER = Path(__file__).parents[1] / "tests" / "pickles"
EVIDENCE = ("request_id", "attempts", "elapsed", "idempotency_key", "body", "body_length")


def main(name: str, version: str) -> None:
    catalogue = named_catalogue(name)
    folder = FOLDER / f"{catalogue.name}-{version}"
    if folder.exists():
        sys.exit(f"{folder} is there already. Pickles of a release are kept as they are; name another version.")
    folder.mkdir(parents=True)
    facts: dict[str, Any] = {}
    for cls in classes(catalogue):
        error = instance(cls)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            (folder / f"{cls.__name__}.{protocol}.pickle").write_bytes(pickle.dumps(error, protocol))
        facts[cls.__name__] = facts_of(error)
    (folder / "facts.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{folder}: {len(facts)} classes in {pickle.HIGHEST_PROTOCOL + 1} protocols.")


def classes(catalogue: Catalogue) -> tuple[type[Error], ...]:
    return tuple(dict.fromkeys((catalogue.base, *catalogue.errors, catalogue.default)))


def instance(cls: type[Error]) -> Error:
    """A *cls* after a call, with a value in every field."""
    case = next(iter(cls.cases), Case())
    error = example(cls, case, case.concrete_status)
    for spec in specs_of(cls):
        if not spec.travels and not (spec.is_message or spec.is_code or spec.is_status):
            setattr(error, spec.name, sample(spec))
    attach(
        error,
        request_id="req-1",
        attempts=(Attempt(503, 1.5, "status 503", "req-0"), Attempt(case.concrete_status, 0.0, "the last", "req-1")),
        elapsed=2.25,
        idempotency_key="key-1",
        body=KeptBody(b'{"detail": "x"}', 9000),
    )
    error.add_note("a note")
    return error


def facts_of(error: Error) -> dict[str, Any]:
    """What must come back, with JSON types only."""
    names = [*(spec.name for spec in specs_of(type(error))), *EVIDENCE]
    return {
        "module": type(error).__module__,
        "str": str(error),
        "args": plain(error.args),
        "notes": error.__notes__,
        "case": [error.case.code, error.case.status],
        "attributes": {name: plain(getattr(error, name)) for name in names},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", help="the name of an installed catalogue, or module:NAME")
    parser.add_argument("version", help="the release, e.g. 0.1.0")
    arguments = parser.parse_args()
    main(arguments.catalogue, arguments.version)
