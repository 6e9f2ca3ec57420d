"""A function as a command: with the options that all commands share, in a session, its errors told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from pictograph.cli.endings import telling
from pictograph.cli.session import Session, connected

P = ParamSpec("P")

BaseUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Where requests go. Otherwise PICTOGRAPH_BASE_URL says it.")
]
Timeout = Annotated[float | None, typer.Option(metavar="SECONDS", help="How long one request may take. Otherwise 30.")]
MaxRetries = Annotated[
    int | None, typer.Option(metavar="TIMES", help="How often a failed request is repeated. Otherwise 3.")
]
AsJson = Annotated[bool | None, typer.Option("--json", help="Print one JSON document.", show_default=False)]

SHARED: dict[str, Any] = {"base_url": BaseUrl, "timeout": Timeout, "max_retries": MaxRetries, "as_json": AsJson}
"""Options that may stand before the name of a command as well as after it; the one after it counts."""


def command(missing: str | None = None) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[..., None]]:
    """Make a command of the function, which gets a session first; *missing* is the remedy for a 404.

    A parameter of its own takes the place of the shared one of that name: `training wait --timeout` is how long to
    wait.
    """

    def made(function: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        shared = {name: kind for name, kind in SHARED.items() if name not in {parameter.name for parameter in own}}

        def run(*, context: typer.Context, **given: Any) -> None:
            here = {name: given.pop(name) for name in shared}
            settings = {**context.obj, **{name: value for name, value in here.items() if value is not None}}
            with telling(missing), connected(**settings) as session:
                function(session, **given)  # type: ignore[call-arg]  # typer gives what the signature below asks for

        taken = [*own, _by_name("context", typer.Context, inspect.Parameter.empty)]
        taken += [_by_name(name, kind, None) for name, kind in shared.items()]
        run.__name__, run.__doc__ = function.__name__, function.__doc__
        # Both of these are what typer reads.
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
        run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
        return run

    return made


def _by_name(name: str, kind: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
