from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from .command import POOR_LOCALE, ended, failwell, left_running, on_a_terminal, printed_until, running, with_vendors

VENDORS = {
    "new-key": "NEW_KEY",
    "402-retried": "PAYMENT_RETRIED",
    "errors-dropped": "ERRORS_DROPPED",
    "intact": "INTACT",
    "waiting": "WAITING",
    "awaiting": "AWAITING",
    "slow-end": "SLOW_END",
    "nowhere": "NOWHERE",
    "no-name": "NO_NAME",
    "broken-module": "BROKEN_MODULE",
}
NEW_KEY = "Idempotency — retried requests inherit the original Idempotency-Key header, so the backend dedupes."


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with broken SDKs installed, and a folder for temporary files of its own."""
    (tmp_path / "tmp").mkdir()
    places = {name: f"tests.conformance.broken.vendors:{vendor}" for name, vendor in VENDORS.items()}
    return {**with_vendors(tmp_path / "site", places), "TMPDIR": str(tmp_path / "tmp")}


@pytest.mark.parametrize(
    ("vendor", "sentence", "reason"),
    [
        ("new-key", NEW_KEY, "different keys over 3 attempts: expected 1, saw 3"),
        ("402-retried", "PaymentRequiredError — 402 (out of credits)", "requests at the server: expected 1, saw 2"),
        (
            "errors-dropped",
            "The backend returns a structured body listing every offending field",
            "whether e.errors lists fields: expected True, saw False",
        ),
    ],
)
def test_broken_sdk(env: dict[str, str], tmp_path: Path, vendor: str, sentence: str, reason: str) -> None:
    """
    A seeded fault is exit code 1, a row that FALLS SHORT, its sentence with what was seen, and the same in the report.
    """
    ran = failwell("check", vendor, "--verbose", "--json", str(tmp_path / "r.json"), env=env)

    assert (1, "") == (ran.code, ran.err)
    assert 1 == ran.out.count("FALLS SHORT")
    for colour in ("blocking", "awaiting"):
        assert f"\n{colour}: {sentence}\n    {reason}\n" in ran.out
    assert "\n1 of 2 rows held, blocking and awaiting, in " in ran.out
    report = json.loads((tmp_path / "r.json").read_text())
    assert (vendor, False) == (report["vendor"], report["held"])
    assert [sentence] == [row["sentence"] for row in report["rows"] if not row["held"]]


def test_junit(env: dict[str, str], tmp_path: Path) -> None:
    """
    With `--junit` there is a test for each row and colour, beside what `--json` says; an older report is replaced.
    """
    reports = tmp_path / "r.json", tmp_path / "r.xml"
    reports[1].write_text("old")

    ran = failwell("check", "new-key", "--json", str(reports[0]), "--junit", str(reports[1]), env=env)

    root = ET.parse(reports[1]).getroot()  # noqa: S314 - our own file
    assert (1, "") == (ran.code, ran.err)
    assert ("failwell check new-key", "4", "2") == (root.get("name"), root.get("tests"), root.get("failures"))
    assert ["failwell-broken 1.0, blocking", "failwell-broken 1.0, awaiting"] == [suite.get("name") for suite in root]
    rows = json.loads(reports[0].read_text())["rows"]
    for colour, suite in zip(("blocking", "awaiting"), root, strict=True):
        told = [(case.get("classname"), case.get("name"), case.find("failure") is None) for case in suite]
        assert [(f"new-key.{colour}.{row['section']}", row["sentence"], row[colour]["held"]) for row in rows] == told
        assert 0 < float(suite.attrib["time"]) < 60
    assert sorted(["r.json", "r.xml", "site", "tmp"]) == sorted(found.name for found in tmp_path.iterdir())


def test_junit_on_stdout(env: dict[str, str]) -> None:
    """
    With `--junit -` there is nothing but XML on stdout, in any encoding, and the exit code is the verdict.
    """
    poor = {**env, **POOR_LOCALE}

    ran = failwell("check", "new-key", "--junit", "-", env=poor)

    root = ET.fromstring(ran.out)  # noqa: S314 - our own text
    assert (1, "", ("4", "2")) == (ran.code, ran.err, (root.get("tests"), root.get("failures")))
    assert NEW_KEY in {case.get("name") for case in root.iter("testcase")}


@pytest.mark.parametrize("place", ["-", "r.out"])
def test_two_reports_in_one_place(env: dict[str, str], tmp_path: Path, place: str) -> None:
    """
    Two reports cannot have one place, and nothing is checked or written then.
    """
    where = place if place == "-" else str(tmp_path / place)

    ran = failwell("check", "waiting", "--json", where, "--junit", where, env=env)

    assert (2, "", ["site", "tmp"]) == (ran.code, ran.out, sorted(found.name for found in tmp_path.iterdir()))
    assert "is where --json is written" in " ".join(ran.err.replace("│", " ").split())


def test_no_half_report(env: dict[str, str], tmp_path: Path) -> None:
    """
    Where one of two reports cannot be written, that is told before the check, and the other is not written either.
    """
    wanted, impossible = tmp_path / "r.json", tmp_path / "no" / "folder" / "r.xml"

    ran = failwell("check", "waiting", "--json", str(wanted), "--junit", str(impossible), env=env)

    problem = f"failwell: {impossible}: No such file or directory. Nothing was written.\n"
    assert (2, "", problem) == (ran.code, ran.out, ran.err)
    assert ["site", "tmp"] == sorted(found.name for found in tmp_path.iterdir())


def test_json_on_stdout(env: dict[str, str]) -> None:
    """
    With `--json -` there is nothing but JSON on stdout, and the exit code is the verdict.
    """
    intact, broken = [failwell("check", vendor, "--json", "-", env=env) for vendor in ("intact", "new-key")]

    assert [(0, ""), (1, "")] == [(intact.code, intact.err), (broken.code, broken.err)]
    assert (True, 3) == (json.loads(intact.out)["held"], len(json.loads(intact.out)["rows"]))
    assert False is json.loads(broken.out)["held"]


def test_report_replaces_another(env: dict[str, str], tmp_path: Path) -> None:
    """
    A report takes the place of an older one, also behind a link, and leaves nothing else.
    """
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "r.json").write_text("old")
    (folder / "latest.json").symlink_to("r.json")

    failwell("check", "intact", "--json", str(folder / "latest.json"), env=env)

    assert True is json.loads((folder / "r.json").read_text())["held"]
    assert ["latest.json", "r.json"] == sorted(found.name for found in folder.iterdir())
    assert (folder / "latest.json").is_symlink()


def test_report_to_a_pipe(env: dict[str, str], tmp_path: Path) -> None:
    """
    A report is written into a pipe or a device; no file takes its place.
    """
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    ran = failwell("check", "intact", "--json", str(pipe), env=env)
    read = os.read(reader, 65_536)
    os.close(reader)

    assert (0, True) == (ran.code, pipe.is_fifo())
    assert True is json.loads(read)["held"]


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("no/such/folder/r.json", "No such file or directory"),
        ("a-file/r.json", "Not a directory"),
        ("a-folder", "Is a directory"),
    ],
)
def test_report_that_cannot_be_written(env: dict[str, str], tmp_path: Path, where: str, problem: str) -> None:
    """
    Where no report can be written, that is told before the check, by the name that was given; nothing is left.
    """
    place = tmp_path / "place"
    (place / "a-folder").mkdir(parents=True)
    (place / "a-file").write_text("mine")

    ran = failwell("check", "waiting", "--json", str(place / where), env=env)

    assert (2, "", f"failwell: {place / where}: {problem}. Nothing was written.\n") == (ran.code, ran.out, ran.err)
    assert (["a-file", "a-folder"], []) == (sorted(os.listdir(place)), os.listdir(place / "a-folder"))  # noqa: PTH208
    assert "mine" == (place / "a-file").read_text()


@pytest.mark.parametrize("vendor", ["waiting", "awaiting"])
@pytest.mark.parametrize(
    ("by", "expected"),
    [(signal.SIGINT, (130, "Interrupted.\n")), (signal.SIGTERM, (143, ""))],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_interrupted(
    env: dict[str, str], tmp_path: Path, vendor: str, by: signal.Signals, expected: tuple[int, str]
) -> None:
    """
    Ctrl-C in the middle of a call, in either colour, is exit code 130 without a traceback; SIGTERM is as clean.

    No process, no temporary file and no half report are left, and an older report stays.
    """
    report = tmp_path / "r.json"
    report.write_text("old")
    with running("check", vendor, "--json", str(report), env=env) as process:
        printed_until(process, "waiting")

        ran = ended(process, by)

        assert expected == (ran.code, ran.err)
        assert not left_running(process)
    assert [] == os.listdir(tmp_path / "tmp")  # noqa: PTH208
    assert ("old", ["r.json", "site", "tmp"]) == (report.read_text(), sorted(os.listdir(tmp_path)))  # noqa: PTH208


def test_terminal(env: dict[str, str]) -> None:
    """
    On a terminal a bar shows how far the check is, and is wiped off before the table; verdicts have colours.
    """
    code, written = on_a_terminal("check", "new-key", "--verbose", env=env)

    bar, _, table = written.partition("failwell-broken 1.0")
    drawn = re.findall(r"\r\x1b\[2KChecking .*?(\d)/2", bar)
    assert (1, "0", "2") == (code, drawn[0], drawn[-1])
    assert bar.endswith("\x1b[?25h\r\x1b[1A\x1b[2K\x1b[1m"), "the cursor is back, and the bar's line is empty"
    assert "Checking" not in table
    assert ["\x1b[32mheld", "\x1b[1;31mFALLS SHORT"] == re.findall(r"\x1b\[[\d;]*m(?:held|FALLS SHORT)", table)


def test_interrupted_on_a_terminal(env: dict[str, str]) -> None:
    """
    Ctrl-C on a terminal gives the cursor back.
    """
    code, written = on_a_terminal("check", "waiting", env=env, until=("waiting", signal.SIGINT))

    assert 130 == code
    assert (True, False) == (written.rstrip().endswith("Interrupted."), "Traceback" in written)
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l") >= 0


def test_no_terminal(env: dict[str, str]) -> None:
    """
    Without a terminal there is neither a bar nor a colour: a line for each section, what falls short, and the sum.
    """
    ran = failwell("check", "new-key", env=env)

    shortfall = f"{NEW_KEY}\n    different keys over 3 attempts: expected 1, saw 3\n"
    head = """\
