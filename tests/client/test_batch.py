from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import httpx2
import pytest

import failwell
from failwell import AsyncBatch, Batch, BatchError, BreakerRules, Resilience, Secret
from failwell.client import Awaiting, BatchSpec, Blocking, Core, Resource, batched, json_body, operation
from failwell.clock import VirtualClock
from failwell.policy import Flow
from failwell.policy.batch import BatchQueue, Remaining
from pictograph.exceptions import (
    CATALOGUE,
    ConfigurationError,
    NetworkError,
    PaymentRequiredError,
    ServerError,
    ValidationError,
)

from .colours import every_colour, run_in

C = TypeVar("C", Blocking, Awaiting)


class Items(Resource[C], name="items"):
    """Items that are counted."""

    @operation
    def get(self, number: int, *, colour: str = "red") -> Flow[int]:
        """Read one."""
        found = yield from self.core.call("items.get", "GET", f"/{number}", json_body, params={"colour": colour})
        return int(found["number"])

    @operation
    def make(self, number: int, *, idempotency_key: str | None = None) -> Flow[int]:
        """Make one."""
        call = self.core.call(
            "items.make", "POST", f"/{number}", json_body, mutating=True, idempotency_key=idempotency_key
        )
        return int((yield from call)["number"])

    @operation
    def make_and_get(self, number: int, *, idempotency_key: str | None = None) -> Flow[int]:
        """Make one, and look at another that says what became of it."""
        yield from Items.make.flow(self, number, idempotency_key=idempotency_key)
        return (yield from Items.get.flow(self, 100 + number))

    @batched
    def get_all(self, numbers: list[int], *, max_workers: int = 8) -> BatchSpec[int]:
        """Read all of them."""
        return BatchSpec(lambda number, _key: Items.get.flow(self, number), numbers, max_workers, False)


class Server:
    """A backend in memory: *trouble* may answer a number in its place, with a status or a failure."""

    def __init__(self, trouble: Callable[[int], int | Exception | None] = lambda _number: None) -> None:
        self.trouble = trouble
        self.asked: list[int] = []
        self.keys: list[tuple[int, str]] = []
        self.colours: set[str | None] = set()
        self.headers: dict[str, str] = {}
        self.clock = VirtualClock()
        self._lock = threading.Lock()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.path[1:])
        with self._lock:
            self.asked.append(number)
            self.colours.add(request.url.params.get("colour"))
            if "idempotency-key" in request.headers:
                self.keys.append((number, request.headers["idempotency-key"]))
            found = self.trouble(number)
        if isinstance(found, Exception):
            raise found
        body = {"number": number} if found is None else {"detail": f"no {number}"}
        return httpx2.Response(found or 200, json=body, headers=self.headers if found else {})

    async def awaited(self, request: httpx2.Request) -> httpx2.Response:
        await anyio.lowlevel.checkpoint()
        return self.answer(request)

    def ask(self, colour: str, call: Callable[[Any], Any], **settings: Any) -> Any:
        """What `call(items)` gives in *colour*."""
        settings = {"clock": self.clock, "credentials": (("X-API-Key", Secret("pk")),), **settings}
        settings["base_url"] = "http://items.test"
        if colour == "blocking":
            with httpx2.Client(transport=httpx2.MockTransport(self.answer)) as own:
                return call(Items(Core(CATALOGUE, http_client=own, **settings)))

        async def run() -> Any:
            async with httpx2.AsyncClient(transport=httpx2.MockTransport(self.awaited)) as own:
                return await call(Items(Core(CATALOGUE, http_client=own, awaiting=True, **settings)))

        return run_in(colour, run)


def getting(count: int, **settings: Any) -> Callable[[Any], Any]:
    """A call that gets so many, silently."""
    settings = {"progress": False, **settings}
    return lambda items: failwell.batch(items.get, range(count), **settings)


BAD = {index for index in range(1000) if index % 27 == 3}


