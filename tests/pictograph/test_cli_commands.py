"""Each command of `pictograph` against the reference server."""

from __future__ import annotations

import inspect
import json
import re
import time
from typing import Any

import pytest

from pictograph.cli.groups import GROUPS
from pictograph.resources.auto_annotate import AutoAnnotate
from pictograph.resources.connectors import Connectors
from pictograph.resources.training import Training
from tests.cli.command import PATIENCE

from .backend import MODEL, run
from .shell import Shell

BATCH = {"job_id": "job_1", "status": "completed", "progress": 100, "total_images": 8, "processed_images": 8}
IMPORT = {"import_id": "imp_1", "status": "completed", "progress": 100.0, "total_images": 8, "imported_images": 8}


def cells(text: str) -> list[list[str]]:
    """The cells of lines that were printed for another program."""
    return [line.split("\t") for line in text.splitlines()]


def test_datasets_list(shell: Shell) -> None:
    """
    `datasets list` prints a line for each dataset, its name first.
    """
    ran = shell("datasets", "list")

    [found] = [line for line in cells(ran.out) if line[0] == "ds"]
    assert (0, "") == (ran.code, ran.err)
    assert ["ds", "8", "8", "circle, square"] == found[:4]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", found[4])


def test_datasets_get(shell: Shell) -> None:
    """
    `datasets get` prints the fields of a dataset, found by its name or by its id.
    """
    by_name = shell("datasets", "get", "ds")
    fields = dict(cells(by_name.out))

    assert (0, "", "ds", "8") == (by_name.code, by_name.err, fields["name"], fields["image_count"])
    assert by_name == shell("datasets", "get", fields["id"])


def test_images(shell: Shell) -> None:
    """
    `images list` prints what is in a dataset; the first of a line is what `images get` takes.
    """
    listed = cells(shell("images", "list", "ds").out)
    got = dict(cells(shell("images", "get", listed[0][0]).out))

    assert 8 == len(listed)
    assert {"/circle-1.png", "/square-4.png"} <= {path for _, path, *_ in listed}
    assert (listed[0][0], listed[0][1]) == (got["id"], f"/{got['filename']}")


def test_images_of_a_folder(shell: Shell) -> None:
    """
    `images list --folder` prints what is in that folder.
    """
    assert 8 == len(shell("images", "list", "ds", "--folder", "/").out.splitlines())

    ran = shell("images", "list", "ds", "--folder", "/train")

    assert (0, "", "There are no images.\n") == (ran.code, ran.out, ran.err)


def test_annotations_get(shell: Shell) -> None:
    """
    `annotations get` prints what is drawn on an image, and the version that a save may name.
    """
    image = cells(shell("images", "list", "ds", "--limit", "1").out)[0][0]

    found = json.loads(shell("annotations", "get", image, "--json").out)

    assert (image, ["square"]) == (found["image_id"], [each["name"] for each in found["annotations"]])
    assert isinstance(found["version"], int)


def test_exports(shell: Shell) -> None:
    """
    `exports list` prints the exports, of one dataset or of all; `exports get` finds them by id, or by name and dataset.
    """
    listed = cells(shell("exports", "list", "--dataset", "ds").out)

    [[export_id, *_]] = [line for line in listed if line[1] == "exp"]
    assert export_id in [line[0] for line in cells(shell("exports", "list").out)]
    by_id = shell("exports", "get", export_id)
    assert ("exp", by_id) == (dict(cells(by_id.out))["name"], shell("exports", "get", "exp", "--dataset", "ds"))


def test_training_and_models(shell: Shell) -> None:
    """
    `training list`, `get` and `wait` show a run, `models list` and `get` the model that it made.
    """
    with shell.client() as client:
        made, end = client.training.create("ds", "exp"), time.monotonic() + PATIENCE
        while not made.finished and time.monotonic() < end:
            made = client.training.get(made.id)
    assert made.model_id is not None, made.status

    assert made.id in [line[0] for line in cells(shell("training", "list").out)]
    assert made.model_id in [line[0] for line in cells(shell("models", "list").out)]
    got, waited = shell("training", "get", made.id, "--json"), shell("training", "wait", made.id, "--json")
    assert (0, made.model_dump(mode="json")) == (got.code, json.loads(got.out))
    assert got == waited
    assert made.model_id == json.loads(shell("models", "get", made.model_id, "--json").out)["id"]


