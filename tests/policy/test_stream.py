from __future__ import annotations

import itertools
import pickle
import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell._support.masking import masked
from failwell.contract import Attempt, Body, Header, RetryRules, Secret
from failwell.policy import RetryPolicy, UnreadableReplyError
from failwell.policy.stream.rules import StreamRules
from failwell.wire.messages import Failure, Reply, Request
from failwell.wire.sse import Event
from tests.dice import dice

from .streams import (
    CUT,
    HEAD,
    KEYED,
    OVER,
    POLICY,
    READ,
    SILENT,
    WRITE,
    BrokenStreamError,
    BusyError,
    Connection,
    GoneError,
    LineError,
    ShopError,
    SlowError,
    SpoiltError,
    events,
    headed,
    played,
    shop,
)

DONE = StreamRules(done="[DONE]")
LAST = b"data: [DONE]\n\n"
RESUMABLE = StreamRules(done="[DONE]", resumable=True)


def numbers(first: int, last: int) -> list[str]:
    """The data of `events(first, last)`."""
    return [str(number) for number in range(first, last + 1)]


def test_events_in_order() -> None:
    """
    Events are given in order, however they were cut into pieces, and the stream is asked for once.
    """
    player, error = played([[events(1, 2), events(3, 3)[:5], events(3, 3)[5:], LAST]], DONE)

    assert (numbers(1, 3), None) == (player.given, error)
    assert [READ] == player.opened


def test_done_is_not_given() -> None:
    """
    The data that ends a stream is not given, and nothing behind it is.
    """
    player, error = played([[events(1, 1) + LAST + events(2, 2)]], DONE)

    assert (["1"], None) == (player.given, error)


def test_named_end_is_given() -> None:
    """
    An event whose name ends a stream is its last.
    """
    rules = StreamRules(ends_with=("completed", "failed"))
    player, error = played([[b"data: a\n\nevent: completed\ndata: b\n\ndata: c\n\n"]], rules)

    assert (["a", "b"], None) == (player.given, error)


def test_stream_that_may_just_stop() -> None:
    """
    Where no last event is declared, a stream that cannot be resumed ends when it stops.
    """
    player, error = played([[events(1, 2)]])

    assert (["1", "2"], None) == (player.given, error)


def test_nothing_there() -> None:
    """
    204 is a stream without events; where a last event is declared, it raises, because none was seen.
    """
    free, no_error = played([OVER])
    player, error = played([OVER], DONE)

    assert ([], None, 1) == (free.given, no_error, len(free.opened))
    assert ([], 1) == (player.given, len(player.opened))
    assert 'status 204, no stream that ends with "[DONE]"' in str(error)


def test_stop_without_the_last_event() -> None:
    """
    A stream that stops without its last event raises, with the last id, and what was given stays given.
    """
    player, error = played([[events(1, 2) + b"id: 3\ndata: 3"]], DONE)

    assert (LineError, "2", ["1", "2"]) == (type(error), error.last_event_id, player.given)
    assert 'No whole answer to GET /runs/1/events: the stream stopped after 2 events, without "[DONE]".' == str(error)


@pytest.mark.parametrize("request_", [READ, WRITE, KEYED])
def test_cut_of_what_cannot_be_resumed(request_: Request) -> None:
    """
    Where resuming is not declared a cut raises, and nothing is sent again: not by GET, not even with a key.
    """
    player, error = played([[events(1, 1), CUT]], DONE, request_)

    assert (LineError, "1", 1) == (type(error), error.last_event_id, len(player.opened))
    assert f"No whole answer to {request_.method} {request_.target}: connection reset, after 1 event." == str(error)


@pytest.mark.parametrize("request_", [WRITE, KEYED])
def test_post_is_never_sent_again(request_: Request) -> None:
    """
    A POST whose answer names no URL to go on is never sent again, also where the stream is resumable.
    """
    player, error = played([[events(1, 1), CUT]], RESUMABLE, request_)

    assert (LineError, "1", [request_]) == (type(error), error.last_event_id, player.opened)


