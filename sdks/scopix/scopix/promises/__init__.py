"""The sentences of Scopix's two pages on errors, each with the check that holds it.

`failwell check scopix` runs them; `tests/documented` holds every remaining line of the pages.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from failwell.conformance import Agreement, Promises, universal_promises
from scopix.promises import api_page, sdk_page, ways
from scopix.promises.ways import ADAPTER, CALLS, FAILURES, lists, opens

AGREEMENT = Agreement(
    Path(__file__).parent.with_name("contract.snapshot.json"),
    call=lambda client: client.chat.list_sessions(),
    operations={
        "files": lists,
        "files.describe": lambda client: client.files.describe("img_1"),
        "documents.upload": lambda client: client.documents.upload(__file__),
        "video_analysis": lambda client: client.video_analysis.get("vid_1"),
    },
    occasions={
        "configuration": lambda bench: bench.call(lists, key=""),
        "poll_timeout": ways.late,
        "circuit_open": ways.circuit_open,
        "unreadable_file": ways.unreadable,
        "unreadable_video": ways.unreadable_video,
        "batch": ways.incomplete,
        "source_changed": ways.changed,
        "stream": ways.stream_cut,
        "files.wait_for_descriptions": ways.no_description,
        "documents": ways.broken_document,
        "cloud_storage": ways.failed_import,
        "s3_connector": ways.failed_copy,
        "video_analysis": ways.failed_analysis,
    },
)

PROMISES = Promises(ADAPTER, AGREEMENT, CALLS)
PROMISES.include(api_page.PROMISES)
PROMISES.include(sdk_page.PROMISES)

universal_promises(PROMISES, lists, FAILURES, write=lambda name: partial(opens, title=name))
