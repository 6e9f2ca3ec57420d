from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

import pytest

from failwell.contract import Case, Error
from failwell.policy import RetryPolicy
from failwell.policy.decoding_errors import UnreadableReplyError
from failwell.policy.flow import Read
from failwell.policy.session.connection import LATER, Connect, Disconnect, SessionFlow, Write
from failwell.policy.session.flow import SessionHandler, SessionProtocol
from failwell.policy.session.rules import Heard, Renewed, SessionRules, read_json
from failwell.testing import Player
from failwell.wire.messages import Failure, Outcome, Reply, Request

from .streams import RULES, BusyError, LineError, ShopError, SlowError, SpoiltError, shop

ASK = Request("GET", "/ws/session?token=x", operation="agents.talk")
OPEN = Reply(101, {"upgrade": "websocket", "x-request-id": "req-1"})
CUT = Failure("network", "connection reset")
SILENCE = Failure("timeout", "nothing more came")
POLICY = RetryPolicy(RULES)
PONG = b"\x8a\x08failwell"


class DroppedError(ShopError, source="transport", on="session"):
    """The session broke off."""


def text(said: str) -> bytes:
    """The frame of a short text."""
    return bytes([0x81, len(said)]) + said.encode()


def closing(code: int, reason: str = "") -> bytes:
    """A close frame."""
    return bytes([0x88, 2 + len(reason)]) + code.to_bytes(2) + reason.encode()


class SessionPlayer(Player):
    """The world's part: *connections*, each of what comes on it; silence takes as long as it is waited for."""

    def __init__(self, *connections: Outcome | Sequence[bytes | Failure], fails: Iterable[object] = ()) -> None:
        super().__init__(())
        self.connections = iter(connections)
        self.asked: list[Connect] = []
        self.waits: list[float | None] = []
        self.written: list[bytes] = []
        self.hung_up = 0
        self._fails = list(fails)
        self._pieces: list[bytes | Failure] = []

    def act(self, effect: Any) -> object:
        """Do what *effect* asks for."""
        match effect:
            case Connect():
                self.asked.append(effect)
                connection = next(self.connections)
                if isinstance(connection, Reply | Failure):
                    return connection
                self._pieces = list(connection)
                return OPEN
            case Read(timeout):
                if timeout == 0.0:
                    return SILENCE  # nothing comes while nobody waits
                self.waits.append(timeout)
                if not self._pieces:
                    raise AssertionError("It is waited for what never comes.")
                piece = self._pieces.pop(0)
                if piece is SILENCE:
                    self.moment += timeout or 0.0
                return piece
            case Write(data):
                self.written.append(data)
                return self._fails.pop(0) if self._fails else None
            case Disconnect():
                self.hung_up += 1
                return None
            case _:
                return super().act(effect)

    def run(self, flow: Any) -> Any:
        """The result of *flow*, one of a session."""
        return super().run(flow)

    def opcodes(self) -> list[int]:
        """The kinds of frames that were written: 1 text, 8 close, 9 ping, 10 pong."""
        return [data[0] & 15 for data in self.written]


def talk(
    rules: SessionRules | None = None, dialogue: SessionHandler[Any, Any] | None = None
) -> SessionProtocol[Any, Any]:
    """A session that is not open yet."""
    dialogue = SessionHandler[Any, Any]() if dialogue is None else dialogue
    if rules is not None:
        dialogue.rules = rules
    return SessionProtocol(ASK, dialogue, catalogue=shop(DroppedError), policy=POLICY, timeout=30.0, turn=Lock())


def opened(player: SessionPlayer, rules: SessionRules | None = None, **settings: Any) -> SessionProtocol[Any, Any]:
    """A session that is open."""
    session = talk(rules, **settings)
    player.run(session.open())
    return session


def raised(player: SessionPlayer, flow: SessionFlow[Any]) -> Error:
    """The error that *flow* raises."""
    with pytest.raises(Error) as caught:
        player.run(flow)
    return caught.value


def test_pings() -> None:
    """
    After each 20 s of silence a ping is sent; whatever comes counts as life, and is waited for up to 20 s.
    """
    player = SessionPlayer([SILENCE, PONG, SILENCE, text("a"), SILENCE, PONG, text("b")])
    session = opened(player)

    assert [Heard("a"), Heard("b")] == [player.run(session.receive()), player.run(session.receive())]
    assert ([20.0] * 7, [9, 9, 9], 60.0) == (player.waits, player.opcodes(), player.moment)


