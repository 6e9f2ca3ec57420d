"""Each failure on cue: a fault layer before a real server, and the script that tells it what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.sandbox.assembly import DEMO_KEYS as DEMO_KEYS, assembled as assembled
    from failwell.sandbox.errors import (
        BadScriptError as BadScriptError,
        CannotListenError as CannotListenError,
        PortInUseError as PortInUseError,
        SandboxError as SandboxError,
        SlowServiceError as SlowServiceError,
    )
    from failwell.sandbox.faults.rules import (
        Armed as Armed,
        Rule as Rule,
        Script as Script,
        rule_from_json as rule_from_json,
    )
    from failwell.sandbox.faults.steps import (
        Answer as Answer,
        BreakSession as BreakSession,
        Certificate as Certificate,
        Close as Close,
        Cut as Cut,
        Delay as Delay,
        Drip as Drip,
        DropReply as DropReply,
        FaultStep as FaultStep,
        Forward as Forward,
        Garbled as Garbled,
        Malformed as Malformed,
        Raw as Raw,
        Reset as Reset,
        Silence as Silence,
        WrongLength as WrongLength,
        step_from_json as step_from_json,
    )
    from failwell.sandbox.log import Entry as Entry, RequestLog as RequestLog
    from failwell.sandbox.proxy.layer import FaultLayer as FaultLayer
    from failwell.sandbox.proxy.listening import listen as listen
    from failwell.sandbox.sandbox import Sandbox as Sandbox
    from failwell.sandbox.serving import (
        Background as Background,
        BackgroundService as BackgroundService,
        in_thread as in_thread,
        serve as serve,
    )
    from failwell.sandbox.vendor import (
        Served as Served,
        UnknownVendorError as UnknownVendorError,
        Vendor as Vendor,
        find_vendor as find_vendor,
        known_vendors as known_vendors,
    )

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