def test_evidence() -> None:
    """
    An error has every attempt and what came of it, the request id of the last, the seconds of the whole; it pickles.
    """
    busy = Reply(503, {"retry-after": "2"})
    again = headed(Reply(200, {**HEAD.headers, "x-request-id": "req-2"}), events(2, 2), CUT)
    _, error = played([busy, [events(1, 1), CUT], again, *[CUT] * 4], RESUMABLE, takes=0.5)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    network = Attempt(None, 1.0, "connection reset")

    assert (
        Attempt(503, 2.0, "status 503"),
        Attempt(200, 1.0, "connection reset, after 1 event", "req-1"),
        Attempt(200, 1.0, "connection reset, after 2 events", "req-2"),
        network,
        network._replace(delay=2.0),
        network._replace(delay=4.0),
        network._replace(delay=0.0),
    ) == error.attempts
    assert ("req-2", 16.5, "2") == (error.request_id, error.elapsed, error.last_event_id)
    assert ["Look at your network. (request req-2, 7 attempts in 16.5 s)"] == error.__notes__
    assert vars(error) == vars(copy)


def test_cause_is_kept() -> None:
    """
    The library's exception, as a copy, is the cause, and nothing is its context.
    """
    cause = OSError("reset by peer")
    _, error = played([[Failure("network", "reset by peer", cause=cause)]], DONE)

    assert (cause, None) == (error.__cause__, error.__context__)


def test_resumed() -> None:
    """
    A resumable stream that broke off is asked for again after a pause, from its last id on.
    """
    player, error = played([[events(1, 2) + b"id: 3\ndata: 3\n", CUT], [events(3, 4)], [LAST]], RESUMABLE)

    assert (numbers(1, 4), None) == (player.given, error)
    assert [None, "2", "4"] == player.asked_from
    assert [1.0, 1.0] == player.waited


def test_observers_hear_of_it() -> None:
    """
    Observers are told of each reconnection: the pause, the reason and the id.
    """
    player, _ = played([[events(1, 1), CUT], [LAST]], RESUMABLE)

    reason = "connection reset, after 1 event"
    facts = {"operation": "runs.stream", "delay": 1.0, "reason": reason, "last_event_id": "1"}
    assert [("reconnect", facts)] == [(told.name, told.facts) for told in player.emitted]


def test_resumed_before_any_event() -> None:
    """
    A stream that broke off before it named an id is asked for without one.
    """
    player, error = played([[CUT], [events(1, 1) + LAST]], RESUMABLE)

    assert (["1"], None, [None, None]) == (player.given, error, player.asked_from)


def test_id_that_is_taken_back() -> None:
    """
    An empty id takes the last one back: what was given cannot be told from what was not, so a cut raises.
    """
    player, error = played([[events(1, 1) + b"id\ndata: a\n\n", CUT]], RESUMABLE)

    assert (LineError, "", 1) == (type(error), error.last_event_id, len(player.opened))


def test_events_without_ids() -> None:
    """
    A stream whose events have no ids is not resumed: they would be given twice.
    """
    player, error = played([[events(1, 2, ids=False), CUT]], RESUMABLE)

    assert (LineError, ["1", "2"], 1) == (type(error), player.given, len(player.opened))


@pytest.mark.parametrize("name", ["a\x0bb", " a", "a ", "a\x7f", "\x01"])
def test_id_that_no_header_carries(name: str) -> None:
    """
    An id that no header can carry ends the stream with the cut.
    """
    player, error = played([[f"id: {name}\ndata: a\n\n".encode(), CUT]], RESUMABLE)

    assert (LineError, name, 1) == (type(error), error.last_event_id, len(player.opened))


def test_id_of_any_letters() -> None:
    """
    An id need not be ASCII.
    """
    player, _ = played([["id: é…😀\ndata: a\n\n".encode(), CUT], [LAST]], RESUMABLE)

    assert [None, "é…😀"] == player.asked_from


def test_ids_without_data_count() -> None:
    """
    An id in a block of its own counts for the reconnection.
    """
    player, _ = played([[events(1, 1) + b"id: 7\n\n", CUT], [LAST]], RESUMABLE)

    assert [None, "7"] == player.asked_from


