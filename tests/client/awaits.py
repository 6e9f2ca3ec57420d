"""Where the client awaits: all places, by its source, and those at which a coroutine is waiting just now."""

from __future__ import annotations

import ast
import gc
import types
from collections.abc import Callable, Coroutine, Generator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import failwell.client

T = TypeVar("T")
HOME = Path(str(failwell.client.__file__)).parent
RUNTIME = HOME.parent / "runtime"
"""What drives the flows of clients."""
Place = tuple[str, int]
"""A file of the client, and the line on which an `await`, an `async for` or an `async with` begins."""


def named(path: Path) -> str:
    """What a file of the client is called here; "" for any other."""
    if path.is_relative_to(HOME):
        return path.relative_to(HOME).as_posix()
    return path.relative_to(HOME.parent).as_posix() if path.is_relative_to(RUNTIME) else ""


@cache
def spans(file: str) -> dict[int, int]:
    """The lines of the awaits of *file*, each with the line on which that await begins."""
    found: dict[int, int] = {}
    home = HOME.parent if file.startswith("runtime/") else HOME
    nodes = [
        node
        for node in ast.walk(ast.parse((home / file).read_text()))
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    # From the outside to the inside: what is written in the body of an `async for` has places of its own.
    for node in sorted(nodes, key=lambda node: (node.lineno, -(node.end_lineno or 0))):
        head = [node] if isinstance(node, ast.Await) else _head(node)
        for part in head:
            for line in range(part.lineno, (part.end_lineno or part.lineno) + 1):
                found[line] = node.lineno
        found[node.lineno] = node.lineno
    return found


def _head(node: ast.AsyncFor | ast.AsyncWith) -> list[ast.expr]:
    """What is awaited by *node* itself, without its body."""
    return [node.iter] if isinstance(node, ast.AsyncFor) else [item.context_expr for item in node.items]


def all_places(*leaving_out: str) -> set[Place]:
    """Every await of the client."""
    inside = (named(path) for home in (HOME, RUNTIME) for path in home.rglob("*.py"))
    files = sorted(file for file in inside if file not in leaving_out)
    return {(file, begin) for file in files for begin in spans(file).values()}


def places_of(waiting: Any) -> set[Place]:
    """The awaits of the client at which *waiting* is waiting, from the outermost coroutine to the innermost."""
    found: set[Place] = set()
    seen: set[int] = set()
    ahead = [waiting]
    while ahead:
        one = ahead.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        frame, inner = _suspended(one)
        if frame is not None:
            file = named(Path(frame.f_code.co_filename))
            if file and frame.f_lineno in spans(file):
                found.add((file, spans(file)[frame.f_lineno]))
        # The steps of an async generator say nothing of it to anybody but the collector.
        ahead += [inner] if frame is not None else [step for step in gc.get_referents(one) if _awaits(step)]
    return found


def _suspended(one: Any) -> tuple[types.FrameType | None, Any]:
    if isinstance(one, types.CoroutineType):
        return one.cr_frame, one.cr_await
    if isinstance(one, types.AsyncGeneratorType):
        return one.ag_frame, one.ag_await
    if isinstance(one, types.GeneratorType):
        return one.gi_frame, one.gi_yieldfrom
    return None, None


def _awaits(one: Any) -> bool:
    names = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow", "anext_awaitable")
    return (
        isinstance(one, types.CoroutineType | types.AsyncGeneratorType | types.GeneratorType)
        or type(one).__name__ in names
    )


@types.coroutine
def stepping(work: Coroutine[Any, Any, T], at_each: Callable[[int, Any], None]) -> Generator[Any, Any, T]:
    """Run *work*; each time it waits *at_each* is told how often it did, and sees it waiting."""
    steps = 0
    told: Any = None
    thrown: BaseException | None = None
    while True:
        try:
            wanted = work.send(told) if thrown is None else work.throw(thrown)
        except StopIteration as stop:
            result: T = stop.value
            return result
        told = thrown = None
        steps += 1
        at_each(steps, work)
        try:
            told = yield wanted
        except BaseException as problem:  # noqa: BLE001 - it is given to the one it is for
            thrown = problem
