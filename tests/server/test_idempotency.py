"""The same key means the same answer, and the work is done once."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from fastapi import Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from hypothesis import given, strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from failwell.clock import VirtualClock
from failwell.server import (
    Claim,
    Claimed,
    Idempotency,
    Record,
    SqliteStore,
    StoreDownError,
    StoredResponse,
    side_effect,
)
from failwell.server.idempotency.claims import Claims, ticket_for
from failwell.server.idempotency.policy import fingerprint

from .shop import Desk, InvalidError, NoMoneyError, NotFoundError, OpenDesk, TakenError, ask, normalised, raising

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "k-1"}


def told(response: httpx2.Response) -> tuple[int, str | None]:
    """The status, and the code of an error."""
    body: Any = response.json()
    return response.status_code, body.get("error", {}).get("code") if isinstance(body, dict) else None


async def test_same_key_same_body_replays(desk: Desk) -> None:
    """
    S6. A replay has the same status, body, kept headers and request id; it is marked, with its own id beside.
    """
    async with desk.client() as client:
        first = await client.post("/orders", json={"item": "x"}, headers={**KEY, "X-Request-ID": "first"})
        again = await client.post("/orders", json={"item": "x"}, headers={**KEY, "X-Request-ID": "second"})

    assert (201, first.content, 1) == (again.status_code, again.content, desk.shop.runs)
    assert ("first", "second", "true") == (
        again.headers["x-request-id"],
        again.headers["x-replay-request-id"],
        again.headers["idempotent-replayed"],
    )
    assert first.headers["content-type"] == again.headers["content-type"]
    assert not {"idempotent-replayed", "x-replay-request-id"} & set(first.headers)


async def test_log_of_a_replay_has_both_ids(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """
    S6. The log of a replay has its own id, and that of the first answer.
    """
    caplog.set_level(logging.INFO, "failwell.server")
    async with desk.client() as client:
        await client.post("/orders", headers={**KEY, "X-Request-ID": "first"})
        await client.post("/orders", headers={**KEY, "X-Request-ID": "second"})

    records = [(record.__dict__["request_id"], record.getMessage()) for record in caplog.records]

    assert [("second", "POST '/orders': 201 replay of first (request second)")] == records


async def test_replay_keeps_headers_of_the_answer_only(desk: Desk) -> None:
    """
    S6. Location and ETag are replayed, binary bodies are byte-identical, and Set-Cookie never comes again.
    """
    body = bytes(range(256))
    headers = {"Location": "/orders/1", "ETag": '"1"', "Set-Cookie": "session=hunter2", "X-Own": "1"}
    desk.shop.steps.append(lambda: Response(body, 202, headers, "application/octet-stream"))
    async with desk.client() as client:
        first = await client.post("/orders", headers=KEY)
        again = await client.post("/orders", headers=KEY)

    assert "session=hunter2" == first.headers["set-cookie"]
    assert (202, body, "/orders/1", '"1"') == (
        again.status_code,
        again.content,
        again.headers["location"],
        again.headers["etag"],
    )
    assert not {"set-cookie", "x-own"} & set(again.headers)


async def test_replay_of_204_has_no_body(desk: Desk) -> None:
    """
    S6. A 204 is replayed as a 204, without body or length.
    """
    async with desk.client() as client:
        replies = [await client.delete("/orders/7", headers=KEY) for _ in range(2)]

    assert [(204, b"", False)] * 2 == [
        (reply.status_code, reply.content, "content-length" in reply.headers) for reply in replies
    ]
    assert (["7"], "true") == ([body.decode() for body in desk.shop.bodies], replies[1].headers["idempotent-replayed"])


def test_set_cookie_cannot_be_declared_as_kept(tmp_path: Path) -> None:
    """
    S6. Set-Cookie is refused as a kept header when the policy is declared.
    """
    store = SqliteStore(tmp_path / "answers.db")
    with pytest.raises(ValueError, match="Set-Cookie is never replayed"):
        Idempotency(store, headers=frozenset({"Set-Cookie"}))
    store.close()


async def test_kept_for_24_hours_then_forgotten(desk: Desk) -> None:
    """
    S6. An answer is kept for 24 h, and not a second longer.
    """
    runs: list[int] = []
    async with desk.client() as client:
        for hours in (0.0, 23.999, 0.002):
            desk.clock.advance(hours * 3600)
            await client.post("/orders", headers=KEY)
            runs.append(desk.shop.runs)

    assert [1, 1, 2] == runs


async def test_same_key_other_body_is_a_conflict(desk: Desk) -> None:
    """
    S3. Same key, other body: the catalogue's 409 `idempotency_conflict`, and the handler does not run.
    """
    async with desk.client() as client:
        await client.post("/orders", content=b'{"a": 1}', headers=KEY)
        other = await client.post("/orders", content=b'{"a": 2}', headers=KEY)
        query = await client.post("/orders?dry=1", content=b'{"a": 1}', headers=KEY)

    assert [(409, "idempotency_conflict")] * 2 == [told(other), told(query)]
    assert 1 == desk.shop.runs


async def test_fingerprint_is_of_the_raw_body(desk: Desk) -> None:
    """
    S8. The fingerprint is of the raw body, which the app gets unchanged: the same JSON with a space is another one.
    """
    async with desk.client() as client:
        await client.post("/orders", content=b'{"a":1}', headers=KEY)
        spaced = await client.post("/orders", content=b'{"a": 1}', headers=KEY)

    assert ((409, "idempotency_conflict"), [b'{"a":1}']) == (told(spaced), desk.shop.bodies)


async def test_other_route_method_or_tenant_never_replays(desk: Desk) -> None:
    """
    S2. A record is tenant, method, route and key: the same key elsewhere runs its own handler.
    """
    async with desk.client("a") as ours, desk.client("b") as theirs:
        for client, method, path in (
            (ours, "POST", "/orders"),
            (ours, "PUT", "/orders"),
            (ours, "POST", "/returns"),
            (ours, "POST", "/runs/1/cancel"),
            (ours, "POST", "/runs/2/cancel"),
            (theirs, "POST", "/orders"),
        ):
            reply = await client.request(method, path, headers=KEY)
            assert "idempotent-replayed" not in reply.headers

    assert 6 == desk.shop.runs


async def test_foreign_key_cannot_be_told_from_a_new_one(desk: Desk) -> None:
    """
    S1. A key that another tenant has used gets what a new key gets: the same status, by the same statements.
    """
    seen: list[tuple[int, list[str]]] = []
    async with desk.client("a") as ours, desk.client("b") as theirs:
        await ours.post("/orders", content=b"secret", headers=KEY)
        for key in ("k-1", "k-new"):
            desk.statements.clear()
            reply = await theirs.post("/orders", headers={"Idempotency-Key": key})
            assert b"secret" not in reply.content
            seen.append((reply.status_code, normalised(desk.statements)))

    assert seen[0] == seen[1]
    assert any("INSERT" in statement for statement in seen[0][1])


NOT_KEPT = [
    (NoMoneyError("Top up."), 402),
    (NotFoundError("Gone."), 404),
    (InvalidError("Wrong."), 422),
]


@pytest.mark.parametrize("effects", [False, True])
@pytest.mark.parametrize(("error", "status"), NOT_KEPT, ids=["402", "404", "422"])
async def test_what_the_caller_can_put_right_is_not_kept(
    open_desk: OpenDesk, error: Exception, status: int, effects: bool
) -> None:
    """
    S7. 402, top up, same key: works. So do 404 and 422, whether or not the operation had a side effect.
    """
    desk = open_desk(strict=False)
    desk.shop.steps[:] = [*([side_effect] if effects else []), raising(error)]
    async with desk.client() as client:
        first = await client.put("/orders", headers=KEY)
        desk.shop.steps.clear()
        again = await client.put("/orders", headers=KEY)

    assert (status, 200, 2) == (first.status_code, again.status_code, desk.shop.runs)


async def test_error_after_the_first_side_effect_is_kept(desk: Desk) -> None:
    """
    S7. An error raised before the first side effect is forgotten; one raised after it is the answer.
    """
    desk.shop.steps[:] = [raising(TakenError("Taken."))]
    async with desk.client() as client:
        before = [await client.put("/orders", headers={"Idempotency-Key": "before"}) for _ in range(2)]
        desk.shop.steps.insert(0, side_effect)
        after = [await client.put("/orders", headers={"Idempotency-Key": "after"}) for _ in range(2)]

    assert [409] * 4 == [reply.status_code for reply in (*before, *after)]
    assert (3, after[0].content) == (desk.shop.runs, after[1].content)
    assert "true" == after[1].headers["idempotent-replayed"]


async def test_side_effect_is_seen_from_a_thread(desk: Desk) -> None:
    """
    S7. A synchronous handler runs in a thread; its `side_effect()` counts too.
    """
    async with desk.client() as client:
        replies = [await client.post("/threaded", headers=KEY) for _ in range(2)]

    assert ([409, 409], 1) == ([reply.status_code for reply in replies], desk.shop.runs)


@pytest.mark.parametrize(("keep", "runs"), [(False, 2), (True, 1)])
async def test_5xx_follows_the_declared_policy(open_desk: OpenDesk, keep: bool, runs: int) -> None:
    """
    S7. A 5xx after a side effect is released by default, and kept where the policy says so.
    """
    desk = open_desk(keep_server_errors=keep)
    desk.shop.steps[:] = [side_effect, raising(KeyError("boom"))]
    async with desk.client() as client:
        replies = [await client.put("/orders", headers=KEY) for _ in range(2)]

    assert ([500, 500], runs) == ([reply.status_code for reply in replies], desk.shop.runs)


@given(status=st.integers(200, 599), effects=st.booleans(), keep=st.booleans())
def test_what_is_kept(status: int, effects: bool, keep: bool) -> None:
    """
    S7. Kept: 2xx, and other answers after a side effect; never 401, 402, 403, 404, 413, 422, 429; 5xx by policy.
    """
    policy = Idempotency(NoStore(), keep_server_errors=keep)
    expected = (
        False if status in {401, 402, 403, 404, 413, 422, 429} else status < 300 or (effects and (status < 500 or keep))
    )

    assert expected == policy.keeps(status, effects=effects)


async def test_refusals_before_the_handler_leave_no_record(desk: Desk) -> None:
    """
    S7. A 401 or 403 leaves the key free.
    """
    async with desk.client("a", "viewer") as viewer, desk.client("a") as member:
        refused = await viewer.post("/orders", headers=KEY)
        done = await member.post("/orders", headers=KEY)

    assert (403, 201) == (refused.status_code, done.status_code)
    assert "idempotent-replayed" not in done.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\x7f", "é"])
async def test_key_that_is_no_key_is_a_422(desk: Desk, key: str) -> None:
    """
    A key is 1 to 255 visible ASCII characters; anything else is the 422 case, and the handler does not run.
    """
    async with desk.client() as client:
        got = await client.post("/orders", headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert (422, 0) == (got.status_code, desk.shop.runs)
    assert ["header", "Idempotency-Key"] == got.json()["detail"][0]["loc"]


async def test_reads_have_no_record(desk: Desk) -> None:
    """
    A key on a GET means nothing: the handler runs each time.
    """
    async with desk.client() as client:
        replies = [await client.get("/orders/7", headers=KEY) for _ in range(2)]

    assert not [reply for reply in replies if "idempotent-replayed" in reply.headers]


async def test_body_above_the_cap_is_refused(open_desk: OpenDesk) -> None:
    """
    S8. A request with a key and a body above the cap is the 413 case, announced or not; the handler does not run.
    """
    desk = open_desk(body_cap=8)
    in_pieces: list[Message] = []
    async with desk.client() as client:
        announced = await client.post("/orders", content=b"123456789", headers=KEY)
        await send_raw(desk, "/orders", in_pieces, pieces=[b"1234"] * 3)
        fits = await client.post("/orders", content=b"12345678", headers=KEY)

    assert 1 == await send_raw(desk, "/orders", [], announced=9)
    assert (413, 413, 201) == (announced.status_code, in_pieces[0]["status"], fits.status_code)
    assert [b"12345678"] == desk.shop.bodies


async def test_reply_above_the_cap_is_sent_but_not_kept(open_desk: OpenDesk) -> None:
    """
    S8. A reply above the cap is sent whole and not kept; its key is free again.
    """
    desk = open_desk(response_cap=8)
    desk.shop.steps.append(lambda: Response(b"123456789"))
    async with desk.client() as client:
        replies = [await client.post("/orders", headers=KEY) for _ in range(2)]

    assert ([b"123456789"] * 2, 2) == ([reply.content for reply in replies], desk.shop.runs)


async def test_stream_passes_through_and_is_not_kept(desk: Desk) -> None:
    """
    S8. A stream is passed on piece by piece and never half-stored; its key is free again.
    """
    sent: list[Message] = []
    await send_raw(desk, "/stream", sent)
    pieces = [message["body"] for message in sent[1:]]
    async with desk.client() as client:
        again = await client.post("/stream", headers=KEY)

    assert ([b"one ", b"two", b""], 2, b"one two") == (pieces, desk.shop.runs, again.content)


async def send_raw(
    desk: Desk,
    path: str,
    sent: list[Message],
    *,
    pieces: Sequence[bytes] = (b"",),
    gone: bool = False,
    whole: bool = True,
    announced: int | None = None,
) -> int:
    """POST *pieces* to *path* as a server would; then the client waits, or is *gone*; maybe its body is not *whole*.

    Returns how many pieces were left unread.
    """
    unread = list(pieces)

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(0), "more_body": bool(unread) or not whole}
        if not gone:
            await anyio.sleep_forever()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"x-api-key", desk.keys.create("a", "member").encode()), (b"idempotency-key", b"k-1")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    if announced is not None:
        headers.append((b"content-length", str(announced).encode()))
    await desk.contract(scope, receive, send)
    return len(unread)


async def test_answer_is_kept_when_the_client_has_gone(desk: Desk) -> None:
    """
    A client that goes away while the handler works finds the answer under its key; the app does not hear of it.
    """
    heard: list[bool] = []

    @desk.shop.app.post("/patient")
    async def work(request: Request) -> None:
        await request.body()
        heard.append(await request.is_disconnected())

    await send_raw(desk, "/patient", [], gone=True)
    async with desk.client() as client:
        again = await client.post("/patient", headers=KEY)

    assert ([False], "true") == (heard, again.headers["idempotent-replayed"])


async def test_stream_hears_that_the_client_has_gone(desk: Desk) -> None:
    """
    S8. A stream, of which nothing is kept, ends when its client goes away.
    """

    @desk.shop.app.post("/endless")
    async def endless() -> StreamingResponse:
        async def ticks() -> AsyncIterator[bytes]:
            while True:
                yield b"tick "
                await anyio.lowlevel.checkpoint()

        return StreamingResponse(ticks())

    sent: list[Message] = []
    with anyio.fail_after(5):
        await send_raw(desk, "/endless", sent, gone=True)

    assert b"tick " == sent[1]["body"]


async def test_client_that_leaves_before_its_body_is_whole_leaves_no_record(desk: Desk) -> None:
    """
    A client that goes away before its body is whole has asked for nothing: no handler runs, and its key is free.
    """
    sent: list[Message] = []
    await send_raw(desk, "/orders", sent, pieces=[b"half"], gone=True, whole=False)

    assert ([], 0) == (sent, desk.shop.runs)


async def test_error_in_mid_reply_is_answered_while_nothing_was_sent(desk: Desk) -> None:
    """
    S8. A reply that breaks off while it is still held back becomes a whole 500, and is not kept.
    """

    class Half(Response):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"ha", "more_body": True})
            raise KeyError("boom")

    desk.shop.steps.append(Half)
    async with desk.client() as client:
        replies = [await client.post("/orders", headers=KEY) for _ in range(2)]

    assert [500, 500] == [reply.status_code for reply in replies]
    assert ("request_id" in replies[0].json(), 2) == (True, desk.shop.runs)


async def test_concurrent_calls_run_the_handler_once(desk: Desk) -> None:
    """
    S4. Of 20 concurrent calls with one key one runs the handler; the others get 409 "in progress" and Retry-After.
    """
    hold = anyio.Event()
    seen: list[httpx2.Response] = []

    @desk.shop.app.post("/held")
    async def held() -> dict[str, int]:
        desk.shop.bodies.append(b"")
        await hold.wait()
        return {"number": desk.shop.runs}

    async with desk.client() as client:

        async def one() -> None:
            seen.append(await client.post("/held", headers=KEY))
            if len(seen) == 19:
                hold.set()

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(one)
        after = await client.post("/held", headers=KEY)

    losers = [reply for reply in seen if reply.status_code == 409]

    assert (19, 1, (200, "true")) == (
        len(losers),
        desk.shop.runs,
        (after.status_code, after.headers["idempotent-replayed"]),
    )
    assert {("idempotency_in_progress", "1")} == {(told(r)[1], r.headers["retry-after"]) for r in losers}


class NoStore:
    """A store that fails, or never answers; it counts what it is asked."""

    def __init__(self, *, fails_at: str = "claim", block: threading.Event | None = None) -> None:
        self.fails_at = fails_at
        self.block = block
        self.asked: list[str] = []

    def _ask(self, what: str) -> bool:
        self.asked.append(what)
        if what == self.fails_at:
            if self.block is None:
                raise StoreDownError("The disk is on fire at /srv/secret.db.")
            self.block.wait()
        return True

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, lease: float, kept: float, tells: bool = False
    ) -> Claim:
        self._ask("claim")
        return Claimed()

    def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
        return self._ask("renew")

    def complete(self, record: Record, owner: str, answer: StoredResponse, *, kept: float) -> bool:
        return self._ask("complete")

    def release(self, record: Record, owner: str) -> bool:
        return self._ask("release")


@pytest.mark.parametrize(("policy", "status", "runs"), [("closed", 503, 0), ("open", 201, 1)])
async def test_store_that_is_down(open_desk: OpenDesk, policy: str, status: int, runs: int) -> None:
    """
    S12. A store that is down follows the declared policy: closed is a 503, open goes on; never an accidental 500.
    """
    desk = open_desk(store=NoStore(), when_down=policy)
    async with desk.client() as client:
        got = await client.post("/orders", content=b"body", headers=KEY)

    assert (status, runs, False) == (got.status_code, desk.shop.runs, "/srv" in got.text)
    assert [b"body"] * runs == desk.shop.bodies
    assert ("2" if status == 503 else None) == got.headers.get("retry-after")


async def test_store_that_hangs_is_given_up(open_desk: OpenDesk) -> None:
    """
    S12. A store that does not answer is given up after the declared patience; a claim that comes too late is released.
    """
    block = threading.Event()
    store = NoStore(block=block)
    desk = open_desk(store=store, patience=0.01)
    with anyio.fail_after(5):
        async with desk.client() as client:
            got = await client.post("/orders", headers=KEY)
    block.set()
    with anyio.fail_after(5):
        while store.asked != ["claim", "release"]:
            await anyio.lowlevel.checkpoint()

    assert (503, 0) == (got.status_code, desk.shop.runs)


async def test_locked_file_is_a_store_that_is_down(open_desk: OpenDesk, tmp_path: Path) -> None:
    """
    S12. A SQLite file that somebody else locks for longer than we wait is a store that is down.
    """
    desk = open_desk(busy=0.01)
    other = sqlite3.connect(tmp_path / "answers.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with desk.client() as client:
        locked = await client.post("/orders", headers=KEY)
        other.execute("ROLLBACK")
        free = await client.post("/orders", headers=KEY)
    other.close()

    assert (503, 201, 1) == (locked.status_code, free.status_code, desk.shop.runs)


@pytest.mark.parametrize("fails_at", ["complete", "release"])
async def test_answer_is_sent_when_it_cannot_be_kept(
    open_desk: OpenDesk, caplog: pytest.LogCaptureFixture, fails_at: str
) -> None:
    """
    S12. When the store goes down while the handler works, its answer is sent all the same, and the log says so.
    """
    desk = open_desk(store=NoStore(fails_at=fails_at), patience=0.05, lease=0.1)
    if fails_at == "release":
        desk.shop.steps.append(raising(TakenError("Taken.")))
    async with desk.client() as client:
        got = await client.put("/orders", headers=KEY)

    warned = [record.getMessage() for record in caplog.records if record.name == "failwell.server"]

    assert (409 if fails_at == "release" else 200) == got.status_code
    what = "released" if fails_at == "release" else "kept"
    assert [f"The answer under an idempotency key could not be {what}"] * 2 == [
        message.partition(":")[0] for message in warned
    ]


class Flaky(NoStore):
    """A store that fails for the first *failures* tries of one thing."""

    def __init__(self, *, fails_at: str, failures: int) -> None:
        super().__init__(fails_at=fails_at)
        self.failures = failures

    def _ask(self, what: str) -> bool:
        if what == self.fails_at and self.asked.count(what) == self.failures:
            self.fails_at = "nothing"
        return super()._ask(what)


@pytest.mark.parametrize("fails_at", ["complete", "release"])
@pytest.mark.parametrize(("failures", "patience", "warnings"), [(1, 5.0, 0), (2, 5.0, 0), (2, 0.05, 1)])
async def test_what_must_not_be_lost_is_tried_again(
    open_desk: OpenDesk,
    caplog: pytest.LogCaptureFixture,
    fails_at: str,
    *,
    failures: int,
    patience: float,
    warnings: int,
) -> None:
    """
    S4, S12. A store that fails for a moment is told again what became of a claim, if need be after the answer was sent.
    """
    store = Flaky(fails_at=fails_at, failures=failures)
    desk = open_desk(store=store, patience=patience, lease=10.0)
    if fails_at == "release":
        desk.shop.steps.append(raising(TakenError("Taken.")))
    async with desk.client() as client:
        got = await client.put("/orders", headers=KEY)

    assert (409 if fails_at == "release" else 200, 1) == (got.status_code, desk.shop.runs)
    assert ["claim", *[fails_at] * (failures + 1)] == store.asked
    assert warnings == sum("could not be" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("kept", "lease"), [(0.0, 60.0), (1.0, 60.0), (59.0, 60.0), (100.0, 60.0)])
async def test_kept_for_less_than_the_call_takes(open_desk: OpenDesk, kept: float, lease: float) -> None:
    """
    S4. However short answers are kept: while the first call runs, its key is taken, by what was renewed too.
    """
    desk = open_desk(kept=kept, lease=lease)
    seen: list[httpx2.Response] = []

    @desk.shop.app.post("/slow")
    async def slow() -> dict[str, int]:
        desk.shop.bodies.append(b"")
        if desk.shop.runs > 1:
            return {}
        record = Record("a", "POST", "/slow", "k-1")
        for _ in range(4):
            desk.clock.advance(lease / 2)
            # What its request does by itself, by the real time.
            desk.store.renew(record, owner_of(desk), lease=lease)
            async with desk.client() as other:
                seen.append(await other.post("/slow", headers=KEY))
        return {}

    async with desk.client() as client:
        first = await client.post("/slow", headers=KEY)
        again = await client.post("/slow", headers=KEY)

    assert [409] * 4 == [reply.status_code for reply in seen]
    assert (200, 200) == (first.status_code, again.status_code)
    assert (2 if kept == 0 else 1) == desk.shop.runs


def owner_of(desk: Desk) -> str:
    """The token of the one record."""
    with desk.store._file.reading() as db:
        return str(db.execute("SELECT owner FROM idempotency").fetchone()[0])


@pytest.mark.parametrize(("effects", "statuses"), [(False, (201, None)), (True, (409, 201))])
async def test_interrupted_request_frees_its_key(desk: Desk, effects: bool, statuses: tuple[int, int | None]) -> None:
    """
    S5. A request that the server cancels frees its key at once; after a side effect only when its lease has ended.
    """
    entered = anyio.Event()

    @desk.shop.app.post("/cancelled", status_code=201)
    async def wait() -> None:
        if not entered.is_set():
            if effects:
                side_effect()
            entered.set()
            await anyio.sleep_forever()

    async with desk.client() as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send_raw, desk, "/cancelled", [])
            await entered.wait()
            tasks.cancel_scope.cancel()
        first = await client.post("/cancelled", headers=KEY)
        desk.clock.advance(60)
        second = await client.post("/cancelled", headers=KEY) if effects else None

    assert statuses == (first.status_code, second.status_code if second else None)


async def test_lease_is_renewed_while_the_handler_works() -> None:
    """
    S4. The lease is renewed twelve times in its length, through an outage of the store, until it is lost.
    """
    outcomes: list[bool | Exception] = [True, StoreDownError("Down."), True, False]
    renewed: list[float] = []
    slept: list[float] = []
    clock = VirtualClock()

    class Renewing(NoStore):
        def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
            renewed.append(clock.now() + lease)
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)

    claims = Claims(Idempotency(Renewing(), lease=60))
    await claims.keep_alive(ticket_for(Record("a", "POST", "/", "k")), sleep)

    assert ([5.0] * 4, [65.0, 70.0, 75.0, 80.0]) == (slept, renewed)


async def test_working_request_renews_its_lease(open_desk: OpenDesk) -> None:
    """
    S4. While a handler works, its request renews the lease by itself.
    """
    store = NoStore(fails_at="nothing")
    desk = open_desk(store=store, lease=0.9, patience=0.8)

    @desk.shop.app.post("/long")
    async def work() -> None:
        while "renew" not in store.asked:
            await anyio.lowlevel.checkpoint()

    with anyio.fail_after(5):
        async with desk.client() as client:
            got = await client.post("/long", headers=KEY)

    assert (200, ["claim", "renew"]) == (got.status_code, store.asked[:2])


async def test_late_answer_is_sent_but_does_not_overwrite(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """
    S5. An owner whose lease was lost sends its answer, and leaves the record to the new owner.
    """
    heir = StoredResponse(200, (), b"heir", "r-heir")

    def lose_the_lease() -> None:
        if desk.shop.runs == 1:
            desk.clock.advance(60)
            record = Record("a", "PUT", "/orders", "k-1")
            desk.store.claim(record, fingerprint(b"", b""), "heir", lease=60, kept=99)
            desk.store.complete(record, "heir", heir, kept=99)

    desk.shop.steps.append(lose_the_lease)
    async with desk.client() as client:
        late = await client.put("/orders", headers=KEY)
        again = await client.put("/orders", headers=KEY)

    assert ({"number": 1}, b"heir") == (late.json(), again.content)
    assert [True] == ["was lost before" in record.getMessage() for record in caplog.records]


def test_threads_with_loops_of_their_own_run_the_handler_once(desk: Desk) -> None:
    """
    S4. Calls from several threads, each with an event loop of its own, run the handler once between them.
    """
    together = threading.Barrier(8)
    key = desk.keys.create("a", "member")

    async def call() -> int:
        async with ask(desk.contract, headers={"X-API-Key": key}) as client:
            together.wait()
            return (await client.post("/orders", headers=KEY)).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(lambda _: anyio.run(call), range(8)))

    assert (1, True) == (desk.shop.runs, {201} <= statuses <= {201, 409})


async def test_file_that_the_server_would_send_by_itself_is_kept_too(desk: Desk, tmp_path: Path) -> None:
    """
    S6. A file is recorded like any body, also behind a server that offers to send files by itself.
    """
    (tmp_path / "file").write_bytes(b"content")
    desk.shop.steps.append(lambda: FileResponse(tmp_path / "file"))
    offering = Offering(desk.contract)
    headers = {"X-API-Key": desk.keys.create("a", "member"), **KEY}
    async with ask(offering, headers=headers) as client:
        replies = [await client.put("/orders") for _ in range(2)]

    assert ([b"content"] * 2, 1) == ([reply.content for reply in replies], desk.shop.runs)


class Offering:
    """A server with the `pathsend` extension around an app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {"http.response.pathsend": {}}
        await self.app(scope, receive, send)