@every_colour
def test_thousand_with_37_failures(colour: str) -> None:
    """
    R14. A batch of 1,000 with 37 failures returns 963 results and one documented error.

    That has the typed error of each by its index, and what is needed to do only those again.
    """
    assert 37 == len(BAD)
    server = Server(lambda number: 422 if number in BAD else None)
    kept: list[Any] = []

    def twice(items: Any) -> Any:
        if colour == "blocking":
            kept.append(failwell.batch(items.get, range(1000), progress=False))
            server.trouble = lambda _number: None
            server.asked.clear()
            return kept[0].retry_failed()

        async def both() -> Any:
            kept.append(await failwell.batch(items.get, range(1000), progress=False))
            server.trouble = lambda _number: None
            server.asked.clear()
            return await kept[0].retry_failed()

        return both()

    done = server.ask(colour, twice)
    [first] = kept

    assert (963, BAD, (), None) == (len(first.results), {*first.failures}, first.not_tried, first.stopped_by)
    assert [index for index in range(1000) if index not in BAD] == [*first.results] == [*first.results.values()]
    assert {ValidationError} == {type(error) for error in first.failures.values()}
    assert "no 30" == str(first.failures[30])
    with pytest.raises(BatchError) as caught:
        first.raise_on_failures()
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert "37 of 1000 items failed; item 3: ValidationError: no 3" == str(error)
    assert (sorted(BAD), 963) == ([*error.failures], len(error.partial_results))
    assert [Remaining(index, index) for index in sorted(BAD)] == [*error.remaining]
    assert sorted(BAD) == sorted(server.asked)
    assert (1000, {}, [*range(1000)]) == (len(done.results), done.failures, [*done.results])
    assert done is done.raise_on_failures()

    other = Server()
    rest = other.ask(colour, lambda items: failwell.batch(items.get, error.remaining, progress=False))
    assert (sorted(BAD), [*range(37)]) == ([*rest.results.values()], [*rest.results])


@every_colour
@pytest.mark.parametrize("workers", [1, 3, 8])
def test_bounded(workers: int, colour: str) -> None:
    """
    At most max_workers calls are under way at once, and so many are.
    """
    lock = threading.Lock()
    together = threading.Barrier(workers, timeout=10)
    now, most = [0], [0]

    class Slow(Server):
        def answer(self, request: httpx2.Request) -> httpx2.Response:
            if colour != "blocking":
                return super().answer(request)
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            together.wait()  # with fewer under way than allowed nobody would come through
            with lock:
                now[0] -= 1
            return super().answer(request)

        async def awaited(self, request: httpx2.Request) -> httpx2.Response:
            now[0] += 1
            most[0] = max(most[0], now[0])
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            now[0] -= 1
            return await super().awaited(request)

    done = Slow().ask(colour, getting(24, max_workers=workers))

    assert (24, workers) == (len(done.results), most[0])


@every_colour
def test_progress(colour: str) -> None:
    """
    `progress` is told of each item: how many are done, how many of them failed, and how many there are.
    """
    told: list[tuple[int, int, int]] = []
    server = Server(lambda number: 404 if number == 4 else None)
    server.ask(colour, getting(10, progress=lambda *facts: told.append(facts)))

    assert [(done, 10) for done in range(1, 11)] == [(done, total) for done, _, total in told]
    assert (1, True) == (told[-1][1], [failed for _, failed, _ in told] == sorted(failed for _, failed, _ in told))


@every_colour
def test_errors_that_end_it(colour: str) -> None:
    """
    What every item would meet is not met a thousand times: the rest is reported as not tried.
    """
    server = Server(lambda number: 402 if number >= 20 else None)
    done = server.ask(colour, getting(1000, max_workers=4))

    assert len(server.asked) < 30
    assert {PaymentRequiredError} == {type(error) for error in done.failures.values()}
    assert (20, 1000) == (len(done.results), 20 + len(done.failures) + len(done.not_tried))
    assert done.stopped_by in done.failures
    with pytest.raises(BatchError, match=r"of 1000 items failed and 9\d\d were not tried; item 2\d: PaymentRequired"):
        done.raise_on_failures()


@every_colour
def test_a_rule_of_ones_own(colour: str) -> None:
    """
    A caller says which errors end the whole.
    """
    server = Server(lambda number: 422 if number == 2 else None)
    done = server.ask(colour, getting(100, max_workers=1, ends_all=lambda error: isinstance(error, ValidationError)))

    assert (2, [0, 1], 97) == (done.stopped_by, [*done.results], len(done.not_tried))


