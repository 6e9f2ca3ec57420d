"""The sentences of VectorShift's page on errors, each with the check that holds it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from failwell.conformance import Bench, Observation, Promises, expect_equal
from failwell.sandbox import Answer, BreakSession, Close, Cut, FaultStep, Reset
from vectorshift.nodes import Node
from vectorshift.promises import ways
from vectorshift.promises.driver import ADAPTER
from vectorshift.promises.ways import ANSWER, FAILURES, QUESTION

PROMISES = Promises(ADAPTER)

TOP = "Errors"
HIERARCHY = "Hierarchy"
OWNERS = "Accessing objects you don't own"
STATUSES = "Status code reference"
CONNECTIONS = "Connection errors"
RUNS = "Pipeline-run errors"
SESSIONS = "Session errors"
ANATOMY = "Anatomy of VectorshiftApiError"

NAMES = tuple(name for name, _ in FAILURES)
API = "VectorshiftApiError"
ANSWERED = (
    "BadRequestError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "UnprocessableEntityError",
    "RateLimitError",
    "InternalServerError",
    "PipelineRunFailedError",
    "PollTimeoutError",
    "KbNotFound",
)
"""Those below the error of the API."""


@PROMISES(TOP, "Every SDK error subclasses VectorshiftError", (9, 9, 1))
def subclasses(bench: Bench) -> None:
    for name, fail in FAILURES:
        seen = fail(bench)
        seen.raised(bench.error(name))
        expect_equal(f"whether VectorshiftError catches a {name}", True, "VectorshiftError" in seen.caught_by(NAMES))


@PROMISES(TOP, "API errors carry the HTTP status, the endpoint, and a parsed error message", (9, 9, 2))
def carried(bench: Bench) -> None:
    for name, fail in FAILURES:
        if name in ANSWERED:
            error: Any = fail(bench).error
            facts = {fact: getattr(error, fact, None) for fact in ("status_code", "endpoint", "error_message")}
            kinds = {"status_code": int, "endpoint": str, "error_message": str}
            expect_equal(f"the types of what a {name} carries", kinds, {fact: type(facts[fact]) for fact in facts})
            expect_equal(f"whether a {name} says where", "/", str(facts["endpoint"])[:1])
            expect_equal(f"whether a {name} speaks to people", True, " " in str(facts["error_message"]))


@PROMISES(TOP, "Fetch a pipeline by its name and run it; what goes wrong is one of four", (12, 29))
def caught(bench: Bench) -> None:
    pipeline_id = ways.id_of(bench, "my-pipeline")
    outputs = bench.call(ways.runs(pipeline_id)).returned().outputs
    expect_equal("whether it is answered", True, ANSWER in outputs["answer"])
    ways.revoked(bench).raised(bench.error("AuthenticationError"))
    limited: Any = ways.rate_limited(bench)
    limited.raised(bench.error("RateLimitError"))
    hint = limited.error.error_message
    expect_equal("whether e.error_message names the limit and the wait", (True, True), ("60" in hint, " s" in hint))
    failed: Any = ways.failed_run(bench)
    failed.raised(bench.error("PipelineRunFailedError"))
    expect_equal(
        "whether e.task_id and e.run_error say something", True, all((failed.error.task_id, failed.error.run_error))
    )
    fallback = ways.broken_server(bench).caught_by(("AuthenticationError", "RateLimitError", "VectorshiftError"))
    expect_equal("what catches any other", ("VectorshiftError",), fallback)


@dataclass(frozen=True, slots=True)
class Line:
    """A class of the tree on *line*: what it stands *below*, and the *status* that it claims, if one is certain."""

    line: int
    name: str
    says: str
    below: tuple[str, ...] = ("VectorshiftError",)
    status: int | None = None


BELOW_API = ("VectorshiftError", API)
BELOW_NETWORK = ("VectorshiftError", "ApiConnectionError")
TREE = (
    Line(35, "VectorshiftError", "base for every SDK error", ()),
    Line(36, API, "HTTP error from the API (alias: ApiStatusError)"),
    Line(37, "BadRequestError", "400", BELOW_API, 400),
    Line(38, "AuthenticationError", "401", BELOW_API, 401),
    Line(39, "PermissionDeniedError", "403", BELOW_API, 403),
    Line(40, "NotFoundError", "404", BELOW_API, 404),
    Line(41, "UnprocessableEntityError", "422", BELOW_API, 422),
    Line(42, "RateLimitError", "429", BELOW_API, 429),
    Line(43, "InternalServerError", "500+", BELOW_API, 503),
    Line(44, "PipelineRunFailedError", "run completed with failed status", BELOW_API, 200),
    Line(45, "PollTimeoutError", "polling exceeded the timeout", BELOW_API, 200),
    Line(46, "ApiConnectionError", "network-level failure"),
    Line(
        47, "ApiTimeoutError", "request timed out before reaching the API", ("VectorshiftError", "ApiConnectionError")
    ),
    Line(48, "SessionError", "base for session errors"),
    Line(49, "SessionDisconnectedError", "websocket dropped", ("VectorshiftError", "SessionError")),
)


def _holds(line: Line) -> None:
    """Promise that a failure of that kind is the class of *line*."""

    def check(bench: Bench) -> None:
        seen = dict(FAILURES)[line.name](bench)
        seen.raised(bench.error(line.name))
        expect_equal(f"what catches a {line.name}", {line.name, *line.below}, set(seen.caught_by(NAMES)))
        if line.status is not None:
            expect_equal("e.status_code", line.status, getattr(seen.error, "status_code", None))

    check.__name__ = f"tree_{line.name}"
    PROMISES(HIERARCHY, f"{line.name}: {line.says}", line.line)(check)


for _line in TREE:
    _holds(_line)


@PROMISES(HIERARCHY, "(KnowledgeBase ingestion errors)", 50)
def ingestion_errors(bench: Bench) -> None:
    failed: Any = ways.failed_ingestion(bench)
    failed.raised(bench.error("KbIngestionFailed"), task_id="i1", run_error="It is no text.")
    late: Any = ways.late_ingestion(bench)
    late.raised(bench.error("KbIngestionTimeout"), task_id="i1", timeout=ways.SHORT)
    expect_equal("whether a TimeoutError is one, too", ("TimeoutError",), late.caught_by(("TimeoutError", API)))


def _told(error: Any, id_: str) -> tuple[Any, ...]:
    """What an error tells, without the id that was asked for."""
    return type(error).__name__, error.status_code, error.error_message.replace(id_, "ID"), error.method


Ask = Callable[[Any, str], Any]


def _of(ask: Ask, id_: str) -> ways.Action:
    """To *ask* that of an object."""
    return lambda client: ask(client, id_)


def _as_missing(bench: Bench, kind: str, id_: str, *asked: Ask) -> None:
    """What belongs to others is no other than what never was, whatever is asked of it."""
    never = f"{id_[:-6]}000000"
    for ask in asked:
        hidden, nothing = (bench.call(_of(ask, asked), role="other") for asked in (id_, never))
        for seen in (hidden, nothing):
            expect_equal(
                f"whether NotFoundError catches that of a {kind}", True, "NotFoundError" in seen.caught_by(NAMES)
            )
        expect_equal("what is told of it", _told(nothing.error, never), _told(hidden.error, id_))


ASKED: tuple[Ask, ...] = (
    lambda client, id_: client.pipeline.fetch(id=id_),
    lambda client, id_: client.pipeline.run(id_, QUESTION, timeout=ways.LONG),
    lambda client, id_: client.pipeline.start(id_, QUESTION),
    lambda client, id_: client.pipeline.run_status(id_, "run_1"),
    lambda client, id_: client.pipeline.terminate(id_, "run_1"),
    lambda client, id_: client.pipeline.delete(id_),
)
"""What can be asked of a pipeline."""


@PROMISES(OWNERS, "The API key carries the org context", (55, 55, 1))
def org_context(bench: Bench) -> None:
    ours, theirs = ways.id_of(bench, "my-pipeline"), ways.id_of(bench, "my-pipeline", role="other")
    expect_equal("whether the same name is another pipeline with another key", False, ours == theirs)
    for role in ("member", "admin", "viewer", "colleague"):
        expect_equal(f"the pipeline with the key {role}", ours, ways.id_of(bench, "my-pipeline", role=role))


@PROMISES(OWNERS, "Every fetch / list / run / delete call is scoped to the org and user behind that key", (55, 55, 2))
def scoped(bench: Bench) -> None:
    _as_missing(bench, "pipeline", ways.id_of(bench, "my-pipeline"), *ASKED)
    listed = {found.id for found in bench.call(ways.lists, role="other").returned()}
    expect_equal("whether it is listed", False, ways.id_of(bench, "my-pipeline") in listed)
    pipeline_id = ways.made(bench, f"of a user, {bench.colour}")
    for role, permitted in (("colleague", False), ("member", True)):
        seen = bench.call(lambda client: client.pipeline.delete(pipeline_id), role=role)
        expect_equal(f"whether the key {role} may delete it", permitted, seen.error is None)
        # The server decides, and nobody before it.
        expect_equal("what it answers", "passed 200" if permitted else "passed 403", seen.requests[-1].outcome)


def _fetched_by(fetch: Callable[..., Any], client: Any, id_: str) -> Any:
    return fetch(client, id=id_)


def _raw(seen: Observation) -> str:
    return str(getattr(seen.error, "raw_response", ""))


LISTED: tuple[tuple[str, str, Callable[..., Any], ways.Action], ...] = (
    (
        "my-pipeline",
        "pipeline",
        lambda client, **by: client.pipeline.fetch(**by),
        lambda client: client.pipeline.list(),
    ),
    ("my-agent", "agent", lambda client, **by: client.agent.fetch(**by), lambda client: client.agent.list()),
    (
        "handbook",
        "knowledge_base",
        lambda client, **by: client.knowledge_base.fetch(**by),
        lambda client: client.knowledge_base.list(),
    ),
)
"""One object of each kind, how it is fetched, and the list that it is in."""


@PROMISES(
    OWNERS, '404: the API returns 404 for both "doesn\'t exist" and "exists but you can\'t see it"', 57, (59, 59, 1)
)
def hidden(bench: Bench) -> None:
    for name, kind, fetch, _ in LISTED:
        _as_missing(bench, kind, ways.id_of(bench, name, kind=kind), partial(_fetched_by, fetch))


@PROMISES(OWNERS, "This prevents leaking object ids across orgs", (59, 59, 2))
def no_leak(bench: Bench) -> None:
    for name, kind, fetch, list_ in LISTED:
        id_ = ways.id_of(bench, name, kind=kind)
        seen = bench.call(list_, role="other")
        expect_equal(f"whether another's {name} is listed", False, id_ in {each.id for each in seen.returned()})
        never = f"{id_[:-6]}000000"
        bodies = [_raw(bench.call(_of(partial(_fetched_by, fetch), asked), role="other")) for asked in (id_, never)]
        expect_equal("the body", bodies[1].replace(never, id_), bodies[0])


@PROMISES(OWNERS, "Most cross-org accesses surface as 404", (59, 59, 3))
def mostly_404(bench: Bench) -> None:
    pipeline_id, agent_id = ways.id_of(bench, "my-pipeline"), ways.agent_of(bench)
    for ask in ASKED:
        seen = bench.call(_of(ask, pipeline_id), role="other")
        seen.raised(bench.error("NotFoundError"), status_code=404)
    bench.call(lambda client: client.agent.fetch(id=agent_id), role="other").raised(bench.error("NotFoundError"))
    told: Any = bench.call(lambda client: client.agent.ask(agent_id, "Hello"), role="other").error
    expect_equal("whether a session with another's agent is refused", True, "There is no agent" in str(told))


@PROMISES(OWNERS, "403: your key is valid but the specific operation isn't allowed, such as a delete", 60)
def not_allowed(bench: Bench) -> None:
    pipeline_id = ways.id_of(bench, "my-pipeline")
    bench.call(lambda client: client.pipeline.fetch(id=pipeline_id), role="viewer").returned()
    seen = ways.forbidden(bench)
    seen.raised(bench.error("PermissionDeniedError"), status_code=403, method="DELETE")
    seen.tried(1)
    bench.call(lambda client: client.pipeline.fetch(id=pipeline_id)).returned()


def _fails_naming(bench: Bench, reference: str, nodes: tuple[Node, ...], name: str) -> str:
    """The id of a pipeline of *nodes*, whose run fails with an error that names *reference*."""
    pipeline_id = ways.made(bench, name, *nodes)
    seen: Any = bench.call(ways.runs(pipeline_id))
    seen.raised(bench.error("PipelineRunFailedError"))
    expect_equal("whether e.run_error names the reference", True, reference in seen.error.run_error)
    return pipeline_id


@PROMISES(OWNERS, "The same rules apply transitively", (62, 62, 1))
def transitively(bench: Bench) -> None:
    theirs = ways.id_of(bench, "my-agent", kind="agent", role="other")
    reference = ways.made(bench, "asks another's agent", *ways.wired("agent", theirs))
    for depth in range(3):
        reference = _fails_naming(bench, theirs, ways.wired("pipeline", reference), f"{depth + 2} pipelines deep")


@PROMISES(
    OWNERS,
    "A pipeline that references a sub-pipeline, knowledge base or agent of a different org fails with a run_error",
    (62, 62, 2),
)
def foreign_references(bench: Bench) -> None:
    for kind, name in (("pipeline", "my-pipeline"), ("agent", "my-agent"), ("knowledge_base", "handbook")):
        theirs = ways.id_of(bench, name, kind=kind, role="other")
        _fails_naming(bench, theirs, ways.wired(kind, theirs), f"another's {kind}")
        ours = ways.id_of(bench, name, kind=kind)
        bench.call(ways.runs(ways.made(bench, f"our {kind}", *ways.wired(kind, ours)))).returned()


@PROMISES(OWNERS, "Fetch a pipeline of another org: not found, or not permitted", (65, 72))
def fetch_of_another(bench: Bench) -> None:
    pipeline_id = ways.id_of(bench, "my-pipeline", role="other")
    seen = bench.call(lambda client: client.pipeline.fetch(id=pipeline_id))
    seen.raised(bench.error("NotFoundError"))
    expect_equal("what catches it", ("NotFoundError",), seen.caught_by(("NotFoundError", "PermissionDeniedError")))
    refused = ways.refused(bench, 403).caught_by(("NotFoundError", "PermissionDeniedError"))
    expect_equal("what catches a 403", ("PermissionDeniedError",), refused)


def _start(pipeline_id: str, inputs: dict[str, Any], client: Any) -> Any:
    return client.pipeline.start(pipeline_id, inputs)


@PROMISES(STATUSES, "400 | BadRequestError | Malformed request body (e.g. unsupported input_type)", 79)
def row_400(bench: Bench) -> None:
    seen: Any = ways.unsupported(bench)
    seen.raised(bench.error("BadRequestError"), status_code=400)
    expect_equal("whether e.error_message names it", True, "smell" in seen.error.error_message)
    pipeline_id = ways.id_of(bench, "my-pipeline")
    wrongs: tuple[dict[str, Any], ...] = ({}, {"q": 7}, {"question": "Where?"})
    for inputs in wrongs:
        wrong = bench.call(partial(_start, pipeline_id, inputs))
        wrong.raised(bench.error("BadRequestError"), status_code=400)
        wrong.tried(1)


@PROMISES(STATUSES, "401 | AuthenticationError | VECTORSHIFT_API_KEY missing, expired, or revoked", 80)
def row_401(bench: Bench) -> None:
    bench.call(ways.lists, key="").raised(bench.error("AuthenticationError"))
    member = bench.sandbox.keys["member"]
    for key in (bench.sandbox.keys["expired"], bench.sandbox.keys["revoked"], member[:-1], f"{member}x"):
        seen = bench.call(ways.lists, key=key)
        seen.raised(bench.error("AuthenticationError"), status_code=401)
        seen.tried(1)


@PROMISES(STATUSES, "403 | PermissionDeniedError | Key valid, but lacks scope for the org or object", 81)
def row_403(bench: Bench) -> None:
    for name, ask in (
        ("new", ways.makes("of a viewer")),
        ("run", ways.runs(ways.id_of(bench, "my-pipeline"))),
    ):
        seen = bench.call(ask, role="viewer")
        seen.raised(bench.error("PermissionDeniedError"), status_code=403)
        expect_equal(f"requests of {name}", 1, len(seen.requests))


@PROMISES(STATUSES, "404 | NotFoundError | Object id / name doesn't exist; fetch by name= instead", 82)
def row_404(bench: Bench) -> None:
    ways.missing(bench).raised(bench.error("NotFoundError"), status_code=404)
    seen = bench.call(lambda client: client.pipeline.fetch(id="pl_never_was"))
    seen.raised(bench.error("NotFoundError"), status_code=404)
    found = bench.call(ways.fetches("my-pipeline")).returned()
    expect_equal("its name", "my-pipeline", found.name)


@PROMISES(STATUSES, "422 | UnprocessableEntityError | invalid node wiring; e.error_message carries the reason", 83)
def row_422(bench: Bench) -> None:
    seen: Any = ways.miswired(bench)
    seen.raised(bench.error("UnprocessableEntityError"), status_code=422)
    expect_equal("whether e.error_message has the reason", True, "smell" in seen.error.error_message)


@PROMISES(STATUSES, "429 | RateLimitError | Back off and retry with jitter", 84)
def row_429(bench: Bench) -> None:
    ways.rate_limited(bench).raised(bench.error("RateLimitError"), status_code=429)
    waits: set[float] = set()
    for _ in range(4):
        bench.sandbox.arm(says_busy(), times=2)
        seen = bench.call(ways.lists)
        seen.returned()
        seen.waited([1, 2], within=0.25)
        waits |= set(seen.waits)
    expect_equal("whether no two waits are the same", 8, len(waits))
    bench.sandbox.arm(Answer(429, (*ways.JSON, ("Retry-After", "9")), b'{"error": "Wait 9 s."}'))
    asked = bench.call(ways.lists)
    asked.returned()
    asked.waited([9], over=0.25)


def says_busy() -> Answer:
    """A 429."""
    return ways.says(429, "Wait.")


@PROMISES(STATUSES, "500+ | InternalServerError | Retry once. If it persists, contact support", 85)
def row_500(bench: Bench) -> None:
    for status in (500, 502, 503, 504, 599):
        bench.sandbox.arm(ways.says(status), times=2)
        seen: Any = bench.call(ways.lists)
        seen.raised(bench.error("InternalServerError"), status_code=status)
        seen.tried(2)
        seen.waited([1], within=0.25)
        expect_equal("whether it says to contact support", True, "ontact support" in str(seen.error))
    bench.sandbox.arm(ways.says(500))
    bench.call(ways.lists).returned()


@PROMISES(CONNECTIONS, "ApiConnectionError: DNS, TLS, refused connections", (89, 89, 1))
def connections(bench: Bench) -> None:
    for base_url in (ways.NOWHERE, "http://nowhere.invalid", bench.sandbox.https_url):
        seen = bench.call(ways.lists, base_url=base_url, max_retries=0)
        seen.raised(bench.error("ApiConnectionError"))
    broken: tuple[FaultStep, ...] = (Reset(), Close(), Cut(200, ways.JSON, b'{"objects": []}', after=5))
    for step in broken:
        bench.sandbox.arm(step)
        bench.call(ways.lists, max_retries=0).raised(bench.error("ApiConnectionError"))


@PROMISES(CONNECTIONS, "ApiTimeoutError is raised when the request times out", (89, 89, 2))
def timeouts(bench: Bench) -> None:
    seen = ways.unanswered(bench)
    seen.raised(bench.error("ApiTimeoutError"))
    expect_equal("what catches it", True, "ApiConnectionError" in seen.caught_by(NAMES))


@PROMISES(CONNECTIONS, "List the pipelines: no answer in time, or no network", (92, 99))
def listing(bench: Bench) -> None:
    bench.call(ways.lists).returned()
    for fail, expected in ((ways.unanswered, "ApiTimeoutError"), (ways.unreachable, "ApiConnectionError")):
        caught = fail(bench).caught_by(("ApiTimeoutError", "ApiConnectionError"))
        expect_equal("what catches it first", expected, caught[0])


@PROMISES(RUNS, "PipelineRunFailedError is raised when a run completes with a failed status", (104, 104, 1))
def run_fails(bench: Bench) -> None:
    ways.failed_run(bench).raised(bench.error("PipelineRunFailedError"))
    pipeline_id = ways.id_of(bench, "failing-pipeline")
    task_id = bench.call(lambda client: client.pipeline.start(pipeline_id, QUESTION)).returned().task_id
    seen = bench.call(lambda client: client.run.result(pipeline_id, task_id, timeout=ways.LONG))
    seen.raised(bench.error("PipelineRunFailedError"), task_id=task_id)
    status = bench.call(lambda client: client.pipeline.run_status(pipeline_id, task_id)).returned()
    expect_equal("how the run stands", "failed", status.status)


@PROMISES(RUNS, "The exception carries the failing task_id and the server's run_error string", (104, 104, 2))
def run_error(bench: Bench) -> None:
    seen: Any = ways.failed_run(bench)
    seen.raised(bench.error("PipelineRunFailedError"))
    pipeline_id, task_id = ways.id_of(bench, "failing-pipeline"), seen.error.task_id
    status = bench.call(lambda client: client.pipeline.run_status(pipeline_id, task_id)).returned()
    expect_equal("e.run_error", status.error, seen.error.run_error)


@PROMISES(RUNS, "Run a pipeline with a timeout of 30 s: it failed, or did not complete", (107, 114))
def run_timeout(bench: Bench) -> None:
    slow = ways.id_of(bench, "slow-pipeline")
    seen: Any = ways.ended(bench, slow, bench.call(ways.runs(slow, ways.SHORT)))
    seen.raised(bench.error("PollTimeoutError"), timeout=ways.SHORT)
    expect_equal("virtual seconds waited", ways.SHORT, round(sum(seen.waits), 1))
    expect_equal("whether the run has an id", True, bool(seen.error.task_id))
    expect_equal("whether it failed, too", (), seen.caught_by(("PipelineRunFailedError",)))
    ways.failed_run(bench).raised(bench.error("PipelineRunFailedError"))
    quick = ways.id_of(bench, "my-pipeline")
    task_id = bench.call(lambda client: client.pipeline.start(quick, QUESTION)).returned().task_id
    bench.call(lambda client: client.run.result(quick, task_id, timeout=ways.LONG)).returned()
    bench.call(lambda client: client.run.result(quick, task_id, timeout=30.0)).returned()


@PROMISES(SESSIONS, "Conversational sessions communicate over a websocket", (119, 119, 1))
def websocket(bench: Bench) -> None:
    agent_id = ways.agent_of(bench)
    seen = bench.call(lambda client: client.agent.ask(agent_id, "Hello", "Hello again"))
    first, second = seen.returned()
    expect_equal("whether the answers fit the questions", (True, True), ('"Hello"' in first, "question 2" in second))
    expect_equal("the requests", [("GET", "passed 101")], [(one.method, one.outcome) for one in seen.requests])


@PROMISES(SESSIONS, "If the connection drops mid-stream, you get SessionDisconnectedError", (119, 119, 2))
def drops(bench: Bench) -> None:
    agent_id = ways.agent_of(bench)
    for frames in range(11):
        for step in (
            BreakSession(frames),
            BreakSession(frames, into=7, then="reset"),
            BreakSession(frames, code=1000),
            BreakSession(frames, code=1011),
        ):
            bench.sandbox.arm(step)
            seen = bench.call(lambda client: client.agent.ask(agent_id, "Hello"))
            seen.raised(bench.error("SessionDisconnectedError"))


@PROMISES(
    SESSIONS, "Use the session as a context manager: it cleans up on exit even when an error is raised", (119, 119, 3)
)
def cleans_up(bench: Bench) -> None:
    agent_id = ways.agent_of(bench)
    seen = bench.call(lambda client: client.agent.left(agent_id))
    expect_equal("whether a session that was left takes messages", False, seen.returned())


@PROMISES(SESSIONS, "Talk to an agent; reconnect after a drop", (122, 130))
def reconnects(bench: Bench) -> None:
    ways.dropped(bench).raised(bench.error("SessionDisconnectedError"))
    agent_id = ways.agent_of(bench)
    again = bench.call(lambda client: client.agent.ask(agent_id, "Hello")).returned()
    expect_equal("whether it answers", True, '"Hello"' in again[0])


def _of_the_api(bench: Bench) -> list[tuple[str, Any]]:
    """An error of each class that an answer becomes."""
    return [(name, fail(bench).error) for name, fail in FAILURES if name in ANSWERED]


@PROMISES(ANATOMY, "Every API error exposes these attributes", 135)
def exposed(bench: Bench) -> None:
    for name, error in _of_the_api(bench):
        for attribute in ("status_code", "method", "endpoint", "error_message", "raw_response"):
            expect_equal(f"whether a {name} has {attribute}", True, bool(getattr(error, attribute, None)))


@PROMISES(ANATOMY, "status_code: HTTP status returned by the API", 138)
def status_code(bench: Bench) -> None:
    for status in (400, 401, 403, 404, 409, 418, 422, 429, 500, 503):
        seen = ways.refused(bench, status)
        expect_equal("e.status_code", status, getattr(seen.error, "status_code", None))


@PROMISES(ANATOMY, "method: HTTP method used", 142)
def method(bench: Bench) -> None:
    actions: tuple[tuple[str, Any], ...] = (
        ("GET", ways.lists),
        ("POST", ways.makes("refused")),
        ("POST", lambda client: client.pipeline.terminate("p1", "t1")),
        ("DELETE", lambda client: client.pipeline.delete("p1")),
    )
    for expected, action in actions:
        bench.sandbox.arm(ways.says(400))
        bench.call(action).raised(bench.error("BadRequestError"), method=expected)


@PROMISES(ANATOMY, 'endpoint: path that was called, e.g. "/pipeline/<id>/run"', 146)
def endpoint(bench: Bench) -> None:
    actions: tuple[tuple[str, Any], ...] = (
        ("/pipelines", ways.lists),
        ("/pipeline", ways.fetches("x")),
        ("/pipeline/p1/run", lambda client: client.pipeline.start("p1", QUESTION)),
        ("/pipeline/p1/run/status/t1", lambda client: client.pipeline.run_status("p1", "t1")),
        ("/pipeline/p1", lambda client: client.pipeline.delete("p1")),
    )
    for expected, action in actions:
        bench.sandbox.arm(ways.says(400))
        bench.call(action).raised(bench.error("BadRequestError"), endpoint=expected)


MESSAGES: tuple[tuple[object, str], ...] = (
    ({"error": "a", "message": "b", "detail": "c", "errors": "d"}, "a"),
    ({"message": "b", "detail": "c", "errors": "d"}, "b"),
    ({"detail": "c", "errors": "d"}, "c"),
    ({"errors": "d"}, "d"),
    ({"error": "", "message": None, "detail": [], "errors": "d"}, "d"),
    ({"errors": ["one", "two"]}, "one"),
)
"""Bodies, and what has to be in the message that is read of them."""


@PROMISES(ANATOMY, "error_message: checks error, message, detail, errors in order", 150)
def error_message(bench: Bench) -> None:
    for body, expected in MESSAGES:
        bench.sandbox.arm(ways.gives(body, 418))
        text = str(getattr(bench.call(ways.lists).error, "error_message", ""))
        expect_equal(f"whether {expected!r} is said for {body}", True, expected in text)
        others = [word for word in "abcd" if word not in expected and text == word]
        expect_equal(f"what else is said for {body}", [], others)


@PROMISES(ANATOMY, "raw_response: original response body", (154, 154, 1))
def raw_response(bench: Bench) -> None:
    for body in ('{"error":  "No.",\n "code": 7}', "<h1>Bad gateway</h1>", "", "x" * 1_000_000):
        bench.sandbox.arm(Answer(418, ways.JSON, body.encode()))
        expect_equal("e.raw_response", body, getattr(bench.call(ways.lists).error, "raw_response", None))


@PROMISES(ANATOMY, "Useful when error_message doesn't surface what you need", (154, 154, 2))
def useful(bench: Bench) -> None:
    body = {"error": "No.", "quota": {"left": 3}}
    bench.sandbox.arm(ways.gives(body, 418))
    error: Any = bench.call(ways.lists).error
    expect_equal("e.error_message", "No.", error.error_message)
    expect_equal("what e.raw_response parses to", body, json.loads(error.raw_response))


@PROMISES(ANATOMY, "The default str(e) formats all of these together, plus a hint for common statuses", (157, 157, 1))
def formatted(bench: Bench) -> None:
    for status in (401, 404, 500):
        bench.sandbox.arm(ways.says(status, "So it is."))
        text = str(bench.call(ways.lists, max_retries=0).error)
        for part in (str(status), "GET", "/pipelines", "So it is."):
            expect_equal(f"whether str(e) has {part!r}", True, part in text)
        said = re.sub(r'[0-9]+|GET|/pipelines|So it is|"error"|\W+', " ", text)
        expect_equal("whether it has a hint of some words", True, len(said.split()) > 5)


@PROMISES(ANATOMY, "Log it directly: no need to build your own message", (157, 157, 2))
def logged(bench: Bench) -> None:
    for name, error in _of_the_api(bench):
        text = str(error)
        for fact in ("status_code", "method", "endpoint", "error_message"):
            part = str(getattr(error, fact, f"no {fact}"))
            expect_equal(f"whether str() of a {name} has {part!r}", True, part in text)
        expect_equal(f"whether str() of a {name} fits a log", True, len(text) < 4096)
