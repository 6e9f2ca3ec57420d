from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.sandbox import (
    Answer,
    BadScriptError,
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
    WrongLength,
    step_from_json,
)
from failwell.sandbox.faults.samples import GARBLED, MALFORMED
from failwell.sandbox.faults.steps import CERTIFICATES

NAMES = (
    "answer, delay, forward, drop_reply, drip, close, reset, cut, silence, wrong_length, garbled, malformed, "
    "certificate, break_session, raw"
)
HEADERS = st.lists(
    st.tuples(
        st.from_regex(r"X-[A-Za-z0-9-]{1,10}", fullmatch=True),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    )
).map(tuple)
STATUSES = st.integers(200, 599).filter(lambda status: status not in (204, 304))
ENDS = st.sampled_from(["close", "reset", "keep"])
SECONDS = st.floats(0, 1e6) | st.integers(0, 100)
STEPS_OF_ALL_KINDS: st.SearchStrategy[FaultStep] = st.one_of(
    st.builds(Answer, STATUSES, HEADERS, st.binary()),
    st.builds(Delay, SECONDS),
    st.builds(Drip, STATUSES, HEADERS, st.binary(), SECONDS, st.integers(1, 99), st.booleans()),
    st.binary(min_size=1).flatmap(
        lambda body: st.builds(Cut, STATUSES, HEADERS, st.just(body), st.integers(0, len(body) - 1), st.booleans())
    ),
    st.builds(Raw, st.binary(), ENDS),
    st.builds(Forward, ENDS),
    st.builds(DropReply, st.booleans()),
    st.builds(WrongLength, STATUSES, HEADERS, st.binary(), st.integers(1, 99)),
    st.binary(min_size=1).flatmap(
        lambda body: st.builds(WrongLength, STATUSES, HEADERS, st.just(body), st.integers(-len(body), -1))
    ),
    st.builds(Garbled, st.sampled_from(GARBLED), st.none() | STATUSES),
    st.builds(Malformed, st.sampled_from(list(MALFORMED))),
    st.builds(Certificate, st.sampled_from(CERTIFICATES)),
    st.builds(BreakSession, st.integers(0, 99), st.integers(0, 99), st.sampled_from(["close", "reset", "silence"])),
    st.builds(BreakSession, st.integers(0, 99), st.just(0), st.just("garbage"), st.none() | st.integers(1000, 4999)),
    st.sampled_from([Close(), Reset(), Silence()]),
)


@given(STEPS_OF_ALL_KINDS)
def test_round_trip(step: FaultStep) -> None:
    """
    A step that went through JSON is the step that it was.
    """
    assert step == step_from_json(json.loads(json.dumps(step.to_json())))


