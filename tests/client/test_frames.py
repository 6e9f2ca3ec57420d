from __future__ import annotations

import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import httpx2
import pytest

import failwell
import pictograph
from failwell.contract import log_fields
from failwell.testing import play
from failwell.wire.messages import Reply
from pictograph import AsyncClient, Client, train_pipeline
from pictograph.exceptions import PictographError
from pictograph.resources.training import Training
from tests.homes import homes
from tests.servers.sockets import Step, http, serving

from .colours import KEY, chain, every_colour, mutate, raised, read
from .probe import core
from .streams import gathered, streaming

HOMES = homes(failwell, pictograph)
NO_CREDITS = http(402, b'{"detail": {"message": "Out of credits."}}', "X-Request-ID: req-9")


def ours(error: BaseException) -> list[str]:
    """The frames of Failwell and of the SDK in the traceback of *error*."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(HOMES)]


@every_colour
@pytest.mark.parametrize(
    "call", [read, mutate, lambda client: train_pipeline(client, "ds")], ids=["read", "mutate", "flow"]
)
@pytest.mark.parametrize(
    "step", [NO_CREDITS, b"", http(200, b"[]"), http(500)], ids=["402", "closed", "unreadable", "500"]
)
def test_three_frames(step: Step, call: Any, colour: str) -> None:
    """
    An uncaught error shows at most three frames of Failwell, and none of drivers, generators or libraries.
    """
    with serving(step) as server:
        error = raised(colour, call, base_url=server.url)

    libraries = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(homes(httpx2))
    ]
    assert 1 <= len(ours(error)) <= 3
    assert [] == libraries
    assert not {"drive", "adrive", "call", "with_retries", "send"} & set(ours(error))


SCRIPT = """
import sys
{imports}
from pictograph import AsyncClient, Client

{call}
"""
CALLS = {
    "blocking": ("", 'Client(sys.argv[1], base_url=sys.argv[2]).training.create("ds", "exp")'),
    "asyncio": (
        "import asyncio",
        'asyncio.run(AsyncClient(sys.argv[1], base_url=sys.argv[2]).training.create("ds", "exp"))',
    ),
}


@pytest.mark.parametrize("colour", CALLS)
def test_what_a_user_sees(colour: str, tmp_path: Path) -> None:
    """
    The traceback of an uncaught error ends with the message and the hint, and has one error, not a chain of them.
    """
    imports, call = CALLS[colour]
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(imports=imports, call=call))
    path = [str(Path(home).parent) for home in HOMES]
    with serving(NO_CREDITS) as server:
        done = subprocess.run(
            [sys.executable, str(script), KEY, server.url],
            env={"PYTHONPATH": ":".join(path)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.stderr.endswith(
        "pictograph.exceptions.PaymentRequiredError: Out of credits.\n"
        "Show `e.upgrade_url` to the user. (request req-9)\n"
    )
    assert 1 == done.stderr.count("Traceback (most recent call last)")
    assert 3 >= sum(any(home in line for home in HOMES) for line in done.stderr.splitlines())
    assert KEY not in done.stderr


def test_log_fields() -> None:
    """
    `failwell.log_fields(e)` gives the facts as a flat dict.
    """
    with serving(NO_CREDITS) as server:
        error = raised("blocking", mutate, base_url=server.url)
    elapsed = log_fields(error).pop("error.elapsed")

    assert {
        "error.type": "PaymentRequiredError",
        "error.message": "Out of credits.",
        "error.source": "http",
        "error.status": 402,
        "error.request_id": "req-9",
        "error.effect": "none",
        "error.attempts": 1,
        "error.idempotency_key": error.idempotency_key,
    } == {name: fact for name, fact in log_fields(error).items() if name != "error.elapsed"}
    assert 0 < elapsed < 5


CUT: Step = b""
INSIDE: dict[str, tuple[Step, Any]] = {
    "error": (NO_CREDITS, read),
    "written": (NO_CREDITS, mutate),
    "no answer": (CUT, read),
    "unreadable": (http(200, b"[]"), read),
    "workflow": (http(500), lambda client: train_pipeline(client, "ds")),
    "page": (http(500), lambda client: client.datasets.list()),
}


@every_colour
@pytest.mark.parametrize("name", INSIDE)
def test_errors_inside_an_except(name: str, colour: str) -> None:
    """
    An error that is raised while the caller handles another has the caller's as its context, shown, and none of ours.
    """
    step, call = INSIDE[name]
    mine = KeyError("mine")
    with serving(step) as server:
        try:
            raise mine
        except KeyError:
            error = raised(colour, call, base_url=server.url)

    shown = "".join(traceback.format_exception(error))
    assert mine is error.__context__
    assert (1, 1) == (shown.count("KeyError: 'mine'"), shown.count("During handling of the above exception"))
    assert {id(one) for one in chain(error)} == {id(one) for one in (error, mine, error.__cause__) if one is not None}


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_settings_inside_an_except(client: Any) -> None:
    """
    So does one about the settings of a client.
    """
    mine = KeyError("mine")
    try:
        raise mine
    except KeyError:
        with pytest.raises(PictographError) as caught:
            client(api_key=KEY, timeout=-1)

    assert mine is caught.value.__context__
    assert "KeyError: 'mine'" in "".join(traceback.format_exception(caught.value))


@every_colour
def test_streams_inside_an_except(colour: str) -> None:
    """
    So does one in the middle of a stream.
    """
    mine = KeyError("mine")
    with streaming() as server:
        try:
            raise mine
        except KeyError:
            *_, error = gathered(
                colour, lambda *, awaiting: core(server.url, awaiting=awaiting), lambda streams: streams.raw("/nothing")
            )

    assert mine is error.__context__
    assert "KeyError: 'mine'" in "".join(traceback.format_exception(error))


def test_flows_fail_without_a_driver() -> None:
    """
    An error of a flow that is played is the same error.
    """
    client = pictograph.Client(KEY)

    with pytest.raises(PictographError):
        play(Training.get.flow(client.training, "run_1"), [Reply(404)])
