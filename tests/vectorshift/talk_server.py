"""A server of sessions by a script: it does with a message what the message says."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

JSON = "application/json"


class TalkServer:
    """What it was asked and told, and where it is."""

    def __init__(self) -> None:
        self.url = ""
        self.handshakes: list[tuple[str, str | None]] = []
        self.told: list[dict[str, Any]] = []
        self.closed: list[int | None] = []
        self.over = threading.Event()
        self.hangs_up = False
        """Whether it hangs up behind its first answer."""

    def refuse(self, _connection: ServerConnection, request: Request) -> Response | None:
        """No websocket for who has no good key."""
        key = request.headers.get("Authorization")
        self.handshakes.append((request.path, key))
        if key == "Bearer vs-x":
            return None
        body = b'{"error": "The key is revoked."}'
        return Response(401, "Unauthorized", Headers({"Content-Type": JSON, "Content-Length": str(len(body))}), body)

    def talk(self, connection: ServerConnection) -> None:
        """One session, until somebody ends it."""
        try:
            for frame in connection:
                told = json.loads(frame)
                self.told.append(told)
                self.answer(connection, told)
        except ConnectionClosed:
            pass
        finally:
            self.closed.append(connection.close_code)
            self.over.set()

    def answer(self, connection: ServerConnection, told: dict[str, Any]) -> None:
        """What comes of a message."""
        kind = told["type"]

        def say(**message: Any) -> None:
            connection.send(json.dumps({"session_id": "s1", **message}))

        def note(**content: Any) -> None:
            say(type="message_notification", message={"id": "m1", "content": content})

        if kind == "create_session":
            say(type="pong")  # anything may come before what is waited for
            say(type="session_created")
        elif kind == "connect_session":
            say(type="connect_session", success=True)
        elif kind == "post_message":
            content = told["content"]
            if content == "fail":
                say(type="post_message", success=False, error="The message is too long.")
                return
            say(type="post_message", success=True)
            say(type="message_delta", message_id="m1", value="h", index=0)
            if content == "cut":
                connection.socket.close()
            elif content.startswith("close"):
                connection.close(int(content.split()[1]), "That is all.")
            elif content == "odd":
                connection.send("[1]")
            elif content == "error":
                note(type="error_message", error="The model is down.")
            else:
                note(type="data_type_message", status="Streaming", value="h")
                note(type="data_type_message", status="Complete", value="hi")
                if self.hangs_up:
                    connection.socket.close()


@contextmanager
def talking() -> Generator[TalkServer]:
    """A server that runs."""
    server = TalkServer()
    with serve(server.talk, "127.0.0.1", 0, process_request=server.refuse, close_timeout=0.5) as running:
        server.url = f"http://127.0.0.1:{running.socket.getsockname()[1]}"
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield server
        running.shutdown()
        thread.join()
