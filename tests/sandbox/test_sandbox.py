from __future__ import annotations

import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2
import pytest
from starlette.applications import Starlette

from failwell.clock import Clock, VirtualClock
from failwell.contract import Case, Error
from failwell.contract.declaration import specs_of
from failwell.sandbox import (
    Answer,
    BadScriptError,
    Delay,
    PortInUseError,
    Reset,
    Sandbox,
    SandboxError,
    Served,
    Silence,
    UnknownVendorError,
    Vendor,
    find_vendor,
)
from failwell.sandbox.vendor import BrokenVendorError
from failwell.server import StoreDownError
from pictograph import AsyncClient, Client
from pictograph.exceptions import (
    CATALOGUE,
    ApiError,
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ValidationError,
)
from pictograph_server.vendor import VENDOR

from .sockets import until

Colour = Literal["blocking", "awaiting"]
both_colours = pytest.mark.parametrize("colour", ["blocking", "awaiting"])


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """One sandbox for the tests of this file that only arm and ask."""
    with Sandbox(VENDOR, clock=VirtualClock(), token="the token") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The running sandbox with nothing armed, nothing logged, and no limit used up."""
    running.script.clear()
    running.log.clear()
    clock_of(running).advance(86_400.0)
    clock_of(running).forget()
    return running


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def threads() -> list[str]:
    """The names of the threads that belong to sandboxes."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("failwell-"))


@pytest.fixture
def nothing_left(temporary: Path) -> Callable[[], bool]:
    """Whether all that a test has started is gone: threads and temporary files."""
    before = threads()
    return lambda: before == threads() and not list(temporary.iterdir())


def clock_of(sandbox: Sandbox) -> VirtualClock:
    """The virtual clock that *sandbox* was started with."""
    assert isinstance(sandbox.clock, VirtualClock)
    return sandbox.clock


def ask(
    sandbox: Sandbox,
    action: Callable[[Any], Any] = lambda client: client.datasets.list(),
    *,
    colour: Colour = "blocking",
    role: str = "member",
    **settings: Any,
) -> Any:
    """What *action* returns, done with a client of *colour* on the sandbox's clock, without retries unless asked."""
    settings = {"base_url": sandbox.url, "clock": sandbox.clock, "max_retries": 0, **settings}
    if colour == "blocking":
        with Client(sandbox.keys[role], **settings) as client:
            return action(client)

    async def awaiting() -> Any:
        async with AsyncClient(sandbox.keys[role], **settings) as client:
            return await action(client)

    return anyio.run(awaiting)


def met(sandbox: Sandbox, *, colour: Colour = "blocking", **settings: Any) -> PictographError:
    """The error that a call meets."""
    with pytest.raises(PictographError) as caught:
        ask(sandbox, colour=colour, **settings)
    return caught.value


def fields(error: Error) -> dict[str, Any]:
    """The fields of *error*, by name."""
    return {spec.name: getattr(error, spec.name) for spec in specs_of(type(error))}


def control(sandbox: Sandbox, payload: object, *, token: str | None = None) -> httpx2.Response:
    """The answer to *payload*, posted to the endpoint that arms errors."""
    headers = {"X-Failwell-Token": sandbox.token if token is None else token}
    return httpx2.post(f"{sandbox.url}/_failwell/errors", headers=headers, json=payload)