@pytest.mark.parametrize(
    ("group", "place", "answer"),
    [
        ("batches", "/auto-annotate/batch/job_1", BATCH),
        ("imports", "/connectors/import/status/imp_1", IMPORT),
        ("training", "/training/run_1", run()),
    ],
)
@pytest.mark.parametrize("verb", ["get", "wait"])
def test_jobs(shell: Shell, verb: str, group: str, place: str, answer: dict[str, Any]) -> None:
    """
    `get` and `wait` show a job that is done, with one request.
    """
    shell.answer(json.dumps(answer).encode())

    ran = shell(group, verb, place.rpartition("/")[2])

    assert (0, "", "completed") == (ran.code, ran.err, dict(cells(ran.out))["status"])
    assert [f"GET {place}"] == shell.asked


@pytest.mark.parametrize(
    ("group", "answer", "told"),
    [
        (
            "batches",
            {"job_id": "x", "status": "failed", "error_message": "No GPU was free."},
            'It ended as "failed". No GPU was free.\n',
        ),
        ("imports", {"import_id": "x", "status": "cancelled"}, 'It ended as "cancelled".\n'),
        ("training", run("failed", error_message="Loss is NaN."), 'It ended as "failed". Loss is NaN.\n'),
    ],
)
def test_job_that_failed(shell: Shell, group: str, answer: dict[str, Any], told: str) -> None:
    """
    A wait for a job that does not end well shows it, says so, and is exit code 1; a look at it is none.
    """
    shell.answer(json.dumps(answer).encode(), times=2)

    waited, got = shell(group, "wait", "x"), shell(group, "get", "x")

    assert (1, told) == (waited.code, waited.err)
    assert (0, waited.out, "") == (got.code, got.out, got.err)


@pytest.mark.parametrize(
    ("group", "operation"),
    [
        ("training", Training.wait_for_completion),
        ("batches", AutoAnnotate.wait_for_batch),
        ("imports", Connectors.wait_for_import),
    ],
)
def test_how_long_a_wait_is(shell: Shell, group: str, operation: Any) -> None:
    """
    A command waits as long as the SDK does, unless told otherwise.
    """
    timeout = inspect.signature(operation).parameters["timeout"].default

    assert f"[default: {timeout}]" in shell(group, "wait", "--help").out


@pytest.mark.parametrize(
    ("command", "empty"),
    [
        ("datasets list", "There are no datasets.\n"),
        ("images list ds", "There are no images.\n"),
        ("exports list", "There are no exports.\n"),
        ("training list", "There are no training runs.\n"),
        ("models list", "There are no models.\n"),
    ],
)
@pytest.mark.parametrize(("option", "out"), [((), ""), (("--json",), "[]\n")], ids=["lines", "json"])
def test_empty_list(shell: Shell, command: str, empty: str, option: tuple[str, ...], out: str) -> None:
    """
    An empty list is no failure; that it is empty is said on stderr.
    """
    shell.answer(b'{"data": [], "pagination": {"has_more": false}}')

    ran = shell(*command.split(), *option)

    assert (0, out, empty) == (ran.code, ran.out, ran.err)


def models(first: int, last: int, *, has_more: bool) -> bytes:
    """A page of models with these numbers."""
    rows = [{**MODEL["data"], "id": f"m_{number}"} for number in range(first, last + 1)]
    return json.dumps({"data": rows, "pagination": {"has_more": has_more}}).encode()


def test_all_pages(shell: Shell) -> None:
    """
    A list has all pages.
    """
    shell.answer(models(1, 50, has_more=True))
    shell.answer(models(51, 60, has_more=False))

    ran = shell("models", "list")

    assert [f"m_{number}" for number in range(1, 61)] == [line[0] for line in cells(ran.out)]
    assert ["GET /models/?limit=50&offset=0", "GET /models/?limit=50&offset=50"] == shell.asked


def test_limit(shell: Shell) -> None:
    """
    With `--limit` there are so many entries at most, and no page is asked for that is not needed.
    """
    shell.answer(models(1, 3, has_more=True))

    ran = shell("models", "list", "--limit", "3")

    assert (0, ["m_1", "m_2", "m_3"], 1) == (ran.code, [line[0] for line in cells(ran.out)], len(shell.asked))


def test_nothing_is_changed() -> None:
    """
    There is no command but for reading and waiting.
    """
    commands = [command for group in GROUPS for command in group.registered_commands]
    named = {command.name or getattr(command.callback, "__name__", None) for command in commands}

    assert {"get", "list", "wait"} == named
