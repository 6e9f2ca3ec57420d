"""`failwell check --adapter`: an SDK in an environment of its own."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.conformance.outside.adapters import tiny
from tests.conformance.test_remote import is_gone

from .command import ended, failwell, left_running, printed_until, running, with_vendors

TIMEOUT = "RequestTimeoutError — request exceeded the SDK's timeout budget"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with vendors of few promises, and a folder for temporary files of its own."""
    (tmp_path / "tmp").mkdir()
    places = {name: f"tests.conformance.broken.vendors:{name.upper()}" for name in ("intact", "waiting")}
    return {**with_vendors(tmp_path / "site", places), "TMPDIR": str(tmp_path / "tmp")}


def test_scorecard(env: dict[str, str], tmp_path: Path) -> None:
    """
    The SDK's name and version are the first line, what fell short is told, and then the score; 1 is the exit code.
    """
    report = tmp_path / "r.json"

    ran = failwell("check", "intact", "--adapter", str(tiny(tmp_path)), "--json", str(report), env=env)

    lines = ran.out.splitlines()
    assert (1, "", "tiny 0.3") == (ran.code, ran.err, lines[0])
    assert f"blocking: {TIMEOUT}\n    the SDK has no RequestTimeoutError: the adapter's ERRORS name none\n" in ran.out
    assert lines[-1].startswith("2 of 3 rows held, blocking, in ")
    told = json.loads(report.read_text())
    assert ("intact", "tiny 0.3", False) == (told["vendor"], told["sdk"], told["held"])
    assert [True, True, False] == [row["held"] for row in told["rows"]]
    assert {"section", "sentence", "check", "lines", "held", "offered", "blocking"} == set(told["rows"][0])


def test_not_offered(env: dict[str, str], tmp_path: Path) -> None:
    """
    What the adapter says is not offered has a verdict of its own, and is not held.
    """
    fault = """
    def listed(client):
        raise NotImplementedError("there are no lists")
    OPERATIONS["datasets.list"] = listed
    """

    ran = failwell("check", "intact", "--verbose", "--adapter", str(tiny(tmp_path, fault)), env=env)

    assert (1, 2) == (ran.code, ran.out.count("\n  not offered: "))
    assert "\n    not offered: there are no lists\n" in ran.out
    assert "\n1 of 3 rows held, 2 not offered, blocking, in " in ran.out


def test_our_own_sdk(env: dict[str, str]) -> None:
    """
    Without an adapter it is the installed SDK that is checked, and the first line says which.
    """
    ran = failwell("check", "intact", env=env)

    assert (0, "failwell-broken 1.0") == (ran.code, ran.out.splitlines()[0])


def test_key_in_the_shell(env: dict[str, str], tmp_path: Path) -> None:
    """
    The user's own key and address do not reach the SDK.
    """
    mine = {"PICTOGRAPH_API_KEY": "mine", "PICTOGRAPH_BASE_URL": "mine"}
    fault = """
    import os
    SDK = f"tiny {sorted(name for name in os.environ if name.startswith('PICTOGRAPH_'))}"
    """

    ran = failwell("check", "intact", "--adapter", str(tiny(tmp_path, fault)), env={**env, **mine})

    assert "tiny []" == ran.out.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--adapter", "ADAPTER", "--python", "/no/such/python"],
            "failwell: /no/such/python cannot be run: No such file",
        ),
        (["--adapter", "BROKEN"], "failwell: BROKEN is no adapter that "),
        (["--adapter", "/no/such/file.py"], "'/no/such/file.py' does not exist."),
        (["--python", "python3"], "Invalid value for --python: it needs --adapter FILE"),
    ],
    ids=["no interpreter", "broken adapter", "no adapter", "nothing to run"],
)
def test_check_that_cannot_be_done(env: dict[str, str], tmp_path: Path, arguments: list[str], problem: str) -> None:
    """
    A check that cannot be done is exit code 2 and a sentence; no report is written.
    """
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_sdk\n")
    places = {"ADAPTER": str(tiny(tmp_path)), "BROKEN": str(broken)}
    report = tmp_path / "r.json"

    words = [places.get(word, word) for word in arguments]
    ran = failwell("check", "intact", *words, "--json", str(report), env=env)

    assert (2, "", False) == (ran.code, ran.out, report.exists())
    assert problem.replace("BROKEN", str(broken)) in " ".join(ran.err.replace("│", " ").split())
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted(env: dict[str, str], tmp_path: Path, by: signal.Signals, code: int) -> None:
    """
    Ctrl-C in the middle of a call ends the SDK's process too, and leaves no temporary file.
    """
    fault = """
    import os, pathlib
    pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
    """
    with running("check", "waiting", "--adapter", str(tiny(tmp_path, fault)), env=env) as process:
        printed_until(process, "waiting")

        ran = ended(process, by)

        assert (code, False) == (ran.code, left_running(process))
    assert "Traceback" not in ran.err
    assert is_gone(int((tmp_path / "pid").read_text()))
    assert [] == os.listdir(tmp_path / "tmp")  # noqa: PTH208