ENTRY = {"loc": ["body", "name"], "msg": "Field required", "type": "missing"}
WITH_FIELDS: list[tuple[PictographError, dict[str, Any]]] = [
    (AuthError("Unknown key"), {"status_code": 401}),
    (ForbiddenError("Viewers may not", error_code="read_only"), {"status_code": 403, "error_code": "read_only"}),
    (NotFoundError("Nothing there"), {"status_code": 404}),
    (
        ConflictError("Taken", error_code="version_conflict", retry_after=3),
        {"status_code": 409, "error_code": "version_conflict", "retry_after": 3},
    ),
    (ValidationError("Bad shape", errors=[ENTRY]), {"status_code": 422, "errors": [ENTRY]}),
    (
        PaymentRequiredError("7 credits short", required=10, remaining=3, upgrade_url="https://example.com/pay"),
        {"status_code": 402, "required": 10, "remaining": 3, "upgrade_url": "https://example.com/pay"},
    ),
    (RateLimitError("Slow down", retry_after=7), {"status_code": 429, "retry_after": 7}),
    (ServerError("Down", status_code=502), {"status_code": 502}),
    (ServerError("Gone", status_code=599, error_code="meltdown"), {"status_code": 599, "error_code": "meltdown"}),
    (ApiError("A teapot → no coffee", status_code=418), {"status_code": 418}),
]


@both_colours
@pytest.mark.parametrize(("error", "attributes"), WITH_FIELDS, ids=[error.message for error, _ in WITH_FIELDS])
def test_next(sandbox: Sandbox, colour: Colour, error: PictographError, attributes: Mapping[str, Any]) -> None:
    """
    An armed error arrives as its own class, with its message and its attributes, blocking and awaiting.
    """
    sandbox.next(error)

    found = met(sandbox, colour=colour)

    assert (type(error), str(error)) == (type(found), str(found))
    nothing = {spec.name: spec.fallback() for spec in specs_of(type(error))}
    assert {**nothing, "message": error.message, **attributes} == fields(found)
    assert () == sandbox.script.pending()


def test_every_http_class_is_tried() -> None:
    """
    No class that travels over HTTP is missing in the test above; the base class alone claims no reply.
    """
    travelling = {error for error in CATALOGUE.errors if error.source == "http"}

    assert travelling - {PictographError} == {type(error) for error, _ in WITH_FIELDS}


@both_colours
def test_times(sandbox: Sandbox, colour: Colour) -> None:
    """
    An error armed *times* times is met by so many requests, and the next one goes its normal way.
    """
    sandbox.next(RateLimitError("Slow down", retry_after=2), times=2)

    found = ask(sandbox, colour=colour, max_retries=3)

    assert ["ds"] == [dataset.name for dataset in found if dataset.name == "ds"]
    assert [2, 2] == clock_of(sandbox).waits()
    assert ["answered 429", "answered 429", "passed 200"] == [entry.outcome for entry in sandbox.log.entries()]


def test_method_and_path(sandbox: Sandbox) -> None:
    """
    Only requests of the method, to the path, meet the error.
    """
    sandbox.next(ForbiddenError("Not now"), method="POST", path="*/datasets/")

    ask(sandbox)
    ask(sandbox, lambda client: client.datasets.get("ds"))
    with pytest.raises(ForbiddenError):
        ask(sandbox, lambda client: client.datasets.create("new"))
    assert "new" == ask(sandbox, lambda client: client.datasets.create("new")).name


@both_colours
def test_network_error(sandbox: Sandbox, colour: Colour) -> None:
    """
    An armed network error resets the connection, which the SDK raises as such.
    """
    sandbox.next(NetworkError("reset"))

    found = met(sandbox, colour=colour)

    assert (NetworkError, None) == (type(found), found.status_code)
    assert ["reset"] == [entry.outcome for entry in sandbox.log.entries()]


@both_colours
def test_timeout(sandbox: Sandbox, colour: Colour) -> None:
    """
    An armed timeout stays silent until the SDK gives up.
    """
    sandbox.next(RequestTimeoutError("too slow"))

    found = met(sandbox, colour=colour, timeout=1.0)  # within which it arrives on a busy machine, too

    assert isinstance(found, RequestTimeoutError)
    assert 1.0 == found.timeout
    assert ["client went away"] == [entry.outcome for entry in sandbox.log.wait_for(1)]


@pytest.mark.parametrize("error", [ConfigurationError("no key"), PollTimeoutError("too long")], ids=repr)
def test_error_of_the_sdk_itself(sandbox: Sandbox, error: PictographError) -> None:
    """
    An error that no server can cause is refused, and nothing is armed.
    """
    with pytest.raises(BadScriptError) as caught:
        sandbox.next(error)

    name = type(error).__name__
    message = f"error is {name}, which the SDK raises by itself. Give an error that a server can cause."
    assert (message, ()) == (str(caught.value), sandbox.script.pending())


