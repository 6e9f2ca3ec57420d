"""The API as one operation asks it: under its own name, which no call says again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, Unpack

from failwell._support.frozen import Frozen
from failwell.client.decoders import decoder, page_decoder
from failwell.client.transport.paths import path as joined

if TYPE_CHECKING:
    from failwell.client.core import Core
    from failwell.client.decoders import Page
    from failwell.client.request import RequestSpec
    from failwell.policy.flow import Flow, StreamFlow
    from failwell.policy.session.connection import SessionFlow
    from failwell.policy.session.flow import SessionHandler, SessionProtocol
    from failwell.policy.stream.rules import StreamRules
    from failwell.wire.messages import Reply
    from failwell.wire.sse import Event

M = TypeVar("M")
T = TypeVar("T")
Target = str | tuple[str, ...]


class Pages(Frozen, Generic[T]):
    """Pagination of a list: *fetch* takes a limit and an offset.

    *page_size* is how many rows are asked for at once, *max_total* how many are given at most (None: all).
    """

    fetch: Callable[[int, int], Flow[Page[T]]]
    page_size: int
    max_total: int | None = None


class Api(Frozen):
    """What a method asks the API by: `return self.api.call("GET", ("/runs", run_id), Run)`.

    A *path* is text that begins with "/", a whole URL, or a tuple: ids and names behind its first part, as `path` joins
    them. An answer is read as what *decode* is, a pydantic model or a list of one, or by it.
    """

    core: Core
    operation: str

    def __init__(self, core: Core, operation: str) -> None:  # for every call: by hand it is faster
        held = self.__dict__
        held["core"], held["operation"] = core, operation

    def call(
        self, method: str, path: Target, decode: type[T] | Callable[[Reply], T], **spec: Unpack[RequestSpec]
    ) -> Flow[T]:
        """One call, as `Core.call` has it."""
        return self.core.call(self.operation, method, _joined(path), decoder(decode), **spec)

    def stream(
        self,
        method: str,
        path: Target,
        decode: Callable[[Event], T | None],
        *,
        rules: StreamRules | None = None,
        **spec: Unpack[RequestSpec],
    ) -> StreamFlow[T]:
        """A stream of events, as `Core.stream` has it."""
        return self.core.stream(self.operation, method, _joined(path), decode, rules=rules, **spec)

    def session(
        self, path: Target, handler: SessionHandler[M, T], **spec: Unpack[RequestSpec]
    ) -> SessionFlow[SessionProtocol[M, T]]:
        """A websocket session, as `Core.session` has it."""
        return self.core.session(self.operation, _joined(path), handler, **spec)

    def pages(
        self,
        path: Target,
        decode: type[T] | Callable[[Reply], Page[T]],
        page_size: int,
        max_total: int | None = None,
        **params: object,
    ) -> Pages[T]:
        """A list that is asked for page by page, by `limit` and `offset` beside *params*; a row by *decode*."""
        read = page_decoder(decode)

        def fetch(limit: int, offset: int) -> Flow[Page[T]]:
            return self.call("GET", path, read, params={**params, "limit": limit, "offset": offset})

        return Pages(fetch, page_size, max_total)


def _joined(path: Target) -> str:
    return joined(*path) if isinstance(path, tuple) else path