def test_id_survives_a_connection_without_ids() -> None:
    """
    A connection that names no id leaves the last one as it was.
    """
    player, error = played([[events(1, 1), CUT], [b": hello\n\n", CUT], [LAST]], RESUMABLE)

    assert (None, [None, "1", "1"]) == (error, player.asked_from)


@pytest.mark.parametrize(
    ("said", "waited"),
    [(b"retry: 2500\n\n", 2.5), (b"retry: 0\n\n", 0.05), (b"retry: soon\n\n", 1.0), (b"retry: 120000\n\n", 120.0)],
)
def test_retry_is_kept(said: bytes, waited: float) -> None:
    """
    The pause is what the stream asks for, and never none at all.
    """
    player, _ = played([[said + events(1, 1), CUT], [LAST]], RESUMABLE)

    assert [waited] == player.waited


def test_retry_of_an_earlier_connection() -> None:
    """
    What one connection asks for holds for all that follow; without a new event the pause grows all the same.
    """
    player, _ = played([[b"retry: 1500\n\n" + events(1, 1), CUT], [CUT], [CUT], [LAST]], RESUMABLE)

    assert [1.5, 2.0, 4.0] == player.waited


def test_retry_that_is_too_long() -> None:
    """
    A stream that asks for more than is ever waited is not resumed, and the error says so.
    """
    player, error = played([[b"retry: 120001\n\n" + events(1, 1), CUT]], RESUMABLE)

    assert (LineError, [], "retry_after", 120.001) == (
        type(error),
        player.waited,
        error.suppression.by,
        error.suppression.seconds,
    )
    assert "Not retried: asked to wait 120.001 s, the most we wait is 120 s." in error.__notes__[0]


def test_204_ends_it() -> None:
    """
    A reconnection that is answered with 204 ends the stream without an error, its last event or not.
    """
    player, error = played([[events(1, 2), CUT], OVER], RESUMABLE)

    assert (["1", "2"], None, [None, "2"]) == (player.given, error, player.asked_from)


def test_resumable_stream_without_a_last_event() -> None:
    """
    Where no last event is declared, a resumable stream that stops is asked for again, until 204.
    """
    player, error = played([[events(1, 1)], [events(2, 2)], OVER], StreamRules(resumable=True))

    assert (["1", "2"], None, [None, "1", "2"]) == (player.given, error, player.asked_from)


def test_bound_without_progress() -> None:
    """
    Without a new event in between it is asked for again as often as a call is repeated; then the last cut is raised.
    """
    player, error = played([[events(1, 1), CUT], [CUT], [], [SILENT]], RESUMABLE)

    assert (SlowError, 4, [1.0, 2.0, 4.0]) == (type(error), len(player.opened), player.waited)
    assert "No answer to GET /runs/1/events within 30 s: nothing more came, after 1 event." == str(error)


def test_progress_renews_the_bound() -> None:
    """
    Any number of cuts is survived as long as events come in between.
    """
    connections: list[Connection] = [[events(number, number), CUT] for number in range(1, 500)]
    player, error = played([*connections, [LAST]], RESUMABLE)

    assert (numbers(1, 499), None) == (player.given, error)


def test_same_event_again_is_no_progress() -> None:
    """
    A server that does not look at the id, and begins anew each time, is not asked for ever.
    """
    _, error = played([[events(1, 1), CUT]] * 5, RESUMABLE)

    assert (LineError, 4) == (type(error), len(error.attempts))


def test_no_retries() -> None:
    """
    With no retries nothing is resumed.
    """
    player, error = played([[events(1, 1), CUT]], RESUMABLE, policy=RetryPolicy(RetryRules(max_retries=0)))

    assert (LineError, 1) == (type(error), len(player.opened))


