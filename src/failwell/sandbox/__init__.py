"""Each failure on cue: a fault layer before a real server, and the script that tells it what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.sandbox.assembly import DEMO_KEYS as DEMO_KEYS
    from failwell.sandbox.assembly import assembled as assembled
    from failwell.sandbox.errors import BadScriptError as BadScriptError
    from failwell.sandbox.errors import CannotListenError as CannotListenError
    from failwell.sandbox.errors import PortInUseError as PortInUseError
    from failwell.sandbox.errors import SandboxError as SandboxError
    from failwell.sandbox.errors import SlowServiceError as SlowServiceError
    from failwell.sandbox.faults.rules import Armed as Armed
    from failwell.sandbox.faults.rules import Rule as Rule
    from failwell.sandbox.faults.rules import Script as Script
    from failwell.sandbox.faults.rules import rule_from_json as rule_from_json
    from failwell.sandbox.faults.steps import Answer as Answer
    from failwell.sandbox.faults.steps import BreakSession as BreakSession
    from failwell.sandbox.faults.steps import Certificate as Certificate
    from failwell.sandbox.faults.steps import Close as Close
    from failwell.sandbox.faults.steps import Cut as Cut
    from failwell.sandbox.faults.steps import Delay as Delay
    from failwell.sandbox.faults.steps import Drip as Drip
    from failwell.sandbox.faults.steps import DropReply as DropReply
    from failwell.sandbox.faults.steps import FaultStep as FaultStep
    from failwell.sandbox.faults.steps import Forward as Forward
    from failwell.sandbox.faults.steps import Garbled as Garbled
    from failwell.sandbox.faults.steps import Malformed as Malformed
    from failwell.sandbox.faults.steps import Raw as Raw
    from failwell.sandbox.faults.steps import Reset as Reset
    from failwell.sandbox.faults.steps import Silence as Silence
    from failwell.sandbox.faults.steps import WrongLength as WrongLength
    from failwell.sandbox.faults.steps import step_from_json as step_from_json
    from failwell.sandbox.log import Entry as Entry
    from failwell.sandbox.log import RequestLog as RequestLog
    from failwell.sandbox.proxy.layer import FaultLayer as FaultLayer
    from failwell.sandbox.proxy.listening import listen as listen
    from failwell.sandbox.sandbox import Sandbox as Sandbox
    from failwell.sandbox.serving import Background as Background
    from failwell.sandbox.serving import BackgroundService as BackgroundService
    from failwell.sandbox.serving import in_thread as in_thread
    from failwell.sandbox.serving import serve as serve
    from failwell.sandbox.vendor import Served as Served
    from failwell.sandbox.vendor import UnknownVendorError as UnknownVendorError
    from failwell.sandbox.vendor import Vendor as Vendor
    from failwell.sandbox.vendor import find_vendor as find_vendor
    from failwell.sandbox.vendor import known_vendors as known_vendors

require("sandbox", __name__)
lazy_exports(
    __name__,
    {
        "assembly": "DEMO_KEYS assembled",
        "errors": "BadScriptError CannotListenError PortInUseError SandboxError SlowServiceError",
        "faults.rules": "Armed Rule Script rule_from_json",
        "faults.steps": "Answer BreakSession Certificate Close Cut Delay Drip DropReply FaultStep Forward "
        "Garbled Malformed Raw Reset Silence WrongLength step_from_json",
        "log": "Entry RequestLog",
        "proxy.layer": "FaultLayer",
        "proxy.listening": "listen",
        "sandbox": "Sandbox",
        "serving": "Background BackgroundService in_thread serve",
        "vendor": "Served UnknownVendorError Vendor find_vendor known_vendors",
    },
)