@every_colour
def test_the_same_key_when_the_outcome_is_unknown(colour: str) -> None:
    """
    Done again, an item that may have been done carries the key of its last try; one that was refused gets a new one.
    """
    trouble: dict[int, int | Exception] = {1: httpx2.ReadError("cut"), 2: 500, 3: 422}
    server = Server(trouble.get)

    async def twice(items: Any) -> Any:
        first = await failwell.batch(items.make, range(5), progress=False)
        server.trouble = lambda _number: None
        return first, await first.retry_failed()

    def twice_blocking(items: Any) -> Any:
        first = failwell.batch(items.make, range(5), progress=False)
        server.trouble = lambda _number: None
        return first, first.retry_failed()

    first, second = server.ask(colour, twice_blocking if colour == "blocking" else twice, max_retries=0)
    keys = {number: [key for each, key in server.keys if each == number] for number in range(5)}

    assert {1: NetworkError, 2: ServerError, 3: ValidationError} == {
        index: type(error) for index, error in first.failures.items()
    }
    assert [1, 2, 2, 2, 1] == [len(keys[number]) for number in range(5)]
    assert [1, 1, 2] == [len({*keys[number]}) for number in (1, 2, 3)]
    assert [keys[1][0], keys[2][0], None] == [each.idempotency_key for each in first.remaining]
    assert ([0, 1, 2, 3, 4], {}) == ([*second.results], second.failures)


@every_colour
def test_in_another_process(colour: str) -> None:
    """
    What remains of a pickled error is done by another client, with the keys of those that may have been done.
    """
    server = Server(lambda number: 500 if number == 1 else None)

    first = server.ask(colour, lambda items: failwell.batch(items.make, range(3), progress=False), max_retries=0)
    with pytest.raises(BatchError) as caught:
        first.raise_on_failures()
    remaining = pickle.loads(pickle.dumps(caught.value)).remaining  # noqa: S301 - our own bytes
    other = Server()
    other.ask(colour, lambda items: failwell.batch(items.make, remaining, progress=False))

    assert [(1, key) for number, key in server.keys if number == 1] == other.keys


@every_colour
def test_arguments_for_all(colour: str) -> None:
    """
    Arguments that are the same for all are given once; the items are the first argument that is left.
    """
    blue, kinds = Server(), Server()
    blue.ask(colour, getting(3, arguments={"colour": "blue"}))
    kinds.ask(
        colour,
        lambda items: failwell.batch(items.get, ["a", "b"], arguments={"number": 7}, progress=False),
    )

    assert ({"blue"}, [0, 1, 2]) == (blue.colours, sorted(blue.asked))
    assert ({"a", "b"}, [7, 7]) == (kinds.colours, kinds.asked)


@every_colour
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_workers": 0}, "max_workers is 0; it must be a whole number from 1."),
        ({"progress": True}, "progress is True; it must be a function, False or None."),
        ({"progress": anyio.sleep}, "progress is a coroutine function, which nobody would await; it must be a plain"),
        ({"item": "nothing"}, "item is 'nothing' and arguments has []; get takes number, colour, one of them"),
        ({"arguments": {"x": 1}}, "item is None and arguments has ['x']; get takes number, colour, one of them"),
        ({"item": "idempotency_key"}, "item is 'idempotency_key' and arguments has []; get takes number, colour"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], said: str, colour: str) -> None:
    """
    What cannot work is refused before anything is sent.
    """
    server = Server()
    with pytest.raises(ConfigurationError) as caught:
        server.ask(colour, getting(3, **settings))

    assert (True, []) == (str(caught.value).startswith(said), server.asked)


@every_colour
def test_one_key_for_all_is_refused(colour: str) -> None:
    """
    One idempotency key for all items would make them one.
    """
    with pytest.raises(ConfigurationError, match="each item of a batch gets a key of its own"):
        Server().ask(colour, lambda items: failwell.batch(items.make, [1], arguments={"idempotency_key": "k"}))