def test_attempts_of_a_long_stream() -> None:
    """
    An error of a stream that was resumed very often keeps its last 100 attempts.
    """
    connections: list[Connection] = [[events(number, number), CUT] for number in range(1, 500)]
    _, error = played([*connections, Reply(404)], RESUMABLE)

    assert (GoneError, 100, "499") == (type(error), len(error.attempts), error.last_event_id)


def test_error_instead_of_a_stream() -> None:
    """
    An answer of 4XX or 5XX is the error that a call would raise, after the same retries.
    """
    said = Reply(429, {"retry-after": "3", "x-request-id": "req-9"}, b'{"error": {"code": "busy", "message": "Busy."}}')
    player, error = played([said, Reply(500), said, said], DONE)

    assert (BusyError, "Busy.", "req-9", [3.0, 2.0, 3.0]) == (
        type(error),
        str(error),
        error.request_id,
        player.waited,
    )


def test_error_instead_of_going_on() -> None:
    """
    A reconnection that is answered with an error raises that error, with the last id.
    """
    _, error = played([[events(1, 5), CUT], Reply(404, {}, b'{"error": {"message": "Run 1 was deleted."}}')], RESUMABLE)

    assert (GoneError, "Run 1 was deleted.", "5") == (type(error), str(error), error.last_event_id)


def test_post_is_retried_until_it_is_answered() -> None:
    """
    A POST with a key is repeated like any call while there is no answer, and not at all without a key.
    """
    player, error = played([CUT, [LAST]], DONE, KEYED)
    assert (None, [KEYED, KEYED]) == (error, player.opened)

    player, error = played([CUT], DONE, WRITE)
    assert (LineError, [WRITE]) == (type(error), player.opened)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (Reply(200, {"content-type": "application/json"}), "status 200 with 2 bytes of application/json"),
        (Reply(200, {}), "status 200 with 2 bytes of no content type"),
        (Reply(202, {"content-type": "text/event-streams"}), "status 202 with 2 bytes of text/event-streams"),
    ],
)
def test_success_that_is_no_stream(head: Reply, said: str) -> None:
    """
    A success that is no stream is the catch-all class, with status and body, and is not asked for again.
    """
    player, error = played([(head, [b"{", b"}"])], RESUMABLE)

    assert (ShopError, head.status, b"{}", 2, 1) == (
        type(error),
        error.status,
        error.body,
        error.body_length,
        len(player.opened),
    )
    assert f"The answer to GET /runs/1/events could not be read: {said}, expected text/event-stream." == str(error)


def test_success_that_is_no_stream_and_never_ends() -> None:
    """
    Of a success that is no stream no more than 1 MiB is read.
    """
    player, error = played([(Reply(200, {}), [bytes(65_536)] * 1000)], DONE)

    assert (17, 8192) == (len(player.reads), len(error.body))
    assert "with more than 1048576 bytes of no content type" in str(error)


def test_content_type_in_any_case() -> None:
    """
    The media type is read in any case and with any parameters.
    """
    _, error = played([(Reply(200, {"content-type": " Text/Event-Stream ;charset=latin-1"}), [LAST])], DONE)

    assert error is None


