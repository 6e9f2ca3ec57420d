"""A server of fixed answers in a process of its own, so that its CPU time is nobody's.

A path says what is answered: `/200/openai/models` is what openai's client takes for a success, `/422/openai/models`
a refusal.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

RUN = {
    "id": "run_1",
    "organization_id": "o",
    "name": "r1",
    "pipeline_type": "yolox",
    "status": "completed",
    "created_at": "2026-01-01T00:00:00Z",
}
ANSWERS = {
    "pictograph": {"data": RUN},
    "openai": {"id": "m", "object": "model", "created": 1, "owned_by": "o"},
    "anthropic": {"id": "m", "type": "model", "display_name": "M", "created_at": "2026-01-01T00:00:00Z"},
    "stripe": {"id": "cus_1", "object": "customer", "name": "n", "created": 1, "livemode": False},
    "botocore": {"Configuration": {"FunctionName": "f", "Runtime": "python3.13", "MemorySize": 128}},
}
FIELD_ERRORS = [
    {"loc": ["body", "annotations", 0, "name"], "msg": "Field required", "type": "missing"},
    {"loc": ["body", "annotations", 0, "class"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"},
]
REFUSALS = {
    "pictograph": {"detail": FIELD_ERRORS},
    "openai": {"error": {"message": "Invalid value", "type": "invalid_request_error", "param": "x", "code": "invalid"}},
    "anthropic": {"type": "error", "error": {"type": "invalid_request_error", "message": "Invalid value"}},
    "stripe": {"error": {"message": "Invalid value", "type": "invalid_request_error", "param": "x", "code": "invalid"}},
    "botocore": {"message": "Invalid value", "Type": "User"},
    "azure": {"error": {"code": "Invalid", "message": "Invalid value"}},
    "google": {"error": {"code": 422, "message": "Invalid value", "status": "INVALID_ARGUMENT", "errors": []}},
}


def main() -> None:
    """Serve until stdin ends; print the port first."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        sys.stdin.read()


def _accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines:
        while first := lines.readline():
            length = 0
            while (header := lines.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            lines.read(length)
            connection.sendall(_answer(first.split(b" ")[1].decode()))


def _answer(target: str) -> bytes:
    _, status, peer, *_ = target.split("/")
    body = json.dumps((ANSWERS if status == "200" else REFUSALS).get(peer, RUN)).encode()
    fault = "x-amzn-errortype: InvalidParameterValueException\r\n" if status == "422" else ""
    head = (
        f"HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\nx-request-id: req-1\r\n{fault}"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    command = [sys.executable, str(Path(__file__))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()


if __name__ == "__main__":
    main()
