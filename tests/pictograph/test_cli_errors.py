"""What `pictograph` says when something goes wrong, and with which exit code it ends."""

from __future__ import annotations

import json
import re
import shlex
import signal
from typing import Any

import pytest

from failwell.sandbox import Answer, Close, Silence
from pictograph.cli.told import remedy, told
from pictograph.exceptions import (
    CATALOGUE,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from tests.cli.command import PICTOGRAPH, ended, on_a_terminal, running

from .backend import run
from .shell import Shell

REQUEST = r"\(request [0-9a-f]{32}\)"


@pytest.mark.parametrize("key", ["?", "pk_live_typo", "revoked"])
def test_bad_key(shell: Shell, key: str) -> None:
    """
    A key that does not hold is exit code 1: the class, the message, the remedy and the request id.
    """
    ran = shell("datasets", "list", key=shell.sandbox.keys.get(key, key))

    message, hint = ran.err.splitlines()
    assert (1, "", "AuthError: ") == (ran.code, ran.out, message[:11])
    assert len(message) > len("AuthError: ")
    assert re.fullmatch(rf"Re-issue the key\. {REQUEST}", hint)


def test_no_key(shell: Shell) -> None:
    """
    Without a key nothing is asked for: exit code 2, and how to set one in a shell.
    """
    ran = shell("datasets", "list", key="")

    message = "ConfigurationError: PICTOGRAPH_API_KEY is not set. Set it: export PICTOGRAPH_API_KEY=pk_live_...\n"
    assert (2, "", message) == (ran.code, ran.out, ran.err)
    assert [] == shell.asked


def test_the_key_is_no_argument(shell: Shell) -> None:
    """
    There is no option for the key: whoever lists the processes of a machine could read it.
    """
    ran = shell("datasets", "list", "--api-key", "pk_live_x")

    assert (2, "", True) == (ran.code, ran.out, "No such option: --api-key" in ran.err)
    assert "api-key" not in shell("--help").out + shell("datasets", "list", "--help").out


@pytest.mark.parametrize("name", ["DS", "Ds"])
def test_other_case(shell: Shell, name: str) -> None:
    """
    Names are compared case-sensitively: the message tells of the name that there is, and how to list them.
    """
    ran = shell("datasets", "get", name)

    message, hint = ran.err.splitlines()
    assert (1, "") == (ran.code, ran.out)
    expected = f'NotFoundError: There is no dataset "{name}". Names are case-sensitive: there is "ds".'
    assert expected == message[: len(expected)]
    assert re.fullmatch(rf"Verify the name with `pictograph datasets list`\. {REQUEST}", hint)


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("datasets get nope", "Verify the name with `pictograph datasets list`."),
        ("images list nope", "Verify the name with `pictograph datasets list`."),
        ("images get nope", "Verify the id with `pictograph images list DATASET`."),
        ("annotations get nope", "Verify the id with `pictograph images list DATASET`."),
        ("exports list --dataset nope", "Verify the name with `pictograph datasets list`."),
        ("exports get nope --dataset ds", "Verify the export with `pictograph exports list`."),
        ("training get nope", "Verify the id with `pictograph training list`."),
        ("training wait nope", "Verify the id with `pictograph training list`."),
        ("models get nope", "Verify the id with `pictograph models list`."),
        ("batches get nope", "Verify the id: it is in the answer that started the batch."),
        ("batches wait nope", "Verify the id: it is in the answer that started the batch."),
        ("imports get nope", "Verify the id: it is in the answer that started the import."),
        ("imports wait nope", "Verify the id: it is in the answer that started the import."),
    ],
)
def test_what_is_not_there(shell: Shell, command: str, hint: str) -> None:
    """
    What is not there is exit code 1, and the remedy names the command that lists what there is.
    """
    shell.answer(b'{"detail": "There is none."}', status=404)

    ran = shell(*command.split())

    assert (1, "", f"NotFoundError: There is none.\n{hint}\n") == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("datasets list --nope", "No such option: --nope"),
        ("datasets nope", "No such command 'nope'."),
        ("datasets get", "Missing argument 'DATASET'."),
        ("datasets get a b", "unexpected extra argument"),
        ("datasets list --limit 0", "Invalid value for '--limit'"),
        ("datasets list --timeout soon", "Invalid value for '--timeout'"),
        ("datasets get ''", "Invalid value for 'DATASET': '' cannot be part of a path."),
        ("training get ..", "Invalid value for 'RUN_ID': '..' cannot be part of a path."),
    ],
)
def test_wrong_usage(shell: Shell, command: str, problem: str) -> None:
    """
    A command line that makes no sense is exit code 2 and a sentence; nothing is asked for.
    """
    ran = shell(*shlex.split(command))

    assert (2, "", True) == (ran.code, ran.out, problem in ran.err), ran.err
    assert ("Traceback" not in ran.err, []) == (True, shell.asked)


