from __future__ import annotations

import subprocess
import sys

import pytest

import failwell.client
import failwell.policy
import failwell.wire

PACKAGES = [failwell.client, failwell.policy, failwell.wire]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_name_is_there(package: object) -> None:
    """
    Every public name of a package can be had from it, and `dir` shows it, whether it was used before or not.
    """
    public: list[str] = package.__all__  # type: ignore[attr-defined]

    assert public == [name for name in public if hasattr(package, name)]
    assert set(public) <= set(dir(package))


def test_a_name_that_is_not_there() -> None:
    """
    A name that a package does not have is an AttributeError that says so.
    """
    with pytest.raises(AttributeError, match=r"module 'failwell\.wire' has no attribute 'pares'"):
        failwell.wire.pares  # type: ignore[attr-defined]  # noqa: B018


def test_what_a_contract_does_not_load() -> None:
    """
    Declaring and catching errors loads neither JSON nor `dataclasses`, and none of what sends and reads replies.
    """
    heavy = ["json", "dataclasses", "inspect", "datetime", "http", "failwell.wire.parse", "failwell.policy"]
    program = f"import sys, pictograph.exceptions; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    options = ["-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"]
    ran = subprocess.run([sys.executable, *options], capture_output=True, text=True, check=True)

    assert "" == ran.stdout.strip()
