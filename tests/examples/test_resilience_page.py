from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import httpx2

from errata import BreakerRules, BudgetRules, Resilience
from errata.clock import VirtualClock
from pictograph import Client, PictographError

PAGE = (Path(__file__).parents[2] / "docs" / "resilience.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
EVENTS = dict(re.findall(r"^\| `(\w+)` \|.*\| (`[^|]*`) \|$", PAGE, re.MULTILINE))


def test_client() -> None:
    """
    The client of the page can be built; its numbers are the defaults.
    """
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[0], "resilience.md", "exec"), names)  # noqa: S102 - our own page
    with names["client"] as client:
        assert Resilience(BudgetRules(), BreakerRules(), True) == client.core.resilience


def test_events() -> None:
    """
    The page lists each event that a client tells of, with its facts.
    """
    told: dict[str, set[str]] = {}
    clock = VirtualClock()
    replies = iter([*[503] * 4, *[200] * 2, 429, 200])

    def answer(_request: httpx2.Request) -> httpx2.Response:
        status = next(replies)
        body = {"data": [], "pagination": {"has_more": False}}
        return httpx2.Response(status, json=body, headers={"Retry-After": "5"} if status == 429 else {})

    rules = Resilience(BudgetRules(floor=1), BreakerRules(calls=4), pacing=True)
    own = httpx2.Client(transport=httpx2.MockTransport(answer))

    def client(max_retries: int) -> Client:
        return Client(
            "pk_live_x",
            base_url="http://test",
            http_client=own,
            clock=clock,
            max_retries=max_retries,
            resilience=rules,
            on_event=lambda name, facts: told.setdefault(name, set()).update(facts),
        )

    for retries in (3, 3, 0, 0):  # a retry, a suppressed one, and on to four failures; then a call that is refused
        ask(client(retries))
    clock.advance(30.0)
    for retries in (0, 0, 0, 0):  # two probes that close it; one that is told to wait, and one that waits
        ask(client(retries))

    assert {name: set(re.findall(r"\w+", facts)) for name, facts in EVENTS.items()} == told


def ask(client: Client) -> None:
    """One call, whatever comes of it."""
    with contextlib.suppress(PictographError):
        client.datasets.list()