def test_error_that_the_catalogue_does_not_list(sandbox: Sandbox) -> None:
    """
    C8. A case that the catalogue does not have is refused, with those that it has; a client would not know it.
    """
    with pytest.raises(BadScriptError) as caught:
        sandbox.next(NotFoundError("Gone for good").become(Case("gone", 404)))

    found = "error is NotFoundError (404 gone), which the catalogue 'pictograph' does not have."
    assert (f"{found} Give a case that it has: 404.", ()) == (str(caught.value), sandbox.script.pending())


def test_arm(sandbox: Sandbox) -> None:
    """
    Steps are armed as they are, or by name, in the order of arming, and each has an id.
    """
    ids = [sandbox.arm(Delay(0.01), Answer(418)), sandbox.arm("close"), sandbox.arm(Reset(), method="DELETE")]
    with pytest.raises(BadScriptError, match="step is 'explode'"):
        sandbox.arm("explode")

    found = [met(sandbox), met(sandbox)]

    assert [ApiError, NetworkError] == [type(error) for error in found]
    assert (3, [ids[2]]) == (len(set(ids)), [armed.id for armed in sandbox.script.pending()])


@pytest.mark.parametrize("times", [0, -1, True, "2", 1.5, None])
def test_bad_times(sandbox: Sandbox, times: Any) -> None:
    """
    An error cannot be armed for anything but a whole number of requests, from Python or over HTTP.
    """
    with pytest.raises(BadScriptError):
        sandbox.next(AuthError("Unknown key"), times=times)
    answer = control(sandbox, {"error": "AuthError", "times": times})

    assert (400, f"times is {times!r}. Give a whole number from 1.") == (answer.status_code, answer.json()["error"])
    assert () == sandbox.script.pending()


def test_control_arms(sandbox: Sandbox) -> None:
    """
    An error posted by name, with its fields, arrives like one that was armed from Python.
    """
    payload = {
        "error": "PaymentRequiredError",
        "fields": {"message": "Pay", "required": 10},
        "times": 2,
        "method": "GET",
        "path": "*/datasets/",
    }

    answer = control(sandbox, payload)
    found = [met(sandbox), met(sandbox)]
    ask(sandbox)

    assert (201, {"armed": True}) == (answer.status_code, answer.json())
    assert [("Pay", 10, None)] * 2 == [(e.message, e.required, e.remaining) for e in found]  # type: ignore[attr-defined]


def test_control_without_words(sandbox: Sandbox) -> None:
    """
    An error posted without a message says what its class is for.
    """
    control(sandbox, {"error": "AuthError"})

    assert AuthError.__doc__ == str(met(sandbox))


@pytest.mark.parametrize(("name", "step"), [("NetworkError", Reset()), ("RequestTimeoutError", Silence())])
def test_control_arms_what_is_no_reply(sandbox: Sandbox, name: str, step: object) -> None:
    """
    Errors of the connection can be posted by name as well.
    """
    control(sandbox, {"error": name})

    assert [(step,)] == [armed.rule.steps for armed in sandbox.script.pending()]