@pytest.mark.parametrize("arguments", [("datasets", "get"), ("images", "list", "ds", "--folder")])
def test_name_that_no_url_can_carry(shell: Shell, arguments: tuple[str, ...]) -> None:
    """
    An argument with bytes that are no text is exit code 2 and a sentence.
    """
    ran = shell(*arguments, "a\udcff")

    assert (2, "", True) == (ran.code, ran.out, "has characters that no URL can carry" in ran.err)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--timeout", "0"), "timeout is 0.0; it must be a number of seconds above 0, or None."),
        (("--max-retries", "-1"), "max_retries is -1; it must be a whole number from 0."),
        (
            ("--base-url", "nowhere"),
            "base_url is 'nowhere'; it must be like https://api.example.com, with http or https.",
        ),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_setting_that_cannot_work(shell: Shell, options: tuple[str, str], problem: str, first: bool) -> None:
    """
    A setting that cannot work is exit code 2, whether it stands before the command or after it.
    """
    ran = shell(*options, "models", "list") if first else shell("models", "list", *options)

    assert (2, "", f"ConfigurationError: {problem}\n") == (ran.code, ran.out, ran.err)


def test_the_later_option_counts(shell: Shell) -> None:
    """
    Of an option before the command and one after it the latter counts.
    """
    ran = shell("--base-url", "http://127.0.0.1:1", "datasets", "get", "ds", "--base-url", shell.sandbox.url)

    assert (0, "") == (ran.code, ran.err)


def test_no_connection(shell: Shell) -> None:
    """
    A connection that fails is exit code 1; the remedy tells where to look.
    """
    shell.sandbox.arm(Close())

    ran = shell("datasets", "list", "--max-retries", "0")

    message, hint = ran.err.splitlines()
    assert (1, "", "NetworkError: ") == (ran.code, ran.out, message[:14])
    assert "Verify PICTOGRAPH_BASE_URL and the connection, then try again: nothing was changed." == hint


def test_too_slow(shell: Shell) -> None:
    """
    `--timeout` is what one request may take; the remedy names it.
    """
    shell.sandbox.arm(Silence())

    ran = shell("datasets", "list", "--timeout", "0.2", "--max-retries", "0")

    message, hint = ran.err.splitlines()
    assert (1, True) == (ran.code, message.startswith("RequestTimeoutError: No answer to GET "))
    assert "Try again, or raise --timeout." == hint


def test_fields(shell: Shell) -> None:
    """
    Each field that was rejected is named in a line of its own.
    """
    shell.answer(b'{"detail": [{"loc": ["query", "limit"], "msg": "must be 1\\nor more", "type": "x"}]}', status=422)

    ran = shell("datasets", "list")

    message, field, hint = ran.err.splitlines()
    assert (1, "ValidationError: ", "  query.limit: must be 1 or more") == (ran.code, message[:17], field)
    assert "Fix what the message names." == hint


def test_hostile_message(shell: Shell) -> None:
    """
    A server's message is one line, without anything that a terminal obeys.
    """
    shell.answer(json.dumps({"detail": "\x1b[2JGone.\nAuthError: no"}).encode(), status=404)

    ran = shell("datasets", "get", "ds")

    assert r"NotFoundError: \x1b[2JGone. AuthError: no" == ran.err.splitlines()[0]


