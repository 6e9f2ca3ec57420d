"""
Exceptions of a conformance check: a broken adapter, a promise that is not kept.

NoPromisesError   a vendor's promises are missing, broken, or none
NoRowsError       no row has the words that were asked for
AdapterError      of an SDK in an environment of its own
├── InterpreterError  the Python that it should run in does not start
├── AdapterFileError  the adapter's file cannot be used: which part of it, and why
└── LostError         the SDK's process was lost; in a check, the row that lost it falls short
    ├── DiedError         it ended by itself
    ├── HungError         it gave no sign of life
    ├── EndlessError      it gave signs of life, and came to no end
    └── GarbledError      it wrote on the pipe that it talks to Failwell over
"""

from __future__ import annotations

from pathlib import Path

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError


class ShortfallError(Exception):
    """A promise was not kept: what was expected, and what was seen instead."""


class NoPromisesError(ExceptionFields, ContractError):
    """The promises of *vendor*, which should be at *place*, cannot be checked, for this *reason*."""

    vendor: str
    place: str
    reason: str
    template = (
        "The promises of {vendor!r} ({place!r}) cannot be checked: {reason}. Let its Vendor say where they are: "
        'promises="shop.promises:PROMISES"'
    )


class NoRowsError(ExceptionFields, ContractError):
    """None of *count* rows has all *words*."""

    words: str
    count: int
    template = "None of {count} rows has {words!r} in its section, its sentence or the name of its check."


class AdapterError(ContractError):
    """The SDK under test cannot be reached through its adapter."""


class InterpreterError(ExceptionFields, AdapterError):
    """*python* cannot be run; *reason* is the system's word for it."""

    python: str
    reason: str
    template = (
        "{python} cannot be run: {reason}. Pass --python with the interpreter of the environment where the SDK is "
        "installed."
    )


class AdapterFileError(ExceptionFields, AdapterError):
    """The adapter *file* cannot be used, for this *reason*, with *python*."""

    file: Path
    reason: str
    python: str
    template = (
        "{file} is no adapter that {python} can use: {reason}. Correct it, or pass --python with the interpreter of "
        "the environment where the SDK is installed."
    )


class LostError(AdapterError, ShortfallError):
    """The SDK's process is gone; the next call gets a new one."""


class DiedError(ExceptionFields, LostError):
    """The SDK's process ended with *exit_code* (negative: by that signal); *last_words* is the end of its stderr."""

    exit_code: int
    last_words: str

    def __str__(self) -> str:
        how = f"exit code {self.exit_code}" if self.exit_code >= 0 else f"signal {-self.exit_code}"
        said = f"; its last words: {self.last_words}" if self.last_words else "; it said nothing"
        return f"the SDK's process ended with {how}{said}"


class HungError(ExceptionFields, LostError):
    """The SDK's process was ended: nothing came from it for *patience* seconds of real time."""

    patience: float
    template = "the call did not end: no sign of life for {patience:g} s, so the SDK's process was ended"


class EndlessError(ExceptionFields, LostError):
    """The SDK's process was ended: a call was not over after *seconds* of real time, waiting and trying on and on."""

    seconds: float
    template = "the call did not end: it still waited and tried again after {seconds:g} s, so it was ended"


class GarbledError(ExceptionFields, LostError):
    """The SDK's process was ended: *line*, which it wrote on the pipe, is none of the protocol's."""

    line: str
    template = "the SDK's process wrote {line!r} on a pipe that is not its own, so it was ended"


class NotOfferedError(ExceptionFields, ShortfallError):
    """The adapter says that the SDK does not offer what a promise needs, for this *reason*."""

    reason: str

    def __str__(self) -> str:
        return self.reason or "the adapter says so"
