"""The server as a vendor of the sandbox, over real sockets."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Reset, Sandbox, SandboxError, find_vendor
from failwell.server import KeyStore
from failwell.wire.sse import Decoder
from subconscious.exceptions import MOST_BYTES, RateLimitError
from subconscious_server import Settings
from subconscious_server.vendor import KEYS, SETTINGS, VENDOR, from_environment, serve


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox, with a worker."""
    with Sandbox(VENDOR) as running:
        yield running


def ask(sandbox: Sandbox, method: str, path: str, **more: Any) -> httpx2.Response:
    """The answer to the member's key."""
    headers = {"Authorization": f"Bearer {sandbox.keys['member']}", "Content-Type": "application/json"}
    return httpx2.request(method, sandbox.url + path, headers=headers, timeout=30, **more)


def recorded(call: str) -> Any:
    """What the published client sends for *call*."""
    spec = Path(__file__).parents[2] / "spec" / "wire" / "wire-subconscious.json"
    (found,) = (entry for entry in json.loads(spec.read_text()) if entry["call"] == call)
    return found["requests"]


def test_found() -> None:
    """
    The installed distribution brings the vendor, whose base URLs end with /v1.
    """
    assert (VENDOR, "/v1") == (find_vendor("subconscious"), VENDOR.base_path)


def test_base_url(sandbox: Sandbox) -> None:
    """
    The sandbox tells base URLs with the path of the API; the control endpoint is beside it.
    """
    assert sandbox.url.endswith("/v1")
    assert sandbox.https_url.endswith("/v1")
    assert sandbox.url.removesuffix("/v1") + "/_failwell" == sandbox.control_url
    health = httpx2.get(f"{sandbox.control_url}/health", headers={"X-Failwell-Token": sandbox.token})
    assert 200 == health.status_code


def test_armed(sandbox: Sandbox) -> None:
    """
    An error of the catalogue, and a broken connection, are armed for paths below the base path.
    """
    sandbox.next(RateLimitError(retry_after=3), path="/v1/runs/*")
    sandbox.arm(Reset(), path="/v1/runs/*")

    armed = ask(sandbox, "GET", "/runs/x")

    assert (429, "3", "rate_limited") == (
        armed.status_code,
        armed.headers["retry-after"],
        armed.json()["error"]["code"],
    )
    with pytest.raises(httpx2.TransportError):
        ask(sandbox, "GET", "/runs/x")


def test_recorded_wire(sandbox: Sandbox) -> None:
    """
    What the published client sends for `run`, `get` and `cancel` is answered with all that it reads.
    """
    created, polled = recorded("client.run(engine, input, options={'await_completion': True, 'timeout': 60})")
    answer = ask(sandbox, "POST", "/runs", content=created["body"])
    run_id = answer.json()["runId"]
    end = time.monotonic() + 60
    while (run := ask(sandbox, "GET", f"/runs/{run_id}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < end, run
        time.sleep(0.01)
    canceled = ask(sandbox, "POST", f"/runs/{run_id}/cancel")

    least = json.loads(polled["minimal_answer"])
    assert {"runId": run_id, "status": "queued"}.keys() == answer.json().keys()
    assert "succeeded" == run["status"] == least["status"]
    assert least.keys() <= run.keys()
    assert least["result"].keys() <= run["result"].keys()
    assert least["usage"].keys() <= run["usage"].keys()
    assert (200, run) == (canceled.status_code, canceled.json())


def test_recorded_stream(sandbox: Sandbox) -> None:
    """
    What the published client sends for `stream` is answered with events, from the id to [DONE].
    """
    (sent,) = recorded("client.stream(engine, input)")
    answer = ask(sandbox, "POST", "/runs/stream", content=sent["body"])

    events: list[Any] = [
        json.loads(event.data) if event.data != "[DONE]" else None for event in Decoder().feed(answer.content)
    ]
    assert ({"run_id": answer.headers["x-run-id"]}, None) == (events[0], events[-1])
    said = "".join(event["choices"][0]["delta"]["content"] for event in events[1:-1])
    assert said == ask(sandbox, "GET", f"/runs/{answer.headers['x-run-id']}").json()["result"]["answer"]


@pytest.mark.parametrize(("surplus", "status", "code"), [(0, 404, "not_found"), (1, 413, "internal_error")])
@pytest.mark.parametrize("chunked", [False, True])
def test_most_bytes(sandbox: Sandbox, *, surplus: int, status: int, code: str, chunked: bool) -> None:
    """
    A body of 5,242,880 bytes passes; one byte more is a 413, also where no length is told before.
    """
    body = b"x" * (MOST_BYTES + surplus)

    answer = ask(sandbox, "POST", "/nothing", content=iter([body]) if chunked else body)

    assert (status, code) == (answer.status_code, answer.json()["error"]["code"])


def test_largest_run(sandbox: Sandbox) -> None:
    """
    A run with a body of exactly 5,242,880 bytes is accepted, with text beyond ASCII in it.
    """
    body = json.dumps({"engine": "tim", "input": {"instructions": "ä"}}, ensure_ascii=False).encode()
    body = body.replace("ä".encode(), "ä".encode() + b"x" * (MOST_BYTES - len(body)))

    answer = ask(sandbox, "POST", "/runs", content=body)

    assert (MOST_BYTES, 200) == (len(body), answer.status_code)
    ask(sandbox, "POST", f"/runs/{answer.json()['runId']}/cancel")


def test_demo_keys(tmp_path: Path) -> None:
    """
    The demo keys begin with "sk-"; each is of its tenant, in its role and tier, and "revoked" is of nobody.
    """
    served = serve(tmp_path, VirtualClock())
    keys = KeyStore(tmp_path / "keys.sqlite", header="Authorization", prefix="sk-")
    found = {name: keys.find(key) for name, key in served.keys.items()}
    keys.close()
    served.close()

    assert {"sk-"} == {key[:3] for key in served.keys.values()}
    assert {name: None if name == "revoked" else KEYS[name] for name in KEYS} == {
        name: caller and (caller.tenant, caller.role, caller.tier) for name, caller in found.items()
    }


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The settings are JSON in SUBCONSCIOUS_SERVER, and those of the class without it.
    """
    assert Settings() == from_environment()
    monkeypatch.setenv(SETTINGS, '{"engine_state": "down", "workers": 1}')
    assert Settings(engine_state="down", workers=1) == from_environment()


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"no_such": 1}'])
def test_bad_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """
    Settings that are none are a SandboxError that names the variable, and nothing is left open.
    """
    monkeypatch.setenv(SETTINGS, text)

    with pytest.raises(SandboxError, match="SUBCONSCIOUS_SERVER has no settings"):
        serve(tmp_path, VirtualClock())


def test_bad_folder(tmp_path: Path) -> None:
    """
    A folder that is a file is a SandboxError that names it.
    """
    (tmp_path / "data").write_text("mine")

    with pytest.raises(SandboxError, match="is a file, not a folder"):
        serve(tmp_path / "data", VirtualClock())


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "failwell.server")
