from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from failwell import log_fields
from failwell._support.late_message import LATE
from failwell._support.masking import masked
from failwell._support.secret import Secret
from failwell.wire import Reply, parse_reply
from pictograph.exceptions import CATALOGUE, PictographError, ValidationError

ENTRIES = [
    {"loc": ["body", "annotations", 0, "name"], "msg": "Field required"},
    {"loc": ["body", "size"], "msg": "Too large"},
]
SENTENCE = "2 invalid fields: annotations.0.name: Field required; size: Too large"


def refused(*, more: str = "", **options: Any) -> PictographError:
    """What a refused payload is raised as, whose reply says *more* beside."""
    body = json.dumps({"detail": ENTRIES, "more": more}).encode()
    error = parse_reply(Reply(422, {}, body), CATALOGUE, operation="training.create", **options)
    assert isinstance(error, ValidationError)
    return error


def again(error: PictographError) -> Any:
    """*error* as another process has it."""
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


WAYS: dict[str, Callable[[Any], str]] = {
    "str": str,
    "the field": lambda error: error.message,
    "args": lambda error: error.args[0],
    "args, then the field": lambda error: error.args and error.message,
    "str of its pickle": lambda error: str(again(error)),
    "the field of its pickle": lambda error: again(error).message,
    "vars of its pickle": lambda error: vars(again(error))["message"],
    "a copy": lambda error: copy.copy(error).message,
    "a deep copy": lambda error: copy.deepcopy(error).args[0],
    "repr": lambda error: repr(error)[len("ValidationError('") :][: len(SENTENCE)],
    "the log's": lambda error: log_fields(error)["error.message"],
}


@pytest.mark.parametrize("read", WAYS.values(), ids=WAYS)
def test_a_message_that_is_made_when_it_is_read(read: Callable[[PictographError], str]) -> None:
    """
    The sentence about the fields that were refused is made when somebody reads the error, in whatever way, and stays.
    """
    error = refused()

    assert LATE in vars(error)
    assert SENTENCE == read(error)
    assert (SENTENCE, SENTENCE, (SENTENCE,)) == (str(error), error.message, error.args)
    assert (True, False) == ("message" in vars(error), LATE in vars(error))


CHANGES: dict[str, tuple[Callable[[Any], object], tuple[str, str]]] = {
    "errors": (lambda error: error.errors.clear(), (SENTENCE, SENTENCE)),
    "message": (lambda error: setattr(error, "message", "mine"), (SENTENCE, "mine")),
    "args": (lambda error: setattr(error, "args", ("mine",)), ("mine", SENTENCE)),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_what_is_changed_before_it_is_read(change: Callable[[Any], object], expected: tuple[str, str]) -> None:
    """
    A caller who changes the error before he reads its message finds what he would have found after reading it.
    """
    unread, known = refused(), refused()
    assert SENTENCE == str(known)
    for error in (unread, known):
        change(error)

    assert [expected, expected] == [(str(error), error.message) for error in (unread, known)]


KEY = Secret("pk_live_annotations")


AT_ONCE: dict[str, tuple[dict[str, Any], str]] = {
    "large": ({"more": "x" * 2048}, SENTENCE),
    "a secret elsewhere": ({"more": KEY.reveal(), "mask": lambda text: masked(text, (KEY,))}, SENTENCE),
    "a secret in it": (
        {"mask": lambda text: masked(text, (Secret("annotations"),))},
        SENTENCE.replace("annotations", "***"),
    ),
}


@pytest.mark.parametrize(("options", "sentence"), AT_ONCE.values(), ids=AT_ONCE)
def test_what_does_not_wait(options: dict[str, Any], sentence: str) -> None:
    """
    Where the reply is large, or shows a secret, the sentence is made at once: the error holds on to neither.
    """
    error = refused(**options)

    assert (False, sentence) == (LATE in vars(error), vars(error)["message"])


def test_an_error_without_a_message() -> None:
    """
    An error whose message was never set has none, and says so as for any attribute.
    """
    refused()
    bare = ValidationError.__new__(ValidationError)

    assert not hasattr(bare, "message")
    with pytest.raises(AttributeError, match="ValidationError has no 'message'"):
        _ = bare.message


def test_many_threads_read_one_message() -> None:
    """
    Threads that read the message of one error at once read the same.
    """
    error, barrier = refused(), threading.Barrier(8)
    read: list[tuple[str, str]] = []

    def look() -> None:
        barrier.wait()
        read.append((error.message, str(error)))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(SENTENCE, SENTENCE)] * 8 == read
