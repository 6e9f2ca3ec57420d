"""R4 for what takes long: streams of events, pages of rows, waits for a job."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from failwell import log_fields
from failwell.client import Awaiting, Blocking, Page, Pages, Resource, event, json_body, operation, paged, streamed
from failwell.contract import Secret
from failwell.policy import Flow, StreamFlow, poll_until
from failwell.policy.stream.rules import StreamRules
from failwell.wire.sse import Event
from pictograph.exceptions import PollTimeoutError
from tests.servers.sockets import Peer, Step, http, serving

from .colours import KEY, asked, every_colour, raised
from .leaks import everything, frames, leaked

C = TypeVar("C", Blocking, Awaiting)
PASSWORD = "CANARYpw5512"
IN_BODY = "CANARYbody8841"
SIGNATURE = "CANARYsig90217"
ALL = (KEY, PASSWORD, IN_BODY, SIGNATURE)


class Long(Resource[C], name="long"):
    """Calls that take long, each with a key in the header, in the query, and in the body where there is one."""

    @streamed
    def events(self, url: str) -> StreamFlow[Event]:
        """Read a stream."""
        return self.core.stream(
            "long.events",
            "POST",
            f"{url}?signature={SIGNATURE}",
            event,
            rules=StreamRules(done="[DONE]"),
            payload={"token": IN_BODY},
            secrets=(Secret(IN_BODY),),
            mutating=True,
        )

    @paged
    def rows(self, url: str) -> Pages[Any]:
        """Give rows."""

        def fetch(limit: int, offset: int) -> Flow[Page[Any]]:
            found = yield from self.core.call(
                "long.rows",
                "POST",
                f"{url}?signature={SIGNATURE}",
                json_body,
                payload={"token": IN_BODY, "offset": offset, "limit": limit},
                secrets=(Secret(IN_BODY),),
                mutating=True,
            )
            return Page(found["rows"], has_more=True)

        return Pages(fetch, 2)

    @operation
    def wait(self, url: str) -> Flow[Any]:
        """Wait for a job."""

        def look() -> Flow[Any]:
            return self.core.call(
                "long.look",
                "POST",
                f"{url}?signature={SIGNATURE}",
                json_body,
                payload={"token": IN_BODY},
                secrets=(Secret(IN_BODY),),
                mutating=True,
            )

        return (
            yield from poll_until(
                look,
                lambda found: "done" in found,
                timeout=0.2,
                timed_out=lambda _last: PollTimeoutError("not done"),
                interval=0.05,
            )
        )


def streaming(client: Any, url: str) -> Any:
    """Read a whole stream."""
    return _all(client, Long(client.core).events(url))


def paging(client: Any, url: str) -> Any:
    """Read all rows."""
    return _all(client, Long(client.core).rows(url))


def polling(client: Any, url: str) -> Any:
    """Wait for a job."""
    return Long(client.core).wait(url)


def _all(client: Any, rows: Any) -> Any:
    if not client.core.awaiting:
        return list(rows)

    async def gather() -> list[Any]:
        return [row async for row in rows]

    return gather()


Call = Callable[[Any, str], Any]
CALLS: dict[str, Call] = {"streaming": streaming, "paging": paging, "polling": polling}
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def said(peer: Peer) -> bytes:
    """All secrets of the request, in the many ways in which they came."""
    seen = peer.seen
    assert seen is not None
    echo = {**seen.headers, "target": seen.target, "body": seen.body.decode(), "all": " ".join(ALL)}
    return json.dumps({"detail": json.dumps(echo), "error": echo}).encode()


def in_an_error(peer: Peer) -> None:
    """Echo them in a 409, and in its headers."""
    peer.say(http(409, said(peer), f"X-Echo: {' '.join(ALL)}", f"X-Request-ID: {KEY}"))


def in_an_event(peer: Peer) -> None:
    """Echo them in an event that tells of an error."""
    peer.say(SSE + b"id: 1\ndata: fine\n\nevent: error\ndata: " + said(peer) + b"\n\n")


def in_the_id_of_an_event(peer: Peer) -> None:
    """Echo them in the id of the last event before a cut."""
    peer.say(SSE + b"id: " + " ".join(ALL).encode() + b"\ndata: fine\n\n")


def in_success(peer: Peer) -> None:
    """Echo them in a success that is none."""
    peer.say(http(200, b'{"no rows": ' + said(peer)[:-5]))


def in_silence(peer: Peer) -> None:
    """Say nothing."""
    peer.silence()


def first_then(step: Step) -> list[Step]:
    """A page, a stream or a job that begins well, and then *step*."""
    return [http(200, b'{"rows": [1, 2]}'), step]


@every_colour
@pytest.mark.parametrize(
    ("how", "steps"),
    [
        ("streaming", [in_an_error]),
        ("streaming", [in_an_event]),
        ("streaming", [in_the_id_of_an_event]),
        ("streaming", [in_success]),
        ("streaming", [in_silence]),
        ("paging", first_then(in_an_error)),
        ("paging", first_then(in_success)),
        ("paging", first_then(in_silence)),
        ("polling", first_then(in_an_error)),
        ("polling", first_then(in_success)),
        ("polling", [in_silence]),
        ("polling", [http(200, b"{}")]),
    ],
    ids=lambda given: given if isinstance(given, str) else getattr(given[-1], "__name__", "never done"),
)
def test_no_secret_in_long_work(
    how: str, steps: list[Step], colour: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    R4. In streams, pages and waits neither the key nor what is secret in query, body and proxy shows anywhere.

    Not on the error, its causes, its frames or in debug logs, though the server echoes all of it.
    """
    caplog.set_level(logging.DEBUG)
    with serving(*steps) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
        url = "http://elsewhere.test/long"
        # Long enough for a request to arrive where every core is busy; only silence uses it up.
        timeout = 1.0 if in_silence in steps else 30.0
        error = raised(
            colour, lambda client: CALLS[how](client, url), base_url="http://elsewhere.test", timeout=timeout
        )

    assert len(steps) <= len(proxy.seen)
    text = everything(error) + repr(log_fields(error))
    assert [] == [one for secret in ALL for one in leaked(secret, text)]
    logged = "\n".join(f"{record.getMessage()} {record.msg} {record.args}" for record in caplog.records)
    assert [] == [one for secret in ALL for one in leaked(secret, logged)]
    assert "" != logged


@every_colour
def test_no_secret_in_frames_of_a_consumer(colour: str) -> None:
    """
    R4. What the caller raises while it reads a stream has no frame of ours or of the transport with a secret.
    """

    def stop(client: Any) -> Any:
        rows: Any = Long(client.core).events("/long")
        if not client.core.awaiting:
            return _stopped(rows)

        async def run() -> None:
            async for row in rows:
                raise LookupError(row.data)

        return run()

    def _stopped(rows: Iterator[Event]) -> None:
        for row in rows:
            raise LookupError(row.data)

    def events(peer: Peer) -> None:
        peer.say(SSE + b"data: fine\n\n")
        peer.silence()

    with serving(events) as server, pytest.raises(LookupError) as caught:
        asked(colour, stop, base_url=server.url)

    text = "\n".join(frames(caught.value))
    assert [] == [one for secret in ALL for one in leaked(secret, text)]