def test_what_is_no_operation() -> None:
    """
    Something else than an operation is a TypeError that says what is meant.
    """
    with pytest.raises(TypeError, match="is no operation of a client"):
        failwell.batch(print, [1])  # type: ignore[call-overload]


@every_colour
def test_empty(colour: str) -> None:
    """
    A batch of nothing is done.
    """
    done = Server().ask(colour, getting(0))

    assert ({}, 0, True) == (done.results, done.total, done is done.raise_on_failures())


@every_colour
def test_a_method_of_an_sdk(colour: str) -> None:
    """
    An SDK's own batch is written once; it has its author's name and arguments in both colours.
    """
    done = Server().ask(colour, lambda items: items.get_all([3, 1, 2], max_workers=2))
    signature = str(inspect.signature(Items(Core(CATALOGUE, base_url="http://items.test")).get_all))

    assert {0: 3, 1: 1, 2: 2} == done.results
    assert "(numbers: 'list[int]', *, max_workers: 'int' = 8) -> 'Batch[int]'" == signature
    assert (Batch if colour == "blocking" else AsyncBatch) is type(done)


@every_colour
def test_others_wait_too(colour: str) -> None:
    """
    When one call is told to wait, the other calls of the batch wait, too, and none fails.

    Only what is under way already comes early.
    """
    left = [20]
    server = Server()
    server.headers = {"Retry-After": "1"}
    early: list[float] = []
    told: list[float] = [0.0]

    def bucket(_number: int) -> int | None:
        now = server.clock.now()
        if now < told[-1] - 0.01:
            early.append(now)
            return 429
        if left[0]:
            left[0] -= 1
            return None
        left[0] = 1
        told.append(now + 1.0)
        return 429

    server.trouble = bucket
    done = server.ask(colour, getting(60, max_workers=4))

    assert (60, {}) == (len(done.results), done.failures)
    assert len(early) <= 3 * len(told)


@every_colour
def test_a_longer_wait_than_any_ends_it(colour: str) -> None:
    """
    When the server asks for a longer wait than is ever waited, the rest is not tried.
    """
    server = Server(lambda number: 429 if number >= 5 else None)
    server.headers = {"Retry-After": "300"}
    done = server.ask(colour, getting(500, max_workers=2))

    # The other worker may come too late with one that it had begun.
    assert (True, True) == ({*done.results} <= {0, 1, 2, 3, 4}, len(server.asked) <= 7)
    assert 300 == done.failures[done.stopped_by].retry_after


class StopItError(Exception):
    """What a caller's own function raises."""


@every_colour
@pytest.mark.parametrize("kind", [StopItError, KeyboardInterrupt, SystemExit])
def test_interrupted(kind: type[BaseException], colour: str) -> None:
    """
    R12. Ctrl-C, or what the caller's own function raises, leaves as it is, in no group; nothing more is started.

    The batch that it ended says what was done.
    """
    raised = kind("enough")

    def tell(done: int, _failed: int, _total: int) -> None:
        if done == 3:
            raise raised

    server = Server(lambda number: 404 if number == 1 else None)
    with pytest.raises(kind) as caught:
        server.ask(colour, getting(100, max_workers=1, progress=tell))
    found: Any = (Batch if colour == "blocking" else AsyncBatch).of(caught.value)

    assert raised is caught.value
    assert found is not None
    assert ([0, 2], [1], 97, 3) == ([*found.results], [*found.failures], len(found.not_tried), len(server.asked))
    assert "Of 100 items 2 were done, 1 failed and 97 remain" in caught.value.__notes__[-1]
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("failwell-batch")]


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_cancelled(colour: str) -> None:
    """
    R12. A cancelled batch starts nothing more, and the cancellation leaves as it is.
    """
    server, left = Server(), list[BaseException]()

    async def cancel_in_the_middle(items: Any) -> bool:
        with anyio.CancelScope() as scope:

            def tell(done: int, _failed: int, _total: int) -> None:
                if done == 3:
                    scope.cancel()

            try:
                await failwell.batch(items.get, range(100), max_workers=2, progress=tell)
            except BaseException as problem:
                left.append(problem)
                raise
        return scope.cancelled_caught

    assert server.ask(colour, cancel_in_the_middle)
    [cancellation] = left
    found: Any = AsyncBatch.of(cancellation)

    assert (False, True) == (isinstance(cancellation, BaseExceptionGroup), len(server.asked) < 8)
    # trio's cancellation takes nothing along.
    assert colour == "trio" or (found is not None and 3 <= len(found.results) < 8)