NAMES = ", ".join(error.__name__ for error in CATALOGUE.errors)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({}, f"error is null. Give one of {NAMES}."),
        ({"error": "NoSuchError"}, f'error is "NoSuchError". Give one of {NAMES}.'),
        ({"error": ["AuthError"]}, f'error is ["AuthError"]. Give one of {NAMES}.'),
        (
            {"error": "RateLimitError", "fields": {"retry": 1}},
            "fields.retry is no field of RateLimitError. Give one of message, error_code, retry_after.",
        ),
        ({"error": "AuthError", "fields": [1]}, "fields is [1]. Give an object with the fields of the error."),
        (
            {"error": "AuthError", "filds": {}},
            "filds is not a key of an armed error. Give only: error, fields, times, method, path.",
        ),
        ({"error": "AuthError", "method": 5}, "method is 5. Give text, or leave it out to match every one."),
        ({"error": "AuthError", "path": ""}, "path is ''. Give text, or leave it out to match every one."),
        (
            {"error": "ConfigurationError"},
            "error is ConfigurationError, which the SDK raises by itself. Give an error that a server can cause.",
        ),
        ("AuthError", "The body of POST /_failwell/errors is 'AuthError'. Send a JSON object."),
    ],
)
def test_control_refuses(sandbox: Sandbox, payload: object, problem: str) -> None:
    """
    What cannot be armed is a 400 that says what was found and what to give; nothing is armed.
    """
    answer = control(sandbox, payload)

    assert (400, problem, ()) == (answer.status_code, answer.json()["error"], sandbox.script.pending())


def test_control_needs_the_token(sandbox: Sandbox) -> None:
    """
    Without the token of this sandbox nothing is armed, and an API key is none.
    """
    answers = [control(sandbox, {"error": "AuthError"}, token=token) for token in ("", "x", sandbox.keys["admin"])]

    assert ([403] * 3, ()) == ([answer.status_code for answer in answers], sandbox.script.pending())


def test_only_this_machine(sandbox: Sandbox) -> None:
    """
    It is there for 127.0.0.1, and for no other address of the machine.
    """
    host, _, port = sandbox.url.removeprefix("http://").partition(":")

    assert "127.0.0.1" == host
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", int(port)), timeout=1)


def test_no_secrets_in_the_log(sandbox: Sandbox) -> None:
    """
    The log has every request, and no API key.
    """
    ask(sandbox)

    entry = sandbox.log.entries()[0]
    assert ("GET", "/api/v1/developer/datasets/?limit=100&offset=0") == (entry.method, entry.path)
    assert sandbox.keys["member"] not in str(entry)


def test_own_credential_header_in_the_log() -> None:
    """
    The header that a vendor's server takes its keys from is not in the log, whatever it is called.
    """

    def serve(folder: Path, clock: Clock) -> Served:
        return replace(VENDOR.serve(folder, clock), credential_headers=("X-Badge",))

    with Sandbox(replace(VENDOR, serve=serve)) as sandbox:
        httpx2.get(f"{sandbox.url}/x/{sandbox.keys['pro']}", headers={"X-Badge": "mine", "X-Other": "shown"})
        entry = sandbox.log.entries()[0]

    assert "/x/***" == entry.path
    assert {("X-Badge", "***"), ("X-Other", "shown")} <= set(entry.headers)


def test_idempotency_expires_on_the_shared_clock(sandbox: Sandbox) -> None:
    """
    When a client sleeps 24 h on the shared clock, the server forgets its idempotency key.
    """
    create = lambda client: client.datasets.create("daily", idempotency_key="once")  # noqa: E731
    first = ask(sandbox, create)

    sandbox.clock.sleep(86_399)
    again = ask(sandbox, create)
    sandbox.clock.sleep(2)
    with pytest.raises(ConflictError) as caught:
        ask(sandbox, create)

    assert (first.id, "duplicate_name") == (again.id, caught.value.error_code)


def test_limits_move_with_the_shared_clock(sandbox: Sandbox) -> None:
    """
    When a client sleeps as long as a 429 asks, the server lets it in again; no real time passes.
    """

    def use_up(client: Any) -> int:
        for count in range(1000):
            try:
                client.datasets.list()
            except RateLimitError:
                return count
        raise AssertionError("there is no limit")

    used = ask(sandbox, use_up, role="viewer")
    limited = met(sandbox, role="viewer")
    ask(sandbox, role="viewer", max_retries=1)

    assert isinstance(limited, RateLimitError)
    assert (300, [limited.retry_after]) == (used, clock_of(sandbox).waits())