def test_no_pong() -> None:
    """
    20 s after a ping without a word the session is dropped, and the connection closed.
    """
    player = SessionPlayer([text("a"), SILENCE, SILENCE])
    session = opened(player, SessionRules(ping_every=15.0, pong_within=10.0))
    player.run(session.receive())

    error = raised(player, session.receive())

    problem = "no pong came within 10 s of a ping, which was sent after 15 s of silence"
    assert f"The session at /ws/session broke off after 1 message: {problem}." == str(error)
    assert ([15.0, 15.0, 10.0], 1, 25.0) == (player.waits, player.hung_up, error.elapsed)


def test_a_ping_behind_a_message() -> None:
    """
    A ping that waits behind a message on its way starts no wait for its pong.
    """
    player = SessionPlayer([SILENCE, SILENCE, text("a")], fails=[LATER])
    session = opened(player)

    assert Heard("a") == player.run(session.receive())
    assert ([20.0, 20.0, 20.0], [9, 9]) == (player.waits, player.opcodes())


def test_no_pings() -> None:
    """
    Where no pings are declared a wait has no end of its own.
    """
    player = SessionPlayer([text("a")])
    session = opened(player, SessionRules(ping_every=None))

    player.run(session.receive())

    assert [None] == player.waits


def test_receive_within() -> None:
    """
    A wait that is given an end keeps to it across pings, and the session goes on.
    """
    player = SessionPlayer([SILENCE, PONG, SILENCE, text("a")])
    session = opened(player)

    error = raised(player, session.receive(30.0))

    assert (SlowError, [20.0, 10.0, 10.0]) == (type(error), player.waits)
    assert "No message came in the session at /ws/session within 30 s. It is still open." == str(error)
    assert Heard("a") == player.run(session.receive())


@pytest.mark.parametrize("code", [1000, 1005])
def test_the_end(code: int) -> None:
    """
    A normal close is answered, and is the end after what came before it.
    """
    frame = b"\x88\x00" if code == 1005 else closing(code)
    player = SessionPlayer([text("a") + frame])
    session = opened(player)

    assert [Heard("a"), None, None] == [player.run(session.receive()) for _ in range(3)]
    assert ([8], 1) == (player.opcodes(), player.hung_up)
    assert code == raised(player, session.send("x")).close_code


def test_declared_ends() -> None:
    """
    Which codes are an end, and which a drop, is declared.
    """
    rules = SessionRules(ends_with=(4000,))
    player = SessionPlayer([closing(4000)])
    assert None is player.run(opened(player, rules).receive())

    player = SessionPlayer([closing(1000, "bye")])
    error = raised(player, opened(player, rules).receive())
    assert (DroppedError, 1000, "bye") == (type(error), error.close_code, error.close_reason)


def test_classes() -> None:
    """
    A drop is the catalogue's "session", else its "stream", else its failed connection.
    """
    for more, cls in (((DroppedError,), DroppedError), ((), LineError)):
        session = SessionProtocol[Any, Any](
            ASK, SessionHandler(), catalogue=shop(*more), policy=POLICY, timeout=30.0, turn=Lock()
        )
        player = SessionPlayer([CUT])
        player.run(session.open())
        assert cls is type(raised(player, session.receive()))


class GoneError(DroppedError, source="transport", cases=(Case(on="session 4404"), Case(on="session 4410"))):
    """What the session was about is gone."""


@pytest.mark.parametrize(
    ("comes", "cls"),
    [
        (closing(4404, "no such agent"), GoneError),
        (closing(4410), GoneError),
        (closing(4405), DroppedError),
        (closing(1011), DroppedError),
        (CUT, DroppedError),
    ],
)
def test_close_codes_of_a_case(comes: bytes | Failure, cls: type[Error]) -> None:
    """
    A case that claims a close code is what a session that was closed with it raises; any other drop is as it was.
    """
    session = SessionProtocol[Any, Any](
        ASK, SessionHandler(), catalogue=shop(DroppedError, GoneError), policy=POLICY, timeout=30.0, turn=Lock()
    )
    player = SessionPlayer([comes])
    player.run(session.open())
    error = raised(player, session.receive())

    assert cls is type(error)
    assert ("session" if cls is DroppedError else f"session {error.close_code}") == error.case.on


