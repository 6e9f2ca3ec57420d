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

from failwell.contract.errors import ContractError


class ShortfallError(Exception):
    """A promise was not kept: what was expected, and what was seen instead."""


class NoPromisesError(ContractError):
    """The promises of *vendor*, which should be at *place*, cannot be checked, for this *reason*."""

    def __init__(self, vendor: str, place: str, reason: str) -> None:
        super().__init__(vendor, place, reason)
        self.vendor = vendor
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        remedy = 'Let its Vendor say where they are: promises="shop.promises:PROMISES"'
        return f"The promises of {self.vendor!r} ({self.place!r}) cannot be checked: {self.reason}. {remedy}"


class NoRowsError(ContractError):
    """None of *count* rows has all *words*."""

    def __init__(self, words: str, count: int) -> None:
        super().__init__(words, count)
        self.words = words
        self.count = count

    def __str__(self) -> str:
        return f"None of {self.count} rows has {self.words!r} in its section, its sentence or the name of its check."


class AdapterError(ContractError):
    """The SDK under test cannot be reached through its adapter."""


class InterpreterError(AdapterError):
    """*python* cannot be run; *reason* is the system's word for it."""

    def __init__(self, python: str, reason: str) -> None:
        super().__init__(python, reason)
        self.python = python
        self.reason = reason

    def __str__(self) -> str:
        remedy = "Pass --python with the interpreter of the environment where the SDK is installed."
        return f"{self.python} cannot be run: {self.reason}. {remedy}"


class AdapterFileError(AdapterError):
    """The adapter *file* cannot be used, for this *reason*, with *python*."""

    def __init__(self, file: Path, reason: str, python: str) -> None:
        super().__init__(file, reason, python)
        self.file = file
        self.reason = reason
        self.python = python

    def __str__(self) -> str:
        return (
            f"{self.file} is no adapter that {self.python} can use: {self.reason}. "
            "Correct it, or pass --python with the interpreter of the environment where the SDK is installed."
        )


class LostError(AdapterError, ShortfallError):
    """The SDK's process is gone; the next call gets a new one."""


class DiedError(LostError):
    """The SDK's process ended with *exit_code* (negative: by that signal); *last_words* is the end of its stderr."""

    def __init__(self, exit_code: int, last_words: str) -> None:
        super().__init__(exit_code, last_words)
        self.exit_code = exit_code
        self.last_words = last_words

    def __str__(self) -> str:
        how = f"exit code {self.exit_code}" if self.exit_code >= 0 else f"signal {-self.exit_code}"
        said = f"; its last words: {self.last_words}" if self.last_words else "; it said nothing"
        return f"the SDK's process ended with {how}{said}"


class HungError(LostError):
    """The SDK's process was ended: nothing came from it for *patience* seconds of real time."""

    def __init__(self, patience: float) -> None:
        super().__init__(patience)
        self.patience = patience

    def __str__(self) -> str:
        return f"the call did not end: no sign of life for {self.patience:g} s, so the SDK's process was ended"


class EndlessError(LostError):
    """The SDK's process was ended: a call was not over after *seconds* of real time, waiting and trying on and on."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the call did not end: it still waited and tried again after {self.seconds:g} s, so it was ended"


class GarbledError(LostError):
    """The SDK's process was ended: *line*, which it wrote on the pipe, is none of the protocol's."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line

    def __str__(self) -> str:
        return f"the SDK's process wrote {self.line!r} on a pipe that is not its own, so it was ended"


class NotOfferedError(ShortfallError):
    """The adapter says that the SDK does not offer what a promise needs, for this *reason*."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason or "the adapter says so"
