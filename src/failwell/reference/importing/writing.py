"""Code generation: a contract module as text, formatted as ruff does at any line length from 88 on."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from failwell.reference.importing.planning import ClassPlan, FieldPlan, Plan
from failwell.reference.importing.types import split

WIDTH = 88
RETRIES = {"429": "throttled"} | dict.fromkeys(("5XX", "500", "502", "503", "504"), "transient")
"""How the statuses are retried that are worth it; OpenAPI has no word for it."""


def module_text(plan: Plan, *, source: str) -> str:
    """The module of *plan*; *source* names the document that it was made from."""
    classes = (*plan.classes, plan.default)
    names = ["CATALOGUE", plan.base, *(one.name for one in classes)]
    head = [
        docstring(f"The errors of {plan.title}: a first draft of their contract.", ""),
        "\n".join(_comments(plan, source)),
        "\n".join(_imports(plan)),
    ]
    body = [_base(plan), *(_class(plan, one) for one in classes)]
    tail = [
        _catalogue(plan),
        bracketed("__all__ = [", [quoted(name) for name in sorted(names, key=constants_first)], "]", ""),
    ]
    return "\n\n\n".join(["\n\n".join(head), *body, "\n\n".join(tail)]) + "\n"


def counted(number: int, what: str) -> str:
    """So many of *what*: "1 code", "2 codes"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _comments(plan: Plan, source: str) -> Iterator[str]:
    silent = f", {plan.silent} of which declare none" if plan.silent else ""
    habits = (
        "Not in the document, and filled in by habit: 429 is retried when the server says so, 500, 502, 503 and 504 "
        "after a backoff. For you to add: what the caller should do (`fix`) of each class."
    )
    found = f"{counted(plan.responses, 'error response')} of {counted(plan.operations, 'operation')}"
    lines = [
        f"Imported from {source}: {found}{silent}.",
        "",
        habits,
        *(["", "Not carried over:"] if plan.losses else []),
        *(f"- {loss}" for loss in plan.losses),
        *(["", "To be expected, and not declared:"] if plan.expected else []),
        *(f"- {one}" for one in plan.expected),
    ]
    for line in lines:
        indent = "  " if line.startswith("- ") else ""
        wrapped = textwrap.wrap(plain(line), WIDTH - 2, subsequent_indent=indent, break_on_hyphens=False)
        yield from (f"# {part}" for part in wrapped) if wrapped else ("#",)


def _imports(plan: Plan) -> Iterator[str]:
    classes = (*plan.classes, plan.default)
    fields = [*plan.common, *(one for cls in classes for one in cls.fields)]
    types = " ".join(one.type for one in fields)
    typing = ["Annotated", *(name for name in ("Any", "Literal") if re.search(rf"\b{name}\b", types))]
    used = {
        "Body": any(one.place.startswith("body") for one in fields),
        "Case": any(one.codes for one in classes),
        "Catalogue": True,
        "Code": plan.envelope.code is not None,
        "Header": any(one.place.startswith("header") for one in fields),
        "HeaderNames": plan.request_id is not None,
        "Message": True,
        "Status": True,
        "field": True,
    }
    names = [name for name, needed in used.items() if needed]
    yield "from __future__ import annotations\n"
    yield f"from typing import {', '.join(typing)}\n"
    yield "import failwell"
    yield import_line("failwell", names)
    yield f"from failwell.wire import {plan.envelope.kind}"


def _base(plan: Plan) -> str:
    lines = ["    message: Message = field(kw_only=False)"]
    if plan.envelope.code is not None:
        lines.append("    code: Annotated[str | None, Code()] = None")
    lines.append("    status: Annotated[int | None, Status()] = None")
    lines += [_field(one) for one in plan.common]
    says = docstring("Base class of every error.", "    ")
    return "\n".join([f"class {plan.base}(failwell.Error):", says, "", *lines])