failwell-broken 1.0
Hierarchy        blocking 1 of 1   awaiting 1 of 1
Retry behavior   blocking 0 of 1   awaiting 0 of 1
"""
    assert ("", f"{head}blocking: {shortfall}awaiting: {shortfall}") == (ran.err, ran.out[: ran.out.rindex("1 of 2")])


def test_lines_as_they_come(env: dict[str, str]) -> None:
    """
    What is piped comes line by line: a section is told of as soon as it is over, while others still run.
    """
    with running("check", "slow-end", env=env) as process:
        first = printed_until(process, "Hierarchy")
        assert process.poll() is None
        ended(process, signal.SIGINT)

    assert "failwell-broken 1.0\nHierarchy   blocking 1 of 1   awaiting 1 of 1\n" == first


@pytest.mark.parametrize(
    ("columns", "arguments", "table"),
    [(140, ["--verbose"], True), (120, ["-v"], True), (119, ["-v"], False), (60, ["-v"], False), (140, [], False)],
)
def test_width(env: dict[str, str], columns: int, arguments: list[str], table: bool) -> None:
    """
    Every row is asked for: a table from 120 columns on, below that a list, whose lines the terminal itself wraps.
    """
    code, written = on_a_terminal("check", "intact", *arguments, env=env, columns=columns)

    plain = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", written)
    assert (0, table) == (code, "│" in plain)
    if not table:
        assert bool(arguments) == ("  held: AuthError — 401 (" in plain)
        assert [] == [line for line in plain.split("failwell-broken 1.0")[1].splitlines() if line.endswith(" ")]


@pytest.mark.parametrize(
    ("arguments", "rows", "code"),
    [
        (["-k", "auth"], 1, 0),
        (["-k", "HIERARCHY 404"], 1, 0),
        (["-k", "hierarchy error"], 3, 0),
        (["-k", "not_found_error"], 1, 0),
        (["-k", ""], 3, 0),
    ],
    ids=str,
)
def test_some_rows(env: dict[str, str], arguments: list[str], rows: int, code: int) -> None:
    """
    With -k only those rows are tried that have all its words, in whatever case; --quiet prints the last line only.
    """
    ran = failwell("check", "intact", "--quiet", *arguments, env=env)

    last = rf"{rows} of {rows} rows held, blocking and awaiting, in \d+\.\d s\.\n"
    assert (code, "", True) == (ran.code, ran.err, re.fullmatch(last, ran.out) is not None)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-k", "auth teapot"], "failwell: None of 3 rows has 'auth teapot' in its section, its sentence or"),
        (["--quiet", "--verbose"], "Invalid value for --verbose: --quiet prints the last line only."),
    ],
    ids=str,
)
def test_nothing_to_show(env: dict[str, str], arguments: list[str], problem: str) -> None:
    """
    Words that no row has, and options that contradict each other, are exit code 2 and a sentence.
    """
    ran = failwell("check", "intact", *arguments, env=env)

    assert (2, "", True) == (ran.code, ran.out, problem in " ".join(ran.err.replace("│", " ").split()))


@pytest.mark.parametrize("where", ["nowhere", "no-name", "broken-module"])
def test_promises_that_do_not_load(env: dict[str, str], where: str) -> None:
    """
    Promises that are missing or broken are exit code 2 and a sentence without a traceback.
    """
    ran = failwell("check", where, env=env)

    assert (2, "", 1) == (ran.code, ran.out, len(ran.err.splitlines()))
    assert ran.err.startswith(f"failwell: The promises of {where!r} (")


def test_faults_without_trio(env: dict[str, str], tmp_path: Path) -> None:
    """
    Where trio is not installed it is not offered: the faults are met in the other ways, and hold.
    """
    (tmp_path / "site" / "sitecustomize.py").write_text('import sys\nsys.modules["trio"] = None\n')

    ran = failwell("check", "pictograph", "--faults", "-k", "425", env=env)

    assert (0, "") == (ran.code, ran.err)
    last = r"\d+ of \d+ faults held, \d+ of \d+ calls, blocking and asyncio, in \d+\.\d s\. "
    assert re.fullmatch(
        last + r"trio is not offered: it is not installed \(pip install trio\)\.", ran.out.splitlines()[-1]
    )


def test_terminal_without_arrows(env: dict[str, str], tmp_path: Path) -> None:
    """
    Where "→" cannot be written, "?" stands in its place; the report is JSON all the same.
    """
    poor = {**env, **POOR_LOCALE}

    table = failwell("check", "new-key", "--json", str(tmp_path / "r.json"), env=poor)
    report = failwell("check", "new-key", "--json", "-", env=poor)

    assert [(1, ""), (1, "")] == [(table.code, table.err), (report.code, report.err)]
    assert "blocking: Idempotency ? retried requests" in table.out
    for text in (report.out, (tmp_path / "r.json").read_text()):
        assert NEW_KEY in {row["sentence"] for row in json.loads(text)["rows"]}
