"""Parts of the engine that an operator has exchanged, and that do not do what they should."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from scopix_server import Settings

from .api import Api
from .test_chats import ask, chat, events
from .test_documents import HOUSE, document
from .test_videos import CHUNK, upload

SECRET = "SELECT secret FROM keys"
LONG = 60.0


class Part:
    """A vision provider, an analyser and a responder in one: each does what the last of `acts` does."""

    acts: ClassVar[list[Callable[[], Any]]] = [dict]

    def __init__(self, settings: Settings) -> None:
        pass

    def describe(self, content: bytes, filename: str) -> Any:
        """What the last of `acts` gives."""
        return self.acts[-1]()

    def analyse(self, path: Any) -> Any:
        """What the last of `acts` gives."""
        return self.acts[-1]()

    def answer(self, question: str, sources: Any, said: str) -> Iterator[Any]:
        """A piece, and what the last of `acts` gives."""
        yield "One. "
        yield self.acts[-1]()


def a_description(api: Api) -> tuple[str, str]:
    """How the job of a description ended."""
    file_id = api.upload()["id"]
    api.work()
    file = api.get(f"/files/{file_id}")
    return file["description_status"], json.dumps(file["description_error"])


def an_analysis(api: Api) -> tuple[str, str]:
    """How an analysis ended."""
    job_id = api.send("POST", f"/videos/{upload(api)}/analyses").json()["id"]
    api.work()
    job = api.get(f"/video-analysis/jobs/{job_id}")
    return job["status"], json.dumps(job["error"])


def an_answer(api: Api) -> tuple[str, str]:
    """How an answer ended."""
    document(api, HOUSE)
    path = ask(api, chat(api)).json()["events"]
    api.work()
    *_, (name, data, _) = events(api, path)
    return {"error": "failed"}.get(name, name), json.dumps(json.loads(data)["error"])


WORK = {"vision_provider": a_description, "analyser": an_analysis, "responder": an_answer}
DOWN = {"vision_provider": "VLM_PROVIDER_ERROR", "analyser": "VLM_PROVIDER_ERROR", "responder": "CHAT_ERROR"}
NOUNS = {"vision_provider": "vision provider", "analyser": "analyser", "responder": "responder"}


def hangs() -> None:
    """Never return, until the test has ended."""
    RELEASED.wait(LONG)


RELEASED = threading.Event()


def breaks() -> None:
    """Show a bug."""
    raise KeyError(SECRET)


def exits() -> None:
    """End the process, as some libraries do."""
    sys.exit(SECRET)


@pytest.mark.parametrize("part", WORK)
@pytest.mark.parametrize(
    ("act", "code"),
    [
        (hangs, "TIMEOUT"),
        (breaks, None),
        (exits, None),
        (lambda: None, None),
        (lambda: 7, None),
        (lambda: {"what": object()}, None),
    ],
    ids=["hangs", "breaks", "exits", "nothing", "a number", "no JSON"],
)
def test_told_as_a_failure(
    serve: Callable[[Settings], Api],
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    act: Callable[[], Any],
    code: str | None,
) -> None:
    """
    A part of the engine that hangs, breaks or answers nonsense fails its job with the reason; the next one is done.
    """
    chosen: dict[str, Any] = {part: f"{__name__}:Part"}
    limits: dict[str, Any] = dict.fromkeys(["description_seconds", "answer_seconds", "analysis_seconds"], 0.2)
    monkeypatch.setattr(Part, "acts", [act])
    status, problem = WORK[part](serve(Settings(**chosen, **limits, video_chunk_bytes=CHUNK)))
    RELEASED.set()
    RELEASED.clear()

    assert "failed" == status
    words = "gave no answer within 0.2 s." if code else "failed. Try again in a few minutes."
    said = {"code": code or DOWN[part], "message": f"The {NOUNS[part]} {words}"}
    assert said == {name: said for name, said in json.loads(problem).items() if name != "details"}
    assert SECRET not in problem


def test_others_are_served(serve: Callable[[Settings], Api], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While a part hangs the others do their jobs, and so does a part that works again.
    """
    monkeypatch.setattr(Part, "acts", [hangs])
    api = serve(Settings(analyser=f"{__name__}:Part", analysis_seconds=0.05, video_chunk_bytes=CHUNK))
    assert "failed" == an_analysis(api)[0]
    assert ("completed", "null") == a_description(api)
    Part.acts.append(lambda: {"scenes": 3})
    api.send("DELETE", f"/videos/{upload(api)}")
    job_id = api.send("POST", f"/videos/{upload(api)}/analyses").json()["id"]
    api.work()
    RELEASED.set()
    RELEASED.clear()

    assert {"scenes": 3} == api.get(f"/video-analysis/jobs/{job_id}")["result"]
