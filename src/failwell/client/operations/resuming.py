"""Resume a wait or an upload in another process, by the token of an error or an upload."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, get_type_hints, overload

from failwell.client.operations.operation import operation
from failwell.client.resource import Awaiting, Blocking, Resource
from failwell.client.transport.paths import BadPartError
from failwell.contract.coercion import UnfitError, fit
from failwell.contract.construction import configuration_problem
from failwell.contract.error import Error
from failwell.policy.resume_token import BadTokenError, ResumeToken, arguments_of, read_token

if TYPE_CHECKING:
    from failwell.contract.catalogues.catalogue import Catalogue
    from failwell.policy.flow import Flow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")


def resumable(
    *errors: type[Error],
    on: str | None = None,
) -> Callable[[Callable[Concatenate[S, P], Flow[T]]], Callable[Concatenate[S, P], Flow[T]]]:
    """Mark a flow as one that `failwell.resume` may go on with; below `@operation`.

        @operation
        @resumable(PollTimeoutError)
        def wait_for_completion(self, run_id: str, *, timeout: float = 3600.0) -> Flow[TrainingRun]: ...

    One of *errors* that it raises carries a `resume_token`: the operation, and its arguments; with *on*, only where it
    was raised on that occasion ("poll_timeout"), of a class that is raised on others, too. So arguments must be
    text, numbers, booleans or None, and none of them a secret. An upload needs none of *errors*: it makes its token by
    `chunked_upload`, and takes it as `resume_token`.
    """

    def mark(flow: Callable[Concatenate[S, P], Flow[T]]) -> Callable[Concatenate[S, P], Flow[T]]:
        @functools.wraps(flow)
        def run(resource: S, /, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
            try:
                return (yield from flow(resource, *args, **kwargs))
            except errors as error:
                if on is None or error.case.on == on:
                    error.resume_token = _token_of(resource, flow, args, kwargs)
                raise

        run.resumable = True  # type: ignore[attr-defined]  # `resume` looks for it
        return run

    return mark


@overload
def resume(token: str, client: Resource[Blocking], *, timeout: float | None = None) -> Any: ...
@overload
def resume(token: str, client: Resource[Awaiting], *, timeout: float | None = None) -> Coroutine[Any, Any, Any]: ...
def resume(token: str, client: Resource[Any], *, timeout: float | None = None) -> Any:
    """Go on with what *token* names: wait for the same job, or send the rest of the same upload.

    `run = failwell.resume(e.resume_token, client)`; with an `AsyncClient`, await it. The token holds no secret:
    *client* brings the credentials, and the server decides what they may see. *timeout* is the seconds to wait for
    a job; None is as many as the first time. The result is that of the operation which the token was made by.

    Raises:
        Error: whatever that operation raises; the catalogue's "configuration" error, for a text that is no token, was
            cut or changed, or belongs to another API.
    """
    flow = _resumed(token, client, timeout)
    return client.core.arun(flow) if client.core.awaiting else client.core.run(flow)


def _resumed(text: str, client: Resource[Any], timeout: float | None) -> Flow[Any]:
    core = client.core
    token = checked_token(core.catalogue, text)
    if token.vendor != core.catalogue.name:
        raise configuration_problem(
            core.catalogue,
            f"The resume token is for {token.vendor!r}, and the client for {core.catalogue.name!r}. Use a client of "
            f"{token.vendor!r}.",
        )
    found = _find(client, token.operation)
    arguments = dict(token.arguments)
    if found is not None and timeout is not None:
        arguments["timeout"] = timeout
    if found is not None and token.state:
        arguments["resume_token"] = text
    resource, author = found if found is not None else (None, None)
    if author is None or not _takes(author, arguments):
        raise configuration_problem(
            core.catalogue,
            f"The resume token asks for {token.operation}({', '.join(sorted(arguments))}), which nobody can go on "
            "with. Use the release of the SDK that made the token, or call the operation itself.",
        )
    try:
        return (yield from author(resource, **arguments))
    except BadPartError as problem:
        refused = f"The resume token cannot be used: {problem}"
    raise configuration_problem(core.catalogue, refused)


def checked_token(catalogue: Catalogue, text: object) -> ResumeToken:
    """The token that *text* is.

    Raises:
        Error: the catalogue's "configuration" error, for a text that is none, or not a whole one.
    """
    try:
        return read_token(text)
    except BadTokenError as problem:
        refused = f"The resume token cannot be used: {problem}. Copy the whole of `e.resume_token`."
    raise configuration_problem(catalogue, refused)


def _find(client: Resource[Any], name: str) -> tuple[Resource[Any], Callable[..., Flow[Any]]] | None:
    """The resource and the flow of the operation *name*, if it may be gone on with: a token is only text."""
    group, _, method = name.rpartition(".")
    names = [group, method] if group else [method]
    if not all(part.isidentifier() and not part.startswith("_") for part in names):
        return None
    resource = getattr(client, group, None) if group else client
    if not isinstance(resource, Resource):
        return None
    descriptor = inspect.getattr_static(type(resource), method, None)
    author: Any = descriptor.flow if isinstance(descriptor, operation) else None
    return (resource, author) if getattr(author, "resumable", False) else None


def _takes(author: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """Whether *author* may be called with *arguments*, each of the kind that it declares."""
    try:
        inspect.signature(author).bind(None, **arguments)
    except TypeError:
        return False
    return all(_is_of(_hint(author, name), value) for name, value in arguments.items())


def _hint(author: Callable[..., Any], name: str) -> Any:
    """The type of the argument *name*; anything, where only type checkers know it."""
    author = inspect.unwrap(author)
    one = SimpleNamespace(__annotations__={name: author.__annotations__.get(name, Any)})
    try:
        return get_type_hints(one, author.__globals__)[name]
    except (NameError, TypeError):
        return Any


def _is_of(hint: Any, value: object) -> bool:
    """Whether *value*, which was JSON, is one of type *hint* as it stands."""
    try:
        same = fit(hint)(value)
    except UnfitError:
        return False
    return same == value and isinstance(same, bool) == isinstance(value, bool)


def _token_of(
    resource: Resource[Any], flow: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str | None:
    """The token of a call of *flow*; None when its arguments are more than a token can hold."""
    given = inspect.signature(flow).bind(resource, *args, **kwargs).arguments
    del given[next(iter(given))]
    arguments = arguments_of(given)
    if arguments is None:
        return None
    name = f"{resource.resource}.{flow.__name__}" if resource.resource else flow.__name__
    return ResumeToken(resource.core.catalogue.name, name, arguments).text
