from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeVar

import pytest

import failwell
from failwell.client import Awaiting, Blocking, Resource, operation, resumable
from failwell.clock import VirtualClock
from failwell.policy import Flow
from failwell.policy.resume_token import ResumeToken
from pictograph import Client
from pictograph.exceptions import ConfigurationError, NotFoundError, PollTimeoutError
from tests.servers.sockets import http, serving

from .colours import KEY, RUN, asked, every_colour, raised, run_in
from .probe import core

C = TypeVar("C", Blocking, Awaiting)
RUNNING = http(200, RUN.replace(b"completed", b"running"))
DONE = http(200, RUN)
ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
from pictograph import Client, PollTimeoutError

with Client(sys.argv[2], base_url=sys.argv[1]) as client:
    try:
        client.training.wait_for_completion("run_1", timeout=0.0)
    except PollTimeoutError as e:
        print(e.resume_token)
"""


@every_colour
def test_in_another_process(colour: str) -> None:
    """
    R14. The token of a wait that took too long goes on waiting for the same job in another process.

    The job is not cancelled, and the token holds no secret.
    """
    with serving(RUNNING, RUNNING, DONE) as server:
        command = [sys.executable, "-c", SCRIPT, server.url, KEY]
        printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
        token = printed.strip()
        done = asked(
            colour,
            lambda client: failwell.resume(token, client, timeout=60.0),
            base_url=server.url,
            clock=VirtualClock(),
        )

    assert ("run_1", "completed") == (done.id, done.status)
    assert {"GET"} == {each.method for each in server.seen}
    assert {KEY} == {each.headers["x-api-key"] for each in server.seen}
    assert not [part for part in (KEY, "7f3a9") if part in token]


@every_colour
def test_the_error(colour: str) -> None:
    """
    R14. The error of a wait has the id, what was seen last and the token, also when it was pickled.
    """
    with serving(RUNNING) as server:
        error = raised(
            colour, lambda client: client.training.wait_for_completion("run_1", timeout=0.0), base_url=server.url
        )
    loaded = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    token = ResumeToken("pictograph", "training.wait_for_completion", {"run_id": "run_1", "timeout": 0.0})

    assert (PollTimeoutError, "run_1", "running") == (type(loaded), loaded.resource_id, loaded.last_result["status"])
    assert str(token) == loaded.resume_token


@every_colour
@pytest.mark.parametrize("kind", ["auto_annotate.wait_for_batch", "connectors.wait_for_import"])
def test_other_kinds_of_jobs(kind: str, colour: str) -> None:
    """
    Batches and imports are gone on with, too; a look at one that is gone is an error of its own.
    """
    name = "job_id" if "batch" in kind else "import_id"
    token = str(ResumeToken("pictograph", kind, {name: "7", "timeout": 9.0}))
    with serving(http(404, b'{"detail": "no"}')) as server:
        error = raised(colour, lambda client: failwell.resume(token, client), base_url=server.url)

    assert (NotFoundError, None) == (type(error), error.resume_token)


@every_colour
def test_another_timeout(colour: str) -> None:
    """
    Whoever goes on may wait for another time, and the next error's token says so.
    """
    token = str(ResumeToken("pictograph", "training.wait_for_completion", {"run_id": "run_1", "timeout": 3600.0}))
    with serving(RUNNING) as server:
        error = raised(colour, lambda client: failwell.resume(token, client, timeout=0.0), base_url=server.url)

    assert 0.0 == error.timeout
    assert token.replace("3600.0", "0.0") != error.resume_token
    assert error.resume_token == str(
        ResumeToken("pictograph", "training.wait_for_completion", {"run_id": "run_1", "timeout": 0.0})
    )


FORGED: dict[str, Any] = {"7": 7, "1.5": 1.5, "true": True, "null": None, "a list": ["r"], "an object": {}}
BAD = {
    "garbage": ("hello", "it has 5 characters and does not begin with failwell1."),
    "number": (7, "it is of type int, not text"),
    "other vendor": (str(ResumeToken("scopix", "files.wait", {})), "Use a client of 'scopix'."),
    "no wait": (str(ResumeToken("pictograph", "datasets.create", {"name": "x"})), "which nobody can go on with"),
    "no operation": (str(ResumeToken("pictograph", "training._x", {})), "which nobody can go on with"),
    "the client itself": (str(ResumeToken("pictograph", "close", {})), "which nobody can go on with"),
    "dunder": (str(ResumeToken("pictograph", "__class__.mro", {})), "which nobody can go on with"),
    "no resource": (str(ResumeToken("pictograph", "base_url.upper", {})), "which nobody can go on with"),
    "other arguments": (
        str(ResumeToken("pictograph", "training.wait_for_completion", {"dataset": "x"})),
        "asks for training.wait_for_completion(dataset), which nobody can go on with",
    ),
    **{
        f"an id that is {kind}": (
            str(ResumeToken("pictograph", "training.wait_for_completion", {"run_id": forged, "timeout": 9.0})),
            "asks for training.wait_for_completion(run_id, timeout), which nobody can go on with",
        )
        for kind, forged in FORGED.items()
    },
    **{
        f"an id like {forged!r}": (
            str(ResumeToken("pictograph", "training.wait_for_completion", {"run_id": forged, "timeout": 9.0})),
            f"{forged!r} cannot be part of a path",
        )
        for forged in ("", "..", "../x", "a/../../x", "..\\x")
    },
    **{
        f"a timeout that is {forged!r}": (
            str(ResumeToken("pictograph", "training.wait_for_completion", {"run_id": "run_1", "timeout": forged})),
            "asks for training.wait_for_completion(run_id, timeout), which nobody can go on with",
        )
        for forged in ("9", [9], True)
    },
    "none": (str(ResumeToken("pictograph", "training.wait_for_completion", {})), "which nobody can go on with"),
}


@every_colour
@pytest.mark.parametrize("name", BAD)
def test_texts_that_are_no_token(name: str, colour: str) -> None:
    """
    Whatever the text is, it is refused before any request, by the vendor's error, with what to do.

    A token that was made by hand can ask for nothing but waits and uploads.
    """
    text, said = BAD[name]
    given: Any = text
    error: Any = raised(colour, lambda client: failwell.resume(given, client), base_url="http://127.0.0.1:9")

    assert (ConfigurationError, True) == (type(error), said in str(error)), str(error)
    assert len(str(error)) < 400


class Jobs(Resource[C], name="jobs"):
    """Jobs that are never done."""

    @operation
    @resumable(PollTimeoutError)
    def wait(self, job: Any, /, *, each: Any = None) -> Flow[None]:
        """Wait for *job*."""
        yield from ()
        raise PollTimeoutError("late")


@every_colour
@pytest.mark.parametrize("argument", [object(), b"x", ["a"], failwell.Secret("s")])
def test_arguments_that_no_token_can_hold(argument: Any, colour: str) -> None:
    """
    A wait with an argument that a token cannot hold, a secret among them, has no token.
    """

    def wait(**settings: Any) -> Any:
        return Jobs(core(**settings)).wait(argument)

    async def awaited() -> Any:
        return await wait(awaiting=True)

    with pytest.raises(PollTimeoutError) as caught:
        wait() if colour == "blocking" else run_in(colour, awaited)

    assert None is caught.value.resume_token


def test_names() -> None:
    """
    `failwell.resume` is loaded when it is first used; until then nothing of a client is.
    """
    script = "import sys, failwell; assert 'httpx2' not in sys.modules; failwell.resume, failwell.batch"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30, env={**os.environ})

    assert {"resume", "batch", "Batch", "AsyncBatch", "BatchError", "SourceChangedError"} <= {*failwell.__all__}
    with Client(KEY, base_url="http://127.0.0.1:9") as client:
        wait: Any = client.training.wait_for_completion
        assert ["run_id", "timeout", "poll_interval"] == [*inspect.signature(wait).parameters]
