"""The sentences of Scopix's two pages on errors, each with the check that holds it.

`failwell check scopix` runs them; `tests/documented` holds every remaining line of the pages.
"""

from __future__ import annotations

from functools import partial

from failwell.conformance import Promises, universal_promises
from scopix.promises import api_page, classes, sdk_page
from scopix.promises.ways import ADAPTER, CALLS, FAILURES, lists, opens

PROMISES = Promises(ADAPTER, calls=CALLS)
PROMISES.include(api_page.PROMISES)
PROMISES.include(sdk_page.PROMISES)
PROMISES.include(classes.PROMISES)

universal_promises(PROMISES, lists, FAILURES, write=lambda name: partial(opens, title=name))
