"""Knowledge bases: made, filled with files, and asked. Each operation has a twin that is awaited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from failwell.client import PollSpec, TwofoldObject, check_timeout, model, path, poll_job, twofold
from failwell.policy import JobFailedError
from vectorshift.client import CLIENTS
from vectorshift.exceptions import CATALOGUE
from vectorshift.files import Uploadable, uploaded
from vectorshift.models import Done, IngestionTask, RetrievedChunk
from vectorshift.objects import answer, fetched, listed, passages, text_of

if TYPE_CHECKING:
    from failwell.client import Api
    from failwell.policy import Flow
    from failwell.wire import Reply

KnowledgeBases = list["KnowledgeBase"]
Ingestions = list[IngestionTask]
Chunks = list[RetrievedChunk]

INGESTION = PollSpec("Ingestion", "knowledge_base.ingestion_status", on="ingestion_timeout", id_field="task_id")


class KnowledgeBase(TwofoldObject, clients=CLIENTS, name="knowledge_base"):
    """A knowledge base: files that are searched."""

    def __init__(self, id: str, *, name: str = "") -> None:  # noqa: A002 - what the API calls it
        self.id = id
        self.name = name

    def __repr__(self) -> str:
        return f"KnowledgeBase(id={self.id!r}, name={self.name!r})"

    @twofold
    @classmethod
    def new(cls, api: Api, name: str) -> Flow[KnowledgeBase]:
        """Make a knowledge base."""

        def made(reply: Reply) -> KnowledgeBase:
            return KnowledgeBase(str(answer(reply, "id", "_id")), name=name)

        return api.call("POST", "/knowledge-base", made, payload={"name": name})

    anew = new.awaiting

    @twofold
    @classmethod
    def fetch(cls, api: Api, *, id: str | None = None, name: str | None = None) -> Flow[KnowledgeBase]:  # noqa: A002
        """The knowledge base of this *id*, or of this *name*.

        Raises:
            KbNotFound: there is none, or it belongs to somebody else.
        """
        return fetched(api, "/knowledge-base", _knowledge_base, id=id, name=name)

    afetch = fetch.awaiting

    @twofold
    def delete(self, api: Api) -> Flow[Done]:
        """Delete it, with all that is in it."""
        return api.call("DELETE", path("/knowledge-base", self.id), model(Done))

    adelete = delete.awaiting

    @twofold
    def add_files(self, api: Api, files: Iterable[Uploadable]) -> Flow[Ingestions]:
        """Upload *files*, and have each ingested: paths, or files that are open for reading bytes.

        What is returned has not ended yet: `ingestion_status` looks at it.

        Raises:
            OSError: a file is not there, or may not be read.
        """
        return self._added(api, files)

    aadd_files = add_files.awaiting

    @twofold
    def add_files_and_wait(
        self, api: Api, files: Iterable[Uploadable], *, timeout: float = 600.0, poll_interval: float = 1.0
    ) -> Flow[Ingestions]:
        """Upload *files*, and wait for each at most *timeout* seconds until it has been ingested.

        Raises:
            KbIngestionFailed: one failed; `e.run_error` says why.
            KbIngestionTimeout: one did not end in time. It goes on; `e.task_id` names it.
        """
        check_timeout(CATALOGUE, timeout)
        ended: Ingestions = []
        for task in (yield from self._added(api, files)):
            done = yield from self._ended(api, task.task_id, timeout, poll_interval)
            ended.append(done)
        return ended

    aadd_files_and_wait = add_files_and_wait.awaiting

    @twofold
    def ingestion_status(self, api: Api, task_id: str) -> Flow[IngestionTask]:
        """How an ingestion stands. One that failed is no error here: look at `.status` and `.error`."""
        return api.call("GET", self._ingestion(task_id), model(IngestionTask))

    aingestion_status = ingestion_status.awaiting

    @twofold
    def query(self, api: Api, text: str, *, top_k: int = 10) -> Flow[Chunks]:
        """The passages that fit *text* best, at most *top_k*."""

        def found(reply: Reply) -> Chunks:
            return [RetrievedChunk.model_validate(row) for row in passages(reply)]

        # The newer API reads one of these, the older one the other.
        settings = {"top_k": top_k}
        payload = {"queries": [text], "config": settings, "search_metadata": settings}
        return api.call("POST", path("/knowledge-base", self.id, "query"), found, payload=payload)

    aquery = query.awaiting

    @twofold
    @classmethod
    def list(cls, api: Api, *, limit: int = 20, offset: int = 0) -> Flow[KnowledgeBases]:
        """The knowledge bases of the organisation of the key."""
        return api.call("GET", "/knowledge-bases/", _knowledge_bases, params={"limit": limit, "offset": offset})

    alist = list.awaiting  # noqa: A003 - the one above

    def _ingestion(self, task_id: str) -> str:
        return path("/knowledge-base", self.id, "ingestions", task_id)

    def _added(self, api: Api, files: Iterable[Uploadable]) -> Flow[Ingestions]:
        tasks: Ingestions = []
        for file in files:
            payload = {"file_data": {"file": (yield from uploaded(api, file))}}
            target = path("/knowledge-base", self.id, "ingestions")
            tasks.append((yield from api.call("POST", target, model(IngestionTask), payload=payload)))
        return tasks

    def _ended(self, api: Api, task_id: str, timeout: float, poll_interval: float) -> Flow[IngestionTask]:
        def decode(reply: Reply) -> IngestionTask:
            task = model(IngestionTask)(reply)
            if task.failed:
                reason = task.error or "the server did not say why"
                told = {"error": f"Ingestion {task_id} failed: {reason}", "task_id": task_id, "run_error": reason}
                raise JobFailedError(0, told)
            return task

        return poll_job(
            api.core,
            INGESTION,
            task_id,
            lambda: api.call("GET", self._ingestion(task_id), decode),
            timeout=timeout,
            poll_interval=poll_interval,
        )


def _knowledge_base(found: Mapping[str, Any]) -> KnowledgeBase:
    return KnowledgeBase(text_of(found, "_id", "id"), name=text_of(found, "name", default=""))


def _knowledge_bases(reply: Reply) -> KnowledgeBases:
    return [_knowledge_base(found) for found in listed(reply)]
