"""What the shop of every framework does behind its routes, and the contract that is put around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from failwell.clock import VirtualClock
from failwell.server import BodyLimits, Idempotency, KeyStore, RateLimits, SqliteStore, side_effect
from tests.server.shop import NoMoneyError, OfflineError, TakenError, TooManyError

from .situations import CANARY

ERRORS: dict[str, Callable[[], BaseException]] = {
    "taken": lambda: TakenError("Taken."),
    "money": lambda: NoMoneyError("No.", missing=3),
    "throttled": lambda: TooManyError("Slowly.", retry_after=7),
    "conflict": lambda: TakenError("Used before.", code="idempotency_conflict"),
    "group": lambda: ExceptionGroup(CANARY, [ExceptionGroup(CANARY, [TakenError("Taken.")])]),
    "bug": lambda: KeyError(CANARY),
    "offline": lambda: OfflineError(CANARY),
    "cancelled": CancelledError,  # of a future: another task's, as far as a handler knows
}


def act(what: str) -> Any:
    """Raise *what* is called so."""
    error = ERRORS[what]()
    raise error


def order(body: bytes) -> dict[str, str]:
    """Order what *body* says, or fail: before the side effect, or after it."""
    said = body.decode()
    if said in {"money", "bug"}:
        act(said)
    side_effect()
    if said == "taken":
        act(said)
    return {"ordered": said}


def pieces(what: str) -> Iterator[bytes]:
    """A reply of two pieces, or one that breaks off after its first."""
    yield b"one "
    if what != "fine":
        act(what)
    yield b"two"


def page(what: str) -> tuple[int, str, bytes]:
    """The status, the kind and the text of an error page that the app writes by hand."""
    if what == "gone":
        side_effect()
    pages = {
        "missing": (404, "text/html"),
        "broken": (500, "text/plain"),
        "gone": (410, "text/html"),
        "barred": (451, "text/html"),
    }
    return (*pages[what], f"<p>own {what}</p>".encode())


def before_talk(what: str) -> None:
    """What goes wrong before a websocket is accepted: `early-taken`, `early-bug`."""
    if what.startswith("early-"):
        act(what.removeprefix("early-"))


def after_talk(what: str) -> None:
    """What goes wrong when it is open: `late-taken`, `late-bug`."""
    if what.startswith("late-"):
        act(what.removeprefix("late-"))


class Desk:
    """The settings of a contract in *folder*, and the keys of its callers."""

    def __init__(self, folder: Path) -> None:
        clock = VirtualClock(0.0)
        self.keys = KeyStore(folder / "keys.db", clock=clock)
        self._store = SqliteStore(folder / "answers.db", clock=clock)
        self.settings: dict[str, Any] = {
            "keys": self.keys,
            "idempotency": Idempotency(self._store),
            "limits": {"": RateLimits("100000/minute"), "slow": RateLimits("1/minute")},
            "bodies": BodyLimits(300_000),
            "public": ("/public",),
            "clock": clock,
            "strict": False,
            "declares_effects": True,
        }

    def close(self) -> None:
        """Close the files."""
        self.keys.close()
        self._store.close()