@pytest.mark.parametrize(
    ("rules", "message", "cls"),
    [
        (SessionRules(), '{"type":"error","error":{"code":"spoilt","message":"No."}}', SpoiltError),
        (SessionRules(), '{"type":"error","error":{"code":"other"}}', ShopError),
        (SessionRules(error_names=("oops",)), '{"type":"oops"}', ShopError),
        (SessionRules(name_field="kind"), '{"kind":"error"}', ShopError),
        (SessionRules(error_field="error"), '{"error":{"code":"busy"}}', BusyError),
        (SessionRules(), '{"type":"answer","error":{"code":"spoilt"}}', None),
        (SessionRules(error_field="error"), '{"error":true}', ShopError),
        (SessionRules(error_field="error"), '{"error":["No."]}', ShopError),
        *((SessionRules(error_field="error"), f'{{"error":{said},"text":"hi"}}', None)
          for said in ("null", "false", '""', "{}", "[]", "0", "0.0")),
        (SessionRules(error_field="a.error"), '{"a":{"error":false}}', None),
        (SessionRules(), "an error in words", None),
        (SessionRules(), '["error"]', None),
    ],
)  # fmt: skip
def test_errors_in_messages(rules: SessionRules, message: str, cls: type[Error] | None) -> None:
    """
    What is an error is declared; which one it is its code alone decides.
    """
    player = SessionPlayer([text(message)])
    session = opened(player, rules)

    if cls is None:
        assert Heard(message) == player.run(session.receive())
    else:
        error = raised(player, session.receive())
        assert (cls, "req-1", None) == (type(error), error.request_id, error.close_code)


def test_unreadable_message() -> None:
    """
    A message that cannot be decoded raises, with what it is; the session goes on.
    """

    class Json(SessionHandler[Any, Any]):
        def decode(self, message: str | bytes) -> Any:
            return read_json(message)

    player = SessionPlayer([text("nonsense"), text("[1]")])
    session = opened(player, dialogue=Json())

    said = (
        "A message in the session at /ws/session could not be read: a message of 8 characters of text, expected JSON."
    )
    assert said == str(raised(player, session.receive()))
    assert Heard([1]) == player.run(session.receive())
    with pytest.raises(UnreadableReplyError, match="a message of 2 bytes, expected JSON"):
        read_json(b"\xff\xff")


@pytest.mark.parametrize("message", [float("nan"), {1, 2}, "\ud800"])
def test_unsendable(message: object) -> None:
    """
    What cannot be sent is the caller's mistake: nothing is sent, and the session goes on.
    """
    player = SessionPlayer([])
    session = opened(player)

    with pytest.raises((TypeError, ValueError)):
        player.run(session.send([message] if not isinstance(message, str) else message))
    assert ([], ()) == (player.written, session.unsent)


def test_unsent() -> None:
    """
    What could not be written, and all that is sent afterwards, is unsent, in order.
    """
    player = SessionPlayer([], fails=[None, CUT])
    session = opened(player)
    player.run(session.send("a"))
    errors = [raised(player, session.send(message)) for message in ("b", b"c", {"d": 1})]

    assert [("b",), ("b", b"c"), ("b", b"c", '{"d":1}')] == [error.unsent for error in errors]
    assert "broke off after 0 messages: connection reset. 3 messages were not sent." in str(errors[2])
    assert (2, 1) == (len(player.written), player.hung_up)


def test_a_cancelled_send() -> None:
    """
    A message whose sending was given up is unsent.
    """
    session = opened(SessionPlayer([]))
    flow = session.send("a")
    while not isinstance(effect := next(flow), Write):
        assert isinstance(effect, Read)
        assert isinstance(flow.send(SILENCE), Write)
        break
    flow.close()

    assert ("a",) == session.unsent


class Greeting(SessionHandler[Any, Any]):
    """Greets, and takes leave."""

    def begin(self, talk: SessionProtocol[Any, Any]) -> SessionFlow[None]:
        """Say hello, and hear it."""
        yield from talk.say("hello")
        assert "hello" == (yield from talk.hear())

    def end(self, talk: SessionProtocol[Any, Any]) -> SessionFlow[None]:
        """Say goodbye."""
        yield from talk.say("goodbye")