ERRORS: dict[str, tuple[bytes, StreamRules, type[ShopError], str]] = {
    "code": (b'event: error\ndata: {"error": {"code": "busy", "message": "No."}}\n\n', DONE, BusyError, "No."),
    "code of streams": (b'event: error\ndata: {"error": {"code": "spoilt"}}\n\n', DONE, SpoiltError,
                        "An error, without a readable message"),
    "unknown code": (b'event: error\ndata: {"error": {"code": "x", "message": "No."}}\n\n', DONE, ShopError, "No."),
    "no code": (b'event: error\ndata: {"error": "No."}\n\n', DONE, ShopError, "No."),
    "text": (b"event: error\ndata: No.\n\n", DONE, ShopError, "No."),
    "nothing": (b"event: error\ndata:\n\n", DONE, ShopError, "An error, without a readable message"),
    "status is not asked": (b'event: error\ndata: {"error": {"code": "spoilt", "message": "No."}, "status": 404}\n\n',
                            DONE, SpoiltError, "No."),
    "field": (b'data: {"id": 5, "error": {"code": "busy", "message": "No."}}\n\n',
              StreamRules(error_field="error"), BusyError, "No."),
    "deep field": (b'data: {"delta": {"error": 1}, "error": {"message": "No."}}\n\n',
                   StreamRules(error_field="delta.error"), ShopError, "No."),
    "own name": (b"event: oops\ndata: No.\n\n", StreamRules(error_event="oops"), ShopError, "No."),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_error_inside(name: str) -> None:
    """
    An error inside the stream is chosen by its code, by the one table; what came before it is given first.
    """
    said, rules, kind, message = ERRORS[name]
    player, error = played([[events(1, 2) + said + events(4, 4)]], rules)

    assert (kind, message, ["1", "2"]) == (type(error), str(error), player.given)
    assert ("2", "req-1", 1) == (error.last_event_id, error.request_id, len(error.attempts))
    assert said.partition(b"data:")[2].strip() == error.body


def test_error_inside_is_not_resumed() -> None:
    """
    An error inside a resumable stream is the end of it.
    """
    player, error = played([[events(1, 1) + b"event: error\ndata: {}\n\n"]], RESUMABLE)

    assert (ShopError, 1) == (type(error), len(player.opened))


NO_ERROR = [b"null", b"false", b'""', b"{}", b"[]", b"0", b"0.0", b"-0"]


@pytest.mark.parametrize(
    "data",
    [*(b'{"error": %b, "text": "hi"}' % nothing for nothing in NO_ERROR),
     b'{"text": "an error"}', b"error", b'["error"]', b'{"error'],
)  # fmt: skip
def test_what_is_no_error(data: bytes) -> None:
    """
    An event that has the word and not the field is an event; so is one whose field says that there is no error.
    """
    player, error = played([[b"data: " + data + b"\n\n"]], StreamRules(error_field="error"))

    assert ([data.decode()], None) == (player.given, error)


@pytest.mark.parametrize("something", [b"true", b"1", b'"No."', b'{"code": null}', b"[0]", b"-1"])
def test_what_is_an_error(something: bytes) -> None:
    """
    An event whose field says anything at all is an error.
    """
    _, error = played([[b'data: {"error": %b}\n\n' % something]], StreamRules(error_field="error"))

    assert ShopError is type(error)


def test_no_error_event() -> None:
    """
    Where no name of an error is declared, "error" is a name like any other.
    """
    player, error = played([[b"event: error\ndata: a\n\n"]], StreamRules(error_event=None))

    assert (["a"], None) == (player.given, error)


def test_event_that_cannot_be_read() -> None:
    """
    An event that is not what the operation gives is the catch-all class, with the event for its body.
    """

    def decode(event: Event) -> str:
        if event.data == "2":
            raise UnreadableReplyError("a number")
        return event.data

    player, error = played([[events(1, 3)]], RESUMABLE, decode=decode)

    assert (ShopError, ["1"], "1", b"2", 200) == (
        type(error),
        player.given,
        error.last_event_id,
        error.body,
        error.status,
    )
    assert "The answer to GET /runs/1/events could not be read: a number, after 1 event." == str(error)
    assert (None, None) == (error.__cause__, error.__context__)


def test_event_that_is_too_long() -> None:
    """
    An event that does not end is an answer that cannot be read, and is not asked for again.
    """
    rules = StreamRules(resumable=True, longest_event=1000)
    player, error = played([[events(1, 1), *[b"data: " + b"x" * 500] * 4]], rules)

    assert (ShopError, 1, "1") == (type(error), len(player.opened), error.last_event_id)
    assert (
        "The answer to GET /runs/1/events could not be read: one event has more than 1000 bytes, after 1 event."
        == str(error)
    )


def test_body_that_is_no_gzip() -> None:
    """
    A body that cannot be decoded is not asked for again.
    """
    player, error = played([[events(1, 1), Failure("unreadable", "incorrect header check")]], RESUMABLE)

    assert (ShopError, 200, "req-1", 1) == (type(error), error.status, error.request_id, len(player.opened))


def test_class_for_broken_streams() -> None:
    """
    A catalogue with a class for broken streams raises it for them, and the usual one where no stream ever was.
    """
    catalogue = shop(BrokenStreamError)

    for ending in (CUT, SILENT):
        assert BrokenStreamError is type(played([[events(1, 1), ending]], DONE, catalogue=catalogue)[1])
    assert BrokenStreamError is type(played([[events(1, 1)]], DONE, catalogue=catalogue)[1])
    assert BrokenStreamError is type(played([[events(1, 1), CUT], *[CUT] * 4], RESUMABLE, catalogue=catalogue)[1])
    assert LineError is type(played([CUT] * 4, DONE, catalogue=catalogue)[1])


@pytest.mark.parametrize(
    ("rules", "named", "where"),
    [
        (StreamRules(done="[DONE]", resumable=True, follow=Header("Location")), {"location": "/v1/runs/7/events"}, b""),
        (StreamRules(done="[DONE]", resumable=True, follow=Header("Location")), {"location": "7/events"}, b""),
        (
            StreamRules(done="[DONE]", resumable=True, follow=Body("links.stream")),
            {},
            b'{"links": {"stream": "https://api.shop.example/v1/runs/7/events"}}',
        ),
    ],
)
def test_post_that_names_its_stream(rules: StreamRules, named: dict[str, str], where: bytes) -> None:
    """
    A POST whose answer names the URL of the stream is sent once; the stream is read, and resumed, by GET.
    """
    request = Request("POST", "/runs/", (("Content-Type", "application/json"), ("A", "b")), b"{}", idempotency_key="k")
    answer = (Reply(202, {"content-type": "application/json", **named}), [where])
    player, error = played(
        [answer, [events(1, 1), CUT], [events(2, 2) + LAST]],
        rules,
        request,
        base_url="https://api.shop.example/v1",
    )
    url = "https://api.shop.example/v1/runs/7/events"

    assert (["1", "2"], None) == (player.given, error)
    assert ["POST", "GET", "GET"] == [sent.method for sent in player.opened]
    assert [url, url] == [sent.target for sent in player.opened[1:]]
    assert [(("A", "b"),), (("A", "b"), ("Last-Event-ID", "1"))] == [sent.headers for sent in player.opened[1:]]
    assert [(b"", None)] * 2 == [(sent.content, sent.idempotency_key) for sent in player.opened[1:]]


def test_post_that_streams_and_names_where_to_go_on() -> None:
    """
    A POST that is answered with the stream itself is resumed by GET where the answer, or an event, names the URL.
    """
    by_header = StreamRules(done="[DONE]", resumable=True, follow=Header("Content-Location"))
    head = Reply(200, {**HEAD.headers, "content-location": "/runs/7"})
    by_event = StreamRules(done="[DONE]", resumable=True, follow=Body("url"))
    named: list[tuple[StreamRules, Connection]] = [
        (by_header, headed(head, events(1, 1), CUT)),
        (by_event, [b'id: 1\ndata: {"url": "/runs/7"}\n\n', CUT]),
    ]
    for rules, first in named:
        player, error = played([first, [LAST]], rules, WRITE, base_url="https://shop.example")

        assert (None, ["POST", "GET"], [None, "1"]) == (
            error,
            [sent.method for sent in player.opened],
            player.asked_from,
        )
        assert "https://shop.example/runs/7" == player.opened[1].target


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://x/y", "javascript:alert(1)", ""])
def test_url_that_is_not_followed(where: str) -> None:
    """
    A URL that is not of the web is not followed.
    """
    rules = StreamRules(resumable=True, follow=Header("Location"))
    player, error = played([(Reply(200, {"location": where}), [b"{}"])], rules, WRITE, base_url="https://shop.example")

    assert (ShopError, 1) == (type(error), len(player.opened))


@pytest.mark.parametrize(
    ("about", "first"),
    [
        (Body("run.id"), [b'data: {"run": {"id": "run_7"}}\n\n', CUT]),
        (Body("id"), [b"data: a\n\n", b'data: {"id": "run_7"}\n\n', b'data: {"id": "run_8"}\n\n', CUT]),
        (Header("X-Run"), (Reply(200, {**HEAD.headers, "x-run": "run_7"}), [CUT])),
    ],
)
def test_what_the_stream_tells_of(about: Body | Header, first: Connection) -> None:
    """
    A cut of a POST carries the id of what it was about, if one was seen.
    """
    _, error = played([first], StreamRules(done="[DONE]", about=about), WRITE)

    assert (LineError, "run_7", "") == (type(error), error.stream_resource_id, error.last_event_id)


def test_nothing_said_of_what_it_tells_of() -> None:
    """
    Where no id was seen there is none.
    """
    _, error = played([[events(1, 1), CUT]], StreamRules(done="[DONE]", about=Body("id")), WRITE)

    assert error.stream_resource_id is None


def test_timeout_bounds_each_wait() -> None:
    """
    The timeout bounds each attempt to connect, and each wait for more.
    """
    player, _ = played([Reply(503), [events(1, 1), events(2, 2), LAST]], DONE, timeout=5.0, takes=4.0)

    assert ([5.0, 5.0], [5.0, 5.0, 5.0]) == (player.open_for, player.reads)


def test_silence() -> None:
    """
    A stream on which nothing comes for the length of the timeout has timed out; one that is resumable is resumed.
    """
    _, error = played([[events(1, 1), SILENT]], DONE, timeout=5.0)
    assert (SlowError, "1") == (type(error), error.last_event_id)
    assert "No answer to GET /runs/1/events within 5 s: nothing more came, after 1 event." == str(error)

    player, error = played([[events(1, 1), SILENT], [LAST]], RESUMABLE, timeout=5.0)
    assert (None, [None, "1"]) == (error, player.asked_from)


def test_deadline_bounds_the_whole() -> None:
    """
    The deadline bounds the whole: the last wait is cut so that it ends then, and nothing is tried afterwards.
    """
    pieces: list[bytes | Failure] = [*[events(number, number) for number in range(1, 4)], SILENT]
    player, error = played([pieces], RESUMABLE, timeout=5.0, deadline=12.0, takes=2.5)

    assert (SlowError, ["1", "2", "3"], [5.0, 5.0, 4.5, 2.0]) == (type(error), player.given, player.reads)
    assert (12.0 + 2.5, "3", "deadline") == (error.elapsed, error.last_event_id, error.suppression.by)
    assert [] == player.waited


@pytest.mark.parametrize("line", [b"retry: 5\n", b": still there\n", b": still there\n\n", b"id: 7\n\n", b"event: x\n"])
@pytest.mark.parametrize("rules", [RESUMABLE, DONE], ids=["resumable", "not"])
def test_lines_for_ever(line: bytes, rules: StreamRules) -> None:
    """
    A server that sends lines for ever, and never an event, is left at the deadline.
    """
    player, error = played([[line * 100] * 1_000], rules, timeout=5.0, deadline=12.0, takes=1.0)

    assert isinstance(error, SlowError)
    assert 12.0 <= player.moment <= 14.0


def test_deadline_without_a_timeout() -> None:
    """
    A deadline bounds a stream without a timeout, too.
    """
    player, _ = played([[LAST]], DONE, timeout=None, deadline=12.0, takes=2.0)

    assert ([12.0], [10.0]) == (player.open_for, player.reads)


def test_pause_beyond_the_deadline() -> None:
    """
    A pause that would end after the deadline is never begun.
    """
    player, error = played([[b"retry: 9000\n\n" + events(1, 1), CUT]], RESUMABLE, deadline=9.0)

    assert ([], "deadline") == (player.waited, error.suppression.by)
    assert "Not retried: the next try in 9.0 s would come after the deadline of 9 s." in error.__notes__[0]


def test_nothing_is_bounded() -> None:
    """
    Without timeout and deadline nothing is.
    """
    player, _ = played([[LAST]], DONE, timeout=None)

    assert ([None], [None]) == (player.open_for, player.reads)


KEY = Secret("sk_CANARY_123")


def hide(_request: Request, said: bytes) -> bytes:
    """*said* without the key."""
    return masked(said, (KEY,))


@pytest.mark.parametrize(
    "pieces",
    [
        [b"id: sk_CANARY_123\ndata: a\n\n", CUT],
        [b'event: error\ndata: {"error": {"message": "key sk_CANARY_123"}}\n\n'],
        [b'data: {"id": "sk_CANARY_123"}\n\n', CUT],
        [b"data: bad sk_CANARY_123\n\n"],
    ],
)
def test_no_secret(pieces: list[bytes | Failure]) -> None:
    """
    What an error shows of a stream is without the secrets that the server sent back.
    """

    def decode(event: Event) -> str:
        if event.data.startswith("bad"):
            raise UnreadableReplyError("no")
        return event.data

    _, error = played([pieces], StreamRules(done="[DONE]", about=Body("id")), WRITE, mask=hide, decode=decode)

    assert "CANARY" not in f"{vars(error)} {error} {error.args} {error.__notes__}"
    assert "***" in f"{vars(error)}"


def test_flow_is_closed_with_what_it_runs() -> None:
    """
    A stream that is given up while it waits for a retry gives back what the retry took.
    """
    from failwell.policy.stream.flow import stream

    flow = stream(READ, lambda event: event, DONE, catalogue=shop(), policy=POLICY, timeout=None)
    next(flow)
    flow.close()

    with pytest.raises(StopIteration):
        next(flow)


class Server:
    """Has *count* events, replays those after the id it is asked for, and cuts *cuts* times, wherever *chance* says."""

    def __init__(self, count: int, cuts: int, chance: random.Random, *, retry: bool = False) -> None:
        self.stream = [b"id: %d\nevent: n\ndata: {\ndata: %d}\r\n\r\n" % (n, n) for n in range(1, count + 1)]
        self.cuts = cuts
        self.chance = chance
        self.asked: list[int] = []

    def connect(self, last: str | None) -> list[bytes | Failure]:
        """The pieces of a connection that is asked to go on after the id *last*."""
        chance = self.chance
        body = b"".join(self.stream[int(last or "0") :]) + LAST
        self.asked.append(int(last or "0"))
        ending: list[bytes | Failure] = []
        if self.cuts > 0:
            self.cuts -= 1
            body = body[: chance.randint(0, len(body) - len(LAST))]
            ending = chance.choice([[CUT], [SILENT], []])
        places = sorted(chance.randint(0, len(body)) for _ in range(chance.randint(0, 6)))
        return [*[body[a:b] for a, b in itertools.pairwise([0, *places, len(body)]) if a < b], *ending]


@given(st.integers(0, 2**32))
def test_each_event_exactly_once(seed: int) -> None:
    """
    However a resumable stream is cut, each event is given exactly once when the server replays by id.
    """
    chance = random.Random(seed)
    server = Server(chance.randint(0, 60), 30, chance)
    player = replaying(server)

    assert [f"{{\n{n}}}" for n in range(1, len(server.stream) + 1)] == player.given


def test_each_event_exactly_once_over_a_thousand_cuts() -> None:
    """
    Over 1,000 random cuts of one stream each event is given exactly once.
    """
    server = Server(3000, 1000, dice("a thousand cuts"))
    player = replaying(server)

    assert [f"{{\n{n}}}" for n in range(1, 3001)] == player.given
    assert 1001 == len(player.opened)
    assert sorted(server.asked) == server.asked


def replaying(server: Server) -> Any:
    """The world in which *server* was asked until it had said all."""
    from failwell.policy.stream.flow import stream

    from .streams import HEAD, StreamPlayer, text

    class Replay(StreamPlayer):
        def _connect(self) -> Any:
            self._pieces = server.connect(self.asked_from[-1])
            return HEAD

    player = Replay([])
    policy = RetryPolicy(RetryRules(max_retries=1000, jitter=0.0))
    assert None is player.play(stream(READ, text, RESUMABLE, catalogue=shop(), policy=policy, timeout=9.0))
    return player
