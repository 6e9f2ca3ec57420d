"""A contract module as text, formatted as ruff formats it at any line length from 88 on."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from errata.reference.importing.planning import ClassPlan, FieldPlan, Plan

WIDTH = 88
RETRIES = {"429": "throttled", "5XX": "transient", "500": "transient", "502": "transient", "503": "transient", "504": "transient"}
"""How the statuses are retried that are worth it; OpenAPI has no word for it."""


def module_text(plan: Plan, *, source: str) -> str:
    """The module of *plan*; *source* names the document that it was made from."""
    blocks = [
        _docstring(f"The errors of {plan.title}, as a first draft of their contract.", ""),
        "\n".join(_comments(plan, source)),
        "\n".join(_imports(plan)),
        "\n" + "\n\n\n".join(_class(plan, one) for one in (None, *plan.classes, plan.default)) + "\n\n",
        _catalogue(plan),
        _call("__all__ = [", sorted(['"CATALOGUE"', *(f'"{name}"' for name in _names(plan))], key=_as_ruff_sorts), "]"),
    ]
    return "\n\n".join(blocks) + "\n"


def _names(plan: Plan) -> list[str]:
    return [plan.base, *(one.name for one in (*plan.classes, plan.default))]


def _as_ruff_sorts(name: str) -> tuple[bool, str]:
    return not name.strip('"').isupper(), name


def _comments(plan: Plan, source: str) -> Iterator[str]:
    lines = [
        f"Imported from {source}: {plan.responses} error responses of {plan.operations} operations. "
        "A document says which statuses there are; look at each line before you rely on it.",
        "",
        "Not in the document, and filled in by habit: 429 is retried when the server says, 500 to 504 after a backoff. "
        "A `fix` for each class, and which code belongs to which status where it is not declared, are for you to add.",
    ]
    if plan.losses:
        lines += ["", "Not carried over:", *(f"- {loss}" for loss in plan.losses)]
    for line in lines:
        wrapped = textwrap.wrap(
            _printable(line), WIDTH - 2, subsequent_indent="  " if line.startswith("-") else "", break_on_hyphens=False
        )
        yield from (f"# {part}" for part in wrapped) if wrapped else ["#"]


def _imports(plan: Plan) -> Iterator[str]:
    everything = [*plan.common, *(one for cls in (*plan.classes, plan.default) for one in cls.fields)]
    types = " ".join(one.type for one in everything)
    has_default_status = True
    typing = ["Annotated", *(name for name in ("Any", "Literal") if re.search(rf"\b{name}\b", types))]
    ours = {"Catalogue", "Message", "Raises", "field", "raises"}
    ours -= set() if plan.raised else {"Raises"}
    ours |= {"Body"} if any(one.place.startswith("body") for one in everything) else set()
    ours |= {"Header"} if any(one.place.startswith("header") for one in everything) else set()
    ours |= {"Code"} if plan.envelope.code is not None else set()
    ours |= {"Status"} if has_default_status else set()
    ours |= {"Case"} if any(one.codes for one in plan.classes) else set()
    ours |= {"HeaderNames"} if plan.request_id is not None else set()
    yield "from __future__ import annotations\n"
    yield f"from typing import {', '.join(typing)}\n"
    yield "import errata"
    yield _call("from errata import (", sorted(ours, key=lambda name: (name.islower(), name)), ")", bare=True)
    yield f"from errata.wire import {plan.envelope.kind}"
