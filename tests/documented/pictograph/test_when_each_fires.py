# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Answer, Close, Cut, DropReply, FaultStep, Reset, Sandbox, find_vendor
from failwell.server import KeyStore
from pictograph import train_pipeline, upload_folder
from pictograph.exceptions import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PollTimeoutError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from tests.documented.calls import Colour

from .sdk import BOX, Sdk, fresh, list_datasets

JSON = (("Content-Type", "application/json"),)


def said(error: BaseException) -> str:
    """What a traceback shows of *error*: its message and its notes."""
    return " ".join([str(error), *getattr(error, "__notes__", [])])


@pytest.mark.documented("pictograph", line=45)
def test_no_key(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    | `ConfigurationError` | `PICTOGRAPH_API_KEY` not set, no `api_key=` arg | Set the env var or pass `api_key` |

    The error says so; with either of the two the same call works.
    """
    with pytest.raises(ConfigurationError) as caught:
        sdk.call(list_datasets, api_key=None)
    assert "PICTOGRAPH_API_KEY" in str(caught.value)
    assert "api_key" in str(caught.value)

    monkeypatch.setenv("PICTOGRAPH_API_KEY", sdk.sandbox.keys["member"])
    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets, api_key=None)]
    monkeypatch.delenv("PICTOGRAPH_API_KEY")
    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets, api_key=sdk.sandbox.keys["member"])]


@pytest.mark.documented("pictograph", line=46)
@pytest.mark.parametrize("cause", ["revoked", "typo"])
def test_key_that_does_not_hold(sdk: Sdk, data: Path, clock: VirtualClock, cause: str) -> None:
    """
    | `AuthError` (401) | Key revoked / typo | Re-issue the key |

    The error says so; a key that is issued anew works.
    """
    good = sdk.sandbox.keys["member"]
    typo = good[:-1] + ("A" if good[-1] != "A" else "B")
    with pytest.raises(AuthError) as caught:
        sdk.call(list_datasets, api_key=typo if cause == "typo" else sdk.sandbox.keys["revoked"])
    assert "Re-issue the key" in said(caught.value)

    keys = KeyStore(data / "keys.sqlite", clock=clock)
    issued = keys.create("acme", "member")
    keys.close()
    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets, api_key=issued)]


@pytest.mark.documented("pictograph", line=47)
@pytest.mark.parametrize("role", ["member", "admin"])
def test_viewer_writes(sdk: Sdk, role: str) -> None:
    """
    | `ForbiddenError` (403) | `viewer` key calling a write op | Use a `member`+ key |

    The error says so; a member's key and an admin's may do it.
    """
    name = fresh("dataset")
    with pytest.raises(ForbiddenError) as caught:
        sdk.call(lambda client: client.datasets.create(name), role="viewer")
    assert "viewer" in str(caught.value)
    assert "Use a `member`+ key" in said(caught.value)

    assert name == sdk.call(lambda client: client.datasets.create(name), role=role).name


@pytest.mark.documented("pictograph", line=48)
@pytest.mark.parametrize("typo", ["Ds", "DS", "ds ", "dss"])
def test_dataset_typo(sdk: Sdk, typo: str) -> None:
    """
    | `NotFoundError` (404) | Dataset name typo (case-sensitive!) | Verify with `datasets list` |

    The error says so; the list has the name as it is written.
    """
    with pytest.raises(NotFoundError) as caught:
        sdk.call(lambda client: client.datasets.get(typo))
    assert "datasets list" in said(caught.value)
    assert (typo.lower() == "ds") == ('"ds"' in str(caught.value))

    listed = [dataset.name for dataset in sdk.call(list_datasets)]
    assert (True, False) == ("ds" in listed, typo in listed)


@pytest.mark.documented("pictograph", line=48)
def test_datasets_list_command(sandbox: Sandbox) -> None:
    """
    | `NotFoundError` (404) | Dataset name typo (case-sensitive!) | Verify with `datasets list` |

    It is a command: it tells the name as it is written, or why it cannot.
    """

    def pictograph(*arguments: str, key: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "pictograph"), *arguments]
        environment = {**os.environ, "PICTOGRAPH_API_KEY": key, "PICTOGRAPH_BASE_URL": sandbox.url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    key = sandbox.keys["member"]
    typo = pictograph("datasets", "get", "DS", key=key)
    listed = pictograph("datasets", "list", key=key)
    refused = pictograph("datasets", "list", key="?")

    assert (1, "NotFoundError") == (typo.returncode, typo.stderr.partition(":")[0])
    assert ('there is "ds"' in typo.stderr, "`pictograph datasets list`" in typo.stderr) == (True, True)
    names = [line.partition("\t")[0] for line in listed.stdout.splitlines()]
    assert (0, True, False) == (listed.returncode, "ds" in names, "DS" in names)
    assert (1, "AuthError") == (refused.returncode, refused.stderr.partition(":")[0])


@pytest.mark.documented("pictograph", line=49)
def test_same_filename(sdk: Sdk, picture: Path) -> None:
    """
    | `ConflictError` (409) | Same image filename in same folder | Pass `skip_existing=True` to the upload workflow, or
    use a new name |

    The error says so; a new name is taken, and so is the same name in another folder.
    """
    folder = fresh("folder")

    def upload(file: Path, folder: str) -> Any:
        return sdk.call(lambda client: client.images.upload("ds", file, directory_path=folder))

    upload(picture, folder)
    with pytest.raises(ConflictError) as caught:
        upload(picture, folder)
    assert (409, "duplicate_filename") == (caught.value.status_code, caught.value.error_code)
    assert "skip_existing=True" in said(caught.value)
    assert "use a new name" in said(caught.value)

    assert "y.jpg" == upload(picture.rename(picture.with_name("y.jpg")), folder).filename
    assert "y.jpg" == upload(picture.with_name("y.jpg"), f"{folder}/other").filename


@pytest.mark.documented("pictograph", line=49)
def test_skip_existing(sdk: Sdk, picture: Path) -> None:
    """
    | `ConflictError` (409) | Same image filename in same folder | Pass `skip_existing=True` to the upload workflow, or
    use a new name |

    Without it the workflow meets the error, with it what is there already is skipped.
    """
    folder = fresh("folder")

    def upload(**settings: Any) -> Any:
        return sdk.call(lambda client: upload_folder(client, "ds", picture.parent, directory_path=folder, **settings))

    assert [picture] == list(upload(skip_existing=True).uploaded)
    [refused] = upload().failed.values()
    assert (ConflictError, "duplicate_filename") == (type(refused), refused.error_code)
    again = upload(skip_existing=True)
    assert ((picture,), {}, {}) == (again.skipped, again.uploaded, again.failed)
    assert 1 == len(sdk.call(lambda client: client.images.list("ds", directory_path=folder)))


FLAT = {"name": "circle", "type": "polygon", "polygon": [1, 1, 20, 1, 20, 20]}
NESTED = {**FLAT, "polygon": {"paths": [[{"x": 1, "y": 1}, {"x": 20, "y": 1}, {"x": 20, "y": 20}]]}}
WITH_CLASS = {"class" if key == "name" else key: value for key, value in BOX.items()}


@pytest.mark.documented("pictograph", line=50)
@pytest.mark.parametrize(
    ("wrong", "field", "right"),
    [(WITH_CLASS, "class", BOX), (FLAT, "polygon", NESTED)],
    ids=["class", "flat polygon"],
)
def test_wrong_annotation(sdk: Sdk, image_id: str, wrong: Any, field: str, right: Any) -> None:
    """
    | `ValidationError` (422) | `class` instead of `name`, flat polygon array | Fix the payload (see
    [Annotation format](/docs/annotation-format.md)) |

    The error points at the field; the payload without the mistake is saved.
    """
    with pytest.raises(ValidationError) as caught:
        sdk.call(lambda client: client.annotations.save(image_id, [wrong]))
    assert (422, True) == (caught.value.status_code, "Fix the payload" in said(caught.value))
    assert [["body", "annotations", 0, field]] == [entry["loc"][:4] for entry in caught.value.errors]

    assert 1 == sdk.call(lambda client: client.annotations.save(image_id, [right])).new_count


@pytest.mark.documented("pictograph", line=51)
def test_out_of_credits(sdk: Sdk) -> None:
    """
    | `PaymentRequiredError` (402) | Out of credits mid-operation | Show `e.upgrade_url` to the user |

    The workflow has made its export when the credits turn out not to suffice; the export is the last thing it did.
    """
    with pytest.raises(PaymentRequiredError) as caught:
        sdk.call(lambda client: train_pipeline(client, "ds"), role="broke")

    assert ["passed 201", "passed 402"] == sdk.outcomes
    assert (402, True) == (caught.value.status_code, "Show `e.upgrade_url` to the user" in said(caught.value))
    assert (caught.value.upgrade_url or "").startswith("https://")


@pytest.mark.documented("pictograph", line=51)
def test_out_of_credits_in_a_batch(colour: Colour) -> None:
    """
    | `PaymentRequiredError` (402) | Out of credits mid-operation | Show `e.upgrade_url` to the user |

    A batch of 8 images with credits for 3: three are annotated and stay; then the job ends with the error.
    """
    clock = VirtualClock()
    with Sandbox(find_vendor("pictograph"), clock=clock) as sandbox:
        sdk = Sdk(sandbox, clock, colour)
        images = sdk.call(lambda client: client.images.list("ds"), role="broke")
        names = [image.filename for image in images]
        for image in images:
            sdk.call(functools.partial(_clear, image.id), role="broke")

        seen = [{"name": "firebrick"}, {"name": "steelblue"}]
        with pytest.raises(PaymentRequiredError) as caught:
            sdk.call(lambda client: client.auto_annotate.batch("ds", names, seen, wait=True, timeout=1e6), role="broke")

        expected = (402, 5, 0, "https://pictograph.io/billing")
        error = caught.value
        assert expected == (error.status_code, error.required, error.remaining, error.upgrade_url)
        assert "Show `e.upgrade_url` to the user" in said(error)
        left = sdk.call(lambda client: client.images.list("ds"), role="broke")
        assert names[:3] == [image.filename for image in left if image.annotation_count]


def _clear(image_id: str, client: Any) -> Any:
    return client.annotations.save(image_id, [])


@pytest.mark.documented("pictograph", line=52)
def test_burst(sdk: Sdk) -> None:
    """
    | `RateLimitError` (429) | Per-key burst limit | SDK auto-retries when `Retry-After < 120s`; otherwise raise |

    After a burst the server asks to wait, and the SDK does.
    """
    sdk.use_up()

    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets)]
    assert ["passed 429", "passed 200"] == sdk.outcomes
    [waited] = sdk.waits
    assert 0 < waited < 120


@pytest.mark.documented("pictograph", line=52)
@pytest.mark.parametrize(
    ("seconds", "waits"), [(1, [1]), (119, [119]), (121, []), (3600, [])], ids=["1 s", "119 s", "121 s", "1 h"]
)
def test_burst_cap(sdk: Sdk, seconds: int, waits: list[float]) -> None:
    """
    | `RateLimitError` (429) | Per-key burst limit | SDK auto-retries when `Retry-After < 120s`; otherwise raise |

    On either side of 120 s.
    """
    sdk.sandbox.arm(Answer(429, (("Retry-After", str(seconds)),)))
    raised = None
    try:
        sdk.call(list_datasets)
    except RateLimitError as error:
        raised = error.retry_after

    assert (waits, None if waits else seconds) == (sdk.waits, raised)


@pytest.mark.documented("pictograph", line=53)
@pytest.mark.parametrize("failures", [1, 2, 3])
def test_incident_that_ends(sdk: Sdk, failures: int) -> None:
    """
    | `ServerError` (5xx) | Backend incident | SDK retries with exponential backoff; persistent failure surfaces |

    An incident that ends in time is not noticed.
    """
    sdk.sandbox.next(ServerError("The database is down", status_code=503), times=failures)

    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets)]
    assert pytest.approx([1, 2, 4][:failures], rel=0.25) == sdk.waits


@pytest.mark.documented("pictograph", line=53)
def test_incident_that_persists(sdk: Sdk) -> None:
    """
    | `ServerError` (5xx) | Backend incident | SDK retries with exponential backoff; persistent failure surfaces |

    With what the backend said, and every attempt.
    """
    sdk.sandbox.next(ServerError("The database is down", status_code=503), times=4)

    with pytest.raises(ServerError) as caught:
        sdk.call(list_datasets)
    assert ("The database is down", 503) == (str(caught.value), caught.value.status_code)
    assert [503] * 4 == [attempt.status for attempt in caught.value.attempts]
    assert [*sdk.waits, 0.0] == [attempt.delay for attempt in caught.value.attempts]


@pytest.mark.documented("pictograph", line=54)
@pytest.mark.parametrize(
    "drop", [Close(), Reset(), Cut(200, JSON, b'{"data": []}', after=5)], ids=["closed", "reset", "cut"]
)
def test_dropped_while_reading(sdk: Sdk, drop: FaultStep) -> None:
    """
    | `NetworkError` | Connection dropped | Retry idempotent ops; investigate non-idempotent |

    The error says so; reading can be repeated.
    """
    sdk.sandbox.arm(drop)
    with pytest.raises(NetworkError) as caught:
        sdk.call(list_datasets, max_retries=0)
    assert "Retry idempotent operations" in said(caught.value)

    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets, max_retries=0)]


@pytest.mark.documented("pictograph", line=54)
@pytest.mark.parametrize("took_effect", [True, False])
def test_dropped_while_writing(sdk: Sdk, took_effect: bool) -> None:
    """
    | `NetworkError` | Connection dropped | Retry idempotent ops; investigate non-idempotent |

    From the error alone nobody can tell whether the write took effect; a look can.
    """
    name = fresh("dataset")
    sdk.sandbox.arm(DropReply() if took_effect else Close(), method="POST")
    with pytest.raises(NetworkError) as caught:
        sdk.call(lambda client: client.datasets.create(name), max_retries=0)
    assert "took effect" in said(caught.value)

    assert took_effect == (name in [dataset.name for dataset in sdk.call(list_datasets)])


@pytest.mark.documented("pictograph", line=55)
def test_run_that_takes_long(sdk: Sdk, standstill: Callable[[], None]) -> None:
    """
    | `PollTimeoutError` | Training run exceeded `timeout` | Re-poll with `client.training.get(run_id)` |

    The error has the id, and says so; the run is found by it, now and when it has gone on.
    """
    with pytest.raises(PollTimeoutError) as caught:
        sdk.call(lambda client: client.training.create("ds", "exp", wait=True, timeout=60.0))
    run_id = caught.value.run_id
    assert run_id is not None
    assert f'client.training.get("{run_id}")' in said(caught.value)

    assert "queued" == sdk.call(lambda client: client.training.get(run_id)).status
    standstill()
    assert "completed" == sdk.call(lambda client: client.training.wait_for_completion(run_id, timeout=86_400.0)).status