def test_written_by_hand() -> None:
    """
    In JSON, headers may be an object, a body is text, and what has a default may be left out.
    """
    told = {"step": "answer", "status": 503, "headers": {"Retry-After": "2"}, "body": "später"}

    assert Answer(503, (("Retry-After", "2"),), "später".encode()) == step_from_json(told)
    assert Raw(b"\xff\x00") == step_from_json({"step": "raw", "data": {"base64": "/wA="}})


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("reset", "step is 'reset'. Give a JSON object."),
        ({}, f"step is missing. Give one of: {NAMES}."),
        (
            {"step": "explode"},
            f"step is 'explode'. Give one of: {NAMES}.",
        ),
        (
            {"step": ["x"]},
            f"step is ['x']. Give one of: {NAMES}.",
        ),
        ({"step": "delay"}, "seconds is missing. Give it: 'delay' needs seconds."),
        ({"step": "delay", "secs": 1}, "secs is not a key of 'delay'. Give only: step, seconds."),
        ({"step": "delay", "seconds": -1}, "seconds is -1. Give seconds, 0 or more."),
        ({"step": "delay", "seconds": float("nan")}, "seconds is nan. Give seconds, 0 or more."),
        ({"step": "delay", "seconds": float("inf")}, "seconds is inf. Give seconds, 0 or more."),
        ({"step": "delay", "seconds": True}, "seconds is True. Give seconds, 0 or more."),
        ({"step": "answer", "status": "503"}, "status is '503'. Give a whole number from 200 to 599."),
        ({"step": "answer", "status": 101}, "status is 101. Give a whole number from 200 to 599."),
        ({"step": "answer", "status": 204, "body": "x"}, "body is 1 bytes long. Give none: a 204 reply has no body."),
        ({"step": "answer", "status": 200, "body": 7}, 'body is 7. Give text or {"base64": "..."}.'),
        ({"step": "answer", "status": 200, "body": {"base64": "?"}}, "body.base64 is '?'. Give valid base64."),
        ({"step": "answer", "status": 200, "body": "\ud800"}, None),
        ({"step": "answer", "status": 200, "headers": "x"}, None),
        ({"step": "answer", "status": 200, "headers": [["a"]]}, None),
        ({"step": "answer", "status": 200, "headers": [["a", 1]]}, "headers['a'] is 1. Give one line of Latin-1 text."),
        ({"step": "answer", "status": 200, "headers": {"a": "b\r\nc: d"}}, None),
        ({"step": "answer", "status": 200, "headers": {"a b": "c"}}, None),
        ({"step": "answer", "status": 200, "headers": {"Transfer-Encoding": "chunked"}}, None),
        ({"step": "cut", "status": 200, "body": "abc", "after": 3}, "after is 3. Give a whole number from 0 to 2."),
        ({"step": "cut", "status": 200}, "body is empty. Give at least 1 byte, or there is nothing to cut."),
        ({"step": "drip", "status": 200, "chunk": 0}, "chunk is 0. Give a whole number from 1."),
        ({"step": "raw", "data": "x", "then": "wait"}, "then is 'wait'. Give one of: close, reset, keep."),
        ({"step": "forward", "then": None}, "then is None. Give one of: close, reset, keep."),
        (
            {"step": "wrong_length", "status": 200, "body": "ab", "by": -3},
            "by is -3. Give a whole number from -2.",
        ),
        (
            {"step": "wrong_length", "status": 200, "body": "ab", "by": 0},
            "by is 0. Give another number, or use answer: this length would be right.",
        ),
        (
            {"step": "wrong_length", "status": 204},
            "status is 204. Give another: a 204 reply has no length.",
        ),
        (
            {"step": "wrong_length", "status": 200, "headers": {"content-length": "9"}},
            "headers is a list with Content-Length. Give the difference to the real length, as by.",
        ),
        ({"step": "break_session", "frames": -1}, "frames is -1. Give a whole number from 0."),
        ({"step": "break_session", "into": 0.5}, "into is 0.5. Give a whole number from 0."),
        (
            {"step": "break_session", "then": "keep"},
            "then is 'keep'. Give one of: close, reset, silence, garbage.",
        ),
        ({"step": "break_session", "code": 999}, "code is 999. Give a whole number from 1000 to 4999."),
        (
            {"step": "break_session", "into": 3, "code": 1011},
            "into is 3. Give 0: what comes within a frame would be read as a part of it.",
        ),
        (
            {"step": "break_session", "into": 3, "then": "garbage"},
            "into is 3. Give 0: what comes within a frame would be read as a part of it.",
        ),
        ({"step": "garbled"}, "kind is missing. Give it: 'garbled' needs kind."),
        (
            {"step": "garbled", "kind": "zip"},
            "kind is 'zip'. Give one of: not-gzip, cut-gzip, gzip-bomb, not-utf-8, html.",
        ),
        (
            {"step": "garbled", "kind": "html", "status": 204},
            "status is 204. Give another: a 204 reply has no body.",
        ),
        ({"step": "garbled", "kind": "html", "status": 99}, "status is 99. Give a whole number from 200 to 599."),
        (
            {"step": "malformed", "kind": ["header"]},
            "kind is ['header']. Give one of: status-line, no-status-line, http-0.9, header, huge-header, chunk-size.",
        ),
        (
            {"step": "certificate", "kind": "good"},
            "kind is 'good'. Give one of: unknown-authority, expired, wrong-host.",
        ),
    ],
)
def test_bad_step(told: Any, message: str | None) -> None:
    """
    A step that makes no sense is refused with the key, what was found and what is allowed.
    """
    with pytest.raises(BadScriptError) as caught:
        step_from_json(told)

    assert (message or str(caught.value)) == str(caught.value)
    assert f"{caught.value.key} is {caught.value.found}. Give {caught.value.allowed}." == str(caught.value)


def test_problem_pickles() -> None:
    """
    A refusal that was pickled prints the same.
    """
    problem = BadScriptError("steps[0].status", "42", "a whole number from 200 to 599")

    assert str(problem) == str(pickle.loads(pickle.dumps(problem)))  # noqa: S301  our own bytes
