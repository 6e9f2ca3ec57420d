from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, TypeVar

import pytest

from benchmarks.simulation import Simulation
from failwell import Batch
from failwell.client import (
    Awaiting,
    BatchOutcome,
    BatchSpec,
    Blocking,
    Resource,
    all_of,
    batch_of,
    event,
    files_in,
    in_thread,
    is_image,
    json_body,
    operation,
    paced,
)
from failwell.policy import Flow, StreamRules
from failwell.policy.flow import perform
from failwell.testing import Asked, Events, play, replies
from failwell.wire.sse import Event
from pictograph.exceptions import NetworkError, PictographError, ServerError, ValidationError

from .colours import every_colour, run_in
from .probe import core

C = TypeVar("C", Blocking, Awaiting)


class Parts(Resource[C], name="parts"):
    """Operations that are no single call."""

    @operation
    def numbers(self, numbers: list[int], *, ends_on: int | None = None) -> Flow[BatchOutcome[int]]:
        """Ask where the numbers are, and then for each."""
        where = yield from self.core.call("parts.where", "GET", "/where", json_body)
        together = paced(self)

        def one(number: int, _key: str | None) -> Flow[int]:
            if number == ends_on:
                raise KeyboardInterrupt
            found = yield from together.core.call("parts.one", "GET", f"{where['at']}/{number}", json_body)
            return int(found["n"])

        spec = BatchSpec(one, numbers, progress=False, report=lambda outcome: [*outcome.results])
        outcome = yield from batch_of(together.core, spec)
        yield from self.core.call("parts.done", "GET", f"/done/{len(outcome.results)}", json_body)
        return outcome

    @operation
    def text(self) -> Flow[str]:
        """The whole of a stream, after a question."""
        yield from self.core.call("parts.where", "GET", "/where", json_body)
        flow = self.core.stream("parts.text", "GET", "/text", event, rules=StreamRules(done="[DONE]", resumable=True))
        events = yield from all_of(self.core, flow)
        return "".join(event.data for event in events)

    @operation
    def handled(self, problem: BaseException) -> Flow[str]:
        """What came of work that raises *problem*."""

        def work() -> str:
            raise problem

        try:
            return (yield from in_thread(work))
        except ValueError as met:
            return f"handled {met}"

    @operation
    def thread(self) -> Flow[str]:
        """The name of the thread that works."""
        return (yield from in_thread(lambda: threading.current_thread().name))


def numbered(asked: Asked) -> Any:
    """The answer to any of the requests: those for 3 and 5 fail."""
    if asked.path.startswith("/at/"):
        number = int(asked.path[4:])
        return ValidationError(f"no {number}") if number in {3, 5} else {"n": number}
    return {"at": "/at"}


def ask(colour: str, action: Any, *answers: Any, **settings: Any) -> tuple[Any, Any]:
    """What `action(parts)` gives in *colour*, and the requests."""
    if colour == "blocking":
        engine = core("http://parts.test")
        with replies(engine, *answers, **settings) as sent:
            return action(Parts(engine)), sent.requests

    async def run() -> tuple[Any, Any]:
        engine = core("http://parts.test", awaiting=True)
        with replies(engine, *answers, **settings) as sent:
            return await action(Parts(engine)), sent.requests

    found: tuple[Any, Any] = run_in(colour, run)
    return found


@every_colour
def test_a_batch_between_two_calls(colour: str) -> None:
    """
    An operation asks for something, does a batch, and goes on with what came of it.
    """
    outcome, requests = ask(colour, lambda parts: parts.numbers([*range(10)]), then=numbered)

    assert ("/where", "/done/8") == (requests[0].path, requests[-1].path)
    done = [0, 1, 2, 4, 6, 7, 8, 9]
    assert (done, [3, 5], done) == ([*outcome.results.values()], [*outcome.failures], outcome.report)
    assert isinstance(outcome, BatchOutcome)


