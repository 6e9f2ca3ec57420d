"""
Pictograph's published client against the server at FAILWELL_URL: a row for each operation, held or failed.

judges/judge.py starts the server and runs this in the client's own environment. It exits with 1 if a row failed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rows import judged, row, same

import pictograph
from pictograph import BBoxAnnotation, BoundingBox, Client, exceptions

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
"""One red pixel."""

BOX = BBoxAnnotation(name="circle", bounding_box=BoundingBox(x=8, y=8, w=24, h=24))
OTHER_BOX = BBoxAnnotation(name="square", bounding_box=BoundingBox(x=40, y=10, w=24, h=24))
PATIENCE = 60.0
"""Seconds that a job may take."""

TRIES = 5
"""Jobs that are started, of which the last are not begun yet when they are cancelled."""


class Bench:
    """Clients of the server, and what earlier rows made."""

    def __init__(self, url: str, keys: dict[str, str], folder: Path) -> None:
        self.url = url
        self.keys = keys
        self.folder = folder
        self.made: dict[str, Any] = {}

    @cached_property
    def client(self) -> Client:
        """The client of most rows."""
        return self.as_role("member")

    def as_role(self, role: str, **settings: Any) -> Client:
        """A client with the key of *role*."""
        return Client(self.keys[role], base_url=self.url, timeout=20.0, **settings)

    def keep(self, name: str, thing: Any) -> Any:
        """*thing*, for later rows."""
        self.made[name] = thing
        return thing

    def need(self, name: str) -> Any:
        """What an earlier row made."""
        if name not in self.made:
            raise AssertionError(f"needs the {name} of an earlier row, which failed")
        return self.made[name]

    def picture(self, name: str) -> Path:
        """A picture to upload."""
        path = self.folder / name
        path.write_bytes(PNG)
        return path


def raised(kind: type[Exception], status: int, act: Callable[[], object]) -> Any:
    """What *act* raised: exactly *kind*, with *status*."""
    try:
        value = act()
    except exceptions.PictographError as error:
        same("the class", kind.__name__, type(error).__name__)
        same("e.status_code", status, getattr(error, "status_code", None))
        return error
    raise AssertionError(f"expected {kind.__name__}, it returned {value!r:.80}")


@row("datasets.list")
def datasets_list(bench: Bench) -> object:
    names = [dataset.name for dataset in bench.client.datasets.list()]
    same('whether "ds" is there', True, "ds" in names)
    return names


@row("datasets.create")
def datasets_create(bench: Bench) -> object:
    names = ["judged one", "judged two"]
    same("their names", names, [bench.client.datasets.create(name).name for name in names])
    return names


@row("datasets.iter, a page for each")
def datasets_pages(bench: Bench) -> object:
    listed = sorted(dataset.id for dataset in bench.client.datasets.list())
    paged = sorted(dataset.id for dataset in bench.client.datasets.iter(page_size=1))
    same("the datasets of all pages", listed, paged)
    same("whether there are several", True, len(paged) > 1)
    return f"{len(paged)} datasets"


@row("datasets.get")
def datasets_get(bench: Bench) -> object:
    dataset = bench.client.datasets.get("ds")
    same("its name", "ds", dataset.name)
    same("the one of its id", dataset, bench.client.datasets.get(dataset_id=dataset.id))
    return dataset.id


@row("images.upload")
def images_upload(bench: Bench) -> object:
    image = bench.client.images.upload("ds", bench.picture("judged.png"))
    same("its name", "judged.png", image.filename)
    same("its size", (len(PNG), 1, 1), (image.file_size, image.width, image.height))
    return bench.keep("image", image).id


@row("images.list and images.get")
def images_list(bench: Bench) -> object:
    image = bench.need("image")
    listed = {found.id: found for found in bench.client.images.list("ds")}
    same("whether the new one is listed", True, image.id in listed)
    same("the one of its name", image.id, bench.client.images.get("ds", "judged.png").id)
    return f"{len(listed)} images"


@row("images.iter, 3 a page")
def images_pages(bench: Bench) -> object:
    paged = [image.id for image in bench.client.images.iter("ds", page_size=3)]
    same("the images of all pages", sorted(image.id for image in bench.client.images.list("ds")), sorted(paged))
    return f"{len(paged)} images"


@row("annotations.save, by file name and by id")
def annotations_save(bench: Bench) -> object:
    same("by name", 1, bench.client.annotations.save("ds", "circle-1.png", [BOX]).new_count)
    image = bench.client.images.get("ds", "circle-2.png")
    saved = bench.client.annotations.save("ds", image.id, [BOX, OTHER_BOX])
    same("by id", (image.id, 2), (saved.image_id, saved.new_count))
    return saved.status


@row("annotations.get")
def annotations_get(bench: Bench) -> object:
    (read,) = bench.client.annotations.get("ds", "circle-1.png")
    same("what was saved", ("circle", BOX.bounding_box), (read.name, read.bounding_box))
    return type(read).__name__


@row("exports.create")
def exports_create(bench: Bench) -> object:
    export = bench.client.exports.create("ds", "judged", timeout=PATIENCE)
    same("what came of it", ("judged", "completed"), (export.name, export.status))
    return bench.keep("export", export).id


@row("exports.get")
def exports_get(bench: Bench) -> object:
    export = bench.need("export")
    same("the one of its name", export.id, bench.client.exports.get("ds", "judged").id)
    same("the one of its id", "judged", bench.client.exports.get_by_id(export.id).name)
    return export.status


@row("exports.list")
def exports_list(bench: Bench) -> object:
    export = bench.need("export")
    names = {found.id: found.name for found in bench.client.exports.list(dataset_name="ds")}
    same("whether the new one is listed", "judged", names.get(export.id))
    return sorted(names.values())


@row("exports.download")
def exports_download(bench: Bench) -> object:
    bench.need("export")
    path = bench.client.exports.download("ds", "judged", bench.folder / "judged.zip")
    same("whether it is a zip file", True, zipfile.is_zipfile(path))
    with zipfile.ZipFile(path) as archive:
        same("the first broken file in it", None, archive.testzip())
        return f"{len(archive.namelist())} files in {path.stat().st_size} bytes"


@row("exports.delete")
def exports_delete(bench: Bench) -> object:
    bench.need("export")
    bench.client.exports.delete("ds", "judged")
    raised(exceptions.NotFoundError, 404, lambda: bench.client.exports.get("ds", "judged"))
    return "gone"


@row("training.create")
def training_create(bench: Bench) -> object:
    run = bench.client.training.create("ds", "exp", pipeline_type="yolox", name="judged", wait=False)
    same("its name", "judged", run.name)
    return bench.keep("run", run).status


@row("training.get and training.list")
def training_get(bench: Bench) -> object:
    run = bench.need("run")
    same("the one of its id", run.id, bench.client.training.get(run_id=run.id).id)
    same("whether it is listed", True, run.id in [found.id for found in bench.client.training.list()])
    return run.id


@row("training.wait_for_completion")
def training_wait(bench: Bench) -> object:
    run = bench.need("run")
    done = bench.client.training.wait_for_completion(run_id=run.id, poll_interval=0.2, timeout=PATIENCE)
    same("its status", "completed", done.status)
    return bench.keep("model id", done.model_id)


@row("training.create, waiting for it")
def training_and_wait(bench: Bench) -> object:
    run = bench.client.training.create(
        "ds", "exp", pipeline_type="yolox", name="judged again", poll_interval=0.2, timeout=PATIENCE
    )
    same("its status", "completed", run.status)
    return run.id


@row("models.get and models.list")
def models_get(bench: Bench) -> object:
    model_id = bench.need("model id")
    model = bench.client.models.get(model_id=model_id)
    same("its id", model_id, model.id)
    same("whether it is listed", True, model_id in [found.id for found in bench.client.models.list()])
    return model.status


@row("auto_annotate.quote")
def batch_quote(bench: Bench) -> object:
    quote = bench.client.auto_annotate.quote(dataset_name="ds", image_filenames=["circle-1.png", "circle-2.png"])
    same("images", 2, quote.total_images)
    return f"{quote.estimated_credits} credits"


def started_batch(bench: Bench, images: Sequence[str] = ("circle-3.png", "circle-4.png")) -> Any:
    wanted = [{"name": "firebrick circle", "output_type": "bbox"}]
    return bench.client.auto_annotate.batch("ds", list(images), wanted, wait=False)


@row("auto_annotate.batch")
def batch_start(bench: Bench) -> object:
    job = bench.keep("batch", started_batch(bench))
    same("images", 2, job.total_images)
    return job.status


@row("auto_annotate.get_batch")
def batch_get(bench: Bench) -> object:
    job = bench.need("batch")
    same("its id", job.job_id, bench.client.auto_annotate.get_batch(job.job_id).job_id)
    return job.job_id


@row("auto_annotate.wait_for_batch")
def batch_wait(bench: Bench) -> object:
    job_id = bench.need("batch").job_id
    done = bench.client.auto_annotate.wait_for_batch(job_id, poll_interval=0.2, timeout=PATIENCE)
    same("what came of it", ("completed", 2), (done.status, done.processed_images))
    same("whether anything was found", True, done.total_annotations_added > 0)
    return f"{done.total_annotations_added} annotations"


@row("auto_annotate.cancel_batch")
def batch_cancel(bench: Bench) -> object:
    everything = [image.filename for image in bench.client.images.list("ds")]
    started = [started_batch(bench, everything).job_id for _ in range(TRIES)]
    return cancelled(bench.client.auto_annotate.cancel_batch(job_id) for job_id in reversed(started))


@row("connectors.validate")
def import_validate(bench: Bench) -> object:
    answer = bench.client.connectors.validate("folder", "")
    same("what it says", (True, None), (answer.valid, answer.error))
    return [dataset.id for dataset in answer.datasets]


def started_import(bench: Bench, name: str) -> Any:
    return bench.client.connectors.import_("folder", "", [{"id": "shapes", "name": name}], wait=False)


@row("connectors.import_")
def import_start(bench: Bench) -> object:
    return bench.keep("import", started_import(bench, "judged shapes")).status


@row("connectors.get_import")
def import_get(bench: Bench) -> object:
    job = bench.need("import")
    same("its id", job.import_id, bench.client.connectors.get_import(job.import_id).import_id)
    return job.import_id


@row("connectors.wait_for_import")
def import_wait(bench: Bench) -> object:
    import_id = bench.need("import").import_id
    done = bench.client.connectors.wait_for_import(import_id, poll_interval=0.2, timeout=PATIENCE)
    same("its status", "completed", done.status)
    same("whether all came in", (done.total_images, 0), (done.imported_images, done.failed_images))
    return f"{done.imported_images} images"


@row("connectors.cancel_import")
def import_cancel(bench: Bench) -> object:
    started = [started_import(bench, f"judged shapes {number}").import_id for number in range(TRIES)]
    return cancelled(bench.client.connectors.cancel_import(import_id) for import_id in reversed(started))


def cancelled(jobs: Iterator[Any]) -> str:
    """That one of *jobs*, the last that was started first, was still there to be cancelled."""
    seen: list[str] = []
    for job in jobs:
        seen.append(job.status)
        if job.status == "cancelled":
            return f"after {len(seen) - 1} that were done first"
    raise AssertionError(f"expected one to be cancelled, saw {seen}")


@row("401 is an AuthError")
def error_401(bench: Bench) -> object:
    raised(exceptions.AuthError, 401, bench.as_role("revoked").datasets.list)
    return raised(exceptions.AuthError, 401, Client("pk_live_unknown", base_url=bench.url).datasets.list).message


@row("402 is a PaymentRequiredError")
def error_402(bench: Bench) -> object:
    poor = bench.as_role("broke").training
    error = raised(
        exceptions.PaymentRequiredError,
        402,
        lambda: poor.create("ds", "exp", pipeline_type="yolox", name="poor", wait=False),
    )
    same("what is left", 3, error.credits_remaining)
    same("whether it costs more", True, error.credit_cost > 3)
    return error.upgrade_url


@row("403 is a ForbiddenError")
def error_403(bench: Bench) -> object:
    viewer = bench.as_role("viewer")
    return raised(exceptions.ForbiddenError, 403, lambda: viewer.datasets.create("viewer's own")).message


@row("404 is a NotFoundError")
def error_404(bench: Bench) -> object:
    return raised(exceptions.NotFoundError, 404, lambda: bench.client.datasets.get("DS")).message


@row("409 is a ConflictError")
def error_409(bench: Bench) -> object:
    path = bench.picture("twice.png")
    bench.client.images.upload("ds", path)
    raised(exceptions.ConflictError, 409, lambda: bench.client.images.upload("ds", path))
    return raised(exceptions.ConflictError, 409, lambda: bench.client.datasets.create("ds")).message


@row("422 is a ValidationError")
def error_422(bench: Bench) -> object:
    create = bench.client.training.create
    odd: Any = "no such pipeline"
    error = raised(
        exceptions.ValidationError, 422, lambda: create("ds", "exp", pipeline_type=odd, name="odd", wait=False)
    )
    (field,) = error.field_errors
    same("the keys of a field", {"loc", "msg", "type"}, set(field))
    return field["loc"]


@row("429 is a RateLimitError")
def error_429(bench: Bench) -> object:
    # A key of its own: the others are not used up.
    free = bench.as_role("free", max_retries=0)

    def used_up() -> None:
        for _ in range(1000):
            free.datasets.list()

    error = raised(exceptions.RateLimitError, 429, used_up)
    same("whether e.retry_after is from 1 to 60 s", True, 1 <= error.retry_after <= 60)
    return f"retry_after={error.retry_after:g}"


def main() -> int:
    """Judge the server at FAILWELL_URL."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.environ["FAILWELL_URL"], json.loads(os.environ["FAILWELL_KEYS"]), Path(folder))
        return judged(f"pictograph {pictograph.__version__}", bench)


if __name__ == "__main__":
    sys.exit(main())
