"""The steps of a script, done to one request."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from errata.sandbox.connection import Connection
from errata.sandbox.incoming import Incoming
from errata.sandbox.relay import pass_on
from errata.sandbox.steps import (
    LONGEST_WAIT,
    Answer,
    Close,
    Cut,
    Delay,
    Drip,
    Lose,
    Pass,
    Raw,
    Reset,
    Silence,
    Step,
    Then,
)


async def act(steps: tuple[Step, ...], client: Connection, incoming: Incoming, upstream: tuple[str, int]) -> bool:
    """
    Do *steps* to *incoming*, the last of them a final one; True if the connection can go on.

    Raises: GoneError, when the client goes away; MalformedRequestError; UpstreamError.
    """
    if not isinstance(steps[-1], Pass | Lose):
        # A fault happens to a request that has arrived: its hash is logged, and no unread byte turns a FIN into RST.
        await incoming.take_in()
    for step in steps:
        match step:
            case Delay():
                await _wait(client, step.seconds)
            case Pass():
                return await pass_on(client, incoming, upstream)
            case Lose():
                await pass_on(client, incoming, upstream, lost=True)
                if step.reset:
                    client.reset()
                return False
            case Answer():
                return await send_answer(step, client, incoming, f"answered {step.status}")
            case Drip():
                return await _drip(step, client, incoming)
            case _:
                return await _break_off(step, client, incoming)
    raise AssertionError("The last step is a final one, by Rule.whole_steps.")


async def _break_off(step: Close | Reset | Cut | Silence | Raw, client: Connection, incoming: Incoming) -> bool:
    data = b""
    then: Then = "close"
    outcome = "closed"
    match step:
        case Cut():
            head, body, _ = _reply(step, incoming)
            part = body[: step.after]
            data = head + part
            then = "reset" if step.reset else "close"
            outcome = f"{'reset' if step.reset else 'cut'} after {len(part)} of {len(step.body)} bytes"
        case Raw():
            data, then, outcome = step.data, step.then, f"sent {len(step.data)} raw bytes, {step.then}"
        case Silence():
            await _wait(client, LONGEST_WAIT)
            outcome = f"silent for {LONGEST_WAIT:g} s, closed"
        case Reset():
            then, outcome = "reset", "reset"
        case Close():
            pass
    incoming.record(outcome)
    if data:
        await client.write(data)
    if then == "reset":
        client.reset()
    return then == "keep"


async def send_answer(answer: Answer, client: Connection, incoming: Incoming, outcome: str) -> bool:
    """Send *answer*, logged as *outcome*; True if the connection can go on. Raises: GoneError."""
    head, body, goes_on = _reply(answer, incoming)
    incoming.record(outcome)
    await client.write(head + body)
    return goes_on


async def _drip(step: Drip, client: Connection, incoming: Incoming) -> bool:
    head, body, goes_on = _reply(step, incoming)
    start, rest = (b"", head + body) if step.headers_too else (head, body)
    pieces = [start] if start else []
    pieces += [rest[at : at + step.chunk] for at in range(0, len(rest), step.chunk)]
    for number, piece in enumerate(pieces, 1):
        if number > 1:
            await _wait(client, step.interval)
        if number == len(pieces):
            incoming.record(f"dripped {step.status}")
        await client.write(piece)
    return goes_on


async def _wait(client: Connection, seconds: float) -> None:
    # Not asyncio.wait_for around a bare sleep: a client that hangs up ends the wait, by GoneError.
    try:
        await asyncio.wait_for(client.wait_until_gone(), min(seconds, LONGEST_WAIT))
    except TimeoutError:
        return


def _reply(reply: Answer | Drip | Cut, incoming: Incoming) -> tuple[bytes, bytes, bool]:
    """Head and body of *reply* to *incoming*, and whether the connection can go on after them."""
    names = [name.lower() for name, _ in reply.headers]
    lines = [f"{name}: {value}" for name, value in reply.headers]
    length = str(len(reply.body))
    if "content-length" not in names and reply.status not in (204, 304):
        lines.append(f"Content-Length: {length}")
    announced = [value.strip() for name, value in reply.headers if name.lower() == "content-length"]
    closes = any(name.lower() == "connection" and "close" in value.lower() for name, value in reply.headers)
    goes_on = incoming.complete and not incoming.wants_close and not closes and announced in ([], [length])
    if not goes_on and "connection" not in names:
        lines.append("Connection: close")
    start = f"HTTP/1.1 {reply.status} {phrase(reply.status)}"
    head = "\r\n".join([start, *lines, "", ""]).encode("latin-1")
    return head, b"" if incoming.method == "HEAD" else reply.body, goes_on


def phrase(status: int) -> str:
    """The reason phrase that goes with *status*; "" if there is none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