@every_colour
def test_a_batch_that_is_interrupted(colour: str) -> None:
    """
    Ctrl-C in the middle of it leaves as it is, and has the batch; nothing more is asked.
    """
    with pytest.raises(KeyboardInterrupt) as caught:
        ask(colour, lambda parts: parts.numbers([0, 1, 7, 2], ends_on=7), then=numbered)
    outcome: BatchOutcome[int] | None = BatchOutcome.of(caught.value)

    assert outcome is not None
    assert (4, [*outcome.results]) == (outcome.total, outcome.report)
    assert 7 in {each.item for each in outcome.remaining}
    assert (colour == "blocking") == (Batch.of(caught.value) is not None)


@every_colour
def test_the_whole_of_a_stream(colour: str) -> None:
    """
    A stream within an operation is read to its end, also over a cut.
    """
    first = Events(Event("message", "6 * 7", "1"), NetworkError)
    text, requests = ask(
        colour, lambda parts: parts.text(), {}, first, Events(Event("message", " = 42", "2"), done="[DONE]")
    )

    assert ("6 * 7 = 42", ["/where", "/text", "/text"]) == (text, [each.path for each in requests])
    assert "1" == requests[-1].headers["last-event-id"]


@every_colour
def test_an_error_of_a_stream_within(colour: str) -> None:
    """
    An error of the stream is the operation's.
    """
    with pytest.raises(PictographError, match="It broke"):
        ask(colour, lambda parts: parts.text(), {}, Events("some", ServerError("It broke.")))


@every_colour
def test_work_in_a_thread(colour: str) -> None:
    """
    Work that blocks is done in the caller's thread, or in one beside the event loop.
    """
    name, _ = ask(colour, lambda parts: parts.thread())

    assert (colour == "blocking") == (name == threading.current_thread().name)


@every_colour
def test_work_that_raises(colour: str) -> None:
    """
    What such work raises is raised in the operation, which may handle it; Ctrl-C leaves as it is.
    """
    assert "handled 7" == ask(colour, lambda parts: parts.handled(ValueError(7)))[0]
    with pytest.raises(KeyError):
        ask(colour, lambda parts: parts.handled(KeyError(7)))
    with pytest.raises(KeyboardInterrupt):
        ask(colour, lambda parts: parts.handled(KeyboardInterrupt()))


def test_played_and_simulated() -> None:
    """
    A flow that is played, or simulated, does such work as a blocking driver does.
    """

    async def never() -> int:
        raise AssertionError

    results: list[int] = []
    world = Simulation(lambda _request, _respond: None, lambda: 0.5)
    world.start(perform(lambda: 42, never), results.append)
    world.run()

    assert (42, [42]) == (play(perform(lambda: 42, never), []).result, results)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with images and other things, some of them below it."""
    for name in ("b.png", "a.JPG", "notes.txt", "sub/c.png", "sub/deep/d.webp", "empty/.hidden"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "link.png").symlink_to(tmp_path / "b.png")
    return tmp_path


@pytest.mark.parametrize(
    ("recursive", "files", "ignored"),
    [
        (True, ["a.JPG", "b.png", "link.png", "sub/c.png", "sub/deep/d.webp"], ["empty/.hidden", "notes.txt", "round"]),
        (False, ["a.JPG", "b.png", "link.png"], ["notes.txt", "round"]),
    ],
)
def test_images_of_a_folder(folder: Path, recursive: bool, files: list[str], ignored: list[str]) -> None:
    """
    The images of a folder come by name, sub-folders after files; what is no image, and links to folders, are ignored.
    """
    found = files_in(folder, recursive=recursive, wanted=is_image)

    assert (files, ignored, {}) == (
        [each.relative_to(folder).as_posix() for each in found.files],
        sorted(each.relative_to(folder).as_posix() for each in found.ignored),
        found.unreadable,
    )


@pytest.mark.parametrize(("name", "kind"), [("nowhere", FileNotFoundError), ("b.png", NotADirectoryError)])
def test_no_folder(folder: Path, name: str, kind: type[OSError]) -> None:
    """
    What is no folder is an OSError.
    """
    with pytest.raises(kind):
        files_in(folder / name)
