"""A vendor's reference server behind the fault layer: the whole API on this machine, with each failure on cue."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from failwell.clock import Clock, SystemClock
from failwell.contract.construction import build
from failwell.contract.declaration import marks_of, specs_of
from failwell.contract.error import Error
from failwell.sandbox.control import ArmError
from failwell.sandbox.errors import BadScriptError, SandboxError, UnknownRoleError
from failwell.sandbox.faults.rules import Rule, Script, rule_from_json
from failwell.sandbox.faults.steps import Answer, FaultStep, Garbled, Reset, Silence, step_from_json
from failwell.sandbox.keyed_store import kept_in
from failwell.sandbox.log import RequestLog
from failwell.sandbox.proxy.layer import FaultLayer
from failwell.sandbox.proxy.listening import listen
from failwell.sandbox.serving import Background, Uvicorn, in_thread
from failwell.sandbox.temporary import TemporaryFolder
from failwell.sandbox.vendor import Served, Vendor
from failwell.sandbox.workers import Workers
from failwell.server.storage.errors import StoreDownError
from failwell.wire.messages import Failure
from failwell.wire.outcome import UncausableError, outcome_of

MATCHING = ("times", "method", "path")
"""What of an error armed in JSON says which requests meet it."""


HOST = "127.0.0.1"

_UNANSWERED: Mapping[str, FaultStep] = {
    "network": Reset(),
    "timeout": Silence(),
    "unreadable": Garbled("not-gzip", 200),
}
"""What a request meets that is to fail in that way, whatever is asked for."""

_NOT_RUNNING = "The sandbox is not running. Call start(), or use it in a with statement."


class Sandbox:
    """The API of *vendor* on 127.0.0.1, until it is stopped.

    *port* 0 takes a free one. *data* is the folder that the server keeps its files in; without one they are gone
    when it stops. Share *clock* with a client, and its waits move the server's limits and expiries too.

    *workers* processes serve it together. They share the data folder, and each counts rate limits by itself. *store* is
    the URL of a Redis or Postgres for idempotency keys, in place of the folder; their times are those of its clock.

        with Sandbox(find_vendor("pictograph")) as sandbox:
            sandbox.next(RateLimitError("Slow down", retry_after=2), times=2)

    Raises:
        SandboxError: the port is in use, or the server cannot be started. Whatever the vendor's server raises for
            a data folder that it cannot use.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        port: int = 0,
        data: Path | str | None = None,
        clock: Clock | None = None,
        token: str = "",
        workers: int = 1,
        store: str = "",
    ) -> None:
        if workers < 1:
            raise SandboxError(f"workers={workers} would serve nobody. Let there be one at least.")
        if workers > 1 and not (clock is None or isinstance(clock, SystemClock)):
            raise SandboxError(f"{workers} processes cannot share a clock that a test moves. Let there be one worker.")
        self.vendor = vendor
        self.token = token or secrets.token_urlsafe(18)
        self.clock: Clock = clock if clock is not None else SystemClock()
        self._port = port
        self._data = Path(data) if data is not None else None
        self._worker_count = workers
        self._store = store
        self._workers: Workers | None = None
        self._own: TemporaryFolder | None = None
        self._served: Served | None = None
        self._stack: _Stack | None = None
        self._background: Background | None = None

    def start(self) -> Self:
        """Start in a thread of its own; return when requests are answered. Can be called twice."""
        if self._background is not None:
            return self
        # Looked at first: a port that is taken must not leave a data folder behind.
        listen(HOST, self._port).close()
        self._own = TemporaryFolder()
        if self._data is None:
            self._folder.mkdir()
        try:
            listening = listen(HOST, 0)
            try:
                self._serve(listening)
            except BaseException:
                listening.close()
                raise
        except StoreDownError as problem:
            self._put_away()
            raise SandboxError(str(problem)) from problem
        except BaseException:
            self._put_away()
            raise
        return self

    def stop(self) -> None:
        """Stop, and remove the files unless they are kept in a folder of the caller's."""
        background, self._background = self._background, None
        try:
            if background is not None:
                background.stop()
        finally:
            self._put_away()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return self._running.url + self.vendor.base_path

    @property
    def control_url(self) -> str:
        """The URL below which the control endpoint is."""
        return f"{self._running.url}/_failwell"

    @property
    def https_url(self) -> str:
        """The base URL for clients that speak TLS and trust `authority`."""
        return self._running.https_url + self.vendor.base_path

    @property
    def authority(self) -> Path:
        """The PEM file of the authority that vouches for `https_url`, for SSL_CERT_FILE or an `ssl.SSLContext`.

        Made anew at each start, and gone when the sandbox stops.
        """
        if self._own is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._own.path / "authority.pem"

    @property
    def keys(self) -> Mapping[str, str]:
        """Demo API keys, by role."""
        return self._served.keys if self._served is not None else {}

    def key(self, role: str | None = None) -> str:
        """The demo key of *role*; without one that of "member", or the first where nobody is called so.

        Raises:
            UnknownRoleError: there is none.
        """
        wanted = role or ("member" if "member" in self.keys else next(iter(self.keys), "member"))
        if wanted not in self.keys:
            raise UnknownRoleError(self.vendor.name, wanted, tuple(self.keys))
        return self.keys[wanted]

    @property
    def log(self) -> RequestLog:
        """What was asked, and what came of it."""
        return self._running.log

    @property
    def script(self) -> Script:
        """What is armed."""
        return self._running.script

    def next(self, error: Error, *, times: int = 1, method: str | None = None, path: str | None = None) -> int:
        """Let the next *times* requests (of *method*, to *path*, a glob) meet *error*, rendered as the server would.

        A network error resets the connection, a timeout stays silent.

        Raises:
            BadScriptError: an error of the SDK itself, which no server can cause.
        """
        return self.arm(self._step(error), times=times, method=method, path=path)

    def arm(self, *steps: FaultStep | str, times: int = 1, method: str | None = None, path: str | None = None) -> int:
        """Let the next *times* requests (of *method*, to *path*, a glob) go through *steps*.

        One that needs no arguments may be its name: `sandbox.arm("reset")`. A `Certificate` is shown to the next
        *times* TLS connections.

        Raises:
            BadScriptError: the steps make no sense together.
        """
        named = tuple(step_from_json({"step": step}) if isinstance(step, str) else step for step in steps)
        return self.script.arm(Rule(named, method=method, path=path, times=times))

    def _step(self, error: Error) -> FaultStep:
        try:
            outcome = outcome_of(error, self.vendor.catalogue, request_id=secrets.token_hex(8))
        except UncausableError as problem:
            raise BadScriptError("error", problem.found, problem.allowed) from problem
        if isinstance(outcome, Failure):
            return _UNANSWERED[outcome.kind]
        return Answer(outcome.status, tuple(outcome.headers.items()), outcome.body)

    def arm_error(self, payload: Mapping[str, object]) -> None:
        """Arm an error that was described in JSON: `{"error": "RateLimitError", "fields": {...}, "times": 2}`.

        Raises:
            BadScriptError: an unknown class, fields that it does not have, or anything else that makes no sense.
        """
        for key in payload:
            if key not in ("error", "fields", *MATCHING):
                raise BadScriptError(key, "not a key of an armed error", f"only: error, fields, {', '.join(MATCHING)}")
        by_name = {error.__name__: error for error in self.vendor.catalogue.errors}
        name, fields = payload.get("error"), payload.get("fields", {})
        if not isinstance(name, str) or name not in by_name:
            raise BadScriptError("error", json.dumps(name), f"one of {', '.join(by_name)}")
        if not isinstance(fields, dict):
            raise BadScriptError("fields", json.dumps(fields), "an object with the fields of the error")
        cls = by_name[name]
        accepted = [spec.name for spec in specs_of(cls) if spec.declared.init]
        for field in fields:
            if field not in accepted:
                raise BadScriptError(f"fields.{field}", f"no field of {name}", f"one of {', '.join(accepted)}")
        error = build(cls, {marks_of(cls).message or "message": cls.__doc__ or name, **fields})
        matching = {key: payload[key] for key in MATCHING if key in payload}
        self.script.arm(rule_from_json({**matching, "steps": [self._step(error).to_json()]}))

    @property
    def _folder(self) -> Path:
        if self._data is not None:
            return self._data
        assert self._own is not None
        return self._own.path / "data"

    @property
    def _running(self) -> FaultLayer:
        if self._stack is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._stack.layer

    def _serve(self, listening: socket.socket) -> None:
        """Start the vendor's server on *listening*, its further processes, and the fault layer before it."""
        with kept_in(self._store):
            self._served = self.vendor.serve(self._folder, self.clock)
            if self._worker_count > 1:
                workers = Workers(self.vendor.name, self._folder, listening, self._worker_count - 1)
                workers.start()
                self._workers = workers
        log = RequestLog(
            clock=self.clock.wall,
            redact=self._served.credential_headers,
            secrets=self._served.keys.values(),
            keep=(self.vendor.catalogue.headers.idempotency_key,),
        )
        stack = _Stack(Uvicorn(self._served.app, listening), self._port, self.token, self.arm_error, log)
        self._background = in_thread(stack, name=f"failwell-sandbox-{self.vendor.name}")
        self._stack = stack
        self.authority.write_bytes(stack.layer.authority)

    def _put_away(self) -> None:
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.stop()
        served, self._served = self._served, None
        if served is not None:
            served.close()
        if self._own is not None:
            self._own.cleanup()
            self._own = None


class _Stack:
    """The reference server and the fault layer before it, in one loop."""

    def __init__(self, uvicorn: Uvicorn, port: int, token: str, arm_error: ArmError, log: RequestLog) -> None:
        self._uvicorn = uvicorn
        # The address of the server behind is known when it listens.
        self.layer = FaultLayer(("127.0.0.1", 0), port=port, control_token=token, arm_error=arm_error, log=log)

    async def start(self) -> None:
        await self._uvicorn.start()
        self.layer.upstream = self._uvicorn.address
        try:
            await self.layer.start()
        except BaseException:
            await self._uvicorn.stop()
            raise

    async def stop(self) -> None:
        await self.layer.stop()
        await self._uvicorn.stop()
