"""Carries out fault steps on one request."""

from __future__ import annotations

from typing import assert_never

from failwell.contract.case import phrase
from failwell.sandbox.faults.samples import MALFORMED, garbled
from failwell.sandbox.faults.steps import (
    LONGEST_WAIT,
    Answer,
    BreakSession,
    Certificate,
    Close,
    Cut,
    Delay,
    Drip,
    DropReply,
    FaultStep,
    Forward,
    Garbled,
    Malformed,
    Raw,
    Reset,
    Silence,
    Then,
    WrongLength,
)
from failwell.sandbox.proxy.connection import ProxyConnection
from failwell.sandbox.proxy.incoming import Incoming
from failwell.sandbox.proxy.relay import pass_on


async def act(
    steps: tuple[FaultStep, ...], client: ProxyConnection, incoming: Incoming, upstream: tuple[str, int]
) -> bool:
    """
    Do *steps* to *incoming*, the last of them a final one; True if the connection can go on.

    Raises: GoneError, when the client goes away; MalformedRequestError; UpstreamError.
    """
    if not isinstance(steps[-1], Forward | DropReply | BreakSession):
        # A fault happens to a request that has arrived: its hash is logged, and no unread byte turns a FIN into RST.
        await incoming.take_in()
    for step in steps:
        match step:
            case Delay():
                await client.wait(step.seconds)
            case Forward():
                return await _pass(step, client, incoming, upstream)
            case BreakSession():
                return await pass_on(client, incoming, upstream, breaks=step)
            case DropReply():
                await pass_on(client, incoming, upstream, lost=True)
                if step.reset:
                    client.reset()
                return False
            case Answer() | Garbled() | WrongLength() | Drip():
                return await _answer(step, client, incoming)
            case Close() | Reset() | Cut() | Silence() | Malformed() | Raw():
                return await _break_off(step, client, incoming)
            case Certificate():
                break
            case _:
                assert_never(step)
    raise AssertionError("The last step is a final one for a request, by Rule.whole_steps and Script.take.")


async def _pass(step: Forward, client: ProxyConnection, incoming: Incoming, upstream: tuple[str, int]) -> bool:
    afterwards = {"keep": "", "close": ", then closed", "reset": ", then reset"}[step.then]
    goes_on = await pass_on(client, incoming, upstream, afterwards=afterwards)
    if step.then == "reset":
        client.reset()
    return goes_on and step.then == "keep"


async def _answer(step: Answer | Garbled | WrongLength | Drip, client: ProxyConnection, incoming: Incoming) -> bool:
    match step:
        case Answer():
            return await send_answer(step, client, incoming, f"answered {step.status}")
        case Garbled():
            headers, body = garbled(step.kind, step.shown_status)
            answer = Answer(step.shown_status, headers, body)
            return await send_answer(answer, client, incoming, f"answered {answer.status}, {step.kind}")
        case WrongLength():
            return await _send_wrong_length(step, client, incoming)
        case Drip():
            return await _drip(step, client, incoming)


async def _send_wrong_length(step: WrongLength, client: ProxyConnection, incoming: Incoming) -> bool:
    head, body, goes_on = _reply(step, incoming)
    length = len(step.body)
    incoming.record(f"answered {step.status}, announced {length + step.by} bytes of {length}")
    await client.write(head + body)
    if step.by > 0:
        await client.wait(LONGEST_WAIT)
    return goes_on and step.by < 0


async def _break_off(
    step: Close | Reset | Cut | Silence | Malformed | Raw, client: ProxyConnection, incoming: Incoming
) -> bool:
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
        case Malformed():
            data, outcome = MALFORMED[step.kind], f"sent malformed HTTP, {step.kind}"
        case Raw():
            data, then, outcome = step.data, step.then, f"sent {len(step.data)} raw bytes, {step.then}"
        case Silence():
            await client.wait(LONGEST_WAIT)
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


async def send_answer(answer: Answer, client: ProxyConnection, incoming: Incoming, outcome: str) -> bool:
    """Send *answer*, logged as *outcome*; True if the connection can go on. Raises: GoneError."""
    head, body, goes_on = _reply(answer, incoming)
    incoming.record(outcome)
    await client.write(head + body)
    return goes_on


async def _drip(step: Drip, client: ProxyConnection, incoming: Incoming) -> bool:
    head, body, goes_on = _reply(step, incoming)
    start, rest = (b"", head + body) if step.headers_too else (head, body)
    pieces = [start] if start else []
    pieces += [rest[at : at + step.chunk] for at in range(0, len(rest), step.chunk)]
    for number, piece in enumerate(pieces, 1):
        if number > 1:
            await client.wait(step.interval)
        if number == len(pieces):
            incoming.record(f"dripped {step.status}")
        await client.write(piece)
    return goes_on


def _reply(reply: Answer | Drip | Cut | WrongLength, incoming: Incoming) -> tuple[bytes, bytes, bool]:
    """Head and body of *reply* to *incoming*, and whether the connection can go on after them."""
    names = [name.lower() for name, _ in reply.headers]
    lines = [f"{name}: {value}" for name, value in reply.headers]
    length = str(len(reply.body) + (reply.by if isinstance(reply, WrongLength) else 0))
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
