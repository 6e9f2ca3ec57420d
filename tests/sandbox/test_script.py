from __future__ import annotations

import threading
from typing import Any

import pytest

from failwell.sandbox import Answer, BadScriptError, Certificate, Delay, Forward, Reset, Rule, Script, rule_from_json


def test_times() -> None:
    """
    A rule is used *times* times, once per request; then requests go their normal way.
    """
    script = Script()
    script.arm(Rule((Reset(),), times=2))

    assert [(Reset(),), (Reset(),), None] == [script.take("GET", "/") for _ in range(3)]


def test_order() -> None:
    """
    Rules are tried in order of arming, and one request uses up one rule.
    """
    script = Script()
    script.arm(Rule((Answer(500),)))
    script.arm(Rule((Answer(501),)))

    assert [(Answer(500),), (Answer(501),), None] == [script.take("GET", "/") for _ in range(3)]


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        (None, None, True),
        ("GET", "/api/v1/developer/training/run_1", True),
        ("get", "/api/v1/developer/training/*", True),
        (None, "/api/*/run_1", True),
        ("POST", None, False),
        (None, "/api/v1/developer/training", False),
        (None, "/api/v1/developer/training/", False),
        (None, "/API/*", False),
    ],
)
def test_matching(method: str | None, path: str | None, taken: bool) -> None:
    """
    A rule matches by method and by path, exact or glob; what it leaves out matches all.
    """
    script = Script()
    script.arm(Rule((Reset(),), method, path))

    assert taken == (script.take("GET", "/api/v1/developer/training/run_1") is not None)


@pytest.mark.parametrize("path", ["/a/[1].png", "/a/my%20file", "/a/my file"])
def test_paths_as_written(path: str) -> None:
    """
    A path with brackets matches itself, and one with a space matches its escaped form.
    """
    seen = path.replace(" ", "%20")

    assert Rule((Reset(),), path=path).matches("GET", seen)


def test_open_end_passes() -> None:
    """
    Steps without a final one end with Pass.
    """
    assert (Delay(1), Forward()) == Rule((Delay(1),)).whole_steps
    assert (Reset(),) == Rule((Reset(),)).whole_steps


def test_pending() -> None:
    """
    What is armed and unused is visible, with its id and how many requests it still waits for.
    """
    script = Script()
    ids = [script.arm(Rule((Reset(),), times=3)), script.arm(Rule((Forward(),), path="/x"))]
    script.take("GET", "/")

    assert [(ids[0], 2), (ids[1], 1)] == [(armed.id, armed.left) for armed in script.pending()]
    assert 2 == script.clear()
    assert () == script.pending()


def test_many_threads() -> None:
    """
    Each of 1000 armed uses is taken once, whoever takes it.
    """
    script = Script()
    taken: list[object] = []

    def take() -> None:
        for _ in range(200):
            taken.append(script.take("GET", "/"))  # noqa: PERF401  appending is what threads can share

    for _ in range(10):
        script.arm(Rule((Reset(),), times=100))
    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (1000, 600) == (taken.count((Reset(),)), taken.count(None))


def test_certificates_are_for_connections() -> None:
    """
    A rule with a certificate is used up by TLS connections, all other rules by requests.
    """
    script = Script()
    script.arm(Rule((Certificate("expired"),), times=2))
    script.arm(Rule((Reset(),)))
    script.arm(Rule((Certificate("wrong-host"),)))

    assert [(Reset(),), None] == [script.take("GET", "/") for _ in range(2)]
    assert ["expired", "expired", "wrong-host", None] == [script.take_certificate() for _ in range(4)]


def test_round_trip() -> None:
    """
    A rule that went through JSON is the rule that it was.
    """
    rule = Rule((Delay(0.5), Answer(503, (("Retry-After", "2"),), b"\xff")), "GET", "/x/*", 3)

    assert rule == rule_from_json(rule.to_json())


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([], "rule is []. Give a JSON object."),
        ({}, 'steps is missing. Give a list, such as [{"step": "reset"}].'),
        ({"steps": []}, "steps is empty. Give at least one step."),
        ({"steps": [{"step": "reset"}], "times": 0}, "times is 0. Give a whole number from 1."),
        ({"steps": [{"step": "reset"}], "methods": "GET"}, None),
        ({"steps": [{"step": "reset"}], "path": 7}, "path is 7. Give text, or leave it out to match every one."),
        ({"steps": [{"step": "reset"}, {"step": "forward"}]}, None),
        (
            {"steps": [{"step": "delay", "seconds": 1}, {"step": "answer", "status": 42}]},
            "steps[1].status is 42. Give a whole number from 200 to 599.",
        ),
        (
            {"steps": [{"step": "delay", "seconds": 1}, {"step": "certificate"}]},
            "steps is a certificate beside other steps. Give it a rule of its own.",
        ),
        (
            {"steps": [{"step": "certificate"}], "path": "/x"},
            "path is '/x'. Give none: a certificate is shown before there is a request.",
        ),
        (
            {"steps": [{"step": "certificate"}], "method": "GET"},
            "method is 'GET'. Give none: a certificate is shown before there is a request.",
        ),
    ],
)
def test_bad_rule(told: Any, message: str | None) -> None:
    """
    A rule that makes no sense is refused with the key, what was found and what is allowed.
    """
    with pytest.raises(BadScriptError) as caught:
        rule_from_json(told)

    assert (message or str(caught.value)) == str(caught.value)
