"""Each failure on cue: a fault layer before a real server, and the script that tells it what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.sandbox.assembly import DEMO_KEYS, assembled
    from failwell.sandbox.errors import (
        BadScriptError,
        CannotListenError,
        PortInUseError,
        SandboxError,
        SlowServiceError,
    )
    from failwell.sandbox.faults.rules import Armed, Rule, Script, rule_from_json
    from failwell.sandbox.faults.steps import (
        Answer,
        BreakSession,
        Certificate,
        Close,
        Cut,
        Delay,
        Drip,
        DropReply,
        FaultStep,
        Forward,
        Garbled,
        Malformed,
        Raw,
        Reset,
        Silence,
        WrongLength,
        step_from_json,
    )
    from failwell.sandbox.log import Entry, RequestLog
    from failwell.sandbox.proxy.layer import FaultLayer
    from failwell.sandbox.proxy.listening import listen
    from failwell.sandbox.sandbox import Sandbox
    from failwell.sandbox.serving import Background, BackgroundService, in_thread, serve
    from failwell.sandbox.vendor import Served, UnknownVendorError, Vendor, find_vendor, known_vendors

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

__all__ = [
    "DEMO_KEYS",
    "Answer",
    "Armed",
    "Background",
    "BackgroundService",
    "BadScriptError",
    "BreakSession",
    "CannotListenError",
    "Certificate",
    "Close",
    "Cut",
    "Delay",
    "Drip",
    "DropReply",
    "Entry",
    "FaultLayer",
    "FaultStep",
    "Forward",
    "Garbled",
    "Malformed",
    "PortInUseError",
    "Raw",
    "RequestLog",
    "Reset",
    "Rule",
    "Sandbox",
    "SandboxError",
    "Script",
    "Served",
    "Silence",
    "SlowServiceError",
    "UnknownVendorError",
    "Vendor",
    "WrongLength",
    "assembled",
    "find_vendor",
    "in_thread",
    "known_vendors",
    "listen",
    "rule_from_json",
    "serve",
    "step_from_json",
]