def _class(plan: Plan, one: ClassPlan) -> str:
    status = one.status if one.status.isdigit() else quoted(one.status)
    said = [plan.base]
    if one.status != "default":
        said.append(f"status={status}")
    if one.status in RETRIES:
        said.append(f"retry={quoted(RETRIES[one.status])}")
    if one.codes:
        # A tuple of one keeps its comma; more of them stand one to a line.
        cases = [_case(code, status, one.causes.get(code)) for code in one.codes]
        flat = f"cases=({', '.join(cases)}{',' if len(cases) == 1 else ''})"
        fits = len(flat) + 5 <= WIDTH and "\n" not in flat
        said.append(flat if fits else bracketed("cases=(", cases, ")", "    "))
    fields = [_field(field) for field in one.fields]
    head = bracketed(f"class {one.name}(", said, "):", "")
    return "\n".join([head, docstring(one.summary, "    "), *([""] if fields else []), *fields])


def _case(code: str, status: str, cause: str | None) -> str:
    said = [quoted(code), status, *([f"cause={quoted(plain(cause))}"] if cause else [])]
    return bracketed("Case(", said, ")", "        ", ",")


def _field(one: FieldPlan) -> str:
    kind, _, path = one.place.partition(" ")
    mark = f"{'Body' if kind == 'body' else 'Header'}({quoted(path)})"
    members = [member for member in split(one.type) if member != "None"]
    container = members[0].partition("[")[0] if len(members) == 1 else ""
    if container in ("list", "dict"):
        # A bare `list` would be a list of unknown parts to pyright.
        type_, default = members[0], f"field(default_factory={members[0]})"
    else:
        type_, default = "Any" if "Any" in members else " | ".join([*members, "None"]), "None"
    line = bracketed(f"    {one.name}: Annotated[", [type_, mark], f"] = {default}", "    ")
    return f"{line}\n{docstring(one.meaning, '    ')}" if one.meaning else line


def _catalogue(plan: Plan) -> str:
    names = [plan.base, *(one.name for one in (*plan.classes, plan.default))]
    lines = [
        quoted(plan.vendor),
        f"base={plan.base}",
        f"default={plan.default.name}",
        bracketed("errors=(", names, ")", "    ", after=","),
        f"envelope={plan.envelope.text}",
    ]
    if plan.request_id is not None:
        lines.append(f"headers=HeaderNames(request_id={quoted(plan.request_id)})")
    if plan.everywhere:
        lines.append(_errors("everywhere=", plan.everywhere, "    "))
    raised = {name: group for name, group in plan.raised.items() if group}
    if raised:
        entries = [_errors(f"{quoted(name)}: ", group, "        ") for name, group in raised.items()]
        lines.append("operations={\n" + "".join(f"        {entry},\n" for entry in entries) + "    }")
    return "CATALOGUE = Catalogue(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def import_line(module: str, names: list[str]) -> str:
    """The import of *names*, already sorted, from *module*."""
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= WIDTH else bracketed(f"from {module} import (", names, ")", "")


def constants_first(name: str) -> tuple[bool, str]:
    """The key by which names are sorted in imports."""
    return not name.isupper(), name


def _errors(before: str, names: Sequence[str], indent: str) -> str:
    """*names* behind *before*, as an `except` takes them: one by itself, more as a tuple."""
    return before + names[0] if len(names) == 1 else bracketed(f"{before}(", names, ")", indent, after=",")


def bracketed(before: str, parts: Iterable[str], after_bracket: str, indent: str, after: str = "") -> str:
    """*before*, the *parts* with commas and *after_bracket*: on one line if it fits, else a part to a line."""
    listed = list(parts)
    flat = f"{before}{', '.join(listed)}{after_bracket}"
    start = "" if before.startswith(" ") else indent
    if "\n" not in flat and len(start) + len(flat) + len(after) <= WIDTH:
        return flat
    return before + "\n" + "".join(f"{indent}    {part},\n" for part in listed) + indent + after_bracket


def docstring(text: str, indent: str) -> str:
    """*text* as the docstring of a module, a class or a field."""
    said = plain(text).replace("\\", "\\\\").replace('"', "'").strip() or "An error."
    wrapped = textwrap.wrap(said, WIDTH - len(indent) - 6, break_on_hyphens=False, break_long_words=False)
    if len(wrapped) == 1:
        return f'{indent}"""{said}"""'
    return f'{indent}"""' + f"\n{indent}".join(wrapped) + f'\n{indent}"""'


def plain(text: str) -> str:
    """*text* in one line, without what an editor would not show."""
    return "".join(character if character.isprintable() else " " for character in " ".join(text.split()))


def quoted(text: str) -> str:
    """*text* as a literal, in the quotes that need fewer backslashes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    inside = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return quote + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in inside) + quote
