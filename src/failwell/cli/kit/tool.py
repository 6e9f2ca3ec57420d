"""The command of an SDK: its shared options, and functions as commands, with a session, whose errors are told."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, Generic, ParamSpec, TypeVar

import typer

from failwell.cli.kit.endings import telling
from failwell.cli.kit.output import output
from failwell.cli.kit.session import CommandSession, tell_retry
from failwell.cli.kit.streams import prepare
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error

C = TypeVar("C")
P = ParamSpec("P")


@dataclass(frozen=True)
class CommandLine(Generic[C]):
    """The command *name* of an SDK, over the blocking client that *connect* makes of settings.

    *variables* begins the names of its environment variables, as in `ApiKeyClient`; a key looks like *key*. *told* is
    what a user reads of an error, of which the second argument is a command's own remedy for a 404.
    """

    name: str
    catalogue: Catalogue
    connect: Callable[..., Any]
    variables: str
    key: str
    told: Callable[[Any, str | None], str]

    def options(self) -> dict[str, Any]:
        """Options that may stand before the name of a command as well as after it; the one after it counts."""
        url = f"Where requests go. Otherwise {self.variables}_BASE_URL says it."
        shown = typer.Option("--json", help="Print one JSON document.", show_default=False)
        slow, often = "How long one request may take. Otherwise 30.", "How often a failed request is repeated."
        return {
            "base_url": Annotated[str | None, typer.Option(metavar="URL", help=url)],
            "timeout": Annotated[float | None, typer.Option(metavar="SECONDS", help=slow)],
            "max_retries": Annotated[int | None, typer.Option(metavar="TIMES", help=f"{often} Otherwise 3.")],
            "as_json": Annotated[bool | None, shown],
        }

    def command(
        self, missing: str | None = None
    ) -> Callable[[Callable[Concatenate[CommandSession[C], P], None]], Callable[..., None]]:
        """Make a command of the function, which gets a session first; *missing* is the remedy for a 404.

        A parameter of its own takes the place of the shared one of that name: `training wait --timeout` is how long to
        wait.
        """

        def told(error: Error) -> str:
            return self.told(error, missing)

        def made(function: Callable[Concatenate[CommandSession[C], P], None]) -> Callable[..., None]:
            own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
            names = {parameter.name for parameter in own}
            shared = {name: kind for name, kind in self.options().items() if name not in names}

            def run(*, context: typer.Context, **given: Any) -> None:
                here = {name: given.pop(name) for name in shared}
                settings = {**context.obj, **{name: value for name, value in here.items() if value is not None}}
                with telling(self.name, self.catalogue, told), self._connected(**settings) as session:
                    function(session, **given)  # type: ignore[call-arg]  # typer gives what the signature asks for

            return _signed(run, [*own, _by_name("context", typer.Context), *_optional(shared)], function)

        return made

    def app(self, about: str, groups: Iterable[typer.Typer]) -> typer.Typer:
        """The commands of *groups*, with help *about* them."""
        app = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
        for group in groups:
            app.add_typer(group)

        def settings(*, context: typer.Context, **given: Any) -> None:
            """Keep the options that stand before the name of a command."""
            context.obj = {name: value for name, value in given.items() if value is not None}

        app.callback()(_signed(settings, [_by_name("context", typer.Context), *_optional(self.options())], settings))
        return app

    def start(self, app: typer.Typer) -> None:
        """Run *app* with the program's arguments; ends the program."""
        prepare()
        app(prog_name=self.name)

    @contextmanager
    def _connected(self, *, as_json: bool = False, **settings: Any) -> Generator[CommandSession[C]]:
        """A session with the key of the environment, as long as the block lasts.

        Raises:
            Error: the catalogue's "configuration" error: there is no key, or a setting cannot work.
        """
        variable = f"{self.variables}_API_KEY"
        if not os.environ.get(variable):
            from failwell.contract.construction import configuration_problem

            message = f"{variable} is not set. Set it: export {variable}={self.key}"
            raise configuration_problem(self.catalogue, message)
        with self.connect(on_event=tell_retry, **settings) as client:
            yield CommandSession(client, output(as_json=as_json))


def _optional(options: dict[str, Any]) -> list[inspect.Parameter]:
    return [_by_name(name, kind, None) for name, kind in options.items()]


def _by_name(name: str, kind: Any, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _signed(
    run: Callable[..., None], taken: list[inspect.Parameter], author: Callable[..., None]
) -> Callable[..., None]:
    """*run* as typer reads it: with the name and the words of its *author*, and what is *taken*."""
    run.__name__, run.__doc__ = author.__name__, author.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
    run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    return run
