"""Jobs in a process of their own: remembered, taken up again, never lost and never done twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from failwell.server import Jobs

WORK = '''
"""Jobs are the files of a folder: "1.waiting" until they are "1.done" or "1.given-up"."""

import os
import time
from pathlib import Path

from failwell.server import Kind, Work


def open_work(folder, settings):
    def note(line):
        with (folder / "log").open("a") as log:
            log.write(line + "\\n")

    def part(job_id, number):
        note(f"{job_id} part {number} in {os.getpid()}")
        return number

    def end(job_id, how, text=""):
        (folder / f"{job_id}.{how}").write_text(text)
        (folder / f"{job_id}.waiting").unlink(missing_ok=True)

    def slow(step, job_id):
        for number in range(settings.get("parts", 3)):
            step(part, job_id, number)
            go_on = folder / f"{job_id}.go-on-after-{number}"
            if (folder / f"{job_id}.stop-after-{number}").exists():
                (folder / f"{job_id}.stands-after-{number}").touch()
                while not go_on.exists():
                    time.sleep(0.01)
        step(end, job_id, "done")

    def broken(step, job_id):
        step(part, job_id, 0)
        raise ZeroDivisionError("secret detail")

    def deadly(step, job_id):
        step(part, job_id, 0)
        os._exit(7)

    def unfinished():
        for waiting in sorted(folder.glob("*.waiting")):
            yield waiting.read_text(), waiting.name.removesuffix(".waiting")

    def give_up(kind, job_id, reason):
        end(job_id, "given-up", f"{kind}: {reason}")

    kinds = {"slow": Kind(slow, 2), "broken": Kind(broken), "deadly": Kind(deadly, most_restarts=2)}
    return Work(kinds, unfinished, give_up)
'''


class Folder:
    """A folder of jobs, and the workers that tests have started on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started: list[Jobs] = []

    def jobs(self, **settings: object) -> Jobs:
        """Another `Jobs` on this folder."""
        self.started.append(Jobs("work_of_a_test:open_work", self.path, settings))
        return self.started[-1]

    def accept(self, job_id: str, kind: str = "slow") -> None:
        """Accept a job."""
        (self.path / f"{job_id}.waiting").write_text(kind)

    def make(self, name: str) -> None:
        """Make an empty file, which a job looks for."""
        (self.path / name).touch()

    def when(self, name: str) -> str:
        """The text of the file *name*, once it is there."""
        until((self.path / name).exists)
        return (self.path / name).read_text()

    @property
    def log(self) -> list[str]:
        """What the parts of jobs have noted, without the process that did it."""
        return [line.partition(" in ")[0] for line in self._lines()]

    @property
    def workers(self) -> list[int]:
        """The processes that did something, in order."""
        return list(dict.fromkeys(int(line.partition(" in ")[2]) for line in self._lines()))

    def _lines(self) -> list[str]:
        log = self.path / "log"
        return log.read_text().splitlines() if log.exists() else []


