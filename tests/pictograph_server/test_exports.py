from __future__ import annotations

import pytest

from pictograph.exceptions import ConflictError, NotFoundError, ValidationError

from .api import Api, box, picture


def export(api: Api, **more: object) -> dict[str, object]:
    """An export of "ds", by default named "exp"."""
    answer: dict[str, object] = api.post("/exports/", {"dataset_name": "ds", "name": "exp", **more})["data"]
    return answer


def test_create_and_get(api: Api) -> None:
    """
    An export counts the annotated images, is completed at once, and is found by name and dataset or by id.
    """
    api.upload(picture(), "without.png")
    api.save(api.upload(picture()), box("a"), box("b"))

    made = export(api)

    assert ("completed", 1, 2, "ds") == tuple(
        made[field] for field in ("status", "image_count", "annotation_count", "dataset_name")
    )
    paths = ["exp?dataset=ds", f"exp?dataset={made['dataset_id']}", f"{made['id']}", f"{made['id']}?dataset=ds"]
    assert [made] * 4 == [api.get(f"/exports/{path}")["data"] for path in paths]


def test_what_the_published_client_sends(api: Api) -> None:
    """
    The published client's defaults are accepted; a format that we do not write is a ValidationError.
    """
    assert "pictograph" == export(api, format="pictograph", include_images=False)["format"]

    with pytest.raises(ValidationError) as caught:
        export(api, name="coco", format="coco", include_images=True)

    assert [["body", "format"], ["body", "include_images"]] == [entry["loc"] for entry in caught.value.errors]


def test_many_classes_in_a_filter(api: Api) -> None:
    """
    A filter has at most as many classes as a dataset.
    """
    with pytest.raises(ValidationError, match="at most 1000 items"):
        export(api, class_filter=["b"] * 1001)


def test_class_filter(api: Api) -> None:
    """
    With a class filter, only annotations of these classes are exported, and only images that have some.
    """
    api.save(api.upload(picture(), "x.png"), box("a"), box("b"))
    api.save(api.upload(picture(), "y.png"), box("c"))

    made = export(api, class_filter=["b", "d"])

    assert (1, 1, ["b", "d"]) == (made["image_count"], made["annotation_count"], made["class_filter"])


def test_frozen(api: Api) -> None:
    """
    What is saved later does not change an export.
    """
    image = api.upload(picture())
    api.save(image, box("a"))
    made = export(api)
    api.save(image, box("b"), box("c"))

    assert made == api.get("/exports/exp?dataset=ds")["data"]
    with api.store.reading() as db:
        frozen = db.execute("SELECT annotations FROM export_images").fetchall()
    assert [True] == ['"a"' in row["annotations"] for row in frozen]


def test_duplicate_name(api: Api) -> None:
    """
    A second export of one name in a dataset is a ConflictError with the code duplicate_name.
    """
    export(api)

    with pytest.raises(ConflictError, match='export named "exp"') as caught:
        export(api)

    assert "duplicate_name" == caught.value.error_code


@pytest.mark.parametrize("path", ["no?dataset=ds", "exp?dataset=no", "exp", "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"])
def test_missing(api: Api, path: str) -> None:
    """
    Another name, another dataset, a name without a dataset and an unknown id are a NotFoundError.
    """
    export(api)

    with pytest.raises(NotFoundError):
        api.get(f"/exports/{path}")


def test_foreign_is_missing(api: Api) -> None:
    """
    Somebody else's export answers like one that does not exist, for reading and for training.
    """
    made = export(api)
    stranger = api.as_("globex")
    stranger.post("/datasets/", {"name": "ds"})

    for path in (f"{made['id']}", "exp?dataset=ds"):
        with pytest.raises(NotFoundError, match="no export"):
            stranger.get(f"/exports/{path}")
    with pytest.raises(NotFoundError, match="no export"):
        stranger.train(str(made["id"]))


def test_id_under_another_dataset(api: Api) -> None:
    """
    An id beside a dataset that the export does not belong to is a NotFoundError.
    """
    made = export(api)
    api.post("/datasets/", {"name": "other"})

    with pytest.raises(NotFoundError):
        api.get(f"/exports/{made['id']}?dataset=other")
