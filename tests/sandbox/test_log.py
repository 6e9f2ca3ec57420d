from __future__ import annotations

import json

import pytest

from failwell.sandbox import FaultLayer, RequestLog, Rule, Silence
from failwell.sandbox.log import without_secrets

from .sockets import Wire, ask, until

CANARY = "sk-canary-8f2e"


def record(log: RequestLog, target: str = "/") -> None:
    """Write one entry."""
    log.arrival("GET", target, ()).record("passed 200", "", 0)


def test_canary(layer: FaultLayer) -> None:
    """
    A key never reaches the exported log: not from a header, not from the query.
    """
    names: list[str] = ["Authorization", "X-API-Key", "Cookie", "Proxy-Authorization"]
    secret = dict.fromkeys(names, CANARY)
    ask(layer, "POST", f"/x?api_key={CANARY}&X-Amz-Signature={CANARY}&page=2", headers=secret, body=b"{}")

    exported = json.dumps(layer.log.to_json())

    assert CANARY not in exported
    assert "/x?api_key=***&X-Amz-Signature=***&page=2" == layer.log.entries()[0].path
    assert {(name, "***") for name in secret} <= set(layer.log.entries()[0].headers)


def test_own_secret_headers() -> None:
    """
    Headers named in *redact* are hidden too, in any case; others are kept.
    """
    log = RequestLog(redact=("X-Vendor-Key",))
    log.arrival("GET", "/", [("x-vendor-key", CANARY), ("Accept", "*/*")]).record("reset", "", 0)

    assert (("x-vendor-key", "***"), ("Accept", "*/*")) == log.entries()[0].headers


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("X-Auth-Token", CANARY, "***"),
        ("PRIVATE-TOKEN", CANARY, "***"),
        ("X-Amz-Security-Token", CANARY, "***"),
        ("x-shopify-access-token", CANARY, "***"),
        ("Ocp-Apim-Subscription-Key", CANARY, "***"),
        ("x-goog-api-key", CANARY, "***"),
        ("apikey", CANARY, "***"),
        ("X-Client-Secret", CANARY, "***"),
        ("X-Hub-Signature-256", CANARY, "***"),
        ("X-Authentication", CANARY, "***"),
        ("X_ACCESS_KEY", CANARY, "***"),
        ("XAuth", CANARY, "***"),
        ("DPoP", CANARY, "***"),
        ("Set-Cookie", CANARY, "***"),
        ("X-OTP", "123456", "***"),
        ("X-MFA-Code", "123456", "***"),
        ("X-Passcode", CANARY, "***"),
        ("X-Api-Sign", CANARY, "***"),
        ("X-Amzn-Oidc-Data", CANARY, "***"),
        ("X-WP-Nonce", CANARY, "***"),
        ("Sec-WebSocket-Protocol", "chat, bearer.eyJhbGciOiJI.eyJzdWIi.abc-1", "chat, bearer.***"),
        ("X-Upstream", "eyJhbGciOiJI.eyJzdWIi.abc_1", "***"),
        ("Referer", f"/x?token={CANARY}&page=2", "/x?token=***&page=2"),
        ("X-Failwell-Token", CANARY, "***"),
        ("X-Upstream", f"Bearer {CANARY}", "***"),
        ("X-Upstream", f"basic {CANARY}", "***"),
        ("X-Upstream", f"AWS4-HMAC-SHA256 Credential={CANARY}/20260101", "***"),
        ("Referer", f"https://u:{CANARY}@h/x?token={CANARY}&page=2", "https://***@h/x?token=***&page=2"),
        ("X-Note", "the demo key sk-demo is mine", "the demo key *** is mine"),
        ("X-Note", "sk%2Bdemo", "***"),
        ("Idempotency-Key", "k-1", "k-1"),
        ("X-Idempotent-Key", "k-1", "k-1"),
        ("X-Once-Key", "k-1", "k-1"),
        ("Sec-WebSocket-Key", "dGhl", "dGhl"),
        ("X-Author", "Ann", "Ann"),
        ("Accept", "*/*", "*/*"),
        ("X-Pinned", "yes", "yes"),
        ("X-Design", "signed in ink", "signed in ink"),
        ("X-Note", "is eyJ a word?", "is eyJ a word?"),
        ("X-Note", "basic", "basic"),
        ("X-Keyword", "car", "car"),
        ("X-Note", "tokens are cheap", "tokens are cheap"),
    ],
)
def test_secret_headers(name: str, value: str, kept: str) -> None:
    """
    Of a header that is a credential by its name or its value only the name is kept, and a known key stands nowhere.

    A key that only tells a repeated request is kept, also by a name of the vendor's own.
    """
    log = RequestLog(keep=("X-ONCE-KEY",), secrets=("sk-demo", "sk+demo", ""))
    log.arrival("GET", "/", [(name, value)]).record("reset", "", 0)

    assert ((name, kept),) == log.entries()[0].headers


