"""How the kiosk's SDK is driven, and how a client comes upon its errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from failwell.conformance import Agreement
from failwell.conformance.adapter import ClassAdapter
from tests.conformance.kiosk import exceptions
from tests.conformance.kiosk.client import AsyncKiosk, Kiosk

ADAPTER = ClassAdapter(
    {"blocking": Kiosk, "awaiting": AsyncKiosk},
    {error.__name__: error for error in exceptions.CATALOGUE.errors},
)


def get(client: Any) -> Any:
    """Any call."""
    return client.papers.get("times")


def all_papers(client: Any) -> Any:
    """A call of the operation with a case of its own."""
    return client.papers.list()


def agreement(snapshot: Path, kind: type[Agreement] = Agreement) -> Agreement:
    """The agreement on the contract in the file *snapshot*."""
    return kind(
        snapshot,
        call=get,
        operations={"papers.list": all_papers},
        occasions={"configuration": lambda bench: bench.call(get, base_url="nowhere")},
    )
