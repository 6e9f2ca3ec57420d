from __future__ import annotations

import json
from typing import Any

import pytest

from .api import Api, box, picture
from .training_data import fill


def answers(given: Any, least: Any) -> bool:
    """Whether *given* has every field of *least*, each with a value of the same kind."""
    if isinstance(least, dict):
        return isinstance(given, dict) and all(key in given and answers(given[key], least[key]) for key in least)
    if isinstance(least, list):
        return isinstance(given, list) and all(answers(entry, least[0]) for entry in given)
    return type(given) is type(least)


RUN = (
    '{"data": {"id": "run_1", "organization_id": "o", "name": "r1", "pipeline_type": "yolox", "status": "completed",'
    ' "created_at": "2026-01-01T00:00:00Z", "model_id": "m_1"}}'
)
MODEL = (
    '{"data": {"id": "m_1", "organization_id": "o", "name": "m", "model_type": "object_detection",'
    ' "visibility": "private", "status": "ready", "created_at": "2026-01-01T00:00:00Z",'
    ' "updated_at": "2026-01-01T00:00:00Z"}}'
)
SAVED = '{"image_id": "img_1", "previous_count": 0, "new_count": 1, "status": "in_progress"}'
DATASETS = (
    '{"data": [{"id": "d1", "name": "ds", "created_at": "2026-01-01T00:00:00Z"}], "pagination": {"has_more": false}}'
)


def test_training(api: Api) -> None:
    """
    `training.create`, `training.get` and `models.get` of the published client are answered with all that it needs.
    """
    fill(api)
    body = '{"dataset_name":"ds","export_name":"exp","pipeline_type":"yolox","gpu_type":"a10g","config":{},"name":"r1"}'

    created = api.post("/training/", json.loads(body))
    run = api.ended(created["data"])

    # The model's id comes with completion.
    assert answers(created | {"data": created["data"] | {"model_id": ""}}, json.loads(RUN))
    assert answers({"data": run}, json.loads(RUN))
    assert answers(api.get(f"/models/{run['model_id']}"), json.loads(MODEL))
    assert ("completed", "ready") == (run["status"], api.get(f"/models/{run['model_id']}")["data"]["status"])


def test_annotations(api: Api) -> None:
    """
    `annotations.save('ds', 'x.png', [BBoxAnnotation])` of the published client is answered as recorded.
    """
    image = api.upload(picture())
    body = (
        '{"annotations":[{"id":"48de2a37-0b5f-4a32-aaaf-1a3ff28b74c2","name":"person","type":"bbox",'
        '"bounding_box":{"x":1.0,"y":2.0,"w":3.0,"h":4.0},"confidence":1.0,"attributes":[]}]}'
    )

    saved = api.post("/annotations/ds/x.png", json.loads(body))

    assert json.loads(SAVED) | {"image_id": image["id"], "version": 1} == saved
    assert json.loads(body)["annotations"] == api.get("/annotations/ds/x.png")["annotations"]


def test_upload(api: Api) -> None:
    """
    `images.upload('ds', 'x.png')` of the published client: the URL, the PUT without a key, and the registration.
    """
    content = picture()
    first = '{"dataset":"ds","filename":"x.png","directory_path":"/","content_type":"image/png"}'
    last = (
        '{"dataset":"ds","filename":"x.png","directory_path":"/","file_size":93,"content_type":"image/png",'
        '"width":null,"height":null}'
    )

    url = api.post("/images/upload-url", json.loads(first))["data"]["upload_url"]
    status, nothing = api.send("PUT", url, content, content_type="image/png")
    image = api.post("/images/register", json.loads(last) | {"file_size": len(content)})

    assert (200, None) == (status, nothing)
    assert answers(image, {"data": {"id": "img_1", "filename": "x.png", "created_at": "2026-01-01T00:00:00Z"}})


def test_datasets(api: Api) -> None:
    """
    `datasets.list()` of the published client is answered with all that it needs.
    """
    assert answers(api.get("/datasets/?limit=100&offset=0"), json.loads(DATASETS))


@pytest.mark.parametrize("given", [{"a": "x"}, {"a": True}, {}, [], {"a": None}])
def test_answers_can_fail(given: Any) -> None:
    """
    The comparison of these tests tells a missing field and a value of another kind.
    """
    assert answers({"a": 1, "b": 2}, {"a": 7})
    assert not answers(given, {"a": 7})


def test_operation_ids(api: Api) -> None:
    """
    Operations are named like the SDK's methods, and the schema can be written.
    """
    named = {operation["operationId"] for path in api.app.openapi()["paths"].values() for operation in path.values()}

    assert {
        "annotations.get",
        "annotations.save",
        "auto_annotate.batch",
        "auto_annotate.cancel_batch",
        "auto_annotate.get_batch",
        "auto_annotate.quote",
        "connectors.cancel_import",
        "connectors.get_import",
        "connectors.import_",
        "connectors.validate",
        "datasets.create",
        "datasets.get",
        "datasets.list",
        "exports.content",
        "exports.create",
        "exports.delete",
        "exports.download",
        "exports.get",
        "exports.list",
        "images.get",
        "images.list",
        "images.put",
        "images.register",
        "images.upload_url",
        "models.get",
        "models.list",
        "training.create",
        "training.get",
        "training.list",
    } == named


def test_page_snippet(api: Api) -> None:
    """
    Where the page and the recording differ both work: saving by the image's id, and uploading by the dataset's.
    """
    dataset = api.get("/datasets/ds")["data"]
    image = api.upload(picture(), dataset=dataset["id"])

    assert 1 == api.save(image, box())["new_count"]