def test_of_other_errors() -> None:
    """
    An error of something else ended no batch.
    """
    itself = ValueError()
    itself.__cause__ = itself

    assert [None, None] == [Batch.of(ValueError()), Batch.of(itself)]


@every_colour
def test_what_was_accepted_keeps_its_key(colour: str) -> None:
    """
    R9. What a server has accepted is not begun a second time because something after it failed: the key is the same.
    """
    server = Server(lambda number: 404 if number == 102 else None)
    kept: list[Any] = []

    def ask(items: Any) -> Any:
        found = failwell.batch(items.make_and_get, range(4), max_workers=1, progress=False)
        if colour == "blocking":
            kept.append(found)
            return found.retry_failed()

        async def again() -> Any:
            kept.append(await found)
            return await kept[0].retry_failed()

        return again()

    server.ask(colour, ask)
    keys = [key for number, key in server.keys if number == 2]

    assert [2] == [*kept[0].failures]
    assert [kept[0].remaining[0].idempotency_key] * 2 == keys


def test_unfinished_items_keep_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An item that was broken off in the middle is done again with the key that was sent for it.
    """
    waits, interrupted = threading.Event(), threading.Event()
    interrupt = BatchQueue.interrupt

    def noted(tally: BatchQueue[Any], problem: BaseException) -> None:
        interrupt(tally, problem)
        interrupted.set()

    class Waiting(VirtualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            waits.set()
            assert interrupted.wait(10)

    class Slow(Server):
        def answer(self, request: httpx2.Request) -> httpx2.Response:
            assert request.url.path == "/1" or waits.wait(10)
            return super().answer(request)

    def tell(_done: int, _failed: int, _total: int) -> None:
        raise KeyboardInterrupt

    def run(items: Any) -> Any:
        with pytest.raises(KeyboardInterrupt) as caught:
            failwell.batch(items.make, range(2), max_workers=2, progress=tell)
        return Batch.of(caught.value)

    monkeypatch.setattr(BatchQueue, "interrupt", noted)
    server = Slow(lambda number: 503 if number == 1 else None)
    server.clock = Waiting()
    found = server.ask("blocking", run)
    [key] = [key for number, key in server.keys if number == 1]

    assert ([0], (1,), [Remaining(1, 1, key)]) == ([*found.results], found.not_tried, [*found.remaining])


BREAKER = Resilience(breaker=BreakerRules(last=3, calls=3, ratio=1.0))


@every_colour
@pytest.mark.parametrize("call", ["get", "make"])
def test_an_open_circuit_is_waited_for(colour: str, call: str) -> None:
    """
    A server that fails for a moment opens the circuit; the items wait until it lets out calls again, and all are done.

    One that may have been done goes with its key.
    """
    left = [3]

    def trouble(_number: int) -> int | None:
        left[0] -= 1
        return 503 if left[0] >= 0 else None

    server = Server(trouble)
    done = server.ask(
        colour,
        lambda items: failwell.batch(getattr(items, call), range(40), progress=False),
        resilience=BREAKER,
    )

    assert (40, {}, ()) == (len(done.results), done.failures, done.not_tried)
    assert sum(server.clock.waits()) >= 30.0
    assert len({*server.keys}) == (0 if call == "get" else 40)


@every_colour
@pytest.mark.parametrize(("retries", "waits"), [(3, True), (0, False)])
def test_a_circuit_that_stays_open_ends_the_batch(colour: str, retries: int, *, waits: bool) -> None:
    """
    A server that does not come back ends the batch, with all that is needed to go on later; without retries at once.
    """
    server = Server(lambda _number: 503)
    done = server.ask(colour, getting(1000, max_workers=2), resilience=BREAKER, max_retries=retries)

    assert ({}, True) == (done.results, done.stopped_by is not None)
    assert 1000 == len(done.remaining)
    assert len(server.asked) < 60
    assert waits == (sum(server.clock.waits()) > 60.0)