def test_renewed() -> None:
    """
    A drop is followed by a new connection after the first delay, by the greeting, and by what was not sent.
    """
    player = SessionPlayer([text("hello"), text("a"), CUT], [text("hello"), text("b")])
    session = opened(player, dialogue=Greeting())
    session.renewable = True
    player.run(session.receive())
    found = [player.run(session.receive()), player.run(session.receive())]

    assert ([Renewed(()), Heard("b")], [1.0], [1, 1]) == (found, player.waited, player.opcodes())
    assert ["session_dropped", "session_renewed"] == [emitted.name for emitted in player.emitted]


def test_renewals_that_bring_nothing() -> None:
    """
    The third retry is the last. A greeting that is answered brings nothing; a message begins the count anew.
    """
    greeted: list[bytes | Failure] = [text("hello"), CUT]
    player = SessionPlayer(greeted, greeted, [CUT], [text("hello"), text("a"), CUT], *[greeted] * 3)
    session = opened(player, dialogue=Greeting())
    session.renewable = True
    found: list[Any] = []
    while not found or found[-1] is not DroppedError:
        try:
            found.append(player.run(session.receive()))
        except DroppedError as error:
            found.append(type(error))

    assert [1.0, 2.0, 4.0, 1.0, 2.0, 4.0] == player.waited
    assert [Heard("a")] == [item for item in found if isinstance(item, Heard)]


@pytest.mark.parametrize(
    ("frame", "again"),
    [
        (closing(1001), True),
        (closing(1013), True),
        (closing(1008), False),
        (closing(4000), False),
        (b"\xff\xff", False),
    ],
)
def test_which_drops(frame: bytes, again: bool) -> None:
    """
    A new session is tried after the codes that say it may do better, and not after bytes that make no sense.
    """
    player = SessionPlayer([frame], [])
    session = opened(player)
    session.renewable = True

    if again:
        assert Renewed(()) == player.run(session.receive())
    else:
        raised(player, session.receive())
        assert 1 == len(player.asked)


def test_a_greeting_that_fails() -> None:
    """
    A session that breaks off while it is opened raises, with the words of a drop.
    """
    player = SessionPlayer([closing(1011, "no")])
    error = raised(player, talk(dialogue=Greeting()).open())

    assert (DroppedError, 1011) == (type(error), error.close_code)


def test_close() -> None:
    """
    A close says what is to be said, sends a close frame and waits for the server's for 5 s at most.
    """
    player = SessionPlayer([text("hello"), text("late"), SILENCE])
    session = opened(player, dialogue=Greeting())
    player.run(session.close())
    player.run(session.close())

    assert ([1, 1, 8], 1, [5.0, 5.0]) == (player.opcodes(), player.hung_up, player.waits[1:])
    assert None is player.run(session.receive())
    assert [] == player.emitted


def test_close_after_a_drop() -> None:
    """
    After a drop there is nobody to say goodbye to, and close raises nothing.
    """
    player = SessionPlayer([text("hello"), CUT])
    session = opened(player, dialogue=Greeting())
    raised(player, session.receive())
    player.run(session.close())

    assert [1] == player.opcodes()


def test_abandon() -> None:
    """
    One who leaves at once sends a close frame and waits for nothing.
    """
    player = SessionPlayer([])
    player.run(opened(player).abandon())

    assert ([8], 1, []) == (player.opcodes(), player.hung_up, player.waits)


def test_the_handshake() -> None:
    """
    It is retried like a GET, and all its attempts are on the error of a later drop.
    """
    player = SessionPlayer(Reply(503), CUT, [closing(1011)])
    session = talk(SessionRules(subprotocols=("chat.v1",)))
    player.run(session.open())
    error = raised(player, session.receive())

    assert ([503, None, 101], [1.0, 2.0]) == ([attempt.status for attempt in error.attempts], player.waited)
    assert ("the server closed it with the code 1011", ("chat.v1",)) == (
        error.attempts[-1].reason,
        player.asked[0].subprotocols,
    )


def test_a_success_that_is_no_websocket() -> None:
    """
    A reply of 200 to the handshake cannot be read, and is not asked for again.
    """
    player = SessionPlayer(Reply(200, {"content-type": "text/html"}, b"<html>"))
    error = raised(player, talk().open())

    assert (ShopError, [200], b"<html>") == (type(error), [attempt.status for attempt in error.attempts], error.body)
    assert "status 200 with 6 bytes of text/html, expected 101 and a websocket" in str(error)
