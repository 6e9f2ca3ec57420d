"""What the embedded engine makes of instructions."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from subconscious_server import Settings
from subconscious_server.embedded import MOST_SENTENCES, sentences_of
from tests.servers.sockets import Seen, answering, http

from .api import Api, picture

NEWS = {"type": "text", "text": "Apples cost 42 euros. A new AI was announced today! Pears are green. It rains."}


def file(content: bytes, kind: str = "file", **more: Any) -> dict[str, Any]:
    """A content block with *content*."""
    data = base64.b64encode(content).decode()
    return {"type": kind, "source": {"kind": "base64", "data": data, "mime": "x/y"}, **more}


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("Do this.", ["Do this."]),
        ("What is 3.5 + 1? Find it; then stop", ["What is 3.5 + 1?", "Find it;", "stop"]),
        ("1. First\n2) Second\n - Third\n\n* Fourth", ["First", "Second", "Third", "Fourth"]),
        ("Rest" + " " * 1_000_000 + "then  work", ["Rest", "work"]),
        ("Add 1 + 1, and then find apples. Then rest", ["Add 1 + 1", "find apples.", "rest"]),
    ],
)
def test_sentences(instructions: str, expected: list[str]) -> None:
    """
    Instructions are followed sentence by sentence, without bullets and numbers.
    """
    assert expected == sentences_of(instructions)


def test_most_sentences() -> None:
    """
    What comes after the hundredth sentence is one more.
    """
    found = sentences_of("Go on.\n" * 1000)

    assert (MOST_SENTENCES + 1, " ".join(["Go on."] * 900)) == (len(found), found[-1])


def test_search(api: Api) -> None:
    """
    What the given texts say is quoted, with where it stands; other sentences are left out.
    """
    done = api.done("Search for AI news", content=[NEWS], resources=["Apples are red."])

    assert '"A new AI was announced today!" (text 1)' == done["result"]["answer"]
    assert ["text 1"] == [found["name"] for found in done["result"]["reasoning"][0]["tooluse"]["tool_result"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, 'Nothing was found about "ai news": no texts were given. Give some as `content` or `resources`.'),
        ({"content": [NEWS | {"text": "Pears"}]}, 'Nothing was found about "ai news" in the 1 given text.'),
        (
            {
                "tools": [{"type": "platform", "id": "fast_search"}, {"type": "mcp", "url": "http://x/"}],
                "resources": ["AI wins."],
            },
            (
                '"AI wins." (resource 1) This server has no "fast_search", MCP servers: only what came with the run '
                "was searched."
            ),
        ),
        (
            {
                "content": [
                    file(b"\xff\xfe", filename="a.bin"),
                    file(b"AI!", filename="b.txt"),
                    {"type": "file", "source": {"kind": "url", "url": "http://127.0.0.1:9/"}},
                    {"type": "file", "source": {"kind": "blob_ref", "blob_key": "k", "mime": "x/y"}},
                ]
            },
            (
                '"AI!" (b.txt) a.bin was not read: it is no text in UTF-8. file 3 was not read: this server makes no '
                "calls to other servers. file 4 was not read: this server keeps no blobs. Send the bytes as base64."
            ),
        ),
    ],
)
def test_search_is_honest(api: Api, given: Any, expected: str) -> None:
    """
    A search succeeds and says what was not there, not read and not connected.
    """
    done = api.done("Search for AI news", **given)

    assert ("succeeded", expected) == (done["status"], done["result"]["answer"])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures(api: Api, kind: str) -> None:
    """
    Of a picture the engine tells format, size and bytes, and says that it does not look at it.
    """
    content = picture(kind)

    done = api.done("Describe the image", content=[file(content, "image", filename="p")])

    said = f"p is a {kind} of 32 x 24 pixels in {len(content):,} bytes. What they show is not looked at here."
    assert said == done["result"]["answer"]


@pytest.mark.parametrize("content", [b"", b"no picture", picture()[:20]])
def test_no_picture(api: Api, content: bytes) -> None:
    """
    What is no picture is told as such.
    """
    done = api.done("Describe the image", content=[file(content, "image")])

    assert "image 1 was not read: it is no PNG, JPEG, GIF or WEBP." == done["result"]["answer"]


def test_several_sentences(api: Api) -> None:
    """
    Each sentence is a step of the reasoning with its own tool, and a line of the answer.
    """
    done = api.done("What is 6 * 7? Which weekday is 2026-11-21? What do apples cost?", content=[NEWS])

    result = done["result"]
    assert '6 * 7 = 42\n2026-11-21 is a Saturday.\n"Apples cost 42 euros." (text 1)' == result["answer"]
    tools = [(step["tooluse"]["tool_name"], step["tooluse"]["tool_call_id"]) for step in result["reasoning"]]
    assert [("calculator", "call_1"), ("date", "call_2"), ("search", "call_3")] == tools


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("What is 1/0?", "What is 1/0? cannot be calculated: division by zero."),
        ("What weekday is 2026-02-30?", 'There is no such day: "2026-02-30" is no day of the calendar'),
    ],
)
def test_cannot_be_done(api: Api, sentence: str, said: str) -> None:
    """
    A tool that comes to nothing says why; the run goes on.
    """
    done = api.done(f"{sentence}\nWhat is 1 + 1?")

    first, second = done["result"]["reasoning"]
    assert first["conclusion"].startswith(said)
    assert "1 + 1 = 2" == second["conclusion"]


def test_answer_format(api: Api) -> None:
    """
    With an `answerFormat` the answer is its JSON, and `parsed_answer` the value.
    """
    schema = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}

    done = api.done("What do apples cost?", content=[NEWS], answerFormat=schema)

    assert ('{"price": 42}', {"price": 42}) == (done["result"]["answer"], done["result"]["parsed_answer"])


def test_answer_format_that_cannot_be_filled(api: Api) -> None:
    """
    A run whose `answerFormat` cannot be filled has failed, and says what is missing.
    """
    schema = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}

    done = api.done("What do pears look like?", content=[NEWS], answerFormat=schema)

    assert ("failed", "invalid_request") == (done["status"], done["error"]["code"])
    assert 'asks for "price" (number), and nothing of the kind was found' in done["error"]["message"]


@pytest.fixture
def other() -> Iterator[tuple[str, list[Any]]]:
    """Another server: its address, and what it was asked."""
    asked: list[Any] = []

    def answer(seen: Seen) -> bytes:
        asked.append((seen.target, seen.headers, json.loads(seen.body) if seen.method == "POST" else None))
        if seen.method == "GET":
            return http(200, b"AI is here.", kind="")
        return http(302, b"", "Location: /secret") if seen.target == "/moved" else http(200, b'{"celsius": 21}')

    with answering(answer) as server:
        yield server.url, asked


def weather(url: str | None) -> dict[str, Any]:
    """A function tool at *url*."""
    return {"type": "function", "name": "weather", "url": url, "headers": {"X-Secret": "s"}, "defaults": {"unit": "c"}}


def test_function_tool_is_not_called(api: Api, other: tuple[str, list[Any]]) -> None:
    """
    Unless the operator allows it, no run makes the server call another one; the step says so.
    """
    done = api.done("Ask weather", tools=[weather(other[0])])

    said = 'The tool "weather" was not used: this server makes no calls to other servers.'
    assert (said, []) == (done["result"]["answer"], other[1])


def test_function_tool(serve: Callable[[Settings], Api], other: tuple[str, list[Any]]) -> None:
    """
    Where the operator allows it, a tool is called with its headers, its defaults and the JSON of the sentence.
    """
    api = serve(Settings(calls_out=True))
    schema = {"type": "object", "properties": {"celsius": {"type": "integer"}}, "required": ["celsius"]}

    done = api.done('Ask weather {"city": "Oslo"}', tools=[weather(other[0])], answerFormat=schema)

    path, headers, sent = other[1][0]
    assert ("/", "s", {"city": "Oslo", "unit": "c"}) == (path, headers["x-secret"], sent)
    assert {"celsius": 21} == done["result"]["parsed_answer"]


@pytest.mark.parametrize(
    ("path", "why"),
    [("/moved", "the other server answered 302."), (None, "it has no url."), ("gopher://x/", "could not be asked")],
)
def test_function_tool_that_fails(
    serve: Callable[[Settings], Api], other: tuple[str, list[Any]], path: str | None, why: str
) -> None:
    """
    A tool that cannot be called, or leads elsewhere, is told of; nobody follows it.
    """
    url = other[0] + path if path == "/moved" else path

    done = serve(Settings(calls_out=True)).done("Ask weather", tools=[weather(url)])

    assert why in done["result"]["answer"]
    assert "/secret" not in [asked for asked, *_ in other[1]]


def test_file_at_a_url(serve: Callable[[Settings], Api], other: tuple[str, list[Any]]) -> None:
    """
    Where the operator allows it, a file at a URL is fetched and searched.
    """
    block = {"type": "file", "filename": "news", "source": {"kind": "url", "url": f"{other[0]}/news"}}

    done = serve(Settings(calls_out=True)).done("Search for AI", content=[block])

    assert '"AI is here." (news)' == done["result"]["answer"]


@pytest.mark.parametrize("canceled", [False, True])
def test_callback(serve: Callable[[Settings], Api], other: tuple[str, list[Any]], *, canceled: bool) -> None:
    """
    Where the operator allows it, `callbackUrl` is told once how the run ended, also when it was canceled.
    """
    api = serve(Settings(calls_out=True))
    run_id = api.submit(output={"callbackUrl": f"{other[0]}/told"})
    if canceled:
        api.send("POST", f"/runs/{run_id}/cancel")

    run = api.work(run_id)
    api.work(run_id)

    assert [("/told", run)] == [(path, body) for path, _, body in other[1]]
    assert "canceled" if canceled else "succeeded" == run["status"]


def test_callback_that_fails(serve: Callable[[Settings], Api], caplog: pytest.LogCaptureFixture) -> None:
    """
    A callback that nobody answers is logged; the run has ended all the same.
    """
    run = serve(Settings(calls_out=True)).done("What is 1 + 1?", output={"callbackUrl": "http://127.0.0.1:1/"})

    assert "succeeded" == run["status"]
    assert f"The callback of run {run['runId']} failed" in caplog.text
