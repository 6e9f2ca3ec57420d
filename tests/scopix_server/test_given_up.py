"""Jobs that cannot be done: each ends as failed, once, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scopix_server.work import KINDS, Work, unfinished_jobs

from .api import Api
from .test_chats import ask, chat
from .test_cloud import connect, start
from .test_documents import HOUSE, document, send
from .test_videos import begin, put


def _analysis(api: Api) -> str:
    content = b"no video at all"
    media_id = begin(api, content).json()["media_id"]
    put(api, media_id, 0, content)
    api.send("POST", f"/videos/{media_id}/complete")
    return f"/video-analysis/jobs/{api.send('POST', f'/videos/{media_id}/analyses').json()['id']}"


STARTED: dict[str, Callable[[Api], str]] = {
    "document": lambda api: f"/documents/{send(api).json()['id']}",
    "analysis": _analysis,
    "import": lambda api: (
        f"/cloud-storage/jobs/{start(api, 'import', connection_id=connect(api), files=['a.txt'])['id']}"
    ),
    "s3": lambda api: f"/s3-connector/jobs/{start(api, 's3', bucket='demo')['id']}",
}
"""Jobs that nobody has begun, each as the path that tells of it."""


def work_of(api: Api, job_id: str) -> Work:
    """Whoever does a job."""
    kind = next(kind for kind, other in unfinished_jobs(api.store) if other == job_id)
    return KINDS[kind].open(api.store, api.services.clock, api.services.settings)


@pytest.mark.parametrize("name", STARTED)
def test_given_up(api: Api, name: str) -> None:
    """
    A job that is given up fails with the reason, and is not among the unfinished ones any more.
    """
    path = STARTED[name](api)
    job_id = path.rpartition("/")[2]
    work_of(api, job_id).give_up(job_id, "the worker died 6 times")

    failed = api.get(path)
    assert ("failed", "SERVER_ERROR") == (failed["status"], failed["error"]["code"])
    assert "given up: the worker died 6 times." in failed["error"]["message"]
    assert [] == [kind for kind, other in unfinished_jobs(api.store) if other == job_id]


@pytest.mark.parametrize("name", STARTED)
def test_ended_stays(api: Api, name: str) -> None:
    """
    A job that has ended stays as it is, however late it is given up.
    """
    path = STARTED[name](api)
    job_id = path.rpartition("/")[2]
    work = work_of(api, job_id)
    api.work()
    ended = api.get(path)
    work.give_up(job_id, "late")

    assert ended == api.get(path)
    assert ended["status"] in {"completed", "failed"}
    assert ended["error"] is None or ended["error"]["code"] != "SERVER_ERROR"


def test_answer(api: Api) -> None:
    """
    So does an answer: its stream ends with an error event, and the session takes the next message.
    """
    document(api, HOUSE)
    session_id = chat(api)
    accepted: Any = ask(api, session_id).json()
    work = work_of(api, accepted["message_id"])
    for _ in range(2):
        work.give_up(accepted["message_id"], "the worker died 6 times")

    told = api.send("GET", accepted["events"].removeprefix("/api/v2")).text
    assert ("event: error" in told, "CHAT_ERROR" in told, "[DONE]" in told) == (True, True, False)
    assert 202 == ask(api, session_id).status_code
