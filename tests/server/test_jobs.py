"""Jobs in a process of their own: remembered, taken up again, never lost and never done twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from failwell.server import Jobs, JobsDownError, StoreDownError
from failwell.server.jobs.sqlite_store import SqliteJobStore
from failwell.server.jobs.worker import Worker, opened

WORK = '''
"""Jobs are the files of a folder: "1.waiting" until they are "1.done" or "1.given-up"."""

import contextlib
import os
import time
from pathlib import Path

from failwell.server import JobKind, Workload


def open_work(folder, settings):
    def note(line):
        with (folder / "log").open("a") as log:
            log.write(line + "\\n")

    def part(job_id, number):
        note(f"{job_id} part {number} in {os.getpid()}")
        return number

    def end(job_id, how, text=""):
        (folder / f"{job_id}.part").write_text(text)
        (folder / f"{job_id}.part").replace(folder / f"{job_id}.{how}")
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

    def waits(step, job_id):
        step(part, job_id, 0)
        (folder / f"{job_id}.stands").touch()
        while not (folder / f"{job_id}.go").exists():
            time.sleep(0.01)
        step(end, job_id, "done")

    def raises(job_id):
        note(f"{job_id} raise in {os.getpid()}")
        raise LookupError("first")

    def catching(step, job_id):
        try:
            step(raises, job_id)
        except LookupError as problem:
            (folder / f"{job_id}.stands").touch()
            while (folder / f"{job_id}.stop").exists():
                time.sleep(0.01)
            step(end, job_id, "done", f"raised: {problem}")

    def unfinished():
        for waiting in sorted(folder.glob("*.waiting")):
            with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
                yield waiting.read_text(), waiting.name.removesuffix(".waiting")

    def give_up(kind, job_id, reason):
        if kind == "refused":
            raise KeyError(kind)
        end(job_id, "given-up", f"{kind}: {reason}")

    kinds = {"slow": JobKind(slow, 2), "broken": JobKind(broken), "deadly": JobKind(deadly, most_crashes=2)}
    kinds |= {"waits": JobKind(waits, most_crashes=2), "catching": JobKind(catching)}
    kinds |= {"endless": JobKind(lambda step, job_id: None)}
    return Workload(kinds, unfinished, give_up)
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
        """Accept a job, at once: a worker that looks just now must not find one without a kind."""
        (self.path / f"{job_id}.accepted").write_text(kind)
        (self.path / f"{job_id}.accepted").replace(self.path / f"{job_id}.waiting")

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
    monkeypatch.setattr("failwell.server.jobs.supervisor.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("failwell.server.jobs.supervisor.LONGEST_PAUSE", 0.02)
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


@pytest.mark.parametrize("kind", ["fast", "", "Slow", "refused"])
def test_unknown_kind(folder: Folder, kind: str) -> None:
    """
    A job of a kind that the worker does not have is given up, if it can be, and says why; the others are done.
    """
    folder.accept("1", kind)
    folder.accept("2")
    folder.jobs().nudge()
    folder.when("2.done")

    if kind == "refused":
        assert (folder.path / "1.waiting").exists()
    else:
        known = "broken, catching, deadly, endless, slow, waits"
        reason = folder.when("1.given-up")
        assert f'{kind}: the server has no jobs of the kind "{kind}"; its kinds: {known}' == reason
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

    assert "deadly: the worker died 3 times in the same step of it, so it may be the cause" == reason
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


BROKEN_STARTS = [
    ("def open_work(folder, settings): return 5", "TypeError: work_of_a_test:open_work returned int, not Workload."),
    ("def open_work(folder, settings): raise RuntimeError('no engine')", "RuntimeError: no engine"),
    ("import a_module_that_is_missing", "ModuleNotFoundError: No module named 'a_module_that_is_missing'"),
    ("x = 5", "AttributeError: module 'work_of_a_test' has no attribute 'open_work'"),
    ("import os; os._exit(3)", "it ended with exit code 3."),
]


@pytest.mark.parametrize(("module", "cause"), BROKEN_STARTS)
def test_worker_that_cannot_start(folder: Folder, caplog: pytest.LogCaptureFixture, module: str, cause: str) -> None:
    """
    A worker that dies at its start is told of once, with the cause; no job is accepted until one can start.
    """
    file = folder.path.parent / "modules" / "work_of_a_test.py"
    file.write_text(module + "\n")
    folder.accept("1")
    jobs = folder.jobs()
    jobs.admit()
    jobs.nudge()
    seen: set[int | None] = set()

    def again_and_again() -> bool:
        seen.add(jobs.worker_pid)
        return 3 <= len(seen)

    until(again_and_again)
    with pytest.raises(JobsDownError) as refused:
        jobs.admit()
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]

    assert (str(folder.path), cause) == (refused.value.folder, refused.value.problem)
    assert 1 == len(told)
    assert (True, True) == (told[0].startswith(f"The worker of {folder.path} cannot start: "), cause in told[0])

    file.write_text(WORK)
    folder.when("1.done")
    until(lambda: "works again" in caplog.text)
    jobs.admit()


def test_steps_are_kept_on_disk(folder: Folder) -> None:
    """
    What is remembered lies beside the data, in `jobs.sqlite`, until the job has ended.
    """
    folder.accept("1")
    folder.make("1.stop-after-1")
    folder.jobs().nudge()
    folder.when("1.stands-after-1")

    def names() -> list[str]:
        with closing(sqlite3.connect(folder.path / "jobs.sqlite")) as db:
            rows = db.execute("SELECT name FROM steps ORDER BY number").fetchall()
        return [row[0] for row in rows]

    assert ["part", "part"] == names()
    folder.make("1.go-on-after-1")
    folder.when("1.done")
    until(lambda: not names())


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_many_orderly_restarts(folder: Folder) -> None:
    """
    Whoever is stopped in good order is not suspect, however often: a long job goes on each time.
    """
    folder.accept("1", "waits")
    for _ in range(4):
        jobs = folder.jobs()
        jobs.nudge()
        folder.when("1.stands")
        (folder.path / "1.stands").unlink()
        jobs.close()
    folder.make("1.go")

    folder.jobs().nudge()

    folder.when("1.done")
    assert 1 == folder.log.count("1 part 0")


def test_beside_a_deadly_job(folder: Folder) -> None:
    """
    Jobs beside one that ends the process are done, each step once: after its first time it waits for the others.
    """
    for job_id in ("1", "2"):
        folder.accept(job_id)
        folder.make(f"{job_id}.stop-after-1")
    jobs = folder.jobs()
    jobs.nudge()
    for job_id in ("1", "2"):
        folder.when(f"{job_id}.stands-after-1")
    folder.accept("3", "deadly")
    until(lambda: "3 part 0" in folder.log)
    for job_id in ("1", "2"):
        folder.make(f"{job_id}.go-on-after-1")

    assert "the worker died 3 times" in folder.when("3.given-up")
    for job_id in ("1", "2"):
        folder.when(f"{job_id}.done")
        assert 3 == sum(line.startswith(f"{job_id} ") for line in folder.log)


def test_left_by_another_server(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    S15. Two servers on one folder, the one with the job is killed: the other starts a worker, and goes on.
    """
    monkeypatch.setattr("failwell.server.jobs.supervisor.WATCH_EVERY", 0.05)
    folder.accept("1")
    folder.make("1.stop-after-0")
    with subprocess.Popen([sys.executable, "-c", STARTER, str(folder.path)], stdout=subprocess.PIPE) as server:
        folder.when("1.stands-after-0")
        other = folder.jobs()
        other.watch(lambda: any(folder.path.glob("*.waiting")))
        server.kill()
    folder.make("1.go-on-after-0")

    folder.when("1.done")

    assert ["1 part 0", "1 part 1", "1 part 2"] == folder.log
    assert other.worker_pid == folder.workers[-1]


