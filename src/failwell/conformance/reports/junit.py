"""JUnit XML report of a check: a suite per colour, a test per row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from failwell.conformance.verdicts import Row, Verdict

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold, not even escaped."""


def junit(rows: Sequence[Row], *, vendor: str, sdk: str) -> str:
    """The document about *rows*.

    A row that falls short is a failure with its reason, one that is not offered is skipped, and one whose check failed
    in a way of its own is an error.
    """
    tried = dict.fromkeys(colour for row in rows for colour in row.verdicts)
    suites = [_suite(colour, rows, vendor, sdk) for colour in tried]
    root = ET.Element("testsuites", {"name": _text(f"failwell check {vendor}"), **_sums(suites)})
    root.extend(suites)
    ET.indent(root)
    # ASCII, with references for the rest: a terminal or a pipe may have another encoding than the document says.
    text: bytes = ET.tostring(root, encoding="us-ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text.decode()}\n'


def _suite(colour: str, rows: Sequence[Row], vendor: str, sdk: str) -> ET.Element:
    # Two suites may not have a test of the same name: the colour stands in the class name too.
    cases = [
        _case(f"{vendor}.{colour}.{row.promise.section}", row.promise.sentence, row.verdicts[colour])
        for row in rows
        if colour in row.verdicts
    ]
    counted = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{sum(float(case.attrib['time']) for case in cases):.3f}",
    }
    suite = ET.Element("testsuite", {"name": _text(f"{sdk}, {colour}"), **counted})
    suite.extend(cases)
    return suite


def _case(classname: str, name: str, verdict: Verdict) -> ET.Element:
    case = ET.Element(
        "testcase", {"classname": _text(classname), "name": _text(name), "time": f"{verdict.seconds:.3f}"}
    )
    if verdict.held:
        return case
    if not verdict.offered:
        ET.SubElement(case, "skipped", {"message": _text(verdict.reason)})
        return case
    kind = "error" if verdict.odd else "failure"
    raised = type(verdict.seen.error).__name__ if verdict.seen.error is not None else "nothing"
    told = ET.SubElement(case, kind, {"message": _text(verdict.reason), "type": raised})
    waits = ", ".join(f"{wait:g} s" for wait in verdict.seen.waits) or "none"
    requests = [f"{entry.method} {entry.path}: {entry.outcome}" for entry in verdict.seen.requests]
    lines = (verdict.reason, f"raised: {raised}", f"waits: {waits}", f"requests: {len(requests)}", *requests)
    told.text = _text("\n".join(lines))
    return case


def _sums(suites: Sequence[ET.Element]) -> dict[str, str]:
    counts = {
        name: str(sum(int(suite.attrib[name]) for suite in suites))
        for name in ("tests", "failures", "errors", "skipped")
    }
    return {**counts, "time": f"{sum(float(suite.attrib['time']) for suite in suites):.3f}"}


def _text(text: str) -> str:
    """*text* as XML can hold it: what it cannot is written as Python would."""
    return NOT_XML.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)