def test_temporary_folder(nothing_left: Callable[[], bool], temporary: Path) -> None:
    """
    Without a folder of the caller's the files are gone when it stops, and so is its thread.
    """
    with Sandbox(VENDOR) as sandbox:
        ask(sandbox)
        during = [folder.name[:17] for folder in temporary.iterdir()]

    assert ["failwell-sandbox-"] == during
    until(nothing_left)


def test_stop_twice(nothing_left: Callable[[], bool]) -> None:
    """
    It can be stopped twice, and before it was started; a client is then refused.
    """
    sandbox = Sandbox(VENDOR)
    sandbox.stop()
    sandbox.start()
    url = sandbox.url

    sandbox.stop()
    sandbox.stop()

    until(nothing_left)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


def test_start_twice(nothing_left: Callable[[], bool], temporary: Path) -> None:
    """
    Starting what runs changes nothing, so `with Sandbox(...).start()` leaves nothing behind either.
    """
    with Sandbox(VENDOR).start() as sandbox:
        url, keys = sandbox.url, sandbox.keys
        sandbox.start()
        assert (url, keys, 1) == (sandbox.url, sandbox.keys, len(list(temporary.iterdir())))

    until(nothing_left)


def test_start_again(nothing_left: Callable[[], bool]) -> None:
    """
    What was stopped can be started again, with nothing of the time before.
    """
    sandbox = Sandbox(VENDOR)
    for _ in range(2):
        with sandbox:
            ask(sandbox, lambda client: client.datasets.create("new"))

    until(nothing_left)


def test_not_running() -> None:
    """
    Asking what does not run for its address says how to start it.
    """
    with pytest.raises(RuntimeError) as caught:
        _ = Sandbox(VENDOR).url

    assert "The sandbox is not running. Call start(), or use it in a with statement." == str(caught.value)


def test_port_in_use(nothing_left: Callable[[], bool]) -> None:
    """
    A port in use is told with its number; no file, no thread and no server is left.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            Sandbox(VENDOR, port=port).start()

    assert port == caught.value.port
    until(nothing_left)


def test_the_port_that_was_asked_for() -> None:
    """
    A port that is free is listened on, and free again afterwards.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(2):
        with Sandbox(VENDOR, port=port) as sandbox:
            assert f"http://127.0.0.1:{port}" == sandbox.url


def test_bad_data_folder(nothing_left: Callable[[], bool], tmp_path: Path) -> None:
    """
    A data folder that cannot be used is told by its name; no file and no thread is left.
    """
    (tmp_path / "file").write_text("mine")

    with pytest.raises(SandboxError) as caught:
        Sandbox(VENDOR, data=tmp_path / "file").start()

    message = f"{tmp_path / 'file'} is a file, not a folder. Move it away, or name another folder."
    assert message == str(caught.value)
    until(nothing_left)


def vendor_that(serve: Callable[[Path, Clock], Served]) -> Vendor:
    """A vendor whose server is built by *serve*."""
    return replace(VENDOR, serve=serve)


def test_store_that_is_down(nothing_left: Callable[[], bool]) -> None:
    """
    A store of the vendor's that cannot be used is a SandboxError.
    """

    def serve(folder: Path, _clock: Clock) -> Served:
        raise StoreDownError(f"The store in {folder} failed.") from sqlite3.DatabaseError("file is not a database")

    with pytest.raises(SandboxError, match=r"^The store in .* failed\.$"):
        Sandbox(vendor_that(serve)).start()

    until(nothing_left)


def test_vendor_with_a_bug(nothing_left: Callable[[], bool]) -> None:
    """
    A bug of a vendor's server is raised as it is; no file is left.
    """

    def serve(folder: Path, _clock: Clock) -> Served:
        (folder / "begun").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Sandbox(vendor_that(serve)).start()

    until(nothing_left)


