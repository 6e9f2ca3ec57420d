"""Fault proxy: a TCP server before the real one, which forwards requests or injects faults."""

from __future__ import annotations

import asyncio
import hashlib
import logging

from failwell.contract.case import phrase
from failwell.sandbox.control import LONGEST_BODY, PREFIX, TOKEN_HEADER, ArmError, Control, problem, too_large
from failwell.sandbox.faults.rules import Script
from failwell.sandbox.faults.steps import Answer, Forward
from failwell.sandbox.log import RequestLog
from failwell.sandbox.proxy.actions import act, send_answer
from failwell.sandbox.proxy.certificates import Certificates
from failwell.sandbox.proxy.connection import GoneError, ProxyConnection
from failwell.sandbox.proxy.incoming import Incoming, MalformedRequestError, next_request
from failwell.sandbox.proxy.listening import listen
from failwell.sandbox.proxy.relay import UpstreamError
from failwell.sandbox.proxy.tls import HANDSHAKE, TlsError

logger = logging.getLogger("failwell.sandbox")

_LONGEST_STOP = 2.0


class FaultLayer:
    """
    Stands on *port* of *host* before the HTTP/1.1 server at *upstream*.

    A request that no rule of `script` matches is passed on as it came. Every request gets an entry in `log`, before
    the client can see the end of its reply. `script` and `log` may be used from any thread; the rest belongs to the
    loop of `start`.

    Who begins with TLS gets TLS, on the same port, by a certificate that `authority` vouches for or by the one that is
    armed. A handshake that fails gets an entry too, and so does an armed certificate that was accepted; one that takes
    longer than *longest_handshake* seconds ends the connection. So does a client that sends nothing, and headers that
    are not whole, *longest_head* seconds after the connection or the reply before.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        control_token: str = "",
        log: RequestLog | None = None,
        arm_error: ArmError | None = None,
        longest_handshake: float = 10.0,
        longest_head: float = 60.0,
    ) -> None:
        self.upstream = upstream
        self.host = host
        self.port = port
        self.script = Script()
        self.log = log if log is not None else RequestLog()
        self._control = Control(self.script, self.log, token=control_token, arm_error=arm_error)
        self._longest_handshake = longest_handshake
        self._longest_head = longest_head
        self._certificates = Certificates(host)
        self._open = False
        self._server: asyncio.Server | None = None
        self._serving: dict[asyncio.Task[None], ProxyConnection] = {}

    @property
    def url(self) -> str:
        """Where clients find it; after `start` with the real port."""
        return f"http://{self._address}"

    @property
    def https_url(self) -> str:
        """Where clients find it that speak TLS and trust `authority`; after `start` with the real port."""
        return f"https://{self._address}"

    @property
    def authority(self) -> bytes:
        """The certificate, as PEM, of the authority that vouches for this layer; a new one each time."""
        return self._certificates.authority

    @property
    def _address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises: PortInUseError, CannotListenError."""
        sock = listen(self.host, self.port)
        self.port = sock.getsockname()[1]
        self._open = True
        self._server = await asyncio.get_running_loop().create_server(lambda: ProxyConnection(self._welcome), sock=sock)

    async def stop(self) -> None:
        """End every connection and stop listening. Can be called twice; never takes longer than 2 s."""
        self._open = False
        server, self._server = self._server, None
        if server is not None:
            server.close()
        tasks = dict(self._serving)
        for task, client in tasks.items():
            task.cancel()
            # A task that has not begun yet is cancelled without a chance to clean up.
            client.drop()
        if tasks:
            await asyncio.wait(tasks, timeout=_LONGEST_STOP)
        # Dropped connections are closed in the next round of the loop, which may be its last.
        await asyncio.sleep(0)

    def _welcome(self, client: ProxyConnection) -> None:
        if not self._open:
            # It was accepted just before the listening socket closed.
            client.drop()
            return
        task = asyncio.get_running_loop().create_task(self._serve(client))
        self._serving[task] = client
        task.add_done_callback(self._serving.pop)

    async def _serve(self, client: ProxyConnection) -> None:
        try:
            async with asyncio.timeout(self._longest_head):
                first = await client.first_byte()
            if first != HANDSHAKE or await self._shake_hands(client):
                await self._converse(client)
                await client.close()
        except TimeoutError:
            await client.close()  # it may still have to read the reply before
        except GoneError:
            # Nobody is left to be told. What there was to log has been logged.
            pass
        finally:
            client.drop()

    async def _shake_hands(self, client: ProxyConnection) -> bool:
        armed = self.script.take_certificate()
        shown = "good certificate" if armed is None else f"{armed} certificate"
        try:
            async with asyncio.timeout(self._longest_handshake):
                await client.secure(self._certificates.context(armed))
        except TlsError as found:
            outcome = f"{shown}, refused: {found.reason}"
        except GoneError:
            outcome = f"{shown}, client hung up in the handshake"
        except TimeoutError:
            outcome = f"{shown}, no handshake within {self._longest_handshake:g} s"
        else:
            outcome = "" if armed is None else f"{shown}, accepted"
        if outcome:
            self.log.arrival("TLS", "handshake", ()).record(outcome, hashlib.sha256().hexdigest(), 0)
        return client.secured

    async def _converse(self, client: ProxyConnection) -> None:
        begun = b""
        try:
            while True:
                async with asyncio.timeout(self._longest_head):
                    incoming = await next_request(client, begun)
                if incoming is None or not await self._exchange(client, incoming):
                    return
                begun = incoming.rest
        except MalformedRequestError as found:
            outcome = f"malformed request, answered {found.status}"
            self.log.arrival("?", "?", ()).record(outcome, hashlib.sha256().hexdigest(), 0)
            await _refuse(client, found)

    async def _exchange(self, client: ProxyConnection, incoming: Incoming) -> bool:
        if (incoming.path + "/").startswith(PREFIX):
            return await self._answer_control(client, incoming)
        incoming.enter(self.log)
        steps = self.script.take(incoming.method, incoming.path) or (Forward(),)
        try:
            return await act(steps, client, incoming, self.upstream)
        except GoneError:
            incoming.record("client went away")
            raise
        except MalformedRequestError as found:
            incoming.record(f"malformed request, answered {found.status}")
            await _refuse(client, found)
            return False
        except UpstreamError as found:
            if not found.relayed:
                return await send_answer(problem(502, str(found)), client, incoming, found.outcome)
            # Part of a reply is out: the client sees it break off in the way the real server did.
            incoming.record(found.outcome)
            if found.reset:
                client.reset()
            return False
        except asyncio.CancelledError:
            incoming.record("layer stopped")
            raise
        except Exception:
            # A bug of ours ends one connection, not the layer, and is told.
            logger.exception("The fault layer failed on %s %s.", incoming.method, incoming.path)
            incoming.record("layer failed")
            client.reset()
            return False

    async def _answer_control(self, client: ProxyConnection, incoming: Incoming) -> bool:
        answer = self._control.refusal(client.peer, incoming.header(TOKEN_HEADER.lower()))
        if answer is None:
            body = await _whole_body(incoming)
            announced = incoming.header("content-length")
            answer = too_large(announced) if body is None else self._ask_control(incoming, body)
        return await send_answer(answer, client, incoming, f"control {answer.status}")

    def _ask_control(self, incoming: Incoming, body: bytes) -> Answer:
        try:
            return self._control.answer(incoming.method, incoming.path, body)
        except Exception as found:
            # Whatever arm_error did not foresee is a bug over there; who asked shall know where to look.
            logger.exception("The control endpoint failed on %s %s.", incoming.method, incoming.path)
            what = f"{incoming.method} {incoming.path} failed with {type(found).__name__}"
            return problem(500, f"{what}. Look at the log of the sandbox.")


async def _whole_body(incoming: Incoming) -> bytes | None:
    """The body of *incoming*, or None if it is longer than the control endpoint reads."""
    if int(incoming.header("content-length") or 0) > LONGEST_BODY:
        return None
    await incoming.invite()
    body = bytearray()
    async for data in incoming.body():
        body += data
        if len(body) > LONGEST_BODY:
            return None
    return bytes(body)


async def _refuse(client: ProxyConnection, found: MalformedRequestError) -> None:
    """Tell *client* that what it sent is not HTTP, and that the connection ends."""
    answer = problem(found.status, str(found))
    head = f"HTTP/1.1 {found.status} {phrase(found.status)}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    await client.write(head.encode() + answer.body)
