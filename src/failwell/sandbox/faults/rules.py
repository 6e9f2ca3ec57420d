"""Fault rules: which requests a step happens to, and how often. Decides, never acts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast
from urllib.parse import unquote

from failwell.sandbox.errors import BadScriptError
from failwell.sandbox.faults.steps import Certificate, CertificateKind, FaultStep, Forward, step_from_json
from failwell.sandbox.faults.validation import found_in, json_object, shown


@dataclass(frozen=True)
class Rule:
    """
    The next *times* requests that match *method* and *path* get *steps*.

    *path* is compared without the query, exactly or as a glob: "/training/*" (a star also spans slashes).
    None matches every method or path. Without a final step the list ends with `Forward()`.

    A rule with a `Certificate` is about the next *times* TLS connections instead.
    """

    steps: tuple[FaultStep, ...]
    method: str | None = None
    path: str | None = None
    times: int = 1

    def __post_init__(self) -> None:
        if not self.steps:
            raise BadScriptError("steps", "empty", "at least one step")
        if any(isinstance(step, Certificate) for step in self.steps):
            self._check_certificate()
        for number, step in enumerate(self.steps[:-1]):
            if step.final:
                found = f"{step.name!r}, which ends the request"
                raise BadScriptError(f"steps[{number}]", found, "it as the last step")
        _check_times(self.times)

    def _check_certificate(self) -> None:
        if len(self.steps) > 1:
            raise BadScriptError("steps", "a certificate beside other steps", "it a rule of its own")
        for key, value in (("method", self.method), ("path", self.path)):
            if value is not None:
                raise BadScriptError(key, shown(value), "none: a certificate is shown before there is a request")

    @property
    def certificate(self) -> CertificateKind | None:
        """The certificate that TLS connections are shown, if that is what this rule is about."""
        step = self.steps[0]
        return step.kind if isinstance(step, Certificate) else None

    @property
    def whole_steps(self) -> tuple[FaultStep, ...]:
        """The steps, with the `Forward()` that an open end stands for."""
        return self.steps if self.steps[-1].final else (*self.steps, Forward())

    def matches(self, method: str, path: str) -> bool:
        """Whether a request of *method* to *path* (no query) is meant."""
        if self.certificate is not None:
            return False
        if self.method is not None and self.method.upper() != method.upper():
            return False
        wanted = self.path
        # "my file.png" is "my%20file.png" on the wire; whoever writes the rule may mean either.
        return wanted is None or any(wanted == seen or fnmatchcase(seen, wanted) for seen in (path, unquote(path)))

    def to_json(self) -> dict[str, object]:
        """This rule as JSON values; `rule_from_json` reads it back."""
        steps = [step.to_json() for step in self.steps]
        return {"method": self.method, "path": self.path, "times": self.times, "steps": steps}


@dataclass(frozen=True)
class Armed:
    """A rule that still waits for *left* matching requests or connections."""

    id: int
    rule: Rule
    left: int

    def to_json(self) -> dict[str, object]:
        """This armed rule as JSON values."""
        return {"id": self.id, "left": self.left, **self.rule.to_json()}


class Script:
    """The armed rules, in order of arming. Any thread may arm, any may take."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self._last_id = 0

    def arm(self, rule: Rule) -> int:
        """Add *rule* after those already armed; return its id."""
        with self._lock:
            self._last_id += 1
            self._armed.append(Armed(self._last_id, rule, rule.times))
            return self._last_id

    def take(self, method: str, path: str) -> tuple[FaultStep, ...] | None:
        """The steps of the first rule that matches, used up by one; None if the request goes its normal way."""
        rule = self._use_up(lambda rule: rule.matches(method, path))
        return None if rule is None else rule.whole_steps

    def take_certificate(self) -> CertificateKind | None:
        """The certificate for a new TLS connection, used up by one; None if it is shown a good one."""
        rule = self._use_up(lambda rule: rule.certificate is not None)
        return None if rule is None else rule.certificate

    def _use_up(self, meant: Callable[[Rule], bool]) -> Rule | None:
        with self._lock:
            for place, armed in enumerate(self._armed):
                if meant(armed.rule):
                    left = armed.left - 1
                    self._armed[place : place + 1] = [Armed(armed.id, armed.rule, left)] if left else []
                    return armed.rule
            return None

    def pending(self) -> tuple[Armed, ...]:
        """The rules that still wait for a request, in order of arming."""
        with self._lock:
            return tuple(self._armed)

    def clear(self) -> int:
        """Forget all rules; return how many there were."""
        with self._lock:
            count = len(self._armed)
            self._armed.clear()
            return count


def rule_from_json(obj: object) -> Rule:
    """
    The rule that *obj* describes: {"method": "GET", "path": "/runs/*", "times": 2, "steps": [{"step": "reset"}]}.

    Raises: BadScriptError.
    """
    values = json_object(obj, "rule")
    for key in values:
        if key not in ("method", "path", "times", "steps"):
            raise BadScriptError(key, "not a key of a rule", "only: method, path, times, steps")
    listed = values.get("steps")
    if not isinstance(listed, list):
        raise BadScriptError("steps", found_in(values, "steps"), 'a list, such as [{"step": "reset"}]')
    steps: list[FaultStep] = []
    for number, item in enumerate(cast("list[object]", listed)):
        try:
            steps.append(step_from_json(item))
        except BadScriptError as problem:
            raise problem.under(f"steps[{number}]") from problem
    times = values.get("times", 1)
    return Rule(tuple(steps), _text(values, "method"), _text(values, "path"), _check_times(times))


def _text(values: dict[str, object], key: str) -> str | None:
    value = values.get(key)
    if value is None or (isinstance(value, str) and value):
        return value
    raise BadScriptError(key, shown(value), "text, or leave it out to match every one")


def _check_times(times: object) -> int:
    if isinstance(times, int) and not isinstance(times, bool) and times >= 1:
        return times
    raise BadScriptError("times", shown(times), "a whole number from 1")
