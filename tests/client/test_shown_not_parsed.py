"""R4. What is shown and kept of a reply is without secrets; what it is parsed from is as it came."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest

from failwell.client import Core
from failwell.contract import Secret, log_fields
from pictograph.exceptions import CATALOGUE, ConflictError
from tests.servers.sockets import http, serving

from .colours import every_colour, raised, read
from .leaks import everything, leaked
from .probe import blocking
from .streams import gathered, streaming

KEY = "pk_live_CANARY+7f3a9=="
MESSAGE = f"Key {KEY} is bad"


def escaped(text: str) -> str:
    """Every character of *text* as JSON may spell it."""
    return "".join(f"\\u{ord(character):04X}" for character in text)


def body(spell: Callable[[str], str] = str) -> str:
    """A JSON error that quotes the key as *spell* spells it in a string."""
    return '{"detail": {"message": "Key %s is bad", "error_code": "%s", "upgrade_url": "u?%s", "required": 5}}' % (
        (spell(KEY),) * 3
    )


SPELLED: dict[str, bytes] = {
    "as it is": body().encode(),
    '"=" as \\u003d': body(lambda key: key.replace("=", "\\u003d")).encode(),
    '"+" as \\u002B': body(lambda key: key.replace("+", "\\u002B")).encode(),
    "both": body(lambda key: key.replace("+", "\\u002b").replace("=", "\\u003D")).encode(),
    "all escaped": body(escaped).encode(),
    **{f"character {place} escaped": body(lambda key, at=place: key[:at] + escaped(key[at]) + key[at + 1 :]).encode()  # type: ignore[misc]
       for place in (0, 3, 8, len(KEY) - 1)},
    "JSON in JSON": json.dumps({"detail": {"message": body(escaped), "required": 5}}).encode(),
    "in a URL": body(lambda key: quote(key, safe="")).encode(),
    "in a URL in a URL": body(lambda key: quote(quote(key, safe=""), safe="")).encode(),
    **{encoding: body().encode(encoding) for encoding in
       ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")},
    "UTF-16, escaped": body(escaped).encode("utf-16"),
}  # fmt: skip


@every_colour
@pytest.mark.parametrize("name", SPELLED)
def test_key_in_any_spelling(name: str, colour: str) -> None:
    """
    However a JSON error spells the key, its fields are read, and the key is in none of them, nor in body and pickle.
    """
    with serving(http(402, SPELLED[name])) as server:
        error = raised(colour, read, base_url=server.url, api_key=KEY)

    shown = everything(error) + repr(log_fields(error))
    assert ("PaymentRequiredError", 5) == (type(error).__name__, error.required)
    assert [] == leaked(KEY, shown)
    assert KEY not in unquote(unquote(repr(json.loads(error.body))))
    assert b"*" in error.body


PAGES: dict[str, tuple[str, bytes]] = {
    "plain text": ("text/plain; charset=utf-16", MESSAGE.encode("utf-16")),
    "a title": ("text/html", b"<title>Key %s is bad</title>" % KEY.replace("=", "&#61;").encode()),
    "a title in names": ("text/html", b"<title>Key %s is bad</title>" % KEY.replace("=", "&equals;").encode()),
    "UTF-7": ("text/plain; charset=utf-7", b"\xff" + MESSAGE.replace("=", "+AD0-").encode()),
    "a form": ("application/x-www-form-urlencoded", b"error_description=" + quote(MESSAGE).encode()),
    "a foreign shape": ("application/json", json.dumps({"errors": {KEY: [MESSAGE]}}).encode()),
}


@pytest.mark.parametrize("name", PAGES)
def test_key_in_words(name: str) -> None:
    """
    The words of a body that is not the vendor's are without it, too.
    """
    kind, page = PAGES[name]
    with serving(http(502, page, kind=kind)) as server:
        error = raised("blocking", read, base_url=server.url, api_key=KEY)

    assert [] == leaked(KEY, everything(error))


@pytest.mark.parametrize("before", range(8_192 - len(KEY) - 1, 8_193))
def test_key_across_the_end_of_what_is_kept(before: int) -> None:
    """
    A key across the end of a kept body is taken out whole.
    """
    start = b'{"detail": "'
    with serving(http(500, start + b"x" * (before - len(start)) + KEY.encode() + b'"}')) as server:
        error = raised("blocking", read, base_url=server.url, api_key=KEY)

    assert b"pk" not in error.body
    assert 8_192 >= len(error.body)


def test_key_across_the_end_of_a_text() -> None:
    """
    So is one across the end of a kept string.
    """
    texts = [("x" * (2_048 - cut) + KEY) for cut in range(len(KEY) + 4)]
    for text in texts:
        with serving(http(422, json.dumps({"detail": {"message": text}}).encode())) as server:
            error = raised("blocking", read, base_url=server.url, api_key=KEY)

        assert "pk" not in str(error)


DUPLICATE = http(409, b'{"detail": {"message": "That issue is one", "error_code": "duplicate_name"}}', "Retry-After: 7")


@every_colour
@pytest.mark.parametrize(
    "key", ["issue", "duplicate", "name", "detail", "message", "error_code", "json", "application"]
)
def test_key_that_is_a_word_of_the_contract(key: str, colour: str) -> None:
    """
    A key that is a word of the reply changes nothing of what the reply means.
    """
    with serving(DUPLICATE) as server:
        error = raised(colour, read, base_url=server.url, api_key=key)

    assert (ConflictError, "duplicate_name", 7) == (type(error), error.error_code, error.retry_after)
    assert f"That {'***' if key == 'issue' else 'issue'} is one" == str(error)


@every_colour
@pytest.mark.parametrize("key", ["text", "event-stream", "data", "event", "DONE"])
def test_key_that_is_a_word_of_a_stream(key: str, colour: str) -> None:
    """
    A key that is a word of a stream hides none of its events.
    """
    with streaming() as server:

        def engine(*, awaiting: bool) -> Core:
            credentials = (("X-API-Key", Secret(key)),)
            return Core(CATALOGUE, base_url=server.url, credentials=credentials, awaiting=awaiting)

        events = gathered(colour, engine, lambda streams: streams.numbers(3))

    assert [1, 2, 3] == [event.n for event in events]


def test_a_success_is_the_callers() -> None:
    """
    What a success says is given as it came, with the key in it.
    """
    with serving(http(200, json.dumps({"key": "pk_live_CANARY_7f3a9"}).encode())) as server:
        assert {"key": "pk_live_CANARY_7f3a9"} == blocking(server.url).get()


def test_ids_of_attempts() -> None:
    """
    The ids of the tries are shown, too.
    """
    with serving(*[http(500, b"", f"X-Request-ID: r-{KEY}")] * 2) as server:
        error = raised("blocking", read, base_url=server.url, api_key=KEY, max_retries=1)

    assert ["r-***"] * 2 == [attempt.request_id for attempt in error.attempts]