def test_watched_store_is_down(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A store that cannot be asked for unfinished jobs is asked again.
    """
    monkeypatch.setattr("failwell.server.jobs.supervisor.WATCH_EVERY", 0.01)
    answers: Iterator[bool | Exception] = iter(
        [StoreDownError("locked"), sqlite3.OperationalError("database is locked"), False, True]
    )

    def unfinished() -> bool:
        answer = next(answers)
        if isinstance(answer, bool):
            return answer
        raise answer

    jobs = folder.jobs()
    jobs.watch(unfinished)

    until(lambda: jobs.worker_pid is not None)


def test_nudges_of_a_worker_that_stands_still(folder: Folder) -> None:
    """
    A worker that reads none of them is nudged a hundred thousand times, and nobody waits.
    """
    folder.accept("1")
    jobs = folder.jobs()
    jobs.nudge()
    folder.when("1.done")
    assert jobs.worker_pid is not None
    os.kill(jobs.worker_pid, signal.SIGSTOP)
    begun = time.monotonic()

    for _ in range(100_000):
        jobs.nudge()

    assert 30 > time.monotonic() - begun
    os.kill(jobs.worker_pid, signal.SIGCONT)
    folder.accept("2")
    folder.when("2.done")


def test_stands_still_when_closed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A worker that does not end in good order is killed.
    """
    monkeypatch.setattr("failwell.server.jobs.supervisor.GRACE", 0.1)
    folder.accept("1")
    jobs = folder.jobs()
    jobs.nudge()
    folder.when("1.done")
    worker = jobs.worker_pid
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)

    jobs.close()

    assert not _alive(worker)