def test_app_that_does_not_start(nothing_left: Callable[[], bool]) -> None:
    """
    A server that refuses to start is a SandboxError; it is put away once, and no file and no thread is left.
    """
    closed: list[str] = []

    def lifespan(_: Starlette) -> Any:
        raise OSError("no disk")

    def serve(_folder: Path, _clock: Clock) -> Served:
        return Served(Starlette(lifespan=lifespan), {}, lambda: closed.append("closed"))

    with pytest.raises(SandboxError, match="did not start"):
        Sandbox(vendor_that(serve)).start()

    assert ["closed"] == closed
    until(nothing_left)


def test_data_is_kept(temporary: Path, tmp_path: Path) -> None:
    """
    With a folder of the caller's the files are kept, a second start finds what the first had, and no key is lost.
    """
    folder = tmp_path / "deep" / "data"
    with Sandbox(VENDOR, data=folder) as first:
        made = ask(first, lambda client: client.datasets.create("kept"))
        old = first.keys["member"]

    with Sandbox(VENDOR, data=folder) as second:
        found = ask(second, lambda client: client.datasets.get("kept"))
        with Client(old, base_url=second.url) as client:
            assert made.id == client.datasets.get("kept").id
        assert (made.id, True) == (found.id, old != second.keys["member"])

    assert (True, []) == ((folder / "pictograph.db").is_file(), list(temporary.iterdir()))


def test_two_at_once(nothing_left: Callable[[], bool]) -> None:
    """
    Two sandboxes know nothing of each other: neither ports, keys, tokens, data, armed errors nor logs.
    """
    with Sandbox(VENDOR) as one, Sandbox(VENDOR) as two:
        one.next(ServerError("Down"))
        ask(two, lambda client: client.datasets.create("only here"))
        with Client(one.keys["member"], base_url=two.url) as stranger, pytest.raises(AuthError):
            stranger.datasets.list()

        assert 403 == control(one, {"error": "AuthError"}, token=two.token).status_code
        assert (ServerError, 2) == (type(met(one)), len(two.log.entries()))
        assert "only here" not in [dataset.name for dataset in ask(one)]
        assert (["answered 500", "passed 200"], True) == (
            [entry.outcome for entry in one.log.entries()],
            one.url != two.url,
        )

    until(nothing_left)


def test_unknown_vendor() -> None:
    """
    An unknown vendor is told with the names of those that are installed.
    """
    with pytest.raises(UnknownVendorError) as caught:
        find_vendor("nope")

    assert ("nope", True) == (caught.value.name, "pictograph" in caught.value.known)
    assert VENDOR is find_vendor("pictograph")


@pytest.mark.parametrize(
    ("value", "code", "problem"),
    [
        ("shopx:V", "V = 5", "it is of type int"),
        ("shopx:W", "V = 5", "AttributeError: module 'shopx' has no attribute 'W'"),
        ("shopx:V", "raise RuntimeError('none today')", "RuntimeError: none today"),
        ("shopx:V", "def (", "SyntaxError: invalid syntax (shopx.py, line 1)"),
        ("shopx:V", "from failwell import nothing", "ImportError: cannot import name 'nothing' from 'failwell'"),
    ],
    ids=["of another type", "not there", "raising", "no Python", "importing what is not there"],
)
def test_broken_vendor(value: str, code: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A vendor that is installed and cannot be used is told with the reason, not with a traceback.
    """
    installed = tmp_path / "shopx-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: shopx\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[failwell.vendors]\nshopx = {value}\n")
    (tmp_path / "shopx.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shopx", raising=False)

    with pytest.raises(BrokenVendorError) as caught:
        find_vendor("shopx")
    sys.modules.pop("shopx", None)

    assert ("shopx", value, True) == (caught.value.name, caught.value.entry, caught.value.problem.startswith(problem))
    assert f"The vendor 'shopx' ({value!r}) cannot be used: {problem}" in str(caught.value)


def test_status_of_another_class(sandbox: Sandbox) -> None:
    """
    An error with a status that its class does not have is refused: the client would meet another class.
    """
    with pytest.raises(BadScriptError, match=r"ServerError with status 404, which is not one of its own"):
        sandbox.next(ServerError("Gone", status_code=404))
