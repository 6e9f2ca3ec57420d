"""The command `pictograph` in a user's shell, against the reference server."""

from __future__ import annotations

from failwell.clock import VirtualClock
from failwell.sandbox import Answer, Sandbox
from pictograph import Client
from tests.cli.command import PICTOGRAPH, Ran, environment, run

JSON = (("Content-Type", "application/json"),)


class Shell:
    """`shell("datasets", "list")` runs the installed command to its end."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        self.sandbox = sandbox
        self.clock = clock

    def __call__(self, *arguments: str, key: str | None = None, stdout: int | None = None, **variables: str) -> Ran:
        """What came of the command, with *key* or else a member's."""
        options = {} if stdout is None else {"stdout": stdout}
        return run(PICTOGRAPH, *arguments, env=self.env(key, **variables), **options)

    def env(self, key: str | None = None, **variables: str) -> dict[str, str]:
        """The variables of a shell in which key and address are exported."""
        key = self.sandbox.keys["member"] if key is None else key
        return environment(PICTOGRAPH_API_KEY=key, PICTOGRAPH_BASE_URL=self.sandbox.url, **variables)

    def client(self, role: str = "member") -> Client:
        """The SDK, to put something on the server or to look at it; it waits on the server's clock."""
        return Client(self.sandbox.keys[role], base_url=self.sandbox.url, clock=self.clock)

    def answer(self, body: bytes, *, times: int = 1, status: int = 200) -> None:
        """Let the next requests be answered with the JSON *body*."""
        self.sandbox.arm(Answer(status, JSON, body), times=times)

    @property
    def asked(self) -> list[str]:
        """Method, path and query of each request that came to the server."""
        prefix = "/api/v1/developer"
        return [f"{entry.method} {entry.path.removeprefix(prefix)}" for entry in self.sandbox.log.entries()]
