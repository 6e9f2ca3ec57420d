"""The pickles of every release, each beside what must come back of it. tools/keep_pickles.py writes them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from failwell import Error
from failwell.reference.catalogues import find_catalogue
from failwell.wire.json import plain

HERE = Path(__file__).parent
RELEASES = sorted(folder.name for folder in HERE.iterdir() if (folder / "facts.json").is_file())


def facts_of(release: str) -> dict[str, Any]:
    """By class, what must come back."""
    found: dict[str, Any] = json.loads((HERE / release / "facts.json").read_text(encoding="utf-8"))
    return found


PICKLES = [
    pytest.param(release, name, path.name, id=f"{release}-{path.stem}")
    for release in RELEASES
    for name in facts_of(release)
    for path in sorted((HERE / release).glob(f"{name}.*.pickle"))
]


def loaded(release: str, file: str) -> Error:
    """The error in *file*, as a process of today reads what one of *release* wrote."""
    try:
        error: Error = pickle.loads((HERE / release / file).read_bytes())  # noqa: S301 - what we wrote ourselves
    except (AttributeError, ImportError) as problem:
        raise AssertionError(
            f"{file} of {release} does not load any more ({problem}): a class was removed, renamed or moved. "
            "Keep its name where it was; docs/compatibility.md says what else breaks."
        ) from problem
    return error


@pytest.mark.parametrize(("release", "name", "file"), PICKLES)
def test_a_pickle_loads(release: str, name: str, file: str) -> None:
    """
    C10. An error that an earlier release pickled loads, and says and carries what it did.
    """
    facts = facts_of(release)[name]
    error = loaded(release, file)

    assert (name, facts["module"]) == (type(error).__name__, type(error).__module__)
    assert facts["str"] == str(error)
    assert facts["args"] == plain(error.args)
    assert facts["notes"] == error.__notes__
    assert facts["case"] == [error.case.code, error.case.status]
    assert facts["attributes"] == {attribute: plain(getattr(error, attribute)) for attribute in facts["attributes"]}


@pytest.mark.parametrize("release", RELEASES)
def test_every_class_of_a_release_is_here(release: str) -> None:
    """
    C10. A release has a pickle of each of its classes in every protocol of its time, and they are caught as before.
    """
    facts = facts_of(release)
    base = find_catalogue(release.rpartition("-")[0]).base

    assert {f"{name}.{protocol}.pickle" for name in facts for protocol in range(6)} == {
        path.name for path in (HERE / release).glob("*.pickle")
    }
    assert all(isinstance(loaded(release, f"{name}.5.pickle"), base) for name in facts)


def test_a_release_is_kept() -> None:
    """
    C10. The first release of Pictograph is here with its thirteen documented classes and their base.
    """
    assert 14 == len(facts_of("pictograph-0.1.0"))


def test_a_class_that_is_gone_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    C10. A class that was removed or renamed is named, with where to read on.
    """
    monkeypatch.delattr("pictograph.exceptions.AuthError")

    with pytest.raises(AssertionError, match=r"AuthError\.2\.pickle of pictograph-0\.1\.0 does not load any more"):
        loaded("pictograph-0.1.0", "AuthError.2.pickle")