def test_known_key_in_a_path() -> None:
    """
    A known key or a signed token that a client puts into the path stands in no log, nor does a longer key.
    """
    log = RequestLog(secrets=("sk-1", "sk-10"))
    record(log, "/hooks/sk-10/x?a=sk-1&b=eyJhbGciOiJI.eyJzdWIi.abc")

    assert "/hooks/***/x?a=***&b=***" == log.entries()[0].path


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/x", "/x"),
        ("/x?a=1&b", "/x?a=1&b"),
        ("/x?token=abc&limit=5", "/x?token=***&limit=5"),
        ("/x?access_token=abc", "/x?access_token=***"),
        ("/x?apiKey=abc", "/x?apiKey=***"),
        ("/x?API_KEY=abc", "/x?API_KEY=***"),
        ("/x?api%5Fkey=abc", "/x?api%5Fkey=***"),
        ("/x?Key=abc;sig=abc", "/x?Key=***;sig=***"),
        ("/x?SIG=a=b", "/x?SIG=***"),
        ("/x?design=flat&keyword=car&monkey=1", "/x?design=flat&keyword=car&monkey=1"),
        ("/put?X-Amz-Credential=a&X-Amz-Date=b&X-Amz-Security-Token=c", None),
        ("http://user:pass@host/x", "http://***@host/x"),
        ("/x;jsessionid=abc/y;v=1?a=1", "/x;jsessionid=***/y;v=1?a=1"),
    ],
)
def test_secret_parameters(target: str, kept: str | None) -> None:
    """
    Of parameters that look like keys, tokens or signatures only the names are kept.
    """
    expected = kept or "/put?X-Amz-Credential=***&X-Amz-Date=b&X-Amz-Security-Token=***"

    assert expected == without_secrets(target)


def test_entry(layer: FaultLayer) -> None:
    """
    An entry tells method, path, the body's length and SHA-256, and the outcome.
    """
    ask(layer, "POST", "/things", body=b"hello")

    entry = layer.log.entries()[0]

    assert (1, "POST", "/things", 5, "passed 200") == (
        entry.number,
        entry.method,
        entry.path,
        entry.body_length,
        entry.outcome,
    )
    assert "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" == entry.body_sha256


def test_order_of_arrival(layer: FaultLayer) -> None:
    """
    A request that came first stands first, even when its outcome was known last.
    """
    layer.script.arm(Rule((Silence(),), path="/slow"))
    with Wire(layer) as slow:
        slow.get("/slow")
        until(lambda: not layer.script.pending())
        ask(layer, "GET", "/fast")
    layer.log.wait_for(2)

    assert [("/slow", "client went away"), ("/fast", "passed 200")] == [
        (entry.path, entry.outcome) for entry in layer.log.entries()
    ]


def test_bounded() -> None:
    """
    The log keeps the newest entries, 10,000 unless told otherwise.
    """
    log = RequestLog()
    for number in range(10_002):
        record(log, f"/{number}")

    assert (10_000, "/2", "/10001") == (len(log.entries()), log.entries()[0].path, log.entries()[-1].path)


def test_clock() -> None:
    """
    The times are those of the clock that was handed in.
    """
    log = RequestLog(clock=lambda: 1000.5)
    record(log)

    assert 1000.5 == log.entries()[0].time


def test_first_outcome_counts() -> None:
    """
    A request has one entry, with the outcome that was known first.
    """
    log = RequestLog()
    arrival = log.arrival("GET", "/", ())
    arrival.record("reset", "", 0)
    arrival.record("client went away", "", 0)

    assert ["reset"] == [entry.outcome for entry in log.entries()]


def test_clear_keeps_counting() -> None:
    """
    A cleared log is empty, and numbers stay unique.
    """
    log = RequestLog()
    record(log)

    assert 1 == log.clear()
    record(log)
    assert [2] == [entry.number for entry in log.entries()]


def test_clear_forgets_what_is_under_way() -> None:
    """
    A request that arrived before the log was cleared is not in it later, when its outcome is known.
    """
    log = RequestLog()
    earlier = log.arrival("GET", "/earlier", ())
    log.clear()
    record(log, "/now")
    earlier.record("client went away", "", 0)

    assert ["/now"] == [entry.path for entry in log.entries()]


def test_wait_gives_up() -> None:
    """
    Waiting for entries that do not come ends after its timeout with what there is.
    """
    assert () == RequestLog().wait_for(1, timeout=0.01)
