from __future__ import annotations

import json
from pathlib import Path

from openapi_spec_validator import validate

from failwell.reference.openapi.responses import document
from pictograph.exceptions import CATALOGUE

from .command import failwell


def test_openapi(tmp_path: Path) -> None:
    """
    C6. `failwell openapi` prints a document that a validator accepts, or writes it to a file.
    """
    file = tmp_path / "errors.json"

    printed = failwell("openapi", "pictograph")
    wrote = failwell("openapi", "pictograph.exceptions:CATALOGUE", "--output", str(file))

    assert (0, "") == (printed.code, printed.err)
    assert (0, "", "") == (wrote.code, wrote.out, wrote.err)
    assert document(CATALOGUE) == json.loads(printed.out) == json.loads(file.read_text(encoding="utf-8"))
    validate(json.loads(printed.out))


def test_unknown_catalogue() -> None:
    """
    A catalogue that is not installed is exit code 2 and a sentence that names those that are.
    """
    ran = failwell("openapi", "nope")

    assert (2, "", True) == (
        ran.code,
        ran.out,
        "No catalogue is called 'nope'. Installed: pictograph, scopix, subconscious, vectorshift." in ran.err,
    )
