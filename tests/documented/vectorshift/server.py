"""The objects of VectorShift's SDK in one colour, with the key of anybody, against the reference server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from tests.documented.calls import Calls
from vectorshift import Node
from vectorshift.client import AsyncClient, Client
from vectorshift.promises.driver import Objects
from vectorshift.promises.ways import wired

QUESTION, ANSWER = {"q": "When are parcels sent?"}, "Mondays"
LONGER_THAN_ANY_RUN = 1e6
"""Seconds, on a clock where they cost nothing."""


@contextmanager
def _opened(**settings: Any) -> Generator[Objects]:
    with Client(**settings) as client:
        yield Objects(client)


@asynccontextmanager
async def _aopened(**settings: Any) -> AsyncGenerator[Objects]:
    async with AsyncClient(**settings) as client:
        yield Objects(client)


class Server(Calls):
    """Calls of VectorShift's SDK."""

    clients = (_opened, _aopened)

    def id_of(self, kind: str, name: str, role: str = "member") -> str:
        """The id of an object that the organisation of *role* has from the start."""
        return str(self.call(lambda client: getattr(client, kind).fetch(name=name), role=role).id)

    def made(self, name: str, *nodes: Node, role: str = "member") -> str:
        """The id of a pipeline that is made now."""
        given = [node.as_json() for node in nodes]
        return str(self.call(lambda client: client.pipeline.new(name, given), role=role).id)

    def asking(self, kind: str, reference: str) -> str:
        """The id of a pipeline that asks another object."""
        return self.made(f"asks a {kind}", *wired(kind, reference))

    def run(self, pipeline_id: str, role: str = "member") -> Any:
        """What a run comes to."""
        return self.call(
            lambda client: client.pipeline.run(pipeline_id, QUESTION, timeout=LONGER_THAN_ANY_RUN), role=role
        )
