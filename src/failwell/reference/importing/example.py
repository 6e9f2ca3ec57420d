"""A program of some ten lines that uses a contract module with an HTTP library, formatted as the module is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from failwell.reference.importing.planning import Plan
from failwell.reference.importing.writing import bracketed, constants_first, docstring, import_line, quoted

SHORTCUTS = ("get", "post", "put", "delete", "patch", "head", "options")
"""Methods that libraries have functions for."""
SECONDS = 10


class Spelling(NamedTuple):
    """How a library is used: its imports, what `ask` *gives*, what is *printed* of it, and the *body* of `ask`."""

    third_party: tuple[str, ...]
    standard: tuple[str, ...]
    gives: str
    printed: str
    body: Callable[[str, str], list[str]]
    awaited: bool = False


def _like_requests(name: str) -> Spelling:
    def body(method: str, headers: str) -> list[str]:
        given = ["URL", f"headers={headers}", "timeout=attempt.timeout"]
        call = f"{name}.{method.lower()}("
        if method.lower() not in SHORTCUTS:
            call, given = f"{name}.request(", [quoted(method), *given]
        return [bracketed(f"    return {call}", given, ")", "    ")]

    return Spelling((f"import {name}",), (), f"{name}.Response", "ask().text", body)


def _urllib3(method: str, headers: str) -> list[str]:
    given = [quoted(method), "URL", f"headers={headers}", "timeout=attempt.timeout", "retries=False"]
    return [bracketed("    return urllib3.request(", given, ")", "    ")]


def _aiohttp(method: str, headers: str) -> list[str]:
    given = [quoted(method), "URL", f"headers={headers}", "timeout=limit"]
    return [
        "    limit = aiohttp.ClientTimeout(total=attempt.timeout)",
        bracketed("    async with aiohttp.request(", given, ") as response:", "    "),
        "        await araise_for(response, CATALOGUE)",
        "        return await response.text()",
    ]


def _pyreqwest(method: str, headers: str) -> list[str]:
    return [
        f"    limit = timedelta(seconds=attempt.timeout or {SECONDS})",
        f"    request = pyreqwest_request({quoted(method)}, URL).headers({headers})",
        "    return request.timeout(limit).send()",
    ]


def _urllib(method: str, headers: str) -> list[str]:
    given = ["URL", f"headers={headers}", f"method={quoted(method)}"]
    return [
        bracketed("    request = Request(", given, ")", "    "),
        "    with urlopen(request, timeout=attempt.timeout) as response:",
        "        text: str = response.read().decode()",
        "        return text",
    ]


SPELLINGS: dict[str, Spelling] = {
    "requests": _like_requests("requests"),
    "niquests": _like_requests("niquests"),
    "httpx": _like_requests("httpx"),
    "httpx2": _like_requests("httpx2"),
    "aiohttp": Spelling(("import aiohttp",), ("import asyncio",), "str", "asyncio.run(ask())", _aiohttp, awaited=True),
    "urllib3": Spelling(("import urllib3",), (), "urllib3.BaseHTTPResponse", "ask().data.decode()", _urllib3),
    "pyreqwest": Spelling(
        ("from pyreqwest.response import SyncResponse", "from pyreqwest.simple.sync_request import pyreqwest_request"),
        ("from datetime import timedelta",),
        "SyncResponse",
        "ask().text()",
        _pyreqwest,
    ),
    "urllib": Spelling((), ("from urllib.request import Request, urlopen",), "str", "ask()", _urllib),
}
"""The libraries that an example can be written with."""


def example_text(plan: Plan, *, module: str, client: str) -> str:
    """A program that makes one call of *plan* with *client*, by the contract in *module*."""
    spelling, call = SPELLINGS[client], plan.call
    raised = (*plan.raised.get(call.operation.name, ()), *plan.everywhere)
    handled = next((one.name for one in plan.classes if one.name in raised and one.status[0] == "4"), None)
    lines = [
        docstring(f"{call.method} {call.operation.path} of {plan.title}, with {client}.", ""),
        *_imports(spelling, module, [handled, plan.base]),
        *["", f"URL = {quoted(call.url)}"],
    ]
    headers = "dict(attempt.headers)" if client == "urllib" else "attempt.headers"
    if call.headers:
        headers = "{**KEY, **attempt.headers}"
        lines.append(
            bracketed("KEY = {", [f"{quoted(name)}: {quoted(key)}" for name, key in call.headers.items()], "}", "")
        )
    options = [f"operation={quoted(call.operation.name)}"] if raised else []
    options += [f"method={quoted(call.method)}"] if call.method != "GET" else []
    lines += [
        *["", "", bracketed("@calling(", ["CATALOGUE", *options, f"timeout={SECONDS}"], ")", "")],
        f"{'async ' if spelling.awaited else ''}def ask(attempt: OutgoingAttempt) -> {spelling.gives}:",
        *spelling.body(call.method, headers),
        *["", "", "try:", f"    print({spelling.printed})"],
        *([f"except {handled} as e:", '    print("To be handled:", e)'] if handled else []),
        f"except {plan.base} as e:",
        '    print(f"{type(e).__name__}: {e}")',
    ]
    return "\n".join(lines) + "\n"


def _imports(spelling: Spelling, module: str, classes: list[str | None]) -> Iterator[str]:
    ours = ["OutgoingAttempt", *(["araise_for"] if spelling.awaited else []), "calling"]
    third = [*spelling.third_party, import_line("failwell", ours)]
    if spelling.standard:
        yield from ("", *spelling.standard)
    yield from ("", *sorted(third, key=lambda line: (line.startswith("from"), line)))
    yield from ("", import_line(module, sorted({"CATALOGUE", *filter(None, classes)}, key=constants_first)))
