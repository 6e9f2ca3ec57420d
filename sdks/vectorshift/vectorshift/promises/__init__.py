"""The sentences of VectorShift's page on errors, each with the check that holds it.

`failwell check vectorshift` runs them; `tests/documented` holds every remaining line of the page.
"""

from __future__ import annotations

from pathlib import Path

from failwell.conformance import Agreement, Promises, universal_promises
from vectorshift.promises import beside, page, ways
from vectorshift.promises.driver import ADAPTER
from vectorshift.promises.ways import CALLS, FAILURES, lists, makes

AGREEMENT = Agreement(
    Path(__file__).parent.with_name("contract.snapshot.json"),
    call=lists,
    operations={"knowledge_base": lambda client: client.knowledge_base.fetch(name="b")},
    occasions={
        "configuration": ways.misconfigured,
        "poll_timeout": ways.late_run,
        "ingestion_timeout": ways.late_ingestion,
        "session": ways.dropped,
        "SessionError": ways.told_in_a_session,
        "PipelineRunFailedError": ways.failed_run,
        "KbIngestionFailed": ways.failed_ingestion,
    },
)

PROMISES = Promises(ADAPTER, AGREEMENT, CALLS)
PROMISES.include(page.PROMISES)
PROMISES.include(beside.PROMISES)

universal_promises(PROMISES, lists, FAILURES, write=makes)
