"""Each failure on cue: a fault layer before a real server, and the script that tells it what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.contract.extras import require
from failwell.contract.late import load_late

if TYPE_CHECKING:
    from failwell.sandbox.layer import FaultLayer
    from failwell.sandbox.listening import listen
    from failwell.sandbox.log import Entry, RequestLog
    from failwell.sandbox.problems import (
        BadScriptError,
        CannotListenError,
        PortInUseError,
        SandboxError,
        SlowServiceError,
    )
    from failwell.sandbox.sandbox import Sandbox
    from failwell.sandbox.script import Armed, Rule, Script, rule_from_json
    from failwell.sandbox.serving import serve
    from failwell.sandbox.steps import (
        Answer,
        Certificate,
        Close,
        Cut,
        Delay,
        Drip,
        Garbled,
        Lose,
        Malformed,
        Pass,
        Raw,
        Reset,
        Silence,
        Step,
        WrongLength,
        step_from_json,
    )
    from failwell.sandbox.thread import Background, Service, in_thread
    from failwell.sandbox.vendor import Served, UnknownVendorError, Vendor, find_vendor, known_vendors

require("sandbox", __name__)
load_late(
    __name__,
    {
        "layer": ("FaultLayer",),
        "listening": ("listen",),
        "log": ("Entry", "RequestLog"),
        "problems": ("BadScriptError", "CannotListenError", "PortInUseError", "SandboxError", "SlowServiceError"),
        "sandbox": ("Sandbox",),
        "script": ("Armed", "Rule", "Script", "rule_from_json"),
        "serving": ("serve",),
        "steps": (
            "Answer",
            "Certificate",
            "Close",
            "Cut",
            "Delay",
            "Drip",
            "Garbled",
            "Lose",
            "Malformed",
            "Pass",
            "Raw",
            "Reset",
            "Silence",
            "Step",
            "WrongLength",
            "step_from_json",
        ),
        "thread": ("Background", "Service", "in_thread"),
        "vendor": ("Served", "UnknownVendorError", "Vendor", "find_vendor", "known_vendors"),
    },
)

__all__ = [
    "Answer",
    "Armed",
    "Background",
    "BadScriptError",
    "CannotListenError",
    "Certificate",
    "Close",
    "Cut",
    "Delay",
    "Drip",
    "Entry",
    "FaultLayer",
    "Garbled",
    "Lose",
    "Malformed",
    "Pass",
    "PortInUseError",
    "Raw",
    "RequestLog",
    "Reset",
    "Rule",
    "Sandbox",
    "SandboxError",
    "Script",
    "Served",
    "Service",
    "Silence",
    "SlowServiceError",
    "Step",
    "UnknownVendorError",
    "Vendor",
    "WrongLength",
    "find_vendor",
    "in_thread",
    "known_vendors",
    "listen",
    "rule_from_json",
    "serve",
    "step_from_json",
]