@pytest.mark.parametrize(
    ("command", "job", "status"),
    [
        ("training wait run_1", run("running"), "running"),
        ("batches wait job_1", {"job_id": "job_1", "status": "pending"}, "pending"),
        ("imports wait imp_1", {"import_id": "imp_1", "status": "processing"}, "processing"),
    ],
)
def test_wait_that_is_too_short(shell: Shell, command: str, job: dict[str, Any], status: str) -> None:
    """
    A job that is not done in time is exit code 1, and the command to go on with.
    """
    shell.answer(json.dumps(job).encode())

    ran = shell(*command.split(), "--timeout", "0")

    job_id = command.rpartition(" ")[2]
    expected = (
        f'PollTimeoutError: {job_id} is still "{status}" after 0 s. It was not cancelled.\n'
        f"Go on waiting: pictograph {command}\n"
    )
    assert (1, "", expected) == (ran.code, ran.out, ran.err)


def test_interrupted_wait(shell: Shell) -> None:
    """
    Ctrl-C ends a wait with exit code 130 and one word.
    """
    shell.answer(json.dumps(run("running")).encode(), times=100)

    with running("training", "wait", "run_1", env=shell.env(), program=PICTOGRAPH) as process:
        assert 1 == len(shell.sandbox.log.wait_for(1, timeout=60))
        ran = ended(process, signal.SIGINT)
    shell.sandbox.script.clear()

    assert (130, "", "Interrupted.\n") == (ran.code, ran.out, ran.err)


def test_interrupted_request(shell: Shell) -> None:
    """
    Ctrl-C while an answer is awaited is the same; a terminal is told before what is waited for.
    """
    shell.sandbox.arm(Silence())

    told_first = "Waiting for run run_1, at most 3600 s. Ctrl-C ends the wait, not the job."
    until = (told_first, signal.SIGINT)
    code, written = on_a_terminal("training", "wait", "run_1", program=PICTOGRAPH, env=shell.env(), until=until)
    shell.sandbox.script.clear()

    assert (130, f"{told_first}\r\nInterrupted.\r\n") == (code, written)


def test_told_of_a_wait_before_a_retry(shell: Shell) -> None:
    """
    On a terminal the command tells for how long it waits before it tries again, and why.
    """
    shell.sandbox.next(RateLimitError("Slow down.", retry_after=60))

    until = ("\n", signal.SIGINT)
    code, written = on_a_terminal("models", "list", program=PICTOGRAPH, env=shell.env(), until=until)

    assert (130, "status 429: waiting 60 s before retry 1.\r\nInterrupted.\r\n") == (code, written)


def test_retries_are_silent_elsewhere(shell: Shell) -> None:
    """
    Where stderr is no terminal, a retry that helps leaves no trace.
    """
    shell.sandbox.arm(Answer(429, (("Retry-After-Ms", "1"),)))

    ran = shell("datasets", "get", "ds")

    assert (0, "", 2) == (ran.code, ran.err, len(shell.asked))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RateLimitError("m", retry_after=300), "Wait 300 s, then try again. Up to 120 s the command waits by itself."),
        (RateLimitError("m"), "Wait a minute, then try again. Up to 120 s the command waits by itself."),
        (PaymentRequiredError("m", upgrade_url="https://x.test/up"), "Top up at: https://x.test/up"),
        (PaymentRequiredError("m"), "Top up your credits."),
        (PollTimeoutError("m", resource_id="a b", job_id="a b"), "Go on waiting: pictograph batches wait 'a b'"),
        (ServerError("m"), "Try again later, and quote the request id if it persists."),
    ],
)
def test_remedies(error: PictographError, words: str) -> None:
    """
    A remedy is one for a shell, with the facts of the error.
    """
    assert words == remedy(error)


def test_no_remedy_speaks_python() -> None:
    """
    What the errors say that reading and waiting may raise is not written for a Python program.
    """
    operations = [name for name in CATALOGUE.operations if name.partition(".")[2].startswith(("get", "iter", "wait"))]
    declared = {error for operation in operations for error in CATALOGUE.raises(operation)}
    errors = [error for error in declared if issubclass(error, PictographError)]

    assert {ValidationError, PollTimeoutError} <= declared
    for error in errors:
        words = told(error("m"))
        assert [] == [sign for sign in ("`e.", "client.", "api_key=", "Client") if sign in words], words