def until(ready: Callable[[], bool]) -> None:
    """Wait until something that another process does has happened, for at most 60 s."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """An empty folder, whose work is a module that workers can import."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "work_of_a_test.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setattr("failwell.server.jobs.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("failwell.server.jobs.LONGEST_PAUSE", 0.02)
    path = tmp_path / "folder"
    path.mkdir()
    folder = Folder(path)
    yield folder
    for jobs in folder.started:
        jobs.close()


def test_done(folder: Folder) -> None:
    """
    S15. An accepted job is done, each of its steps once, in another process.
    """
    folder.accept("1")

    folder.jobs().nudge()
    folder.when("1.done")

    assert ["1 part 0", "1 part 1", "1 part 2"] == folder.log
    assert os.getpid() not in folder.workers


def test_settings(folder: Folder) -> None:
    """
    The worker knows the settings of its server.
    """
    folder.accept("1")

    folder.jobs(parts=1).nudge()
    folder.when("1.done")

    assert ["1 part 0"] == folder.log


def test_without_a_nudge(folder: Folder) -> None:
    """
    A job whose nudge got lost is found all the same.
    """
    folder.accept("1")
    folder.jobs().nudge()
    folder.when("1.done")

    folder.accept("2")

    folder.when("2.done")
    assert 6 == len(folder.log)


def test_nothing_is_started_for_nothing(folder: Folder) -> None:
    """
    Without a job there is no worker.
    """
    jobs = folder.jobs()

    jobs.close()
    jobs.nudge()

    assert None is jobs.worker_pid


@pytest.mark.parametrize("part", [0, 1, 2])
def test_killed_worker(folder: Folder, caplog: pytest.LogCaptureFixture, part: int) -> None:
    """
    S15. After kill -9 between two steps the job goes on in a new process: no step is done a second time.
    """
    folder.accept("1")
    folder.make(f"1.stop-after-{part}")
    jobs = folder.jobs()
    jobs.nudge()
    folder.when(f"1.stands-after-{part}")
    assert jobs.worker_pid is not None
    os.kill(jobs.worker_pid, signal.SIGKILL)
    folder.make(f"1.go-on-after-{part}")

    folder.when("1.done")

    assert ["1 part 0", "1 part 1", "1 part 2"] == folder.log
    assert f"The worker of {folder.path} ended with signal 9." in caplog.text
    assert (2 if part < 2 else 1) == len(folder.workers)


def test_closed(folder: Folder) -> None:
    """
    Closing does not wait for jobs; the next worker of the folder goes on with them.
    """
    folder.accept("1")
    folder.make("1.stop-after-1")
    first = folder.jobs()
    first.nudge()
    folder.when("1.stands-after-1")

    first.close()
    first.nudge()
    folder.make("1.go-on-after-1")
    folder.jobs().nudge()

    folder.when("1.done")
    assert ["1 part 0", "1 part 1", "1 part 2"] == folder.log
    assert 2 == len(folder.workers)


def test_one_works_at_a_time(folder: Folder) -> None:
    """
    Of two workers of one folder one works; the other takes over when it is gone.
    """
    first, second = folder.jobs(), folder.jobs()
    folder.accept("1")
    first.nudge()
    folder.when("1.done")
    second.nudge()
    folder.accept("2")
    folder.make("2.stop-after-0")
    folder.when("2.stands-after-0")
    assert 1 == len(folder.workers)

    first.close()
    folder.make("2.go-on-after-0")
    folder.when("2.done")

    assert second.worker_pid == folder.workers[-1]
    assert ["2 part 0", "2 part 1", "2 part 2"] == folder.log[3:]


def test_turns(folder: Folder) -> None:
    """
    As many jobs of a kind run at once as it says; the others wait for their turn, and the oldest is next.
    """
    for job_id in ("1", "2", "3"):
        folder.accept(job_id)
        folder.make(f"{job_id}.stop-after-0")
    folder.jobs().nudge()
    until(lambda: 2 == len(folder.log))
    folder.accept("4", "broken")
    folder.when("4.given-up")
    assert ["1 part 0", "2 part 0", "4 part 0"] == sorted(folder.log)

    for job_id in ("1", "2", "3"):
        folder.make(f"{job_id}.go-on-after-0")

    folder.when("3.done")
    assert 2 <= folder.log.index("3 part 0")


def test_exception(folder: Folder) -> None:
    """
    A job that raises is given up, with a reason that does not tell what was raised; the worker goes on.
    """
    folder.accept("1", "broken")
    folder.jobs().nudge()

    reason = folder.when("1.given-up")
    folder.accept("2")
    folder.when("2.done")

    assert "broken: the server failed inside; its log knows more" == reason
    assert 1 == len(folder.workers)


def test_deadly_job(folder: Folder) -> None:
    """
    A job that ends the whole process each time is given up in the end, and the others are done.
    """
    folder.accept("1", "deadly")
    folder.accept("2")
    folder.jobs().nudge()

    reason = folder.when("1.given-up")
    folder.when("2.done")

    assert "deadly: it was interrupted 3 times, and may be the cause" == reason
    assert {"1 part 0", "2 part 0", "2 part 1", "2 part 2"} == set(folder.log)


STARTER = """
import sys, time
from pathlib import Path
from failwell.server import Jobs

jobs = Jobs("work_of_a_test:open_work", Path(sys.argv[1]))
jobs.nudge()
print(jobs.worker_pid, flush=True)
time.sleep(300)
"""


def test_server_gone(folder: Folder) -> None:
    """
    When the server is killed with -9 its worker ends too, and the next server's worker goes on.
    """
    folder.accept("1")
    folder.make("1.stop-after-0")
    with subprocess.Popen([sys.executable, "-c", STARTER, str(folder.path)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        folder.when("1.stands-after-0")
        server.kill()
    until(lambda: not _alive(worker))
    folder.make("1.go-on-after-0")

    folder.jobs().nudge()

    folder.when("1.done")
    assert ["1 part 0", "1 part 1", "1 part 2"] == folder.log


def test_ctrl_c(folder: Folder) -> None:
    """
    Ctrl-C in a terminal, which goes to every process of its group, does not reach the worker.
    """
    folder.accept("1")
    jobs = folder.jobs()
    jobs.nudge()
    folder.when("1.done")

    assert jobs.worker_pid is not None
    assert os.getpgid(jobs.worker_pid) != os.getpgrp()


def test_work_that_is_none(folder: Folder, capfd: pytest.CaptureFixture[str]) -> None:
    """
    A function that returns something else is named, in the worker's own words.
    """
    (folder.path.parent / "modules" / "work_of_a_test.py").write_text("def open_work(folder, settings): return 5\n")
    jobs = folder.jobs()
    jobs.nudge()
    said: list[str] = []

    def complained() -> bool:
        said.append(capfd.readouterr().err)
        return "TypeError: work_of_a_test:open_work returned int, not Work." in "".join(said)

    until(complained)


def test_steps_are_kept_on_disk(folder: Folder) -> None:
    """
    What is remembered lies beside the data, in `jobs.sqlite`.
    """
    folder.accept("1")
    folder.jobs().nudge()
    folder.when("1.done")

    def names() -> list[str]:
        with closing(sqlite3.connect(folder.path / "jobs.sqlite")) as db:
            rows = db.execute("SELECT function_name FROM operation_outputs ORDER BY function_id").fetchall()
        return [row[0] for row in rows]

    # A step is remembered a moment after it was done.
    until(lambda: 4 == len(names()))
    assert ["part", "part", "part", "end"] == names()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_settings_are_json(tmp_path: Path) -> None:
    """
    Settings that are no JSON are refused when they are given.
    """
    with pytest.raises(TypeError, match="not JSON serializable"):
        Jobs("m:f", tmp_path, {"x": object()})
    assert json.dumps({"a": 1}) in Jobs("m:f", tmp_path, {"a": 1})._command
