"""Counts of the errors that were answered, by class and case, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ErrorCase(NamedTuple):
    """What an error that was answered is counted by: its class, the code of its case, the status that was sent."""

    error: str
    code: str
    status: int


def as_text(counts: Mapping[ErrorCase, int], catalogue: str) -> str:
    """*counts* as a page that Prometheus reads."""
    lines = ["# HELP failwell_errors_total Errors that were answered.", "# TYPE failwell_errors_total counter"]
    for case, count in sorted(counts.items()):
        labels = {"catalogue": catalogue, "error": case.error, "code": case.code, "status": str(case.status)}
        said = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        lines.append(f"failwell_errors_total{{{said}}} {count}")
    return "\n".join([*lines, ""])


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
