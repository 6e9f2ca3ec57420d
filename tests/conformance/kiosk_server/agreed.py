"""The kiosk as a vendor for the `failwell` command; the variable KIOSK_SNAPSHOT names the contract that is kept."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from failwell.conformance import Promises
from tests.conformance.kiosk.promises import ADAPTER, agreement
from tests.conformance.kiosk_server import vendor

PROMISES = Promises(ADAPTER, agreement(Path(os.environ.get("KIOSK_SNAPSHOT", "contract.snapshot.json"))))
VENDOR = replace(vendor.VENDOR, promises=f"{__name__}:PROMISES")