def test_idle_worker(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A worker that has nothing to do takes less than 0.5 % of a core.

    That is how often it wakes up, times what a look costs. What the machine takes to wake a process is not counted: on
    some, a bare query costs a hundred times as much after a second's sleep.
    """
    folder.accept("1")
    jobs = folder.jobs()
    jobs.nudge()
    folder.when("1.done")
    until(lambda: not (folder.path / "worker.running").exists())
    pid = jobs.worker_pid
    before, begun = _sleeps_of(pid), time.monotonic()
    time.sleep(4)
    a_second = (_sleeps_of(pid) - before) / (time.monotonic() - begun)
    monkeypatch.syspath_prepend(os.environ["PYTHONPATH"])
    work = opened("work_of_a_test:open_work", folder.path, "{}")
    with closing(SqliteJobStore(folder.path)) as store:
        worker = Worker(work, store, threading.Event())
        worker.look()
        started = time.thread_time()
        for _ in range(200):
            worker.look()
        a_look = (time.thread_time() - started) / 200

    assert (True, True) == (0 < a_second < 2, a_second * a_look < 0.005)


def _sleeps_of(pid: int | None) -> int:
    """How often the threads of a process have gone to sleep."""
    found = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for text in found)


def test_workflow_without_an_end(folder: Folder) -> None:
    """
    A job whose workflow returns, and has not ended it, is given up: it would wait for ever.
    """
    folder.accept("1", "endless")
    folder.jobs().nudge()

    assert "endless: its work came to an end without a result" == folder.when("1.given-up")


def test_raised_step(folder: Folder) -> None:
    """
    What a step raised is remembered like what it returns: after a crash the workflow takes the same way.
    """
    folder.accept("1", "catching")
    folder.make("1.stop")
    jobs = folder.jobs()
    jobs.nudge()
    folder.when("1.stands")
    assert jobs.worker_pid is not None
    os.kill(jobs.worker_pid, signal.SIGKILL)
    (folder.path / "1.stop").unlink()

    assert "raised: first" == folder.when("1.done")
    assert ["1 raise"] == folder.log


def test_settings_are_json(tmp_path: Path) -> None:
    """
    Settings that are no JSON are refused when they are given.
    """
    with pytest.raises(TypeError, match="not JSON serializable"):
        Jobs("m:f", tmp_path, {"x": object()})
    assert json.dumps({"a": 1}) in Jobs("m:f", tmp_path, {"a": 1})._command
